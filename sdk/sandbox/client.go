package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Control is a client of a running sandbox's control interface, for tests, demos and the command line. Its errors wrap
// [ErrNoBill], [ErrBillOver] and [ErrUnsupported] where the sandbox said so.
type Control struct {
	URL    string       // of the sandbox; with or without /control at its end
	Client *http.Client // nil is http.DefaultClient
}

// look is how often an Await asks.
const look = 10 * time.Millisecond

// Info tells who answers.
func (c *Control) Info(ctx context.Context) (Info, error) {
	return call[Info](ctx, c, http.MethodGet, "info", nil)
}

// Ledger is the money that moved; with a key, for that operation only.
func (c *Control) Ledger(ctx context.Context, key string) (LedgerView, error) {
	return call[LedgerView](ctx, c, http.MethodGet, "ledger?key="+url.QueryEscape(key), nil)
}

// Faults is what is armed.
func (c *Control) Faults(ctx context.Context) ([]Fault, error) {
	return call[[]Fault](ctx, c, http.MethodGet, "faults", nil)
}

// Arm arms a fault and returns it with its ID.
func (c *Control) Arm(ctx context.Context, f Fault) (Fault, error) {
	return call[Fault](ctx, c, http.MethodPost, "faults", f)
}

// Disarm takes away one fault, or all if id is empty.
func (c *Control) Disarm(ctx context.Context, id string) error {
	path := "faults"
	if id != "" {
		path += "/" + url.PathEscape(id)
	}
	return c.do(ctx, http.MethodDelete, path)
}

// Bills are what waits for a customer; with all, what is over too.
func (c *Control) Bills(ctx context.Context, all bool) ([]Bill, error) {
	path := "bills"
	if all {
		path += "?all=1"
	}
	return call[[]Bill](ctx, c, http.MethodGet, path, nil)
}

// AwaitBill waits until exactly one bill is open, and returns it.
func (c *Control) AwaitBill(ctx context.Context) (Bill, error) {
	var bill Bill
	err := await(ctx, "a bill", func() (bool, error) {
		bills, err := c.Bills(ctx, false)
		if err != nil || len(bills) != 1 {
			return false, err
		}
		bill = bills[0]
		return true, nil
	})
	return bill, err
}

// Pay pays the bill that id names, see [Phone].
func (c *Control) Pay(ctx context.Context, id string) (Bill, error) { return c.act(ctx, "pay", id) }

// Decline refuses a bill.
func (c *Control) Decline(ctx context.Context, id string) (Bill, error) {
	return c.act(ctx, "decline", id)
}

// Expire lets a bill's time run out.
func (c *Control) Expire(ctx context.Context, id string) (Bill, error) {
	return c.act(ctx, "expire", id)
}

// Hold keeps the simulated customer away from a bill.
func (c *Control) Hold(ctx context.Context, id string) (Bill, error) { return c.act(ctx, "hold", id) }

func (c *Control) act(ctx context.Context, action, id string) (Bill, error) {
	return call[Bill](ctx, c, http.MethodPost, "bills/"+action, billID{id})
}

// Wallets are the customers.
func (c *Control) Wallets(ctx context.Context) ([]Wallet, error) {
	return call[[]Wallet](ctx, c, http.MethodGet, "wallets", nil)
}

// SetWallet creates a wallet or changes its balance.
func (c *Control) SetWallet(ctx context.Context, w Wallet) (Wallet, error) {
	return call[Wallet](ctx, c, http.MethodPost, "wallets", w)
}

// ShowCode makes a code for one scan.
func (c *Control) ShowCode(ctx context.Context, wallet, behaviour string) (Code, error) {
	return call[Code](ctx, c, http.MethodPost, "wallets/code", codeWish{wallet, behaviour})
}

// Requests are those that the provider's interface received after the one numbered so.
func (c *Control) Requests(ctx context.Context, after int64) ([]Request, error) {
	return call[[]Request](ctx, c, http.MethodGet, "requests?after="+strconv.FormatInt(after, 10), nil)
}

