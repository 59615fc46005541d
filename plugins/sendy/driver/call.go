package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// refused is the server's own no. Any other failure is no word at all.
type refused struct {
	Code         wire.Code
	AttemptsLeft *int
	cause        error
}

// Error implements error. The server's message is not in it: it may repeat what was sent.
func (r *refused) Error() string { return r.cause.Error() + ": " + string(r.Code) }
func (r *refused) Unwrap() error { return r.cause }

// query asks what moves no money.
func (d *Driver) query(ctx context.Context, method, path string, in any, out wire.Message) (*exchange.Answer, error) {
	if d.client == nil {
		return nil, d.refuse("", pay.ErrConfig, "sendy.server.missing", nil, nil)
	}
	var body []byte
	answer, err := d.client.Query(ctx, method, path, in, &body)
	return answer, understood(answer, err, body, method+" "+path, out)
}

// money asks what may move money, or end the chance that it moves, under the key of an operation.
func (d *Driver) money(ctx context.Context, key pay.Key, path string, in, out wire.Message) (*exchange.Answer, error) {
	if d.client == nil {
		return nil, d.refuse("", pay.ErrConfig, "sendy.server.missing", nil, nil)
	}
	var body []byte
	answer, err := d.client.Money(ctx, exchange.Key(key), http.MethodPost, path, in, &body)
	return answer, understood(answer, err, body, "POST "+path, out)
}

// understood reads an answer: the record, or the envelope of a refusal whose code and status belong together.
func understood(answer *exchange.Answer, err error, body []byte, call string, out wire.Message) error {
	if err == nil {
		if err := wire.Decode(body, out); err != nil {
			return fmt.Errorf("%s: %w", call, silent(err))
		}
		return nil
	}
	if answer == nil || answer.Status < 400 || answer.Status > 499 {
		return err
	}
	var envelope wire.ErrorAnswer
	if wire.Decode(answer.Body, &envelope) != nil || envelope.Error.Code.HTTPStatus() != answer.Status {
		return err
	}
	return &refused{Code: envelope.Error.Code, AttemptsLeft: envelope.Error.AttemptsLeft, cause: err}
}

// silent keeps a reader's error out of the log where it repeats a value of the answer.
func silent(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("the answer's field %.40q has the wrong type", wrong.Field)
	}
	return err
}

// sign adds who we are. The secret goes out with every call but activation, and stands in no body.
func (d *Driver) sign(req *http.Request, _ []byte) error {
	if strings.HasSuffix(req.URL.Path, wire.PathActivate) {
		return nil
	}
	t, err := d.terminal()
	if err != nil || t == nil {
		return err
	}
	req.Header.Set("Authorization", wire.BearerPrefix+t.Secret)
	req.Header.Set(wire.HeaderTerminal, t.ID)
	return nil
}

// say gives words in a language, that of the settings by default.
func (d *Driver) say(language, id string, data map[string]any) string {
	if language == "" {
		language = d.settings.Language
	}
	return d.words.Say(language, id, data)
}

// refuse makes a refusal with its words.
func (d *Driver) refuse(language string, code pay.Code, id string, data map[string]any, cause error) *pay.Error {
	return &pay.Error{Code: code, Text: d.say(language, id+".cause", data), Hint: d.say(language, id+".hint", data), Cause: cause}
}

// refusal is an answer to the till instead of the provider's: nothing was sent for op.
func refusal(e *pay.Error) provider.Reply {
	return provider.Reply{Verdict: provider.Declined, Error: e.Code, Text: e.Text, Hint: e.Hint}
}
