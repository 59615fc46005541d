package host

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

func (t *till) setting(id, action, key, value string) (string, error) {
	t.t.Helper()
	out, err := t.host.Settings(t.ctx, &hostv1.SettingsRequest{Module: id, Request: &modulev1.SettingsRequest{Action: action, Key: key, Value: value}})
	if err != nil {
		t.t.Fatal(err)
	}
	return out.GetValue(), module.FromRefusal(out.GetRefusal())
}

func (t *till) resolve(ref string) error {
	t.t.Helper()
	out, err := t.host.Resolve(t.ctx, &modulev1.ResolveRequest{Ref: ref, Charged: true, WhoAndWhy: "seen in the bank's list"})
	if err != nil {
		t.t.Fatal(err)
	}
	return module.FromRefusal(out.GetRefusal())
}

func (t *till) find(query string) (string, error) {
	t.t.Helper()
	out, err := t.host.Find(t.ctx, &hostv1.FindRequest{Module: "fake", QueryJson: []byte(query)})
	if err != nil {
		t.t.Fatal(err)
	}
	return string(out.GetJson()), module.FromRefusal(out.GetRefusal())
}

func denied(t *testing.T, what string, err error) {
	t.Helper()
	if pay.CodeOf(err) != pay.ErrHostDenied {
		t.Errorf("%s: got %v", what, err)
	}
}

func TestAReceiverDoesTodaysWorkOnly(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till, senior := i.till("1"), i.till("2", technician)
	till.must("fake", "r1", 100, "unknown")
	outcomeIn(till.watch("r1", 0))
	denied(t, "resolve", till.resolve("r1"))
	_, err := till.setting("fake", "set", "SlipWidth", "32")
	denied(t, "a module's settings", err)
	_, err = till.setting("", "set", "LimitAmount", "1.00")
	denied(t, "the host's settings", err)
	_, err = till.setting("fake", "set", "Enabled", "no")
	denied(t, "switching off", err)
	if _, err := till.setting("fake", "get", "SlipWidth", ""); err != nil {
		t.Error(err)
	}
	force := &hostv1.BeginRequest{Module: "fake", Kind: "command", Params: `{"name":"activate","args":{"force":true}}`}
	_, err = till.begin(force)
	denied(t, "forced activation", err)
	_, err = till.begin(&hostv1.BeginRequest{Module: "fake", Kind: "command", Params: `{"name":"activate","args":{"force":false,"FORCE":true}}`})
	denied(t, "forced activation in other letters", err)
	_, err = till.begin(&hostv1.BeginRequest{Module: "fake", Kind: "command", Params: `{"name":"reconcile","args":{"file":"/day.csv"}}`})
	denied(t, "a registry, which is of another day", err)
	if _, err := till.begin(&hostv1.BeginRequest{Module: "fake", Kind: "command", Params: `{"name":"activate","args":{"force":0}}`}); err != nil {
		t.Error(err)
	}
	yesterday := time.Now().AddDate(0, 0, -1).Format("2006-01-02")
	for _, params := range []string{`{"from":"` + yesterday + `"}`, `{"to":"` + yesterday + `"}`, `{"from":"whenever"}`, `{"shift":4}`} {
		_, err := till.begin(&hostv1.BeginRequest{Module: "fake", Kind: "report", Params: params})
		denied(t, "report "+params, err)
	}
	if _, err := till.begin(&hostv1.BeginRequest{Module: "fake", Kind: "report", Params: `{"shift":5}`}); err != nil {
		t.Error(err)
	}
	for _, query := range []string{`{"what":"operations","from":"2020-01-01T00:00:00Z"}`, `{"what":"shifts"}`, `{"what":"later"}`} {
		_, err := till.find(query)
		denied(t, query, err)
	}
	got, err := till.find(`{"what":"operations"}`)
	if err != nil || !strings.Contains(got, `"from":"`+time.Now().Format("2006-01-02")) {
		t.Errorf("it is not narrowed to today: %s, %v", got, err)
	}
	got, err = till.find(`{"what":"exchanges","open":true,"pending":true}`)
	if err != nil || !strings.Contains(got, `"from":"`+time.Now().Format("2006-01-02")) {
		t.Errorf("the request log is not narrowed to today: %s, %v", got, err)
	}
	if _, err := senior.find(`{"what":"operations","from":"2020-01-01T00:00:00Z"}`); err != nil {
		t.Error(err)
	}
	if _, err := senior.begin(force); err != nil {
		t.Error(err)
	}
	if err := senior.resolve("r1"); err != nil {
		t.Error(err)
	}
	if op := outcomeIn(lastOf(till.watch("r1", 0))); op == nil || op.Outcome != pay.Approved {
		t.Errorf("got %+v", op)
	}
}

