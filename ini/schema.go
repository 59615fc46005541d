package ini

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Text is one text in the two languages of the users.
type Text struct {
	RU string `json:"ru"`
	EN string `json:"en"`
}

// In returns the text in English for "en", else in Russian. A language that is missing is replaced by the other.
func (t Text) In(language string) string {
	if (language == "en" && t.EN != "") || t.RU == "" {
		return t.EN
	}
	return t.RU
}

// Type says how the value of a setting is written.
type Type string

// The types of settings.
const (
	TypeString   Type = "string"
	TypeInteger  Type = "integer"
	TypeMoney    Type = "money"    // rubles with at most two decimals in the file, kopecks in the program
	TypeBool     Type = "bool"     // written yes or no; да, нет, true, false, on, off, 1, 0 are understood
	TypeDuration Type = "duration" // a number of Setting.Unit, or a number with its unit: 5m
	TypeChoice   Type = "choice"
	TypeList     Type = "list" // separated by commas
	TypePath     Type = "path"
	TypeURL      Type = "url"
)

// Choice is one of the values that a setting may take.
type Choice struct {
	Value   string `json:"value"`
	Caption Text   `json:"caption"`
}

// Setting describes one key of the file.
type Setting struct {
	Section        string   `json:"section"` // empty: before the first section
	SectionCaption Text     `json:"section_caption"`
	Key            string   `json:"key"`
	Type           Type     `json:"type"`
	Default        string   `json:"default"`
	Min            string   `json:"min,omitempty"`
	Max            string   `json:"max,omitempty"`
	Unit           string   `json:"unit,omitempty"`
	Choices        []Choice `json:"choices,omitempty"`
	Caption        Text     `json:"caption"`
	Help           Text     `json:"help"`
	Secret         bool     `json:"secret,omitempty"`
	Const          bool     `json:"const,omitempty"`
	Hidden         bool     `json:"hidden,omitempty"`
	Restart        bool     `json:"restart,omitempty"`
	NoExport       bool     `json:"noexport,omitempty"`
	Required       bool     `json:"required,omitempty"`

	index []int // of the field, for reflect
	kind  reflect.Type
}

// Schema is what a settings struct declares, in the order of its fields.
type Schema struct {
	// Title heads the template and the reference page. The caller may set it.
	Title    Text
	Settings []Setting

	root reflect.Type
}

// Find returns the setting of a key, in any letter case, with or without its section ("Till.WaitTimeout").
func (s Schema) Find(key string) (Setting, bool) {
	if one, ok := s.byKey(key); ok {
		return one, true
	}
	for _, one := range s.Settings {
		if strings.EqualFold(one.Section+"."+one.Key, key) {
			return one, true
		}
	}
	return Setting{}, false
}

func (s Schema) byKey(key string) (Setting, bool) {
	for _, one := range s.Settings {
		if strings.EqualFold(one.Key, key) {
			return one, true
		}
	}
	return Setting{}, false
}

// Describe reads the declaration off a settings struct, given by pointer. An error is a mistake of the programmer: a
// tag that is malformed, a default out of bounds, a key declared twice, a caption missing in one language.
func Describe(cfg any) (Schema, error) {
	value := reflect.ValueOf(cfg)
	if value.Kind() != reflect.Pointer || value.IsNil() || value.Elem().Kind() != reflect.Struct {
		return Schema{}, fmt.Errorf("describe settings: want a pointer to a struct, got %T", cfg)
	}
	d := describer{seen: map[string]bool{}}
	d.fields(value.Elem().Type(), nil)
	if err := errors.Join(d.errs...); err != nil {
		return Schema{}, fmt.Errorf("describe settings of %s: %w", value.Elem().Type(), err)
	}
	return Schema{Settings: d.settings, root: value.Elem().Type()}, nil
}

type describer struct {
	section  string
	caption  Text
	settings []Setting
	seen     map[string]bool
	errs     []error
}

func (d *describer) fields(t reflect.Type, index []int) {
	for i := range t.NumField() {
		field := t.Field(i)
		at := append(append([]int(nil), index...), i)
		key, tagged := field.Tag.Lookup("ini")
		if section, ok := field.Tag.Lookup("section"); ok && section != d.section {
			d.section, d.caption = section, Text{}
		}
		if ru, en := field.Tag.Get("section_ru"), field.Tag.Get("section_en"); ru != "" || en != "" {
			d.caption = Text{ru, en}
		}
		switch {
		case !tagged && field.Anonymous && field.Type.Kind() == reflect.Struct:
			d.fields(field.Type, at)
		case !tagged:
		case !field.IsExported():
			d.errs = append(d.errs, fmt.Errorf("field %s is not exported", field.Name))
		default:
			one, err := d.setting(field, key)
			if err != nil {
				d.errs = append(d.errs, fmt.Errorf("setting %s: %w", key, err))
				continue
			}
			one.index = at
			d.settings = append(d.settings, one)
		}
	}
}

