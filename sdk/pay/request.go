package pay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Request is what a till asks for. The host has checked it and taken its ref before a module sees it.
type Request struct {
	Ref       Ref      `json:"ref"`
	Module    string   `json:"module"`
	Kind      Kind     `json:"kind"`
	Amount    Amount   `json:"amount"`
	Currency  Currency `json:"currency"`
	PosID     string   `json:"pos_id"`
	Params    Params   `json:"params"`
	NoPrompts bool     `json:"no_prompts,omitempty"` // nobody answers: take a prompt's default, or refuse before money moves
	Operator  string   `json:"operator,omitempty"`
	// Initiator is who asked, for the request log: the operator, else the till.
	Initiator string `json:"initiator,omitempty"`
	Language  string `json:"language,omitempty"` // "ru" or "en"; empty: the module's own setting
	Full      bool   `json:"full,omitempty"`     // whoever asks has the full role, by the host's word
}

// Params are the parameters of an operation, as payrack.h names them. Raw holds the whole object, so that what a newer till says is
// part of the digest and reaches a driver that knows it.
type Params struct {
	Code        string          `json:"code,omitempty"` // secret: what was scanned from the customer's phone
	OriginalRef Ref             `json:"original_ref,omitempty"`
	Receipt     string          `json:"receipt,omitempty"`
	Document    string          `json:"document,omitempty"`
	Items       json.RawMessage `json:"items,omitempty"`
	Card        string          `json:"card,omitempty"` // secret
	Shift       int64           `json:"shift,omitempty"`
	From        string          `json:"from,omitempty"`
	To          string          `json:"to,omitempty"`
	Detailed    bool            `json:"detailed,omitempty"`
	Despite     Ref             `json:"despite,omitempty"`
	System      string          `json:"system,omitempty"`
	Reason      string          `json:"reason,omitempty"`
	Name        string          `json:"name,omitempty"` // of a command
	Args        json.RawMessage `json:"args,omitempty"` // of a command; secret as a whole

	// Of a payout.
	Contract  json.RawMessage `json:"contract,omitempty"`  // of the loan: its number, or an object with number and date
	Tenders   json.RawMessage `json:"tenders,omitempty"`   // what the till has entered, an object of kinds and amounts: {"cash":0,"cashless":345000}
	Documents json.RawMessage `json:"documents,omitempty"` // that the payout is for, a list of {id, made}
	Client    json.RawMessage `json:"client,omitempty"`    // name and documents of the client; secret as a whole

	Raw json.RawMessage `json:"-"`
}

// MaxParams is the size of the largest params object, in bytes.
const MaxParams = 1 << 20

// knownParams are the names in Params.
var knownParams = []string{"code", "original_ref", "receipt", "document", "items", "card", "shift", "from", "to", "detailed", "despite", "system",
	"reason", "name", "args", "contract", "tenders", "documents", "client"}

// secretParams are the parameters that are never written anywhere; only their HMAC enters the digest (design §3.1).
var secretParams = []string{"code", "card", "args", "client"}

// ParseParams reads a params object; "" is an empty one. What is not a JSON object, has a known name with another type or in other
// letter case, or a name twice, is refused.
func ParseParams(text string) (Params, error) {
	bad := func(format string, args ...any) (Params, error) {
		return Params{}, wording(ErrArgument, "refused.params", map[string]any{"Detail": fmt.Sprintf(format, args...)}, "params: "+format, args...)
	}
	if len(text) > MaxParams {
		return bad("%d bytes, at most %d are allowed", len(text), MaxParams)
	}
	if !utf8.ValidString(text) {
		return Params{}, wording(ErrEncoding, "refused.not_in", map[string]any{"Name": "params", "Encoding": "UTF-8"}, "params: not UTF-8")
	}
	raw := bytes.TrimSpace([]byte(text))
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	if raw[0] != '{' {
		return bad("not a JSON object")
	}
	if err := uniqueNames(raw, knownParams); err != nil {
		return bad("%v", err)
	}
	var p Params
	if err := json.Unmarshal(raw, &p); err != nil {
		if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return bad("%q has the wrong type (%s)", t.Field, t.Value)
		}
		return bad("not JSON at byte %d", syntaxOffset(err))
	}
	p.Raw = raw
	return p, nil
}

// Public is the object without its secret parameters, for the journal.
func (p Params) Public() json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(p.Raw, &all) != nil {
		return json.RawMessage("{}")
	}
	for _, name := range secretParams {
		delete(all, name)
	}
	out, err := json.Marshal(all)
	if err != nil {
		return json.RawMessage("{}")
	}
	return out
}

// Secrets says whether the object holds a secret parameter.
func (p Params) Secrets() bool {
	return p.Code != "" || p.Card != "" || len(p.Args) > 0 || len(p.Client) > 0
}

// Canonical is the object with its names sorted and its white space gone, so that the same parameters give the same digest.
func (p Params) Canonical() ([]byte, error) {
	if len(p.Raw) == 0 {
		return []byte("{}"), nil
	}
	dec := json.NewDecoder(bytes.NewReader(p.Raw))
	dec.UseNumber()
	var all map[string]any
	if err := dec.Decode(&all); err != nil {
		return nil, fmt.Errorf("params: %w", err)
	}
	// "despite" says how to treat another operation; repeating a ref with or without it is the same operation.
	delete(all, "despite")
	return json.Marshal(all)
}

func syntaxOffset(err error) int64 {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return s.Offset
	}
	return 0
}

// uniqueNames refuses an object that has one name twice: which of the two counts would be chance. A known name in other letter case is
// refused too: package json would take "Code" for the code, and nobody else would know it for a secret.
func uniqueNames(raw []byte, known []string) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("not JSON at byte %d", syntaxOffset(err))
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return fmt.Errorf("not JSON at byte %d", syntaxOffset(err))
		}
		name, ok := token.(string)
		if !ok {
			return errors.New("not a JSON object")
		}
		if seen[name] {
			return fmt.Errorf("%.40q stands twice", name)
		}
		seen[name] = true
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return fmt.Errorf("%.40q: %q is meant", name, k)
			}
		}
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			return fmt.Errorf("not JSON after %.40q", name)
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("not JSON at byte %d", syntaxOffset(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the object")
	}
	return nil
}
