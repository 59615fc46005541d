// Package text holds the words that payrack says to a cashier, a customer or a technician, in Russian and in English.
//
// It is the one catalogue: every other package names an id, and the words stand in catalogue/<area>.<language>.json, so that one
// person can read and correct all of them. A module brings files of its own through Load and still has the core's words.
//
// Nothing is read when a program starts, for the package is linked into a C library; the first call reads the catalogue.
// An unknown language gets Russian, an unknown id gets the id itself, so that no call can fail in front of a customer.
package text

import (
	"embed"
	"sync"

	"github.com/payrack/payrack/sdk/pay"
)

// The languages that every id has.
const (
	Russian = "ru" // where no other language is asked for
	English = "en"
)

//go:embed catalogue/*.json
var coreFiles embed.FS

// core reads the embedded catalogue once. Its files are checked by a test, so a failure here cannot be met at a till.
var core = sync.OnceValue(func() *Catalogue {
	c := newCatalogue()
	if err := c.add(coreFiles); err != nil {
		return newCatalogue()
	}
	return c
})

// Error gives the words of a code: what happened, and what to do next.
func Error(code pay.Code, lang string) (cause, hint string) { return core().Error(code, lang) }

// Outcome gives the short name of an outcome or of progress, for a list or a title. Every refusal is "not begun".
func Outcome(code pay.Code, lang string) string { return core().Outcome(code, lang) }

// Say gives the words of an id with data put in. data["Count"], a whole number, selects the plural form. Missing data leaves a gap.
func Say(lang, id string, data map[string]any) string { return core().Say(lang, id, data) }

// Fill makes the refusal that crosses a border of an error, with the texts that it lacks. See Catalogue.Fill.
func Fill(err error, lang string) *pay.Error { return core().Fill(err, lang) }