func TestAPINGivesTheFullRole(t *testing.T) {
	i := install(t, "fake")
	s := i.serve()
	senior := i.till("1", technician)
	denied(t, "no PIN yet", senior.option("operator.pin", "1234"))
	if err := senior.option("operator.new_pin", "1234"); pay.CodeOf(err) != pay.ErrArgument {
		t.Errorf("for nobody: %v", err)
	}
	for _, o := range [][2]string{{"operator.id", "7"}, {"operator.name", "Иванова"}, {"operator.new_pin", "4821"}} {
		if err := senior.option(o[0], o[1]); err != nil {
			t.Fatal(o, err)
		}
	}
	_, err := i.till("2", technician).setting("", "set", "Language", "en")
	denied(t, "the command line, now that there is a PIN", err)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	i.serve()
	till := i.till("1")
	if err := till.option("operator.id", "7"); err != nil {
		t.Fatal(err)
	}
	denied(t, "wrong PIN", till.option("operator.pin", "4822"))
	if err := till.option("operator.pin", "4821"); err != nil {
		t.Fatal(err)
	}
	if _, err := till.setting("", "set", "LimitAmount", "5.00"); err != nil {
		t.Error(err)
	}
	till.refused(pay.ErrLimit, "fake", "r1", 501, "approve")
	till.must("fake", "r2", 500, "approve")
	raw, _ := os.ReadFile(i.data("fake", "begins"))
	if !strings.Contains(string(raw), "r2 7 Иванова") {
		t.Errorf("the initiator is not named: %s", raw)
	}
	if err := till.option("operator.id", "8"); err != nil {
		t.Fatal(err)
	}
	_, err = till.setting("", "set", "LimitAmount", "6.00")
	denied(t, "somebody else at the same till", err)
	for _, file := range []string{"operators.json", "Log/payrack-" + time.Now().Format("2006-01-02") + ".log"} {
		raw, err := os.ReadFile(filepath.Join(i.place.Data, file))
		if err != nil || strings.Contains(string(raw), "4821") {
			t.Errorf("%s shows the PIN, or %v", file, err)
		}
	}
}

