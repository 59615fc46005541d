//go:build linux

package e2e

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func TestBadOrdersAreRefusedWithCodeTextAndHintAndNothingIsSent(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	good := k.offline(100, "")
	for name, bad := range map[string]struct {
		change func(o *client.Order)
		want   pay.Code
	}{
		"a ref of 65 characters":         {func(o *client.Order) { o.Ref = pay.Ref(strings.Repeat("a", 65)) }, pay.ErrArgument},
		"a ref with a space":             {func(o *client.Order) { o.Ref = "a b" }, pay.ErrArgument},
		"a ref of a reversal":            {func(o *client.Order) { o.Ref = "a~1" }, pay.ErrArgument},
		"a Russian ref":                  {func(o *client.Order) { o.Ref = "чек" }, pay.ErrArgument},
		"no ref":                         {func(o *client.Order) { o.Ref = "" }, pay.ErrArgument},
		"an amount of 0":                 {func(o *client.Order) { o.Amount = 0 }, pay.ErrArgument},
		"an amount below 0":              {func(o *client.Order) { o.Amount = -1 }, pay.ErrArgument},
		"an amount above the limit":      {func(o *client.Order) { o.Amount = 1_000_000_001 }, pay.ErrLimit},
		"the largest number":             {func(o *client.Order) { o.Amount = 1<<63 - 1 }, pay.ErrLimit},
		"the smallest number":            {func(o *client.Order) { o.Amount = -1 << 63 }, pay.ErrArgument},
		"params that are not JSON":       {func(o *client.Order) { o.Params = `{"code":` }, pay.ErrArgument},
		"params that are a list":         {func(o *client.Order) { o.Params = `["code"]` }, pay.ErrArgument},
		"params with a name twice":       {func(o *client.Order) { o.Params = `{"code":"1","code":"2"}` }, pay.ErrArgument},
		"params with a wrong type":       {func(o *client.Order) { o.Params = `{"code":7}` }, pay.ErrArgument},
		"params with something behind":   {func(o *client.Order) { o.Params = `{} {}` }, pay.ErrArgument},
		"params of 2 MB":                 {func(o *client.Order) { o.Params = `{"code":"` + strings.Repeat("a", 2<<20) + `"}` }, pay.ErrArgument},
		"params of 1 MB and a bit":       {func(o *client.Order) { o.Params = `{"code":"` + strings.Repeat("a", 1<<20) + `"}` }, pay.ErrArgument},
		"an unknown kind":                {func(o *client.Order) { o.Kind = "pay.cash" }, pay.ErrArgument},
		"a kind of payrack's own":        {func(o *client.Order) { o.Kind = pay.KindReversal }, pay.ErrArgument},
		"a kind that the module lacks":   {func(o *client.Order) { o.Kind, o.Params = pay.KindPayout, `{"document":"1"}` }, pay.ErrUnsupported},
		"an unknown module":              {func(o *client.Order) { o.Module = "nobody" }, pay.ErrNoModule},
		"a module outside the folder":    {func(o *client.Order) { o.Module = "../sendy" }, pay.ErrNoModule},
		"no code":                        {func(o *client.Order) { o.Params = `{}` }, pay.ErrArgument},
		"a code of 10 KB":                {func(o *client.Order) { o.Params = `{"code":"` + strings.Repeat("1", 10<<10) + `"}` }, pay.ErrArgument},
		"a code with control characters": {func(o *client.Order) { o.Params = `{"code":"SENDY-\u000012345"}` }, pay.ErrArgument},
		"a code of nobody's":             {func(o *client.Order) { o.Params = `{"code":"hello"}` }, pay.ErrArgument},
		"a refund without its payment":   {func(o *client.Order) { o.Kind, o.Params = pay.KindRefund, `{}` }, pay.ErrArgument},
		"a refund of nothing":            {func(o *client.Order) { o.Kind, o.Params = pay.KindRefund, `{"original_ref":"never"}` }, pay.ErrNotFound},
	} {
		o := good
		o.Module = "sendy"
		bad.change(&o)
		before := len(s.requests("", ""))
		_, _, err := k.Begin(t.Context(), o)
		e := text.Fill(err, text.English)
		if e == nil || e.Code != bad.want || e.Text == "" || e.Hint == "" || e.MayHaveMoved {
			t.Errorf("%s: %v (%+v), want %s with a text and a hint", name, err, e, bad.want)
		}
		if len(s.requests("", "")) != before {
			t.Errorf("%s: something was sent", name)
		}
	}
	if op := k.run(good); op.Outcome != pay.Approved {
		t.Fatalf("after all that: %+v", op)
	}
	s.agrees(100)
}

func TestTheLimitIsASetting(t *testing.T) {
	t.Parallel()
	s := bareShop(t)
	must(t, os.WriteFile(filepath.Join(s.home, "payrack.ini"), []byte("[Operations]\nLimitAmount=1.00\n"), 0o644))
	s.activate()
	k := s.till("4")
	k.refused(k.offline(101, ""), pay.ErrLimit)
	if op := k.run(k.offline(100, "")); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
}

