package text

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"github.com/payrack/payrack/sdk/pay"
)

// Catalogue is a set of words. It does not change once it is loaded, and may be used by several goroutines.
type Catalogue struct {
	bundle   *i18n.Bundle
	messages map[string]map[string]*i18n.Message // by language, then id
}

func newCatalogue() *Catalogue {
	return &Catalogue{bundle: i18n.NewBundle(language.Russian), messages: map[string]map[string]*i18n.Message{}}
}

// Load makes a catalogue of the core's words and those of files, whose words come before the core's. Every file of each tree that is named
// <area>.<language>.json is read: an object of ids, each with a text or with its plural forms (one, few, many, other).
func Load(files ...fs.FS) (*Catalogue, error) {
	c := newCatalogue()
	for _, tree := range append([]fs.FS{coreFiles}, files...) {
		if err := c.add(tree); err != nil {
			return nil, fmt.Errorf("load the words: %w", err)
		}
	}
	return c, nil
}

// add reads the files of one tree. In one tree an id stands in one file only.
func (c *Catalogue) add(tree fs.FS) error {
	seen := map[string]string{}
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		area, lang, found := strings.Cut(strings.TrimSuffix(path.Base(name), ".json"), ".")
		if _, err := language.Parse(lang); !found || area == "" || err != nil {
			return fmt.Errorf("%s: not named <area>.<language>.json", name)
		}
		file, err := c.bundle.LoadMessageFileFS(tree, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if c.messages[lang] == nil {
			c.messages[lang] = map[string]*i18n.Message{}
		}
		for _, m := range file.Messages {
			if other, twice := seen[lang+m.ID]; twice {
				return fmt.Errorf("%s: id %q stands in %s too", name, m.ID, other)
			}
			seen[lang+m.ID] = name
			c.messages[lang][m.ID] = m
		}
		return nil
	})
}

// Say gives the words of an id with data put in, as the function Say does.
func (c *Catalogue) Say(lang, id string, data map[string]any) string {
	config := &i18n.LocalizeConfig{MessageID: id, PluralCount: data["Count"]}
	if data != nil {
		config.TemplateData = inLanguage(data, lang)
	}
	// Localize reports a fallback as an error beside its words; only the want of words counts.
	words, _ := i18n.NewLocalizer(c.bundle, lang).Localize(config)
	if words == "" && config.PluralCount != nil { // the count is not a whole number
		config.PluralCount = nil
		words, _ = i18n.NewLocalizer(c.bundle, lang).Localize(config)
	}
	if words == "" {
		return id
	}
	return strings.ReplaceAll(words, "<no value>", "")
}

// Has says whether an id has words in some language.
func (c *Catalogue) Has(id string) bool {
	for _, messages := range c.messages {
		if messages[id] != nil {
			return true
		}
	}
	return false
}

// Error gives the words of a code, as the function Error does.
func (c *Catalogue) Error(code pay.Code, lang string) (cause, hint string) {
	id := "error." + code.String()
	if !c.Has(id + ".cause") {
		id = "error.unknown"
	}
	data := map[string]any{"Code": int32(code)}
	return c.Say(lang, id+".cause", data), c.Say(lang, id+".hint", data)
}

// Outcome gives the short name of an outcome, as the function Outcome does.
func (c *Catalogue) Outcome(code pay.Code, lang string) string {
	if code < 0 {
		return c.Say(lang, "outcome.refused", nil)
	}
	id := "outcome." + code.String()
	if !c.Has(id) { // of a newer version: safe is what makes the till look again
		id = "outcome." + pay.CodeUnknown.String()
	}
	return c.Say(lang, id, nil)
}

// Gaps names what is wrong with the words: an id that Russian or English lacks, an empty text, missing plural forms, a plural that
// shows no count. A module's test holds that its catalogue has none.
func (c *Catalogue) Gaps() []string {
	var gaps []string
	for _, pair := range [][2]string{{Russian, English}, {English, Russian}} {
		here, there := c.messages[pair[0]], c.messages[pair[1]]
		for _, id := range slices.Sorted(maps.Keys(here)) {
			if there[id] == nil {
				gaps = append(gaps, fmt.Sprintf("%s: not in %s", id, pair[1]))
				continue
			}
			if gap := gapOf(here[id], there[id], pair[0]); gap != "" {
				gaps = append(gaps, fmt.Sprintf("%s (%s): %s", id, pair[0], gap))
			}
		}
	}
	return gaps
}

func gapOf(m, twin *i18n.Message, lang string) string {
	plural := m.One != "" || m.Few != "" || m.Many != ""
	switch {
	case strings.TrimSpace(m.Other) == "":
		return "no text (or no plural form \"other\")"
	case plural && (m.One == "" || lang == Russian && (m.Few == "" || m.Many == "")):
		return "not all plural forms"
	case plural != (twin.One != "" || twin.Few != "" || twin.Many != ""):
		return "plural forms in one language only"
	}
	if ours, theirs := fields(m.Other), fields(twin.Other); !slices.Equal(ours, theirs) {
		return fmt.Sprintf("data %v here, %v in the other language", ours, theirs)
	}
	return ""
}

// fields lists the data that a text puts in.
func fields(text string) []string {
	var list []string
	for _, part := range strings.Split(text, "{{")[1:] {
		inside, _, _ := strings.Cut(part, "}}")
		for _, word := range strings.FieldsFunc(inside, func(r rune) bool { return strings.ContainsRune(" ()|", r) }) {
			if strings.HasPrefix(word, ".") {
				list = append(list, word)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
