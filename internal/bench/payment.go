package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/pay"
)

// measurePayment compares an offline payment through library, host, module and journal with the same exchanges of a bare client that
// writes down what it does.
func measurePayment(ctx context.Context, in *installation, t *till) (Result, error) {
	bare, err := newBareClient(ctx, in)
	if err != nil {
		return Result{}, err
	}
	defer bare.close()
	var confirmed sample
	s, err := alternate(30, 10, func(n int) (sample, error) {
		paid, after, err := t.pay(n)
		confirmed = append(confirmed, after...)
		return paid, err
	}, each(func() error { return bare.pay(ctx) }))
	note := fmt.Sprintf("p95 %.3f / %.3f; pr_confirm %.3f; target: at most 1 ms above, and twice",
		ms(s.payrack.quantile(95)), ms(s.floor.quantile(95)), ms(confirmed.median()))
	return times("offline_payment", note, s), err
}

// bareClient pays as directly as can be: it notes what it will do, asks for the counters, charges, and notes what came of it.
type bareClient struct {
	server string
	http   *http.Client
	secret string
	notes  *os.File
	paid   int64
}

func newBareClient(ctx context.Context, in *installation) (*bareClient, error) {
	notes, err := os.OpenFile(filepath.Join(in.dir, "notes"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	c := &bareClient{server: in.server, http: &http.Client{Transport: &http.Transport{}}, notes: notes}
	var a wire.Activation
	err = c.ask(ctx, http.MethodPost, wire.PathActivate, wire.ActivateRequest{TerminalID: floorTerminal, Serial: "FLOOR", Code: activationCode}, &a)
	if err != nil {
		c.close()
		return nil, err
	}
	c.secret = a.Secret
	return c, nil
}

func (c *bareClient) close() {
	c.http.CloseIdleConnections()
	_ = c.notes.Close() // nobody reads it
}

func (c *bareClient) pay(ctx context.Context) error {
	key, err := pay.NewKey(nil)
	if err != nil {
		return err
	}
	c.paid++
	request := wire.OfflineRequest{Key: key.String(), Amount: 100, Currency: "RUB", System: wire.Sendy,
		AuthCode: fmt.Sprintf("SENDY-9%013d00", c.paid)}
	if err := c.note(request); err != nil {
		return err
	}
	var counters wire.Counters
	if err := c.ask(ctx, http.MethodGet, wire.PathCounters, nil, &counters); err != nil {
		return err
	}
	request.Transaction, request.Shift = counters.NextTransaction, counters.Shift
	var record wire.Record
	if err := c.ask(ctx, http.MethodPost, wire.PathOffline, request, &record); err != nil {
		return err
	}
	if record.Status != wire.Paid {
		return fmt.Errorf("payment %d: %s %s", c.paid, record.Status, record.Reason)
	}
	return c.note(record)
}

// note writes a line down so that a power cut does not lose it.
func (c *bareClient) note(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return appendSynced(c.notes, append(line, '\n'))
}

func appendSynced(f *os.File, line []byte) error {
	if _, err := f.Write(line); err != nil {
		return err
	}
	return f.Sync()
}

func (c *bareClient) ask(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.server+"/"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.secret != "" {
		request.Header.Set("Authorization", wire.BearerPrefix+c.secret)
		request.Header.Set(wire.HeaderTerminal, floorTerminal)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, strings.TrimSpace(string(raw)))
	}
	return json.Unmarshal(raw, out)
}
