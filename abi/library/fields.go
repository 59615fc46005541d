package library

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/payrack/payrack/sdk/pay"
)

// keys are the JSON names of a struct's fields: what pr_str and pr_event_str may be asked for.
func keys(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names[name] = true
		}
	}
	return names
}

var (
	operationKeys = sync.OnceValue(func() map[string]bool { return keys(reflect.TypeFor[pay.Operation]()) })
	eventKeys     = sync.OnceValue(func() map[string]bool { return keys(reflect.TypeFor[pay.Event]()) })
)

// field looks a key up in a JSON object and below its "extra". ok is false of a key that neither has and no such object could have.
func field(v any, known map[string]bool, key string) (value json.RawMessage, ok bool) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	if key == "json" {
		return doc, true
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(doc, &all) != nil {
		return nil, false
	}
	if value, ok := all[key]; ok {
		return value, true
	}
	var extra map[string]json.RawMessage
	if json.Unmarshal(all["extra"], &extra) == nil {
		if value, ok := extra[key]; ok {
			return value, true
		}
	}
	return nil, known[key]
}

// asText is a value as pr_str gives it: texts without quotes, true and false as 1 and 0, null as nothing.
func asText(v json.RawMessage) string {
	var s string
	switch text := strings.TrimSpace(string(v)); {
	case text == "" || text == "null":
		return ""
	case text == "true":
		return "1"
	case text == "false":
		return "0"
	case json.Unmarshal(v, &s) == nil:
		return s
	default:
		return text
	}
}

// asInt is a value as pr_int gives it. ok is false of what is no whole number.
func asInt(v json.RawMessage) (n int64, ok bool) {
	text := asText(v)
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// isDocument says whether a value is an object or a list, which goes out as JSON.
func isDocument(v json.RawMessage) bool {
	text := strings.TrimSpace(string(v))
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// give is the Output of a key of an object.
func give(v any, known map[string]bool, key string, enc encoding) (Output, error) {
	value, ok := field(v, known, key)
	if !ok {
		return Output{}, local(pay.ErrArgument, "refused.key", of("Key", fmt.Sprintf("%.40s", key)))
	}
	if isDocument(value) {
		return document(value, enc), nil
	}
	return said(asText(value), enc), nil
}

// giveInt is a key of an object as a whole number.
func giveInt(v any, known map[string]bool, key string) (int64, error) {
	value, ok := field(v, known, key)
	if !ok {
		return 0, local(pay.ErrArgument, "refused.key", of("Key", fmt.Sprintf("%.40s", key)))
	}
	n, ok := asInt(value)
	if !ok {
		return 0, local(pay.ErrArgument, "refused.whole_number", of("Key", fmt.Sprintf("%.40s", key)))
	}
	return n, nil
}
