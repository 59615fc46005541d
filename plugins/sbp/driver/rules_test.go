package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/sandbox"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
	"github.com/payrack/payrack/sdk/text"
)

func TestTheCashierChoosesTheBankWhereSeveralServeTheTill(t *testing.T) {
	c := newTill(t, bank.Dynamic, map[string]string{"DefaultBank": "gazprombank", "RSB": "no"})
	s := c.begin(pay.KindOnline, 12345, `{}`)
	e := s.next(pay.EvChoice)
	if e.Default != bank.GazprombankID || len(e.Items) != 2 || e.Items[0].ID != bank.GazprombankID || e.Items[1].ID != bank.RaiffeisenID || e.Items[0].Text != "Газпромбанк" {
		t.Errorf("%+v", e)
	}
	if err := c.Answer(t.Context(), s.ref, e.Number, bank.RaiffeisenID, "test"); err != nil {
		t.Fatal(err)
	}
	s.next(pay.EvQRShow)
	s.phone(c.box.Control().Pay)
	if op := s.end(pay.Approved); op.System != bank.RaiffeisenID {
		t.Errorf("%+v", op)
	}
	if _, err := c.try(pay.KindOnline, 100, `{"system":"rsb"}`); pay.CodeOf(err) != pay.ErrUnsupported {
		t.Errorf("a bank that is switched off: %v", err)
	}
}

func TestTheOnlyBankIsNotAskedFor(t *testing.T) {
	c := newTill(t, bank.Dynamic, map[string]string{"RSB": "no", "Gazprombank": "no"})
	s := c.begin(pay.KindOnline, 12345, `{}`)
	s.next(pay.EvQRShow)
	s.phone(c.box.Control().Pay)
	s.end(pay.Approved)
}

func TestTheDayClosesWithTotalsByBank(t *testing.T) {
	c := newTill(t, bank.Dynamic, nil)
	for i, id := range []string{bank.RaiffeisenID, bank.GazprombankID, bank.RSBID} {
		c.paid(way{id, bank.Dynamic}, pay.Amount(1000*(i+1)))
	}
	s := c.begin(pay.KindCloseDay, 0, `{}`)
	op := s.end(pay.Approved)
	for _, want := range []string{bank.RaiffeisenID, bank.GazprombankID, bank.RSBID, `"payments_sum":3000`} {
		if !strings.Contains(string(op.Result), want) {
			t.Errorf("no %s in %s", want, op.Result)
		}
	}
}