// AwaitRequests waits until n of the logged requests satisfy match, and returns those.
func (c *Control) AwaitRequests(ctx context.Context, n int, match func(Request) bool) ([]Request, error) {
	var found []Request
	err := await(ctx, fmt.Sprintf("%d requests", n), func() (bool, error) {
		all, err := c.Requests(ctx, 0)
		found = found[:0]
		for _, r := range all {
			if match(r) {
				found = append(found, r)
			}
		}
		return len(found) >= n, err
	})
	return found, err
}

// Counts are how often each address was asked, such as "GET /pos/payment/{n}".
func (c *Control) Counts(ctx context.Context) (map[string]int64, error) {
	return call[map[string]int64](ctx, c, http.MethodGet, "requests/counts", nil)
}

// ClearRequests forgets the log of requests.
func (c *Control) ClearRequests(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "requests")
}

// Clock is the sandbox's time.
func (c *Control) Clock(ctx context.Context) (ClockView, error) {
	return call[ClockView](ctx, c, http.MethodGet, "clock", nil)
}

// Advance moves the sandbox's time.
func (c *Control) Advance(ctx context.Context, d time.Duration) (ClockView, error) {
	return call[ClockView](ctx, c, http.MethodPost, "clock", clockChange{Advance: Duration(d)})
}

// SetClock moves the sandbox's time to at.
func (c *Control) SetClock(ctx context.Context, at time.Time) (ClockView, error) {
	return call[ClockView](ctx, c, http.MethodPost, "clock", clockChange{At: at})
}

// Settings are the provider's settings, read into out.
func (c *Control) Settings(ctx context.Context, out any) error {
	raw, err := call[json.RawMessage](ctx, c, http.MethodGet, "settings", nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// Configure changes the settings that change names when written as JSON.
func (c *Control) Configure(ctx context.Context, change any) error {
	_, err := call[json.RawMessage](ctx, c, http.MethodPatch, "settings", change)
	return err
}

// Reset forgets money, requests, faults and time.
func (c *Control) Reset(ctx context.Context) error { return c.do(ctx, http.MethodPost, "reset") }

// Shutdown asks the sandbox's process to end.
func (c *Control) Shutdown(ctx context.Context) error { return c.do(ctx, http.MethodPost, "shutdown") }

// Call is any control route: the way to a provider's own. In is sent as JSON unless it is nil, the answer is read into out
// unless that is nil.
func (c *Control) Call(ctx context.Context, method, path string, in, out any) error {
	raw, err := call[json.RawMessage](ctx, c, method, path, in)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

func (c *Control) do(ctx context.Context, method, path string) error {
	_, err := call[none](ctx, c, method, path, nil)
	return err
}

func call[Out any](ctx context.Context, c *Control, method, path string, in any) (Out, error) {
	var out Out
	data, err := c.exchange(ctx, method, path, in)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("sandbox %s %s: %w", method, path, err)
	}
	return out, nil
}

func (c *Control) exchange(ctx context.Context, method, path string, in any) ([]byte, error) {
	var body io.Reader = http.NoBody
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	base := strings.TrimSuffix(strings.TrimSuffix(c.URL, "/"), "/control")
	req, err := http.NewRequestWithContext(ctx, method, base+"/control/"+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	client := c.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode < 400 {
		return data, err
	}
	return nil, refused(resp.Status, data)
}

// refused makes an error again of what [refuse] wrote.
func refused(status string, data []byte) error {
	var r struct {
		Error refusal `json:"error"`
	}
	if json.Unmarshal(data, &r) != nil || r.Error.Code == "" {
		return fmt.Errorf("%s: not a sandbox's answer", status)
	}
	kind := map[string]error{codeNoBill: ErrNoBill, codeBillOver: ErrBillOver, codeUnsupported: ErrUnsupported}[r.Error.Code]
	if kind == nil {
		return errors.New(r.Error.Message)
	}
	if rest, found := strings.CutPrefix(r.Error.Message, kind.Error()); found {
		return fmt.Errorf("%w%s", kind, rest)
	}
	return fmt.Errorf("%s: %w", r.Error.Message, kind)
}

// await asks until done is true, fails, or ctx ends.
func await(ctx context.Context, what string, done func() (bool, error)) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}
