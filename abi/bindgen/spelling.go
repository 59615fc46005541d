package main

import (
	"fmt"
	"strings"
	"text/template"
)

// functions are what the templates spell with.
var functions = template.FuncMap{
	"join": strings.Join, "title": title, "camel": camel, "xml": xml, "remark": remark, "escaped": escaped,
	"cType": cType, "pascalRaw": pascalRaw, "pascalIn": pascalIn, "pascalPass": pascalPass, "pascalResult": pascalResult,
	"csharpRaw": csharpRaw, "csharpIn": csharpIn, "csharpPass": csharpPass,
	"pythonType": pythonType, "pythonIn": pythonIn, "pythonPass": pythonPass, "pythonName": pythonName,
	"nodeRaw": nodeRaw, "nodeIn": nodeIn, "nodePass": nodePass, "value": value, "inRaw": inRaw,
}

// cType is a parameter's type in C, of a function that is called by the convention of its loader.
func cType(p parameter) string {
	if p.Form == hook {
		return "payrack_callback"
	}
	return p.C
}

// title is set_window as SetWindow.
func title(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// camel is set_window as setWindow.
func camel(name string) string {
	t := title(name)
	return strings.ToLower(t[:1]) + t[1:]
}

// remark writes lines as a comment, each behind prefix.
func remark(prefix string, lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("\n" + strings.TrimRight(prefix+line, " "))
	}
	return b.String()
}

// escaped are lines for a comment in XML.
func escaped(lines []string) (list []string) {
	for _, line := range lines {
		list = append(list, xml(line))
	}
	return list
}

func xml(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// value writes a constant as its header does, with the language's sign for hexadecimal.
func value(c constant, hex string) string {
	if c.Hex {
		return fmt.Sprintf("%s%08X", hex, c.Value)
	}
	return fmt.Sprint(c.Value)
}

// spelled joins what spell makes of each parameter.
func spelled(list []parameter, sep string, spell func(parameter) string) string {
	var parts []string
	for _, p := range list {
		if s := spell(p); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, sep)
}

// inRaw are all parameters but the buffer's, for a call that fills one.
func inRaw(f fn) []parameter {
	if f.Fills {
		return f.Parameters[:len(f.Parameters)-2]
	}
	return f.Parameters
}

// ---- Pascal

var pascalTypes = map[form]string{number: "Integer", unsigned: "LongWord", long: "Int64", words: "PAnsiChar", outNumber: "Integer", outLong: "Int64",
	hook: "pr_callback", user: "Pointer", size: "Integer"}

func pascalType(p parameter) string {
	switch handle := strings.TrimSuffix(p.C, " *"); {
	case handle == "pr_host" || handle == "pr_op":
		return handle
	case p.Form == room && p.C == "void *":
		return "Pointer"
	case p.Form == room:
		return "PAnsiChar"
	}
	return pascalTypes[p.Form]
}

func pascalRaw(f fn) string {
	list := spelled(f.Parameters, "; ", func(p parameter) string {
		if p.Out() {
			return "out " + p.Name + ": " + pascalType(p)
		}
		return p.Name + ": " + pascalType(p)
	})
	if list == "" {
		return ""
	}
	return "(" + list + ")"
}

func pascalIn(f fn) string {
	list := spelled(f.Parameters, "; ", func(p parameter) string {
		switch {
		case p.Form == words:
			return "const " + p.Name + ": UTF8String"
		case p.Out():
			return "out " + p.Name + ": " + pascalType(p)
		case p.Form == room || p.Form == size:
			return ""
		}
		return p.Name + ": " + pascalType(p)
	})
	if list == "" {
		return ""
	}
	return "(" + list + ")"
}

func pascalPass(list []parameter) string {
	return spelled(list, ", ", func(p parameter) string {
		if p.Form == words {
			return "PAnsiChar(" + p.Name + ")"
		}
		return p.Name
	})
}

func pascalResult(f fn) string {
	switch {
	case f.Binary:
		return "RawByteString"
	case f.Fills:
		return "UTF8String"
	}
	return "Integer"
}

// ---- C#

var csharpTypes = map[form]string{number: "int", unsigned: "uint", long: "long", words: "string", outNumber: "out int", outLong: "out long",
	hook: "Callback", user: "IntPtr", room: "byte[]", size: "int"}

func csharpName(p parameter) string {
	switch name := camel(p.Name); name {
	case "ref", "params", "event":
		return "@" + name
	default:
		return name
	}
}

func csharpRaw(f fn) string {
	return spelled(f.Parameters, ", ", func(p parameter) string {
		if p.Form == words {
			return "byte[] " + csharpName(p)
		}
		return csharpTypes[p.Form] + " " + csharpName(p)
	})
}

func csharpIn(f fn) string {
	return spelled(f.Parameters, ", ", func(p parameter) string {
		if p.Form == room || p.Form == size || p.Form == user {
			return ""
		}
		return csharpTypes[p.Form] + " " + csharpName(p)
	})
}

func csharpPass(list []parameter) string {
	return spelled(list, ", ", func(p parameter) string {
		switch {
		case p.Form == words:
			return "Utf8(" + csharpName(p) + ")"
		case p.Out():
			return "out " + csharpName(p)
		case p.Form == user:
			return "IntPtr.Zero"
		}
		return csharpName(p)
	})
}

// ---- Python

var pythonTypes = map[form]string{number: "c_int32", unsigned: "c_uint32", long: "c_int64", words: "c_char_p", outNumber: "POINTER(c_int32)",
	outLong: "POINTER(c_int64)", hook: "CALLBACK", user: "c_void_p", room: "c_void_p", size: "c_int32"}

func pythonType(p parameter) string { return pythonTypes[p.Form] }

func pythonName(p parameter) string {
	return strings.TrimSuffix(strings.TrimPrefix(pythonType(p), "POINTER("), ")")
}

func pythonIn(f fn) string {
	return spelled(f.In(), "", func(p parameter) string { return ", " + p.Name })
}

func pythonPass(list []parameter) string {
	return spelled(list, ", ", func(p parameter) string {
		switch {
		case p.Form == words:
			return "_utf8(" + p.Name + ")"
		case p.Out():
			return "byref(" + p.Name + ")"
		case p.Form == user:
			return "None"
		}
		return p.Name
	})
}

// ---- Node

func nodeRaw(f fn) string {
	return "int32_t " + f.Name + "(" + spelled(f.Parameters, ", ", func(p parameter) string {
		switch p.Form {
		case outNumber:
			return "_Out_ int32_t *" + p.Name
		case outLong:
			return "_Out_ int64_t *" + p.Name
		case words:
			return "const char *" + p.Name
		case hook:
			return "pr_callback *" + p.Name
		case user:
			return "void *" + p.Name
		case room:
			return "void *" + p.Name
		case number:
			return "int32_t " + p.Name
		}
		return p.C + " " + p.Name
	}) + ")"
}

func nodeName(p parameter) string { return camel(p.Name) }

func nodeIn(f fn) string { return spelled(f.In(), ", ", nodeName) }

func nodePass(list []parameter) string {
	return spelled(list, ", ", func(p parameter) string {
		if p.Form == user {
			return "null"
		}
		return nodeName(p)
	})
}
