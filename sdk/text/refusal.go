package text

import (
	"errors"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// Worded is an error that knows its words: the ids <id>.cause and <id>.hint, and the data for both. Fill prefers them to the code's own.
type Worded interface {
	error
	Words() (id string, data map[string]any)
}

// Refuse makes a refusal whose texts are chosen by the border's language: id names <id>.cause and <id>.hint. cause, which may be nil,
// is for the log. Where pay.Refuse writes one text for all languages, this one writes none until Fill.
func Refuse(code pay.Code, id string, data map[string]any, cause error) *pay.Error {
	return &pay.Error{Code: code, Cause: &worded{id: id, data: data, cause: cause}}
}

type worded struct {
	id    string
	data  map[string]any
	cause error
}

func (w *worded) Words() (string, map[string]any) { return w.id, w.data }
func (w *worded) Unwrap() error                   { return w.cause }

// Error is for a log, which is English.
func (w *worded) Error() string {
	words := strings.TrimSuffix(Say(English, w.id+".cause", w.data), ".")
	if w.cause != nil {
		words += ": " + w.cause.Error()
	}
	return words
}

// Fill makes the refusal that crosses a border: the pay.Error inside err, or ErrInternal where there is none, as a copy, with empty
// texts filled in the language. Of an error that is Worded the words are its own, else the code's. nil gives nil.
func (c *Catalogue) Fill(err error, lang string) *pay.Error {
	if err == nil {
		return nil
	}
	filled := pay.Error{Code: pay.ErrInternal, Cause: err}
	if inside, ok := errors.AsType[*pay.Error](err); ok {
		if inside == nil {
			return nil
		}
		filled = *inside
		if err != error(inside) {
			filled.Cause = err // what was attempted stands in the wrapping, for the log
		}
	}
	cause, hint := c.words(err, &filled, lang)
	if filled.Text == "" {
		filled.Text = cause
	}
	if filled.Hint == "" {
		filled.Hint = hint
	}
	return &filled
}

func (c *Catalogue) words(err error, refusal *pay.Error, lang string) (cause, hint string) {
	code := refusal.Code
	if refusal.MayHaveMoved { // a refusal's words say that no money moved
		code = pay.CodeUnknown
	}
	cause, hint = c.Error(code, lang)
	worded, ok := errors.AsType[Worded](err)
	if !ok {
		return cause, hint
	}
	id, data := worded.Words()
	if c.Has(id + ".cause") {
		cause = c.Say(lang, id+".cause", data)
		if refusal.MayHaveMoved {
			cause += " " + c.Say(lang, "error.moved", nil)
		}
	}
	if c.Has(id + ".hint") {
		hint = c.Say(lang, id+".hint", data)
	}
	return cause, hint
}
