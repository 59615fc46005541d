package pay

import "fmt"

// worded is why a text of a till cannot be read: English for a log, and an id of package text with its data for people.
type worded struct {
	said string
	id   string
	data map[string]any
}

func (w *worded) Error() string { return w.said }

// Words is what package text asks a refusal for.
func (w *worded) Words() (id string, data map[string]any) { return w.id, w.data }

func wording(code Code, id string, data map[string]any, format string, args ...any) *Error {
	return &Error{Code: code, Cause: &worded{fmt.Sprintf(format, args...), id, data}}
}
