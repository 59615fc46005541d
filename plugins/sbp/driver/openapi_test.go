package driver

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// description loads the API as Raiffeisenbank published it. Its headers are left out: there they are called "Authorization:", with the colon.
func description(t *testing.T, server string) routers.Router {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "contracts", "raiffeisen", "sbp.yaml")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Skip("the bank's own description does not lie beside this checkout, in ../shared/contracts/raiffeisen")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			kept := op.Parameters[:0]
			for _, p := range op.Parameters {
				if p.Value.In != openapi3.ParameterInHeader {
					kept = append(kept, p)
				}
			}
			op.Parameters = kept
		}
	}
	doc.Servers = openapi3.Servers{{URL: server}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// inspector stands between driver and sandbox, and holds every request and every good answer against the bank's description.
type inspector struct {
	t      *testing.T
	router routers.Router
	behind *httputil.ReverseProxy

	mu   sync.Mutex
	seen map[string]bool
}

func (i *inspector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		i.t.Error(err)
	}
	answer := httptest.NewRecorder()
	forwarded := r.Clone(r.Context())
	forwarded.Body = io.NopCloser(bytes.NewReader(body))
	i.behind.ServeHTTP(answer, forwarded)
	i.inspect(r, body, answer)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (i *inspector) inspect(r *http.Request, body []byte, answer *httptest.ResponseRecorder) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.URL.Scheme, r.URL.Host = "http", r.Host
	route, params, err := i.router.FindRoute(r)
	call := r.Method + " " + r.URL.Path
	if err != nil {
		i.t.Errorf("%s is not in the bank's description: %v", call, err)
		return
	}
	i.mu.Lock()
	i.seen[r.Method+" "+route.Path] = true
	i.mu.Unlock()
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
		i.t.Errorf("%s %s: %v", call, body, err)
	}
	if answer.Code != http.StatusOK || strings.Contains(answer.Body.String(), "ERROR.") {
		return // refusals are described in words only
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: answer.Code, Header: answer.Header()}
	out.SetBodyBytes(answer.Body.Bytes())
	if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
		i.t.Errorf("%s answers %s: %v", call, answer.Body, err)
	}
}

func TestDriverAndSandboxSpeakAsRaiffeisenbankDescribesItsAPI(t *testing.T) {
	w := way{bank.RaiffeisenID, bank.Dynamic}
	i := &inspector{t: t, seen: map[string]bool{}}
	front := httptest.NewServer(i)
	defer front.Close()
	i.router = description(t, front.URL+prefix[w.bank])
	c := newCounter(t, w.mode, func(s *Settings) {
		s.RaiffeisenServer, s.RaiffeisenVersion = front.URL+prefix[bank.RaiffeisenID], "v1"
		s.RaiffeisenAccount = "" // twenty digits, which the description calls a number of at most 20
	})
	behind, err := url.Parse(c.box.URL())
	if err != nil {
		t.Fatal(err)
	}
	i.behind = httputil.NewSingleHostReverseProxy(behind)

	op := c.shown(w, 111011)
	c.want(provider.Waiting)(c.Inquire(t.Context(), op))
	c.want(provider.Cancelled)(c.Cancel(t.Context(), op))
	payment := c.paid(w, 111010)
	refund := c.giveBack(w, payment, 10)
	c.want(provider.Waiting)(c.Refund(t.Context(), refund, payment))
	c.want(provider.Waiting)(c.Inquire(t.Context(), refund))
	c.want(provider.Approved)(c.Inquire(t.Context(), refund))
	if sum := c.sum(payment); sum != 111010-pay.Amount(10) {
		t.Errorf("the shop has %s", sum)
	}
	for _, call := range []string{"POST /sbp/v1/qr/register", "GET /sbp/v1/qr/{qrId}/payment-info", "GET /sbp/v2/qrs/{qrId}", "DELETE /sbp/v2/qrs/{qrId}",
		"POST /sbp/v1/refund", "GET /sbp/v1/refund/{refundId}"} {
		if !i.seen[call] {
			t.Errorf("%s was not tried", call)
		}
	}
}