func TestAnAnswerToAPromptThatIsGoneIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := bareShop(t)
	s.setSettings("[Sendy]\nServer=" + s.bank.URL() + "\n[Service]\nWeChat=yes\n")
	s.activate()
	k := s.till("4")
	op := k.begin(client.Order{Kind: pay.KindOnline, Amount: 100, Ref: k.ref()})
	prompt := k.event(op.Ref, pay.EvChoice)
	for _, value := range []string{"", "visa", "sendy\x00", strings.Repeat("a", 100<<10)} {
		if err := k.Answer(t.Context(), op.Ref, prompt.Number, value); pay.CodeOf(err) != pay.ErrArgument {
			t.Fatalf("the answer %.20q: %v", value, err)
		}
	}
	if err := k.Answer(t.Context(), op.Ref, prompt.Number+1000, "sendy"); err == nil {
		t.Fatal("an answer to a prompt that never was is taken")
	}
	must(t, k.Answer(t.Context(), op.Ref, prompt.Number, "sendy"))
	k.event(op.Ref, pay.EvQRShow)
	if err := k.Answer(t.Context(), op.Ref, prompt.Number, "wechat"); pay.CodeOf(err) != pay.ErrNotFound && pay.CodeOf(err) != pay.ErrState {
		t.Fatalf("an answer to a prompt that was answered: %v", err)
	}
	if err := k.Answer(t.Context(), "never", 1, "x"); pay.CodeOf(err) != pay.ErrNotFound {
		t.Fatalf("an answer about a ref that nobody took: %v", err)
	}
	s.pay()
	if done := k.final(op.Ref); done.Outcome != pay.Approved || done.System != "sendy" {
		t.Fatalf("%+v", done)
	}
	if err := k.Cancel(t.Context(), op.Ref, ""); pay.CodeOf(err) != pay.ErrState {
		t.Fatalf("a cancel of what is done: %v", err)
	}
}

func TestManyCallersOfOneRefAreOneOperation(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k, second := s.till("4"), s.till("4")
	order := k.offline(100, "")
	var wg sync.WaitGroup
	numbers := make([]int64, 12)
	for i := range numbers {
		wg.Go(func() {
			caller := []*till{k, second}[i%2]
			op, err := caller.try(order)
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
				return
			}
			done := caller.final(op.Ref)
			if done.Outcome != pay.Approved {
				t.Errorf("caller %d: %+v", i, done)
			}
			numbers[i] = done.Number
		})
	}
	wg.Wait()
	for _, n := range numbers {
		if n != numbers[0] {
			t.Fatalf("numbers %v", numbers)
		}
	}
	s.agrees(100)
}

func TestTwoCashierProgramsAtTwoTillsPayAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var wg sync.WaitGroup
	for _, pos := range []string{"4", "5", "6"} {
		k := s.till(pos)
		wg.Go(func() {
			for range 5 {
				if op, err := k.try(k.offline(10, "")); err != nil || k.final(op.Ref).Outcome != pay.Approved {
					t.Errorf("till %s: %+v %v", pos, op, err)
				}
			}
		})
	}
	wg.Wait()
	s.agrees(150)
	if r := s.till("4").reportOf(s.till("4").run(closeDay())); r.sum() != 150 || !r.Provider.Matched {
		t.Fatalf("%+v", r)
	}
}

func TestTwoCashierProgramsOfTheirOwnProcessesPayAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := func(ref pay.Ref) client.Order {
		return client.Order{Kind: pay.KindOffline, Amount: 10, Ref: ref, Params: `{"code":"` + s.code("99") + `"}`}
	}
	first, second := s.cashier("4", order("a")), s.cashier("5", order("b"))
	first.shows(pay.EvOutcome)
	second.shows(pay.EvOutcome)
	s.agrees(20)
}

func TestABrokenINIFileBlocksItsModuleWithAClearTextAndIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	big := "[Sendy]\nServer=http://127.0.0.1:1\n" + strings.Repeat("; filler\n", 50<<20/9)
	for name, broken := range map[string]struct{ text, names string }{
		"a typo":        {"[Sendy]\nServer=http://127.0.0.1:1\n[Slip]\nSlipWitdh=32\n", "4 SlipWitdh SlipWidth"},
		"a wrong type":  {"[Slip]\nSlipWidth=wide\n", "2 SlipWidth"},
		"out of bounds": {"[Till]\nWaitTimeout=5\n", "2 WaitTimeout 310"},
		"a key twice":   {"[Slip]\nSlipWidth=32\nSlipWidth=40\n", "3 SlipWidth"},
		"no INI at all": {"\x00\x01\x02<html>", ""},
		"of 50 MB":      {big, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			k := s.till("4")
			k.Close()
			s.stop()
			s.setSettings(broken.text)
			k = s.till("4")
			h := k.health("sendy")
			if h.State != "blocked" || h.Code != pay.ErrConfig.String() || h.Text == "" {
				t.Fatalf("%+v", h)
			}
			for word := range strings.FieldsSeq(broken.names) {
				if !strings.Contains(h.Text, word) {
					t.Errorf("%q does not name %s", h.Text, word)
				}
			}
			k.refused(k.offline(100, ""), pay.ErrConfig)
			raw, err := os.ReadFile(s.settingsFile())
			must(t, err)
			if string(raw) != broken.text {
				t.Fatalf("the file was changed: %.200q", raw)
			}
			s.setSettings("[Sendy]\nServer=" + s.bank.URL() + "\n")
			s.eventually("the mended file is taken", func() bool {
				_, err := k.Settings(t.Context(), "sendy", client.Setting{Action: "validate"})
				return err == nil
			})
			s.die("sendy")
			if op := k.run(k.offline(100, "")); op.Outcome != pay.Approved {
				t.Fatalf("after mending: %+v", op)
			}
		})
	}
}

