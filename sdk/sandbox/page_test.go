package sandbox

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestAnotherHostNameIsRefused(t *testing.T) {
	s, _ := start(t)
	port := strings.TrimPrefix(s.URL(), "http://127.0.0.1:")
	for host, want := range map[string]int{
		"127.0.0.1:" + port:    http.StatusOK,
		"localhost:" + port:    http.StatusOK,
		"evil.example:" + port: http.StatusMisdirectedRequest,
		"evil.example":         http.StatusMisdirectedRequest,
		"127.0.0.1:1":          http.StatusMisdirectedRequest,
		"127.0.0.1":            http.StatusMisdirectedRequest,
		"127.0.0.2:" + port:    http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{"/control/info", "/phone"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s as %s: %d, want %d", path, host, resp.StatusCode, want)
			}
		}
	}
}

func TestTheProvidersInterfaceCanBeReachedThroughAProxy(t *testing.T) {
	s, _ := start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/charge/7", strings.NewReader(hundred))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "127.0.0.1:1"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

func TestARequestWithoutASocketIsRefused(t *testing.T) {
	s, _ := start(t)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/control/info", nil))
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("answered %d", w.Code)
	}
}

func TestAFormCannotReachTheControlInterface(t *testing.T) {
	s, _ := start(t)
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", ""} {
		resp, err := http.Post(s.URL()+"/control/shutdown", kind, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %d", kind, resp.StatusCode)
		}
	}
	select {
	case <-s.ShutdownAsked():
		t.Error("the sandbox was shut down by a form")
	default:
	}
	if err := s.Control().Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-s.ShutdownAsked()
}

func TestThePhonesErrorsComeOutTheSame(t *testing.T) {
	s, _ := start(t)
	c := s.Control()
	if _, err := c.Pay(t.Context(), "nothing"); !errors.Is(err, ErrNoBill) {
		t.Errorf("no bill: %v", err)
	}
	_, _, _ = charge(t, s, `{"key":"`+testKey+`","amount":100,"later":true}`)
	bill, err := c.AwaitBill(t.Context())
	if err != nil || bill.Amount != 100 {
		t.Fatalf("%+v, %v", bill, err)
	}
	if b, err := c.Hold(t.Context(), testKey); err != nil || !b.Held {
		t.Errorf("hold: %+v, %v", b, err)
	}
	if b, err := c.Pay(t.Context(), ""); err != nil || b.State != BillPaid {
		t.Errorf("pay: %+v, %v", b, err)
	}
	if _, err := c.Decline(t.Context(), testKey); !errors.Is(err, ErrBillOver) {
		t.Errorf("over: %v", err)
	}
	if _, err := c.SetWallet(t.Context(), Wallet{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("unsupported: %v", err)
	}
	if err := c.Configure(t.Context(), map[string]int{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("no settings: %v", err)
	}
	if all, err := c.Bills(t.Context(), true); err != nil || len(all) != 1 {
		t.Errorf("all bills: %v, %v", all, err)
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	return string(data)
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

func TestThePageIsTheCustomersPhone(t *testing.T) {
	s, k := start(t)
	_, _, _ = charge(t, s, `{"key":"`+testKey+`","amount":1234567,"later":true}`)
	html := get(t, s.URL()+"/phone")
	for _, part := range []string{"12 345,67 RUB", "Оплатить", "Отказаться", "&lt;Анна&gt;"} {
		if !strings.Contains(html, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(html, "://") {
		t.Error("the page refers to something elsewhere")
	}
	if en := get(t, s.URL()+"/phone?lang=en"); !strings.Contains(en, "Decline") {
		t.Error("there is no English page")
	}
	token := tokenField.FindStringSubmatch(html)[1]
	press := func(token, do string) int {
		resp, err := http.PostForm(s.URL()+"/phone", url.Values{"token": {token}, "do": {do}, "id": {testKey}, "wallet": {"79001234568"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if got := press("guess", "pay"); got != http.StatusForbidden || k.Bills(true)[0].State != BillOpen {
		t.Errorf("a foreign form: %d, the bill is %s", got, k.Bills(true)[0].State)
	}
	if got := press(token, "pay"); got != http.StatusOK || k.Bills(true)[0].State != BillPaid {
		t.Errorf("the page's own form: %d, the bill is %s", got, k.Bills(true)[0].State)
	}
	if got := press(token, "code"); got != http.StatusOK || k.codes != 1 {
		t.Errorf("a code: %d, %d shown", got, k.codes)
	}
}
