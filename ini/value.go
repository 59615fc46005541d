package ini

import (
	"math"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// longest is how many characters a value may have when no max says otherwise.
const longest = 4096

// assign reads text as the setting's type, holds it against the bounds and puts it into target.
func (s Setting) assign(target reflect.Value, text string) *Problem {
	if problem := s.printable(text); problem != nil {
		return problem
	}
	if text == "" && s.Required {
		return problem(CodeRequired, s.Key, "%s не заполнен", "%s is empty", s.Key).
			hinted("укажите значение", "give it a value")
	}
	switch s.Type {
	case TypeBool:
		on, ok := parseBool(text)
		if !ok {
			return s.wrongType(text)
		}
		target.SetBool(on)
	case TypeInteger, TypeMoney, TypeDuration:
		n, problem := s.measure(text)
		if problem == nil {
			problem = s.bounded(n, text)
		}
		if problem != nil {
			return problem
		}
		if target.OverflowInt(n) {
			return s.wrongType(text)
		}
		target.SetInt(n)
	case TypeChoice:
		for _, c := range s.Choices {
			if strings.EqualFold(c.Value, text) {
				target.SetString(c.Value)
				return nil
			}
		}
		return s.wrongChoice(text)
	case TypeList:
		items := splitList(text)
		if problem := s.bounded(int64(len(items)), text); problem != nil {
			return problem
		}
		list := reflect.MakeSlice(s.kind, 0, len(items))
		for _, item := range items {
			if len(s.Choices) > 0 && !s.offers(item) {
				return s.wrongChoice(item)
			}
			list = reflect.Append(list, reflect.ValueOf(item).Convert(s.kind.Elem()))
		}
		target.Set(list)
	default:
		if problem := s.text(text); problem != nil {
			return problem
		}
		target.SetString(text)
	}
	return nil
}

func (s Setting) text(text string) *Problem {
	if problem := s.bounded(int64(utf8.RuneCountInString(text)), text); problem != nil {
		return problem
	}
	if s.Max == "" && utf8.RuneCountInString(text) > longest {
		return problem(CodeRange, s.Key, "%s длиннее %d знаков", "%s has more than %d characters", s.Key, longest)
	}
	if text == "" {
		return nil
	}
	if (s.Type == TypePath || s.Type == TypeURL) && strings.ContainsAny(text, `"`) {
		return s.wrongType(text).hinted("уберите кавычки", "remove the quotes")
	}
	if s.Type == TypeURL {
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
			return s.wrongType(text)
		}
		if u.User != nil {
			return problem(CodeSecret, s.Key, "%s: в адресе указаны имя или пароль", "%s: the address holds a name or a password", s.Key).
				hinted("уберите их из адреса", "remove them from the address")
		}
	}
	return nil
}

// measure turns the text of a number, an amount or a duration into the number that the field holds. The bounds of
// strings and lists are plain integers.
func (s Setting) measure(text string) (int64, *Problem) {
	switch s.Type {
	case TypeMoney:
		m, err := ParseMoney(text)
		if err != nil {
			return 0, s.wrongType(text)
		}
		return int64(m), nil
	case TypeDuration:
		d, ok := parseDuration(text, s.Unit)
		if !ok {
			return 0, s.wrongType(text)
		}
		return int64(d), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, s.wrongType(text)
	}
	return n, nil
}

func (s Setting) bounded(n int64, text string) *Problem {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	if s.Min != "" {
		low, _ = s.measure(s.Min)
	}
	if s.Max != "" {
		high, _ = s.measure(s.Max)
	}
	if n >= low && n <= high {
		return nil
	}
	return problem(CodeRange, s.Key, "%s = %s вне границ", "%s = %s is out of range", s.Key, quoted(text)).
		hinted("нужно: %[1]s", "expected %[2]s", s.expected("ru"), s.expected("en"))
}

