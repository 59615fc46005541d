package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func TestAMoneyRequestWithoutItsKeyIsNotSent(t *testing.T) {
	var requests atomic.Int64
	base := serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	var header string
	client := newClient(t, exchange.Options{Base: base, Sign: func(req *http.Request, _ []byte) error {
		if header != "" {
			req.Header.Set("X-Operation", header)
		}
		return nil
	}})
	other := pay.Key{9}
	bank := exchange.BankID("AD10/77")
	tests := []struct {
		name     string
		carrying exchange.Carrying
		path     string
		in       any
		header   string
		sent     bool
	}{
		{"key in the body", exchange.Key(key), "pay", order{key.String()}, "", true},
		{"key as a UUID", exchange.Key(key), "pay", order{key.UUID()}, "", true},
		{"key in capitals", exchange.Key(key), "pay", order{strings.ToUpper(key.String())}, "", true},
		{"key in the path", exchange.Key(key), "pay/" + key.String(), nil, "", true},
		{"key in the query", exchange.Key(key), "pay?id=" + key.UUID(), nil, "", true},
		{"key in a header", exchange.Key(key), "pay", nil, key.UUID(), true},
		{"key in a form", exchange.Key(key), "pay", url.Values{"id": {key.String()}}, "", true},
		{"no key", exchange.Key(key), "pay", order{"1"}, "", false},
		{"another key", exchange.Key(key), "pay", order{other.String()}, "", false},
		{"half a key", exchange.Key(key), "pay", order{key.String()[:31]}, "", false},
		{"key that was never made", exchange.Key(pay.Key{}), "pay", order{pay.Key{}.String()}, "", false},
		{"nothing named", exchange.Carrying{}, "pay", order{key.String()}, "", false},
		{"id in the body", bank, "pay", order{"AD10/77"}, "", true},
		{"id in the query", bank, "pay?qr=" + url.QueryEscape("AD10/77"), nil, "", true},
		{"id in the path", bank, "pay/" + url.PathEscape("AD10/77") + "/cancel", nil, "", true},
		{"id as a part of a longer one", bank, "pay", order{"AD10/778"}, "", false},
		{"no id", bank, "pay", order{"AD10"}, "", false},
		{"empty id", exchange.BankID(""), "pay", order{""}, "", false},
		{"another server", exchange.Key(key), "http://127.0.0.1:1/" + key.String(), nil, "", false},
		{"another server without a scheme", exchange.Key(key), "//127.0.0.1:1/" + key.String(), nil, "", false},
	}
	for _, test := range tests {
		requests.Store(0)
		header = test.header
		ctx, tracker := exchange.Track(t.Context())
		_, err := client.Money(ctx, test.carrying, "POST", test.path, test.in, nil)
		if (err == nil) != test.sent || (requests.Load() == 1) != test.sent || tracker.MoneySent() != test.sent {
			t.Errorf("%s: %d requests, tracker says %v: %v", test.name, requests.Load(), tracker.MoneySent(), err)
		}
		if !test.sent {
			expect(t, err, exchange.Refused, false, pay.ErrInternal)
			if tracker.Touched() {
				t.Errorf("%s: a refused request was taken for an attempt", test.name)
			}
		}
	}
}

func TestADriverCanUseNoKeyAndNoIDButTheEngines(t *testing.T) {
	var requests atomic.Int64
	base := serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	client := newClient(t, exchange.Options{Base: base})
	ctx := exchange.WithPermit(t.Context(), exchange.Permit{Keys: []pay.Key{key}, Journaled: []byte(`{"qr":"AD77"}`)})
	own := pay.Key{1}
	for _, try := range []error{
		second(client.Money(ctx, exchange.Key(own), "POST", "pay", order{own.String()}, nil)),
		second(client.Money(ctx, exchange.BankID("AD78"), "POST", "pay", order{"AD78"}, nil)),
		second(client.Money(ctx, exchange.BankID("AD7"), "POST", "pay", order{"AD7"}, nil)),
	} {
		expect(t, try, exchange.Refused, false, pay.ErrInternal)
	}
	if requests.Load() != 0 {
		t.Errorf("%d requests were sent without a permit", requests.Load())
	}
	if err := errors.Join(
		second(client.Money(ctx, exchange.Key(key), "POST", "pay", order{key.String()}, nil)),
		second(client.Money(ctx, exchange.BankID("AD77"), "POST", "pay", order{"AD77"}, nil)),
	); err != nil {
		t.Error(err)
	}
}