func TestWrongPINsAreLimitedOverRestarts(t *testing.T) {
	now := time.Now()
	path := filepath.Join(t.TempDir(), "operators.json")
	open := func() *pins {
		p, err := openPins(path, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := open()
	if err := p.set("7", "", "4821"); err != nil {
		t.Fatal(err)
	}
	var pauses []string
	for range 6 {
		p = open()
		_, _, err := p.prove("7", "0000")
		denied(t, "wrong", err)
		pauses = append(pauses, fmt.Sprint(p.data.Until.Sub(now).Round(time.Second)*btoi(!p.data.Until.IsZero())))
		if !p.data.Until.IsZero() {
			_, _, err := open().prove("7", "4821")
			denied(t, "the right one during the pause", err)
			now = p.data.Until.Add(time.Second)
		}
	}
	if got := strings.Join(pauses, " "); got != "0s 0s 1s 2s 4s 8s" {
		t.Errorf("pauses %s", got)
	}
	if who, _, err := open().prove("", "4821"); err != nil || who != "7" {
		t.Errorf("got %s, %v", who, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func btoi(b bool) time.Duration {
	if b {
		return 1
	}
	return 0
}

func TestOtherTillsMayOnlyWatch(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till, second := i.till("1"), i.till("2")
	till.must("fake", "r1", 100, "wait")
	own := till.watch("r1", 0)
	<-own
	attended := func() bool { _, err := os.Stat(i.data("fake", "attended-r1")); return err == nil }
	i.await("the till's attendance", attended)
	denied(t, "answer", second.answer("r1", "approved"))
	out, err := second.host.Cancel(second.ctx, &modulev1.CancelRequest{Ref: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	denied(t, "cancel", module.FromRefusal(out.GetRefusal()))
	ack, err := second.host.Acknowledge(second.ctx, &modulev1.AcknowledgeRequest{Ref: "r1", Ack: "confirm"})
	if err != nil {
		t.Fatal(err)
	}
	denied(t, "acknowledge", module.FromRefusal(ack.GetRefusal()))
	if n := len(second.pending(false)); n != 0 {
		t.Errorf("%d are pending at the other till", n)
	}
	if n := len(second.pending(true)); n != 1 {
		t.Errorf("%d are pending over all", n)
	}
	watching := second.watch("r1", 0)
	if err := till.answer("r1", "approved"); err != nil {
		t.Fatal(err)
	}
	if op := outcomeIn(watching); op == nil || op.Outcome != pay.Approved {
		t.Errorf("got %+v", op)
	}
}

func TestATillThatIsGoneAttendsNothing(t *testing.T) {
	i := install(t, "fake")
	i.write(i.data("fake", "hasty"), "")
	i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "wait")
	till.watch("r1", 0)
	attended := func() bool { _, err := os.Stat(i.data("fake", "attended-r1")); return err == nil }
	i.await("the till's attendance", attended)
	till.close() // its stream breaks
	i.await("the end of the attendance", func() bool { return !attended() })
}

func TestWhatATillHasReadIsConfirmedByItsNextPayment(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	plain := i.till("1", func(in *hostv1.SessionRequest) { in.Flags = 0 })
	strict := i.till("2")
	for _, c := range []struct {
		till *till
		ref  string
		want int
	}{{plain, "a", 1}, {strict, "b", 2}} {
		c.till.must("fake", c.ref+"1", 100, "approve")
		if out, err := c.till.host.Acknowledge(c.till.ctx, &modulev1.AcknowledgeRequest{Ref: c.ref + "1", Ack: "seen"}); err != nil || out.GetRefusal() != nil {
			t.Fatal(out, err)
		}
		c.till.must("fake", c.ref+"2", 100, "approve")
		i.await("what is pending", func() bool { return len(c.till.pending(false)) == c.want })
	}
}

func TestPendingIsPushed(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1")
	if till.first.GetPending() != 0 {
		t.Fatalf("%d are pending", till.first.GetPending())
	}
	till.must("fake", "r1", 100, "approve")
	for _, want := range []int32{1, 0} {
		for {
			m, err := till.stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if m.GetPending() == want {
				break
			}
		}
		if want == 1 {
			if out, err := till.host.Acknowledge(till.ctx, &modulev1.AcknowledgeRequest{Ref: "r1", Ack: "confirm"}); err != nil || out.GetRefusal() != nil {
				t.Fatal(out, err)
			}
		}
	}
}

func TestDocumentsOfInfo(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve()
	till := i.till("1")
	till.state("fake", "ok")
	till.state("other", "ok")
	till.must("fake", "r1", 100, "approve")
	var ops []pay.Operation
	if err := till.info("", "operations", &ops); err != nil || len(ops) != 1 || ops[0].Outcome != pay.Approved {
		t.Errorf("operations: %v, %v", ops, err)
	}
	var health struct{ State string }
	if err := till.info("", "health", &health); err != nil || health.State != "ok" {
		t.Errorf("health: %v, %v", health, err)
	}
	var all map[string]map[string]string
	if err := till.info("", "counters", &all); err != nil || all["other"]["what"] != "counters" {
		t.Errorf("counters: %v, %v", all, err)
	}
	var none json.RawMessage
	if err := till.info("fake", "boom", &none); pay.CodeOf(err) != pay.ErrInternal || strings.Contains(err.Error(), "4111") {
		t.Errorf("boom: %v", err)
	}
	if err := till.info("nobody", "health", &none); pay.CodeOf(err) != pay.ErrNoModule {
		t.Errorf("nobody: %v", err)
	}
	var modules []map[string]any
	if err := till.info("", "modules", &modules); err != nil || modules[0]["version"] != "1.2" || modules[0]["id"] != "fake" || modules[0]["kinds"] == nil {
		t.Errorf("modules: %v, %v", modules, err)
	}
}

func TestEveryRefusalHasWordsInBothLanguages(t *testing.T) {
	for _, id := range []string{"busy", "receipt_unknown", "document_paid", "document_unknown", "limit", "module_off", "module_none", "other_till",
		"receiver", "pin_wrong", "pin_wait", "pin_none", "running", "draining", "lost", "unread", "manifest_missing", "manifest_wrong"} {
		for _, part := range []string{".cause", ".hint"} {
			ru, en := words().Say("ru", "host."+id+part, nil), words().Say("en", "host."+id+part, nil)
			if ru == en || strings.HasPrefix(ru, "host.") || strings.HasPrefix(en, "host.") {
				t.Errorf("host.%s%s: %q, %q", id, part, ru, en)
			}
		}
	}
}