func (s Setting) wrongType(text string) *Problem {
	p := problem(CodeType, s.Key, "%s = %s не подходит", "%s = %s does not fit", s.Key, quoted(text))
	if strings.ContainsAny(text, ";#") && s.Type != TypePath && s.Type != TypeURL {
		return p.hinted("примечание пишется отдельной строкой", "a comment needs a line of its own")
	}
	p.hint = Text{"нужно: " + s.expected("ru"), "expected " + s.expected("en")}
	return p
}

func (s Setting) wrongChoice(text string) *Problem {
	p := problem(CodeChoice, s.Key, "%s = %s не подходит", "%s = %s is not one of the choices", s.Key, quoted(text))
	p.hint = Text{"нужно: " + s.expected("ru"), "expected " + s.expected("en")}
	if near := nearest(text, s.values()); near != "" {
		p.hint = Text{p.hint.RU + "; может быть, " + near + "?", p.hint.EN + "; did you mean " + near + "?"}
	}
	return p
}

func (s Setting) values() []string {
	values := make([]string, len(s.Choices))
	for i, c := range s.Choices {
		values[i] = c.Value
	}
	return values
}

func (s Setting) offers(item string) bool {
	for _, c := range s.Choices {
		if c.Value == item {
			return true
		}
	}
	return false
}

// printable refuses what could not be read back from a line of the file as it was written.
func (s Setting) printable(text string) *Problem {
	bad := strings.IndexFunc(text, func(r rune) bool {
		return r == utf8.RuneError || !(unicode.IsGraphic(r) || r == '\t')
	}) >= 0
	if bad || !utf8.ValidString(text) {
		return problem(CodeSyntax, s.Key, "%s: в значении есть непечатные знаки", "%s: the value has characters that cannot be printed", s.Key).
			hinted("наберите значение заново", "type the value again")
	}
	if strings.HasPrefix(text, "`") || strings.HasPrefix(text, `"""`) {
		return problem(CodeSyntax, s.Key, "%s: значение начинается с %s", "%s: the value begins with %s", s.Key, text[:1]).
			hinted("уберите кавычки", "remove the quotes")
	}
	return nil
}

// format writes a field's value as it stands in a file.
func (s Setting) format(value reflect.Value) string {
	switch s.Type {
	case TypeBool:
		if value.Bool() {
			return "yes"
		}
		return "no"
	case TypeInteger:
		return strconv.FormatInt(value.Int(), 10)
	case TypeMoney:
		return Money(value.Int()).String()
	case TypeDuration:
		unit, _ := unitOf(s.Unit)
		if d := time.Duration(value.Int()); d%unit != 0 {
			return d.String()
		}
		return strconv.FormatInt(value.Int()/int64(unit), 10)
	case TypeList:
		items := make([]string, value.Len())
		for i := range items {
			items[i] = value.Index(i).String()
		}
		return strings.Join(items, ", ")
	}
	return value.String()
}

func parseBool(text string) (on, ok bool) {
	switch strings.ToLower(text) {
	case "да", "yes", "1", "true", "on":
		return true, true
	case "нет", "no", "0", "false", "off":
		return false, true
	}
	return false, false
}

func unitOf(name string) (time.Duration, bool) {
	switch name {
	case "ms":
		return time.Millisecond, true
	case "s":
		return time.Second, true
	case "m":
		return time.Minute, true
	case "h":
		return time.Hour, true
	case "d":
		return 24 * time.Hour, true
	}
	return 0, false
}

func parseDuration(text, unit string) (time.Duration, bool) {
	plain, one := text, time.Duration(0)
	if days, ok := strings.CutSuffix(text, "d"); ok && digits(days) {
		plain, one = days, 24*time.Hour
	} else if digits(text) {
		one, _ = unitOf(unit)
	} else {
		d, err := time.ParseDuration(text)
		return d, err == nil
	}
	n, err := strconv.ParseInt(plain, 10, 64)
	if err != nil || n > math.MaxInt64/int64(one) {
		return 0, false
	}
	return time.Duration(n) * one, true
}

// splitList parts a list at its commas; empty items are dropped.
func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
