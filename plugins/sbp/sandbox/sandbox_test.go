package sandbox

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// start runs a sandbox on ports of its own.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// sane holds that nothing happened that must not.
func sane(t *testing.T, s *Server) {
	t.Helper()
	if bad := s.Ledger().Trouble(); len(bad) != 0 {
		t.Errorf("the ledger: %v", bad)
	}
}

// till speaks to the banks.
type till struct {
	t      *testing.T
	s      *Server
	client *http.Client
}

func newTill(t *testing.T, s *Server) *till {
	t.Helper()
	files := s.CertFiles()
	cert, err := os.ReadFile(files.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(files.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &till{t: t, s: s, client: clientWith(t, s, cert, key)}
}

// clientWith is an HTTP client that trusts the sandbox's authority and shows a certificate, or none.
func clientWith(t *testing.T, s *Server, certPEM, keyPEM []byte) *http.Client {
	t.Helper()
	ca, err := os.ReadFile(s.CertFiles().CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	config := &tls.Config{RootCAs: pool}
	if certPEM != nil {
		pair, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// answered is a bank's answer.
type answered struct {
	t      *testing.T
	status int
	raw    []byte
}

// send sends one request with the bank's credentials; body is text, or a value that is written as JSON.
func (c *till) send(bank Bank, method, path string, body any) answered {
	c.t.Helper()
	a, err := c.try(bank, method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (c *till) try(bank Bank, method, path string, body any) (answered, error) {
	var raw []byte
	switch v := body.(type) {
	case nil:
	case string:
		raw = []byte(v)
	default:
		var err error
		if raw, err = json.Marshal(v); err != nil {
			return answered{}, err
		}
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.s.Base(bank)+path, bytes.NewReader(raw))
	if err != nil {
		return answered{}, err
	}
	switch bank {
	case Raiffeisen:
		req.Header.Set("Authorization", "Bearer "+RaiffeisenKey)
	case Gazprombank:
		req.Header.Set("login", GazprombankLogin)
		req.Header.Set("password", GazprombankPassword)
	case RSB:
		req.Header.Set("x-User-login", RSBLogin)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		return answered{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answered{c.t, resp.StatusCode, data}, err
}

// get is a field of the answer, "data.qrcId" one inside it, "data.0.status" one in a list: a text, a json.Number, or nil.
func (a answered) get(path string) any {
	a.t.Helper()
	var v any
	dec := json.NewDecoder(bytes.NewReader(a.raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		a.t.Fatalf("%s: %v", a.raw, err)
	}
	for _, name := range splitDots(path) {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			v = in[int(name[0]-'0')]
		}
	}
	return v
}

func splitDots(path string) []string {
	var list []string
	for part := range bytes.SplitSeq([]byte(path), []byte(".")) {
		list = append(list, string(part))
	}
	return list
}

func (a answered) text(path string) string {
	a.t.Helper()
	s, ok := a.get(path).(string)
	if !ok {
		a.t.Fatalf("%s is no text in %s", path, a.raw)
	}
	return s
}

// is holds the status and fields of an answer, each field written as text.
func (a answered) is(status int, fields map[string]string) {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("status %d, want %d: %s", a.status, status, a.raw)
	}
	for name, want := range fields {
		got := ""
		switch v := a.get(name).(type) {
		case string:
			got = v
		case json.Number:
			got = string(v)
		}
		if got != want {
			a.t.Errorf("%s is %q, want %q, in %s", name, got, want, a.raw)
		}
	}
}

// refused holds a refusal of Raiffeisenbank.
func (a answered) refused(status int, code, message string) {
	a.t.Helper()
	a.is(status, map[string]string{"code": code, "message": message})
}

// key is an operation's key.
func key(n byte) string {
	const digits = "0123456789abcdef"
	b := bytes.Repeat([]byte{'0'}, 31)
	return string(append(b, digits[n%16]))
}

func (c *till) pay(id string) sdk.Bill {
	c.t.Helper()
	b, err := c.s.Control().Pay(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *till) advance(d time.Duration) { c.s.Clock().Advance(d) }

// money holds what the ledger says of a key.
func (c *till) money(key string, want int64) {
	c.t.Helper()
	if got := c.s.Ledger().Net(key); got != want {
		c.t.Errorf("the ledger has %d under %s, want %d", got, key, want)
	}
}

func (c *till) configure(change map[string]any) {
	c.t.Helper()
	if err := c.s.Control().Configure(c.t.Context(), change); err != nil {
		c.t.Fatal(err)
	}
}