func second(_ *exchange.Answer, err error) error { return err }

func TestTheTrackerKnowsWhatADriverDoesNotTell(t *testing.T) {
	var status atomic.Int64
	status.Store(200)
	arrived, release := make(chan struct{}), make(chan struct{})
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			close(arrived)
			<-release
		}
		w.WriteHeader(int(status.Load()))
	})
	client := newClient(t, exchange.Options{Base: base})
	outer, all := exchange.Track(t.Context())

	ctx, queries := exchange.Track(outer)
	_, _ = client.Query(ctx, "GET", "state", nil, nil)
	if !queries.Touched() || queries.MoneySent() || all.MoneySent() {
		t.Error("a query is an attempt, and no money")
	}

	ctx, dead := exchange.Track(outer)
	down := newClient(t, exchange.Options{Base: "http://127.0.0.1:1"})
	_, _ = charge2(ctx, down, "pay")
	if !dead.Touched() || dead.MoneySent() || all.MoneySent() {
		t.Error("a money request that found no server was not sent")
	}

	ctx, running := exchange.Track(outer)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = charge2(ctx, client, "hang")
	}()
	<-arrived
	if !running.MoneySent() || !all.MoneySent() {
		t.Error("a money request that a driver left running counts")
	}
	close(release)
	<-done

	ctx, failed := exchange.Track(context.Background())
	status.Store(500)
	_, _ = charge2(ctx, client, "pay")
	if !failed.MoneySent() {
		t.Error("a 500 is no proof that nothing was sent")
	}
}

func charge2(ctx context.Context, client *exchange.Client, path string) (*exchange.Answer, error) {
	return client.Money(ctx, exchange.Key(key), "POST", path, order{key.String()}, nil)
}

func TestAnAnswerIsReadWholeWithItsDateAndStatus(t *testing.T) {
	date := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", date.Format(http.TimeFormat))
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Got", r.Method+" "+r.URL.String()+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("X-Sign")+" "+string(body))
		if r.URL.Path == "/api/v1/refuse" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, `{"sum":12345,"new":{"field":1}}`)
	})
	client := newClient(t, exchange.Options{Base: base + "/api/", Sign: func(req *http.Request, body []byte) error {
		req.Header.Set("X-Sign", string(body[:1]))
		return nil
	}})
	if _, known := client.Clock(); known {
		t.Error("a clock before any answer")
	}
	var out result
	answer, err := client.Query(t.Context(), "POST", "/v1/state?a=1", map[string]string{"text": "<b>&"}, &out)
	if err != nil || out.Sum != 12345 || !answer.Date.Equal(date) || answer.Status != 200 {
		t.Fatalf("%+v %+v %v", answer, out, err)
	}
	if got := answer.Header.Get("X-Got"); got != `POST /api/v1/state?a=1 application/json { {"text":"<b>&"}` {
		t.Errorf("the server got %s", got)
	}
	if clock, known := client.Clock(); !known || !clock.Server.Equal(date) || clock.Ahead() != date.Sub(clock.Local.Truncate(time.Second)) {
		t.Errorf("the server's clock: %+v", clock)
	}
	var raw []byte
	answer, err = client.Query(t.Context(), "POST", "v1/refuse", []byte("x"), &raw)
	expect(t, err, exchange.Status, true, pay.ErrAuth)
	if answer == nil || answer.Status != 401 || answer.JSON(&out) != nil || raw != nil {
		t.Errorf("the answer beside the error: %+v", answer)
	}
}

func TestEachExchangeIsRecordedAndNoSecretWithIt(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/pos/payment/offline" {
			_, _ = io.WriteString(w, `{"sum":100,"token":"s3cret"}`)
			return
		}
		_, _ = io.WriteString(w, `s3cret`)
	})
	var rows []journal.Exchange
	var lines bytes.Buffer
	client := newClient(t, exchange.Options{
		Base: base, Record: func(row journal.Exchange) { rows = append(rows, row) },
		Mask: func(s string) string { return strings.ReplaceAll(s, "s3cret", "***") },
		Log:  hclog.New(&hclog.LoggerOptions{Output: &lines, Level: hclog.Debug}),
	})
	ctx := exchange.WithInitiator(exchange.WithRef(t.Context(), "R-1"), "Ivanova")
	var out result
	if _, err := client.Money(ctx, exchange.Key(key), "POST", "pos/payment/offline?pin=s3cret", map[string]string{"key": key.String(), "code": "s3cret"}, &out); err != nil {
		t.Fatal(err)
	}
	_, _ = client.Query(t.Context(), "GET", "pos/s3cret", nil, &out)
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	if r := rows[0]; r.Method != "POST pos/payment/offline" || !r.OK || r.Ref != "R-1" || r.Initiator != "Ivanova" || r.Status != 200 || r.Error != "" || r.Time.IsZero() {
		t.Errorf("%+v", r)
	}
	if r := rows[1]; r.Method != "GET pos/***" || r.OK || r.Ref != "" || r.Status != 200 || !strings.Contains(r.Error, "not JSON") {
		t.Errorf("%+v", r)
	}
	log := lines.String()
	if strings.Contains(log, "s3cret") || strings.Count(log, "\n") != 2 || !strings.Contains(log, key.String()) || !strings.Contains(log, "ref=R-1") {
		t.Errorf("log:\n%s", log)
	}
}

