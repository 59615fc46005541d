package sandbox

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzControl: no request to the control interface or to the provider's own ends the sandbox, and none moves money behind its rules.
func FuzzControl(f *testing.F) {
	f.Add("POST", "/control/faults", `{"kind":"drop","path":"/charge/*","count":1,"delay":"1ms"}`)
	f.Add("POST", "/control/clock", `{"advance":"1h","at":"2026-11-22T12:00:00Z"}`)
	f.Add("POST", "/control/bills/pay", `{"id":"k"}`)
	f.Add("GET", "/control/requests?after=1", ``)
	f.Add("GET", "/control/ledger?key=%zz", `[]`)
	f.Add("POST", "/charge/7", `{"key":"k1","amount":100,"later":true}`)
	f.Add("PATCH", "/control/settings", `{"a":null}`)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "shutdown") || strings.Contains(body, "delay") || strings.Contains(path, "/requests/") {
			return // what waits, or ends the sandbox as it was asked to
		}
		request, err := http.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		request.RemoteAddr = "127.0.0.1:1234"
		s := fuzzed(t)
		serveFuzzed(s, request)
		serveFuzzed(s, httptest.NewRequest("POST", "http://127.0.0.1/charge/7", strings.NewReader(`{"key":"k1","amount":100}`)))
		if trouble := s.provider.Ledger().Trouble(); len(trouble) > 0 && !strings.Contains(body, "k1") {
			t.Fatal(trouble)
		}
	})
}

// fuzzed is a sandbox without a listener.
func fuzzed(t *testing.T) *Server {
	ledger, err := OpenLedger("", nil)
	if err != nil {
		t.Fatal(err)
	}
	clock := &Clock{}
	s := New(&kiosk{clock: clock, ledger: ledger}, Options{Clock: clock, Fields: Fields{Amount: "amount", Key: "key"}})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// serveFuzzed is what a listener on loopback does; a handler may give its connection up.
func serveFuzzed(s *Server, r *http.Request) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	s.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(at))))
}