func (d *describer) setting(field reflect.StructField, key string) (Setting, error) {
	tag := field.Tag
	one := Setting{
		Section: d.section, SectionCaption: d.caption, Key: key,
		Default: tag.Get("default"), Min: tag.Get("min"), Max: tag.Get("max"), Unit: tag.Get("unit"),
		Caption: Text{tag.Get("ru"), tag.Get("en")}, Help: Text{tag.Get("help_ru"), tag.Get("help_en")},
		Secret: tag.Get("secret") == "true", Const: tag.Get("const") == "true", Hidden: tag.Get("hidden") == "true",
		Restart: tag.Get("restart") == "true", NoExport: tag.Get("noexport") == "true",
		Required: tag.Get("required") == "true", kind: field.Type,
	}
	if !plainName(key) || (one.Section != "" && !plainName(one.Section)) {
		return one, fmt.Errorf("key and section [%s] are letters, digits, dots, dashes and underscores", one.Section)
	}
	if d.seen[strings.ToLower(key)] {
		return one, errors.New("declared twice")
	}
	d.seen[strings.ToLower(key)] = true
	if !one.Hidden && (one.Caption.RU == "" || one.Caption.EN == "" || (one.Help.RU == "") != (one.Help.EN == "")) {
		return one, errors.New("captions and help are given in both languages")
	}
	if err := one.choices(tag); err != nil {
		return one, err
	}
	if err := one.typed(tag.Get("as")); err != nil {
		return one, err
	}
	return one, one.checkBounds()
}

func (s *Setting) choices(tag reflect.StructTag) error {
	list := tag.Get("choices")
	if list == "" {
		return nil
	}
	values := splitList(list)
	ru, en := splitList(tag.Get("choices_ru")), splitList(tag.Get("choices_en"))
	for i, value := range values {
		c := Choice{Value: value, Caption: Text{value, value}}
		if len(ru) > 0 || len(en) > 0 {
			if len(ru) != len(values) || len(en) != len(values) {
				return errors.New("as many captions as choices, in both languages")
			}
			c.Caption = Text{ru[i], en[i]}
		}
		s.Choices = append(s.Choices, c)
	}
	return nil
}

func (s *Setting) typed(as string) error {
	kind := s.kind.Kind()
	text := kind == reflect.String
	switch {
	case as == "money" && kind == reflect.Int64, as == "" && s.kind == reflect.TypeFor[Money]():
		s.Type = TypeMoney
	case as == "path" && text:
		s.Type = TypePath
	case as == "url" && text:
		s.Type = TypeURL
	case as != "":
		return fmt.Errorf("as:%q does not fit a field of %s", as, s.kind)
	case len(s.Choices) > 0 && text:
		s.Type = TypeChoice
	case text:
		s.Type = TypeString
	case s.kind == reflect.TypeFor[time.Duration]():
		s.Type = TypeDuration
		if s.Unit == "" {
			s.Unit = "s"
		}
		if _, ok := unitOf(s.Unit); !ok {
			return fmt.Errorf("unknown unit %q", s.Unit)
		}
	case kind == reflect.Bool:
		s.Type = TypeBool
	case kind >= reflect.Int && kind <= reflect.Int64:
		s.Type = TypeInteger
	case kind == reflect.Slice && s.kind.Elem().Kind() == reflect.String:
		s.Type = TypeList
	default:
		return fmt.Errorf("fields of %s are not supported", s.kind)
	}
	return nil
}

// checkBounds parses Min, Max and Default once, so that what is declared can be relied on later.
func (s *Setting) checkBounds() error {
	for _, bound := range []string{s.Min, s.Max} {
		if bound == "" {
			continue
		}
		if _, problem := s.measure(bound); problem != nil {
			return fmt.Errorf("bound %q: %s", bound, problem.message.EN)
		}
	}
	if s.Secret {
		if s.Default != "" || s.Type != TypeString {
			return errors.New("a secret is a string without a default")
		}
		return nil
	}
	if s.Default == "" && (s.Required || s.Type == TypeURL || s.Type == TypePath || s.Type == TypeString || s.Type == TypeList) {
		return nil
	}
	if s.Default == "" {
		return errors.New("a default is needed")
	}
	target := reflect.New(s.kind).Elem()
	if problem := s.assign(target, s.Default); problem != nil {
		return fmt.Errorf("default %q: %s", s.Default, problem.message.EN)
	}
	return nil
}

func plainName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
	}) < 0
}