func TestBodiesAreNotLoggedWithoutAMaskNorInFull(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("ж", 1<<16)) })
	for _, mask := range []func(string) string{nil, func(s string) string { return s }} {
		var lines bytes.Buffer
		client := newClient(t, exchange.Options{Base: base, Mask: mask, Log: hclog.New(&hclog.LoggerOptions{Output: &lines, Level: hclog.Debug})})
		if _, err := client.Query(t.Context(), "GET", "state", nil, nil); err != nil {
			t.Fatal(err)
		}
		if shown := strings.Contains(lines.String(), "ж"); shown != (mask != nil) || lines.Len() > 5000 {
			t.Errorf("mask %v: %d bytes of log", mask != nil, lines.Len())
		}
	}
}

func TestASignatureThatFailsKeepsTheRequestFromBeingSent(t *testing.T) {
	base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("an unsigned request was sent") })
	missing := text.Refuse(pay.ErrConfig, "secret.missing", map[string]any{"Name": "terminal"}, nil)
	client := newClient(t, exchange.Options{Base: base, Sign: func(*http.Request, []byte) error { return missing }})
	_, err := charge(t, client)
	expect(t, err, exchange.Refused, false, pay.ErrConfig)
	if filled := text.Fill(err, "en"); filled.Text != `The secret "terminal" is not set.` || filled.MayHaveMoved {
		t.Errorf("the till is told %+v", filled)
	}
}

func TestABodyThatIsNoJSONIsNotSent(t *testing.T) {
	base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	_, err := newClient(t, exchange.Options{Base: base}).Query(t.Context(), "POST", "state", func() {}, nil)
	expect(t, err, exchange.Refused, false, pay.ErrInternal)
}

func TestWrongOptionsAreRefusedWithWords(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string]exchange.Options{
		"no address":           {},
		"no scheme":            {Base: "bank.example"},
		"without encryption":   {Base: "http://bank.example/"},
		"password":             {Base: "https://me:pa55word@bank.example/"},
		"password, not a URL":  {Base: "https://me:pa55word@bank.example:x/"},
		"query":                {Base: "https://bank.example/?a=1"},
		"no CA file":           {Base: "https://bank.example", CAFile: "no/such/file.pem"},
		"CA file without any":  {Base: "https://bank.example", CAFile: empty},
		"proxy without scheme": {Base: "https://bank.example", Proxy: "proxy:3128"},
		"half a certificate":   {Base: "https://bank.example", KeyPEM: []byte("x")},
	} {
		_, err := exchange.New(options)
		filled := text.Fill(err, "ru")
		if filled == nil || filled.Code != pay.ErrConfig || filled.Hint == "" || strings.Contains(err.Error()+filled.Text, "pa55word") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if generic, _ := text.Error(pay.ErrConfig, "ru"); filled.Text == generic {
			t.Errorf("%s: has no words of its own", name)
		}
	}
}

func TestAQueryThatMayChangeSomethingInAMoneyCallCountsAsMoney(t *testing.T) {
	client := newClient(t, exchange.Options{Base: serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })})
	for method, money := range map[string]bool{"GET": false, "HEAD": false, "POST": true, "PUT": true, "DELETE": true} {
		ctx, plain := exchange.Track(t.Context())
		_, _ = client.Query(ctx, method, "pay", nil, nil)
		ctx, marked := exchange.Track(exchange.WithMoneyCall(t.Context()))
		_, _ = client.Query(ctx, method, "pay", nil, nil)
		if plain.MoneySent() || marked.MoneySent() != money {
			t.Errorf("%s: outside a money call %v, in one %v", method, plain.MoneySent(), marked.MoneySent())
		}
	}
}