func TestTheStaticLinkOfThisTillIsToldFromOthers(t *testing.T) {
	c := newTill(t, bank.Dynamic, nil)
	own := c.box.CashLink(sandbox.RSB)
	check := func(scanned string, want pay.Outcome, reason string) {
		t.Helper()
		s := c.begin(pay.KindVerifyLink, 0, `{}`)
		e := s.next(pay.EvInput)
		if e.Input != "scan" {
			t.Errorf("%+v", e)
		}
		if err := c.Answer(t.Context(), s.ref, e.Number, scanned, "test"); err != nil {
			t.Fatal(err)
		}
		op := s.end(want)
		var v verified
		if err := json.Unmarshal(op.Result, &v); err != nil || v.Reason != reason || v.Match != (want == pay.Approved) || op.Text == "" || v.Match != (op.Hint == "") {
			t.Errorf("%s: %+v %+v %v", scanned, op, v, err)
		}
	}
	check(own, pay.Approved, "match")
	check(strings.ToLower(own[:strings.Index(own, "?")])+"  ", pay.Approved, "match")
	check("https://qr.nspk.ru/AS1R000000000000000000000000SIM1?type=01&bank=100000000999&crc=8568", pay.Declined, "mismatch")
	check(strings.Replace(own, "type=01", "type=02", 1), pay.Declined, "checksum")
	check("4607001234567", pay.Declined, "not_a_link")
	c.set("CRCCheck", "warn")
	op, err := c.try(pay.KindVerifyLink, 0, fmt.Sprintf(`{"code":%q}`, strings.Replace(own, "type=01", "type=02", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if op := op.end(pay.Approved); op.Hint == "" {
		t.Error("a wrong checksum goes unsaid")
	}
}

func TestWhoMayCheckTheLinkIsASetting(t *testing.T) {
	c := newCounter(t, bank.Dynamic, func(s *Settings) { s.VerifyLinkRole = "full" })
	op := provider.Operation{Kind: pay.KindVerifyLink, PosID: "4"}
	if err := c.Check(op); pay.CodeOf(err) != pay.ErrHostDenied {
		t.Errorf("a receiver: %v", err)
	}
	if op.Full = true; c.Check(op) != nil {
		t.Errorf("the full role: %v", c.Check(op))
	}
	c.settings.VerifyLinkRole = "receiver"
	if op.Full = false; c.Check(op) != nil {
		t.Errorf("a receiver who may: %v", c.Check(op))
	}
}

func TestARefundIsRefusedOnAKioskAndForAnotherTillsPayment(t *testing.T) {
	c, w := newCounter(t, bank.Dynamic, nil), way{bank.RaiffeisenID, bank.Dynamic}
	payment := c.paid(w, 500)
	op := c.begin(pay.KindRefund, w, 200)
	op.Original = &payment
	if err := c.Check(op); err != nil {
		t.Fatal(err)
	}
	op.PosID = "5"
	if err := c.Check(op); pay.CodeOf(err) != pay.ErrUnsupported || !strings.Contains(err.Error(), "(4)") {
		t.Errorf("another till: %v", err)
	}
	op.PosID, c.settings.PosKind = "4", "kiosk"
	if err := c.Check(op); pay.CodeOf(err) != pay.ErrUnsupported {
		t.Errorf("a kiosk: %v", err)
	}
	c.settings.PosKind = "till"
	nameless := payment
	nameless.State = provider.State{}
	op.Original = &nameless
	if err := c.Check(op); pay.CodeOf(err) != pay.ErrState {
		t.Errorf("a payment that the bank would not find: %v", err)
	}
}

func TestTheBanksRetryAfterIsHeard(t *testing.T) {
	for _, w := range ways() {
		c := newCounter(t, w.mode, nil)
		op := c.shown(w, 500)
		c.spoil(play.Fault{Kind: play.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: 7, Path: prefix[w.bank] + "/*"})
		c.spoil(play.Fault{Kind: play.FaultStatus, Status: http.StatusTooManyRequests, RetryAfter: 7})
		_, err := c.Inquire(t.Context(), op)
		if e, ok := errors.AsType[*exchange.Error](err); !ok || e.RetryAfter != 7*time.Second {
			t.Errorf("%s: %v", w, err)
		}
	}
}

func TestTheTimersAreAChain(t *testing.T) {
	s := new(Settings)
	if err := ini.Defaults(s); err != nil || s.Validate() != nil {
		t.Fatal(err, s.Validate())
	}
	for name, broken := range map[string]func(s *Settings){
		"WaitTimeout": func(s *Settings) { s.QRTTL = 301 * time.Second },
		"Timeout":     func(s *Settings) { s.QRTTL, s.Timeout = 30*time.Second, 30*time.Second },
		"Interval":    func(s *Settings) { s.Interval, s.Timeout = 10*time.Second, 5*time.Second },
		"DisplayPort": func(s *Settings) { s.QRFallback = "display" },
		"RSBCashLink": func(s *Settings) { s.RSBCashLink = "https://example.com/AS1R" },
		"GazprombankCashLink": func(s *Settings) {
			s.GazprombankCashLink = "https://qr.nspk.ru/AS1R000000000000000000000000SIM1?type=01&bank=100000000999&crc=8569"
		},
	} {
		s := new(Settings)
		if err := ini.Defaults(s); err != nil {
			t.Fatal(err)
		}
		broken(s)
		if p, ok := errors.AsType[*ini.Problem](s.Validate()); !ok || p.Key != name || p.Text("ru") == "" {
			t.Errorf("%s: %v", name, p)
		}
	}
}

// What was cancelled is asked about once more when nobody can pay it any more, however long a code lives (contract 3.2).
func TestTheLastLookComesWhenACodesTimeIsOver(t *testing.T) {
	looks := make(chan time.Duration, 100)
	c := newTill(t, bank.Cash, nil, sdk.Terms(func(terms *engine.Terms) { looks <- terms.LateLook }))
	if soonest := 300*time.Second + engine.LongestCall; <-looks < soonest {
		t.Errorf("it comes sooner than %s", soonest)
	}
	c.set("WaitTimeout", "1210")
	c.set("QRTTL", "1200")
	last := time.Duration(0)
	for len(looks) > 0 {
		last = <-looks
	}
	if soonest := 1200*time.Second + engine.LongestCall; last != soonest {
		t.Errorf("it comes after %s, want %s", last, soonest)
	}
}

func TestWhatIsMissingInTheSettingsIsNamed(t *testing.T) {
	for missing, change := range map[string]func(s *Settings){
		"RaiffeisenMerchant": func(s *Settings) { s.RaiffeisenMerchant = "" },
		"RaiffeisenCashLink": func(s *Settings) { s.RaiffeisenMode, s.RaiffeisenCashLink = "link", "" },
	} {
		c := newCounter(t, bank.Dynamic, change)
		op := c.begin(pay.KindOnline, way{bank.RaiffeisenID, bank.Dynamic}, 500)
		if err := c.Check(op); pay.CodeOf(err) != pay.ErrConfig || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: %v", missing, err)
		}
		if p, err := c.Probe(t.Context()); err != nil || p.OK || !strings.Contains(p.Error, missing) {
			t.Errorf("%s: %+v, %v", missing, p, err)
		}
	}
	c := newCounter(t, bank.Dynamic, func(s *Settings) { s.RSBCertificate = "" })
	if err := c.Check(c.begin(pay.KindOnline, way{bank.RSBID, bank.Dynamic}, 500)); pay.CodeOf(err) != pay.ErrConfig || !strings.Contains(err.Error(), "RSBCertificate") {
		t.Errorf("no certificate: %v", err)
	}
	c = newCounter(t, bank.Dynamic, func(s *Settings) { s.Raiffeisen, s.Gazprombank, s.RSB = false, false, false })
	if err := c.Check(c.begin(pay.KindOnline, way{}, 500)); pay.CodeOf(err) != pay.ErrConfig {
		t.Errorf("no bank: %v", err)
	}
}

func TestACertificateThatEndedIsToldBeforeThePayment(t *testing.T) {
	c := newCounter(t, bank.Dynamic, nil)
	if p, err := c.Probe(t.Context()); err != nil || !p.OK || p.ServerTime.IsZero() {
		t.Fatalf("%+v, %v", p, err)
	}
	raw, err := c.Info(t.Context(), "registration")
	if err != nil || !strings.Contains(string(raw), `"certificate_expires":"2`) {
		t.Errorf("%s, %v", raw, err)
	}
	var known struct{ Banks []served }
	if err := json.Unmarshal(raw, &known); err != nil {
		t.Fatal(err)
	}
	ends := known.Banks[2].Certificate
	c.mu.Lock()
	c.ahead = time.Until(ends) - 24*time.Hour
	c.mu.Unlock()
	if p, err := c.Probe(t.Context()); err != nil || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], ends.Local().Format("02.01.2006")) {
		t.Errorf("a day before: %+v, %v", p, err)
	}
	c.mu.Lock()
	c.ahead = time.Until(ends) + time.Hour
	c.mu.Unlock()
	op := c.begin(pay.KindOnline, way{bank.RSBID, bank.Dynamic}, 500)
	if err := c.Check(op); pay.CodeOf(err) != pay.ErrTLS {
		t.Errorf("%v", err)
	}
}

