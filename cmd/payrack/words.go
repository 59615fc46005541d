package main

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/payrack/payrack/host"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// say gives words of the catalogue; pairs are names and values of what stands in them.
func (a *app) say(id string, pairs ...any) string {
	return text.Say(a.language, id, dataOf(pairs))
}

// maybe gives words where the catalogue has them, else "".
func (a *app) maybe(id string, pairs ...any) string {
	words := a.say(id, pairs...)
	if words == id {
		return ""
	}
	return words
}

func dataOf(pairs []any) map[string]any {
	if len(pairs) == 0 {
		return nil
	}
	data := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		data[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return data
}

// translate gives a refusal the words that it lacks.
func (a *app) translate(err error) *pay.Error {
	e := host.Fill(err, a.language)
	if said, ok := errors.AsType[*pay.Error](err); ok && said.Code == pay.ErrInternal && said.Cause != nil && said.Text == "" {
		e.Text += " " + said.Cause.Error()
	}
	return e
}

// languageOf reads the one key that is needed before anything can be said: a broken file is the host's and doctor's to report.
func languageOf(p place.Place) string {
	file, err := ini.LoadSources(ini.LoadOptions{IgnoreContinuation: true, IgnoreInlineComment: true, PreserveSurroundedQuote: true,
		SkipUnrecognizableLines: true, Loose: true, Insensitive: true}, p.Settings())
	if err != nil {
		return ""
	}
	for _, section := range file.Sections() {
		if section.HasKey("language") {
			if l := strings.ToLower(strings.TrimSpace(section.Key("language").String())); l == "ru" || l == "en" {
				return l
			}
		}
	}
	return ""
}
