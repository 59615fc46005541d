package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/sbp/sandbox"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// access is where the banks of a launched sandbox are.
func (p *process) access(t *testing.T) sandbox.Access {
	t.Helper()
	raw, err := json.Marshal(p.Banks)
	if err != nil {
		t.Fatal(err)
	}
	var a sandbox.Access
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// ask sends a request to one of the banks and holds that it is answered with 200.
func ask(t *testing.T, method, url, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sandbox.RaiffeisenKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", method, url, resp.Status)
	}
}

func registerBody(order string) string {
	return `{"qrType":"QRDynamic","sbpMerchantId":"` + sandbox.RaiffeisenMerchant + `","order":"` + order + `","amount":10,"currency":"RUB"}`
}

func TestOneProcessIsAllBanksAndSaysWhereTheyAre(t *testing.T) {
	data := t.TempDir()
	p := launchAs(t, "sbp", "--data", data)
	a := p.access(t)
	if p.Name != "sbp" || a.Raiffeisen != p.URL+"/raiffeisen/api" || a.Gazprombank != p.URL+"/gazprombank" ||
		!strings.HasPrefix(a.RSB, "https://127.0.0.1:") || len(a.Links) != 3 {
		t.Errorf("%+v", a)
	}
	for _, file := range []string{a.CA, a.Certificate, a.Key} {
		if _, err := os.Stat(file); err != nil || filepath.Dir(file) != filepath.Join(data, "certs") {
			t.Errorf("%s: %v", file, err)
		}
	}
	if code, out, e := command(t, "access", "link_rsb", "--control", p.Control); code != exitDone || out != a.Links[sandbox.RSB]+"\n" {
		t.Errorf("a link for a script: %q, %s", out, e)
	}
	if all := must[map[string]string](t, p, "access"); len(all) != 10 || all["client_key"] != a.Key {
		t.Errorf("%v", all)
	}
	if code, _, _ := command(t, "access", "everything", "--control", p.Control); code != exitUsage {
		t.Errorf("a name that is none: exit %d", code)
	}
	ask(t, "POST", a.Raiffeisen+"/sbp/v2/qrs", registerBody("one"))
	must[sdk.Bill](t, p, "scan")
	must[sdk.Bill](t, p, "start")
	if b := must[sdk.Bill](t, p, "pay", "one"); b.State != sdk.BillPaid {
		t.Errorf("%+v", b)
	}
	ask(t, "POST", a.Raiffeisen+"/sbp/v1/refund", `{"refundId":"back","order":"one","amount":4}`)
	if list := must[[]sandbox.Refund](t, p, "refunds"); len(list) != 1 || list[0].State != "started" {
		t.Errorf("%+v", list)
	}
	if r := must[sandbox.Refund](t, p, "end-refund", "back", "--declined"); r.State != "declined" {
		t.Errorf("%+v", r)
	}
	if l := must[sandbox.Link](t, p, "link", "rsb"); !strings.Contains(l.QR, "https://qr.nspk.ru/AS1R") {
		t.Errorf("%+v", l)
	}
	file := filepath.Join(t.TempDir(), "registry.csv")
	if code, _, e := command(t, "registry", "--out", file, "--control", p.Control); code != exitDone {
		t.Fatal(e)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), ";one;") || strings.Contains(string(text), "Мерчант") {
		t.Errorf("the registry is not what the bank sends: %q, %v", text, err)
	}
	if code, _, e := command(t, "registry", "--day", "yesterday", "--control", p.Control); code != exitFailed || e == "" {
		t.Errorf("a day that is none: exit %d, %s", code, e)
	}
}

func TestAKilledBankKnowsWhereTheMoneyIs(t *testing.T) {
	data := t.TempDir()
	p := launchAs(t, "sbp", "--data", data)
	before := p.access(t)
	ask(t, "POST", before.Raiffeisen+"/sbp/v2/qrs", registerBody(testKey))
	must[sdk.Bill](t, p, "pay")
	ask(t, "POST", before.Raiffeisen+"/sbp/v1/refund", `{"refundId":"back","order":"`+testKey+`","amount":4}`)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()

	certificate, err := os.ReadFile(before.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	p = launchAs(t, "sbp", "--data", data)
	if again, err := os.ReadFile(p.access(t).Certificate); err != nil || string(again) != string(certificate) {
		t.Errorf("the till's certificate was made anew: %v", err)
	}
	if view := must[sdk.LedgerView](t, p, "ledger", testKey); *view.Net != 1000 || len(view.Trouble) != 0 {
		t.Errorf("%+v", view)
	}
	must[sandbox.Refund](t, p, "end-refund")
	if view := must[sdk.LedgerView](t, p, "ledger", testKey); *view.Net != 600 || len(view.Entries) != 2 {
		t.Errorf("%+v", view)
	}
}

func TestTheBanksWantAnAddressOfThisComputer(t *testing.T) {
	for _, args := range [][]string{{"--listen", "0.0.0.0:0"}, {"--listen-tls", "0.0.0.0:0"}, {"--listen-tls", "nowhere"}} {
		if code, _, e := command(t, append([]string{"sbp"}, args...)...); code != exitFailed || e == "" {
			t.Errorf("%v: exit %d, %s", args, code, e)
		}
	}
	if code, _, _ := command(t, "sbp", "--auto", "steal"); code != exitUsage {
		t.Errorf("a customer who steals: exit %d", code)
	}
}

func TestACustomerOfOneBankDoesNotTouchTheBillOfAnother(t *testing.T) {
	p := launchAs(t, "sbp")
	a := p.access(t)
	ask(t, "POST", a.Raiffeisen+"/sbp/v2/qrs", registerBody("one"))
	if code, _, _ := command(t, "pay", "--system", "gazprombank", "--wait", "1ms", "--control", p.Control); code != exitFailed {
		t.Errorf("a bill of another bank: exit %d", code)
	}
	if code, _, _ := command(t, "pay", "--system", "raiffeisen", "--open", "2", "--wait", "1ms", "--control", p.Control); code != exitFailed {
		t.Errorf("one bill where two are to be open: exit %d", code)
	}
	ask(t, "POST", a.Raiffeisen+"/sbp/v2/qrs", registerBody("two"))
	second := must[sdk.Bill](t, p, "pay", "--system", "Raiffeisen", "--open", "2", "--wait", "30s", "--after", "1ms")
	if second.State != sdk.BillPaid {
		t.Errorf("%+v", second)
	}
	if first := must[sdk.Bill](t, p, "expire", "--system", "raiffeisen"); first.State != sdk.BillDeclined || first.ID == second.ID || first.Created.After(second.Created) {
		t.Errorf("the youngest was meant: %+v, then %+v", second, first)
	}
}
