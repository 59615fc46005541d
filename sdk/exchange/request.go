package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/payrack/payrack/sdk/pay"
)

// Carrying names what a money request must carry.
type Carrying struct {
	key pay.Key
	id  string
}

// Key is the operation's key; the request carries its hexadecimal form or its UUID.
func Key(key pay.Key) Carrying { return Carrying{key: key} }

// BankID is the provider's own id of a draft, one that was journaled before. It must stand in the request as a word of its own.
func BankID(id string) Carrying { return Carrying{id: id} }

// JSON is v without the escapes for HTML, which some providers' signatures stumble over, and without a line end.
func JSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// request builds what will be sent, byte for byte.
func (c *Client) request(ctx context.Context, a call) (*http.Request, []byte, error) {
	target, err := c.target(a.path)
	if err != nil {
		return nil, nil, err
	}
	body, contentType, err := bodyOf(a.in)
	if err != nil {
		return nil, nil, fmt.Errorf("write the body: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, a.method, target.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "payrack")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for name, values := range c.options.Header {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if c.options.Sign != nil {
		if err := c.options.Sign(req, body); err != nil {
			return nil, nil, fmt.Errorf("sign: %w", err)
		}
	}
	// No GetBody, so that the transport cannot read the body a second time.
	req.Body, req.GetBody, req.ContentLength = nil, nil, int64(len(body))
	if len(body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	if a.money {
		if err := allowed(ctx, a.carrying, req, body); err != nil {
			return nil, nil, err
		}
	}
	return req, body, nil
}

// target is the address of a path, always beneath the base's server.
func (c *Client) target(path string) (*url.URL, error) {
	ref, err := url.Parse(path)
	if err != nil {
		return nil, errors.New("the path is not one")
	}
	if ref.IsAbs() || ref.Host != "" || ref.User != nil {
		return nil, errors.New("the path names a server")
	}
	target := c.base
	if ref.Path != "" {
		target = c.base.JoinPath(ref.EscapedPath())
	}
	copied := *target
	copied.RawQuery = ref.RawQuery
	return &copied, nil
}

func bodyOf(in any) (body []byte, contentType string, err error) {
	switch v := in.(type) {
	case nil:
		return nil, "", nil
	case []byte:
		return bytes.Clone(v), "application/json", nil
	case json.RawMessage:
		return bytes.Clone(v), "application/json", nil
	case url.Values:
		return []byte(v.Encode()), "application/x-www-form-urlencoded", nil
	}
	body, err = JSON(in)
	return body, "application/json", err
}

// allowed holds that a money request carries what the engine journaled.
func allowed(ctx context.Context, carrying Carrying, req *http.Request, body []byte) error {
	permit, limited := permitOf(ctx)
	if carrying.id == "" {
		if carrying.key.IsZero() {
			return errors.New("a money request without a key")
		}
		if limited && !permit.key(carrying.key) {
			return errors.New("a money request under a key that is not this operation's")
		}
		if !anyPart(req, body, func(part string) bool {
			part = strings.ToLower(part)
			return strings.Contains(part, carrying.key.String()) || strings.Contains(part, carrying.key.UUID())
		}) {
			return errors.New("a money request that does not carry its key")
		}
		return nil
	}
	if limited && !word(string(permit.Journaled), carrying.id) {
		return errors.New("a money request under an id that is not journaled")
	}
	quoted, err := JSON(carrying.id)
	if err != nil {
		return err
	}
	forms := []string{carrying.id, url.QueryEscape(carrying.id), url.PathEscape(carrying.id), strings.Trim(string(quoted), `"`)}
	if !anyPart(req, body, func(part string) bool {
		for _, form := range forms {
			if word(part, form) {
				return true
			}
		}
		return false
	}) {
		return errors.New("a money request that does not carry its id")
	}
	return nil
}

func anyPart(req *http.Request, body []byte, has func(string) bool) bool {
	if has(req.URL.RequestURI()) || has(string(body)) {
		return true
	}
	for _, values := range req.Header {
		for _, value := range values {
			if has(value) {
				return true
			}
		}
	}
	return false
}

// word says whether w stands in text with no letter or digit right beside it: "12" does not stand in "123".
func word(text, w string) bool {
	if w == "" {
		return false
	}
	for from := 0; ; {
		at := strings.Index(text[from:], w)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(w):])
		if !letter(before) && !letter(after) {
			return true
		}
		from = at + 1
	}
}

func letter(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
