package slip

import (
	"fmt"
	"reflect"
	"time"
)

// Render lays a document out for a paper. A store's template that is broken is named in Tape.Problem, and the built-in one is
// used; the error is for a document of no kind and a paper that cannot be.
func Render(document Document, paper Paper, templates Templates) (Tape, error) {
	kind, err := document.Kind()
	if err != nil {
		return Tape{}, fmt.Errorf("lay out a slip: %w", err)
	}
	paper, err = paper.complete()
	if err != nil {
		return Tape{}, fmt.Errorf("lay out a slip (%s): %w", kind, err)
	}
	tape := Tape{Paper: paper}
	tape.Lines, err = templates.lay(kind, document, paper)
	if err != nil && templates.Dir != "" {
		tape.Problem = err
		tape.Lines, err = Templates{}.lay(kind, document, paper)
	}
	if err != nil {
		return Tape{}, fmt.Errorf("lay out a slip (%s): %w", kind, err)
	}
	return tape, nil
}

// Copies lays out n copies of a document with a cut between them: the first for the client, the others for the shop.
// Fewer than one is one.
func Copies(document Document, n int, paper Paper, templates Templates) (Tape, error) {
	var tape Tape
	n = max(1, n)
	for i := range n {
		document.Copy = Copy{Number: i + 1, Of: n}
		one, err := Render(document, paper, templates)
		if err != nil {
			return Tape{}, err
		}
		if i == 0 {
			tape = one
			continue
		}
		tape = tape.Then(one)
	}
	return tape, nil
}

func (t Templates) lay(kind Kind, document Document, paper Paper) ([]Line, error) {
	files, err := t.layout(kind, paper.Language)
	if err != nil {
		return nil, err
	}
	p := newPage(paper.Encoding, paper.Language)
	g := grid{paper.Width}
	view := folded(reflect.ValueOf(document), p).Interface().(Document)
	text, err := files.run(view, vocabulary{g, paper.Language, &budget{}}, p)
	if err != nil {
		return nil, err
	}
	payload := ""
	if document.QR != nil {
		payload = document.QR.Payload
	}
	return readLines(text, g, p, payload), nil
}

// folded is a deep copy whose texts consist of characters that the page has, one column each. So no text that a template
// gets can bring a control character along, and its width is its number of characters.
func folded(value reflect.Value, p page) reflect.Value {
	made := reflect.New(value.Type()).Elem()
	switch value.Kind() {
	case reflect.String:
		made.SetString(p.fold(value.String()))
	case reflect.Struct:
		if value.Type() == reflect.TypeFor[time.Time]() {
			return value
		}
		for i := range value.NumField() {
			made.Field(i).Set(folded(value.Field(i), p))
		}
	case reflect.Pointer:
		if !value.IsNil() {
			made.Set(reflect.New(value.Type().Elem()))
			made.Elem().Set(folded(value.Elem(), p))
		}
	case reflect.Slice:
		if !value.IsNil() {
			made.Set(reflect.MakeSlice(value.Type(), value.Len(), value.Len()))
			for i := range value.Len() {
				made.Index(i).Set(folded(value.Index(i), p))
			}
		}
	default:
		return value
	}
	return made
}
