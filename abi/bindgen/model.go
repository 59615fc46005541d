package main

import (
	"fmt"
	"strings"

	"github.com/payrack/payrack/abi/header"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// form is how a parameter crosses the border.
type form int

const (
	number   form = iota // int32_t, and the handles
	unsigned             // uint32_t
	long                 // int64_t
	words                // const char *
	outNumber
	outLong
	hook // pr_callback
	user // its pointer
	room // the buffer that the function fills
	size // of the buffer
)

var forms = map[string]form{
	"int32_t": number, "pr_host": number, "pr_op": number, "uint32_t": unsigned, "int64_t": long, "const char *": words,
	"int32_t *": outNumber, "pr_host *": outNumber, "pr_op *": outNumber, "int64_t *": outLong, "pr_callback": hook,
}

// parameter is a parameter of a function.
type parameter struct {
	Name, C string // the C type
	Form    form
}

func (p parameter) Text() bool { return p.Form == words }
func (p parameter) Out() bool  { return p.Form == outNumber || p.Form == outLong }

// fn is a function as the templates see it.
type fn struct {
	Name        string
	Declaration string
	Doc         []string
	Parameters  []parameter
	Fills       bool // it fills a buffer: its last two parameters
	Binary      bool // with what need not be text
	Hooks       bool // it takes the callback
	Since       bool // it came after 1.0, so that an older library lacks it
}

// In are the parameters that a caller of a binding passes: without buffer, size and the callback's pointer, and without results.
func (f fn) In() (list []parameter) {
	for _, p := range f.Parameters {
		if p.Form != room && p.Form != size && p.Form != user && !p.Out() {
			list = append(list, p)
		}
	}
	return list
}

// Outs are the parameters that give results.
func (f fn) Outs() (list []parameter) {
	for _, p := range f.Parameters {
		if p.Out() {
			list = append(list, p)
		}
	}
	return list
}

// Short is the name without its pr_.
func (f fn) Short() string { return strings.TrimPrefix(f.Name, "pr_") }

// constant is a number with what is known of it.
type constant struct {
	header.Constant
	Says string // its comment, or for a code without one its text
}

// view is the header as the templates see it.
type view struct {
	Rules, Callback []string
	Constants       []constant
	Functions       []fn
}

func newInterface(doc header.Document) (view, error) {
	v := view{Rules: lines(doc.Rules), Callback: lines(doc.Callback)}
	catalogue, err := text.Load()
	if err != nil {
		return view{}, err
	}
	says := map[string]string{}
	for _, code := range pay.Codes() {
		says[code.String()], _ = catalogue.Error(code, text.English)
	}
	for _, c := range doc.Constants {
		known := constant{c, c.Doc}
		if c.Doc == "" {
			known.Says = says[c.Name]
		}
		v.Constants = append(v.Constants, known)
	}
	for _, d := range doc.Functions {
		f, err := newFunction(d)
		if err != nil {
			return view{}, err
		}
		v.Functions = append(v.Functions, f)
	}
	return v, nil
}

func newFunction(d header.Documented) (fn, error) {
	f := fn{Name: d.Name, Declaration: d.Declaration, Doc: lines(d.Doc), Since: strings.Contains(d.Doc, "Since 1.")}
	for i, p := range d.Parameters {
		form, known := forms[p.Type]
		switch {
		case (p.Type == "char *" || p.Type == "void *") && i == len(d.Parameters)-2 && d.Parameters[i+1].Name == "cap":
			f.Fills, f.Binary = true, p.Type == "void *"
			f.Parameters = append(f.Parameters, parameter{p.Name, p.Type, room}, parameter{"cap", "int32_t", size})
			return f, nil
		case p.Type == "void *" && f.Hooks:
			form = user
		case !known:
			return fn{}, fmt.Errorf("%s: no language knows how to pass %s %s", d.Name, p.Type, p.Name)
		}
		f.Hooks = f.Hooks || form == hook
		f.Parameters = append(f.Parameters, parameter{p.Name, p.Type, form})
	}
	return f, nil
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}