func TestAWrongKeyIsToldAtOnceAndNothingIsSold(t *testing.T) {
	for _, id := range []string{bank.GazprombankID, bank.RaiffeisenID} {
		c := newCounter(t, bank.Dynamic, nil)
		if err := c.parts.Secrets.Set(map[string]string{bank.GazprombankID: "gazprombankpassword", bank.RaiffeisenID: "raiffeisenkey"}[id], []byte("wrong")); err != nil {
			t.Fatal(err)
		}
		if p, err := c.Probe(t.Context()); err != nil || p.OK || p.Code != pay.ErrAuth {
			t.Errorf("%s: %+v, %v", id, p, err)
		}
		if id == bank.GazprombankID { // Raiffeisenbank registers without a key
			r := c.want(provider.Declined)(c.Prepare(t.Context(), c.begin(pay.KindOnline, way{id, bank.Dynamic}, 500)))
			if r.Error != pay.ErrAuth || r.Hint == "" {
				t.Errorf("%+v", r)
			}
		}
	}
}

func TestACodeForAnotherSumIsNotShown(t *testing.T) {
	c, w := newCounter(t, bank.Dynamic, nil), way{bank.RaiffeisenID, bank.Dynamic}
	c.spoil(play.Fault{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"payload": json.RawMessage(`"https://qr.nspk.ru/AD10000000000000000000000000SIM2?type=02&bank=100000000999&sum=12345&cur=RUB&crc=574E"`)}})
	c.want(provider.Declined)(c.Prepare(t.Context(), c.begin(pay.KindOnline, w, 500)))
	if err := c.box.Control().Configure(t.Context(), map[string]any{"placeholder_crc": true}); err != nil {
		t.Fatal(err)
	}
	c.want(provider.Declined)(c.Prepare(t.Context(), c.begin(pay.KindOnline, w, 500)))
	c.settings.CRCCheck = "warn"
	c.want(provider.ShowQR)(c.Prepare(t.Context(), c.begin(pay.KindOnline, w, 500)))
}

func TestALinkFitsTheCodeAndTheSumThatWereRegistered(t *testing.T) {
	c := newCounter(t, bank.Dynamic, nil)
	const link = "https://qr.nspk.ru/AD10000000000000000000000000SIM2?type=02&bank=100000000999&sum=12345&cur=RUB&crc=574E"
	registered := bank.Ticket{QR: "AD10000000000000000000000000SIM2", Amount: 12345}
	if err := c.fits(registered, link); err != nil {
		t.Error(err)
	}
	another, dearer := registered, registered
	another.QR, dearer.Amount = "AD10000000000000000000000000SIM3", 12346
	for _, wrong := range []bank.Ticket{another, dearer} {
		for _, c.settings.CRCCheck = range []string{"strict", "warn"} {
			if c.fits(wrong, link) == nil {
				t.Errorf("%+v", wrong)
			}
		}
	}
}

func TestTheWordsAreWholeInBothLanguagesAndEachThatTheCodeNamesIsThere(t *testing.T) {
	c, err := text.Load(words)
	if err != nil {
		t.Fatal(err)
	}
	for _, gap := range c.Gaps() {
		t.Error(gap)
	}
	named := regexp.MustCompile(`"(sbp\.[a-z_.]+)"`)
	err = filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, id := range named.FindAllStringSubmatch(string(source), -1) {
			if !strings.HasSuffix(id[1], ".") && !c.Has(id[1]) && !c.Has(id[1]+".cause") {
				t.Errorf("%s: %s has no words", path, id[1])
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