func TestASettingIsChangedWithoutARestartAndABadOneIsRefused(t *testing.T) {
	t.Parallel()
	s := bareShop(t)
	before := "; our till\r\n[Sendy]\r\nServer=" + s.bank.URL() + "\r\n[Slip]\r\nSlipWidth=32\r\n"
	s.setSettings(before)
	s.activate()
	k := s.till("4")
	set := func(key, value string) error {
		_, err := k.Settings(t.Context(), "sendy", client.Setting{Action: "set", Key: key, Value: value})
		return err
	}
	if err := set("SlipWidth", "40"); pay.CodeOf(err) != pay.ErrHostDenied {
		t.Fatalf("a receiver changes a setting: %v", err)
	}
	must(t, k.SetOption(t.Context(), "operator.role", "full"))
	for key, value := range map[string]string{"SlipWidth": "1000", "SlipWitdh": "40", "Server": "not a url"} {
		if err := set(key, value); pay.CodeOf(err) != pay.ErrConfig && pay.CodeOf(err) != pay.ErrNotFound {
			t.Errorf("%s=%s: %v", key, value, err)
		}
	}
	must(t, set("SlipWidth", "40"))
	raw, err := os.ReadFile(s.settingsFile())
	must(t, err)
	if want := strings.Replace(before, "SlipWidth=32", "SlipWidth=40", 1); string(raw) != want {
		t.Fatalf("%q, want %q", raw, want)
	}
	op := k.run(k.offline(100, ""))
	slip, err := k.Slip(t.Context(), op.Ref, client.Paper{Copy: 1, Format: "text"})
	must(t, err)
	widest := 0
	for line := range strings.Lines(string(slip)) {
		widest = max(widest, len([]rune(strings.TrimRight(line, "\r\n"))))
	}
	if widest <= 32 || widest > 40 {
		t.Fatalf("the slip is %d wide:\n%s", widest, slip)
	}
}

func TestSettingsInOldEncodingsAreRead(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{"UTF-8 with its mark": "\xef\xbb\xbf; касса\r\n", "CP1251": "; \xea\xe0\xf1\xf1\xe0\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bareShop(t)
			text := head + "[Sendy]\r\nServer=" + s.bank.URL() + "\r\n"
			s.setSettings(text)
			s.activate()
			k := s.till("4")
			if op := k.run(k.offline(100, "")); op.Outcome != pay.Approved {
				t.Fatalf("%+v", op)
			}
			raw, err := os.ReadFile(s.settingsFile())
			must(t, err)
			if !bytes.Equal(raw, []byte(text)) {
				t.Fatalf("the file was changed: %q", raw)
			}
		})
	}
}

func TestAJournalOfANewerVersionIsRefusedAndLeftAsItIs(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	paid := k.offline(100, "")
	k.run(paid)
	k.Close()
	s.stop()
	journal := filepath.Join(s.home, "modules", "sendy", "sendy.db")
	s.newer(journal, 1000)
	newer, err := os.ReadFile(journal)
	must(t, err)
	k = s.till("4")
	h := k.health("sendy")
	if h.State != "blocked" || h.Code != pay.ErrJournal.String() || h.Text == "" {
		t.Fatalf("%+v", h)
	}
	k.refused(k.offline(100, ""), pay.ErrJournal)
	if now, err := os.ReadFile(journal); err != nil || !bytes.Equal(now, newer) {
		t.Fatalf("the journal was changed (%v)", err)
	}
	k.Close()
	s.stop()
	s.newer(journal, -1000)
	k = s.till("4")
	if op := k.begin(paid); op.Outcome != pay.Approved {
		t.Fatalf("nothing was to be lost: %+v", op)
	}
	s.agrees(100)
}

// newer makes a journal one of a version that is newer by so much.
func (s *shop) newer(file string, by int) {
	s.t.Helper()
	db, err := sql.Open("sqlite", file)
	must(s.t, err)
	_, err = db.Exec("UPDATE schema_versions SET version_id = version_id + ? WHERE version_id = (SELECT MAX(version_id) FROM schema_versions)", by)
	must(s.t, errors.Join(err, db.Close()))
}
