package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"
)

// Answer is a complete answer of the server.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Date   time.Time // the server's clock; zero: it did not say
}

var errTooLarge = errors.New("the answer is too large")

func (c *Client) read(response *http.Response) (*Answer, error) {
	limit := c.options.MaxAnswer
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
	}
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	return &Answer{Status: response.StatusCode, Header: response.Header, Body: body, Date: date}, nil
}

// judge says why an answer is no usable one, and fills out where it is.
func (a *Answer) judge(out any) *Error {
	switch {
	case a.Status >= 300 && a.Status < 400:
		return &Error{Kind: Unreadable, Err: fmt.Errorf("the server points elsewhere, status %d", a.Status)}
	case a.Status < 200 || a.Status > 299:
		return &Error{Kind: Status, Err: fmt.Errorf("status %d", a.Status)}
	}
	if out == nil {
		return nil
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = a.Body
		return nil
	}
	if err := a.JSON(out); err != nil {
		return &Error{Kind: Unreadable, Err: err}
	}
	return nil
}

// JSON reads the body into what out points to, and leaves that alone where it cannot. A bare null is no answer. Fields that out lacks are skipped.
func (a *Answer) JSON(out any) error {
	kind := fmt.Sprintf("(%.60q, %d bytes)", a.Header.Get("Content-Type"), len(a.Body))
	if trimmed := bytes.TrimSpace(a.Body); len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")) {
		return fmt.Errorf("the answer is empty %s", kind)
	}
	pointer := reflect.ValueOf(out)
	if pointer.Kind() != reflect.Pointer || pointer.IsNil() {
		return fmt.Errorf("nowhere to put the answer: %T", out)
	}
	fresh := reflect.New(pointer.Type().Elem())
	if err := json.Unmarshal(a.Body, fresh.Interface()); err != nil {
		// The error's own text may repeat a value of the answer.
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("the answer's field %.60q has the wrong type %s", wrong.Field, kind)
		}
		return fmt.Errorf("the answer is not JSON %s", kind)
	}
	pointer.Elem().Set(fresh.Elem())
	return nil
}
