package shell

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func TestAPaymentIsApprovedConfirmedAndForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		v := w.wantEnd("p", pay.Approved)
		if v.Number != 1 || v.ProviderNumber != 100 || v.ProviderShift != 5 || v.Shift != 5 || v.Slips != 1 || v.Refundable != 12345 || !v.CanConfirm || !v.CanReverse || v.CanCancel {
			t.Errorf("the outcome is %+v", v)
		}
		if v.Pending != "unread" {
			t.Errorf("it is pending as %q", v.Pending)
		}
		for _, step := range []struct {
			ack     pay.Ack
			pending string
		}{{pay.AckSeen, "unconfirmed"}, {pay.AckConfirm, ""}} {
			if err := w.acknowledge("p", step.ack); err != nil {
				t.Fatal(err)
			}
			list, err := w.shell().Pending(t.Context())
			if err != nil || len(list) > 1 || len(list) == 1 && list[0].Pending != step.pending || len(list) == 0 && step.pending != "" {
				t.Errorf("after %s pending is %+v, %v", step.ack, list, err)
			}
		}
		if err := w.acknowledge("p", pay.AckReverse); pay.CodeOf(err) != pay.ErrState {
			t.Errorf("the second acknowledgement: %v", err)
		}
		if err := w.acknowledge("p", pay.AckConfirm); err != nil {
			t.Errorf("the same again: %v", err)
		}
		later(time.Second)
		if n := len(w.shell().live()); n != 0 {
			t.Errorf("%d operations live on", n)
		}
		live, row := w.view("p"), w.shell().View(w.row("p"))
		if a, b := asJSON(live), asJSON(row); a != b {
			t.Errorf("the view of a row is\n%s, of the operation\n%s", b, a)
		}
	})
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func TestTheSameRefIsTheSameOperation(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = -1
		w.plain = true
		w.mustBegin(pay.KindOffline, "p")
		later(time.Second)
		w.mustBegin(pay.KindOffline, "p")
		if _, err := w.begin(pay.Request{Ref: "q", Kind: pay.KindOffline}); pay.CodeOf(err) != pay.ErrBusy {
			t.Errorf("the till is free while p runs: %v", err)
		}
		if _, _, err := w.shell().Begin(t.Context(), pay.Request{Ref: "p", Kind: pay.KindOffline, Amount: 1, PosID: "till-1"}, []byte("other")); pay.CodeOf(err) != pay.ErrRefReused {
			t.Errorf("other parameters: %v", err)
		}
		if _, err := w.begin(pay.Request{Ref: "other-till", Kind: pay.KindOffline, PosID: "till-2"}); err != nil {
			t.Errorf("another till: %v", err)
		}
		w.restart()
		if _, err := w.begin(pay.Request{Ref: "q", Kind: pay.KindOffline}); pay.CodeOf(err) != pay.ErrBusy {
			t.Errorf("the till is free after a restart while p runs: %v", err)
		}
		if n := w.bank.asked("commit p"); n != 1 {
			t.Errorf("p was sent %d times", n)
		}
	})
}

func TestTheTillIsFreeAsSoonAsTheOutcomeIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		for _, ref := range []pay.Ref{"a", "b", "c", "d", "e", "f"} {
			w.mustBegin(pay.KindOffline, ref)
			err := w.shell().Watch(t.Context(), ref, 0, true, func(e pay.Event) error {
				if e.Kind == pay.EvOutcome {
					_, err := w.begin(pay.Request{Ref: ref + "-next", Kind: pay.KindOffline})
					return err
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			w.wantEnd(ref+"-next", pay.Approved)
		}
	})
}

func TestACancelWhileTheRequestHangsIsSentAtOnceAndLeadsToAnotherTender(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.plain = true
		w.bank.trouble(func(ctx context.Context, call string, op provider.Operation) fault {
			if call == "commit" {
				w.bank.put(op, pay.Key{}, none)
				<-ctx.Done()
			}
			if call != "commit" && time.Since(op.Begun) < 2*time.Minute {
				return lost
			}
			return none
		})
		w.stop()
		w.start(0)
		w.mustBegin(pay.KindOffline, "p")
		later(time.Second)
		if err := w.shell().Cancel(t.Context(), "p", "esc", "till-1"); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		if w.bank.asked("cancel p") == 0 {
			t.Errorf("no cancel left within a second")
		}
		if v := w.view("p"); !v.Running || v.CanCancel {
			t.Errorf("before CancelWait it is %+v", v)
		}
		later(9 * time.Second)
		if v := w.view("p"); v.Running || v.Outcome != pay.Unknown || !v.OtherTender || v.CanConfirm || v.Pending != "unknown" {
			t.Errorf("after CancelWait it is %+v", v)
		}
		if err := w.acknowledge("p", pay.AckConfirm); pay.CodeOf(err) != pay.ErrState {
			t.Errorf("an abandoned payment was confirmed: %v", err)
		}
		w.mustBegin(pay.KindOffline, "cash-instead")
		told, err := w.watch("p")
		if err != nil || len(told) < 2 || told[0].Outcome != pay.Unknown || told[len(told)-1].Outcome != pay.Cancelled || told[len(told)-1].Reversal != pay.ReversalDone {
			t.Errorf("told %+v, %v", told, err)
		}
		w.wantEnd("cash-instead", pay.Approved)
		w.wantBooks()
	})
}

func TestARefundOfWhatIsNoApprovedPaymentIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		refund := func(original pay.Ref) pay.Code {
			_, err := w.begin(pay.Request{Ref: "r-" + original, Kind: pay.KindRefund, Amount: 1, Params: pay.Params{OriginalRef: original}})
			return pay.CodeOf(err)
		}
		if code := refund("nothing"); code != pay.ErrNotFound {
			t.Errorf("of nothing: %v", code)
		}
		w.bank.trouble(on(refused, "commit"))
		w.mustBegin(pay.KindOffline, "declined")
		w.wantEnd("declined", pay.Declined)
		if code := refund("declined"); code != pay.ErrState {
			t.Errorf("of a declined one: %v", code)
		}
		w.bank.trouble(nil)
		w.mustBegin(pay.KindOffline, "p")
		w.wantEnd("p", pay.Approved)
		if err := w.acknowledge("p", pay.AckReverse); err != nil {
			t.Fatal(err)
		}
		if code := refund("p"); code != pay.ErrState {
			t.Errorf("of one that goes back: %v", code)
		}
	})
}

func TestBadRequestsCreateNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		for _, r := range []pay.Request{{Kind: pay.KindBasket, Amount: 1}, {Kind: pay.KindOffline, Amount: -1}, {Kind: pay.KindTest, Amount: 5}} {
			r.Ref = "x"
			if _, err := w.begin(r); err == nil {
				t.Errorf("%+v began", r)
			}
		}
		if _, err := w.shell().Operation(t.Context(), "x"); pay.CodeOf(err) != pay.ErrNotFound {
			t.Errorf("x is there: %v", err)
		}
	})
}

func TestAPersonsWordSettlesAnUnknownOperation(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.plain = true
		w.restart()
		w.bank.trouble(on(lost, "commit", "inquire"))
		w.mustBegin(pay.KindOffline, "p")
		if _, err := w.shell().Resolve(t.Context(), "p", true, "Anna"); pay.CodeOf(err) != pay.ErrState {
			t.Errorf("before Unknown was told: %v", err)
		}
		later(time.Minute)
		v, err := w.shell().Resolve(t.Context(), "p", false, "Anna: not on the statement")
		if err != nil || v.Outcome != pay.Cancelled || v.ResolvedBy != "Anna: not on the statement" {
			t.Errorf("resolved: %+v, %v", v, err)
		}
		w.bank.put(provider.Operation{Ref: "p", Key: w.row("p").Key, Amount: 12345}, pay.Key{}, none) // it was charged all the same
		w.bank.trouble(nil)
		later(time.Hour)
		if v := w.view("p"); v.Outcome != pay.Cancelled || v.Reversal != pay.ReversalDone {
			t.Errorf("money found after all: %+v", v)
		}
		w.wantBooks()
	})
}

func TestSecretsThatAreGoneAreNotGuessedAndComeBackWithTheTill(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.plain = true
		w.restart()
		w.bank.trouble(on(lost, "commit"))
		code := pay.Request{Ref: "p", Kind: pay.KindOffline, Params: pay.Params{Code: "281234567890123456", Raw: json.RawMessage(`{"code":"281234567890123456"}`)}}
		if _, err := w.begin(code); err != nil {
			t.Fatal(err)
		}
		later(100 * time.Millisecond)
		w.restart()
		w.bank.trouble(nil)
		before := w.bank.asked("commit p")
		later(time.Minute)
		if w.bank.asked("inquire p") == 0 || w.bank.asked("commit p") != before {
			t.Errorf("without its secret it was sent %d times more", w.bank.asked("commit p")-before)
		}
		if row := w.row("p"); strings.Contains(string(row.Params)+string(row.State), "281234567890123456") {
			t.Errorf("the code is in the journal: %s", row.Params)
		}
		if _, err := w.begin(code); err != nil {
			t.Fatal(err)
		}
		w.wantEnd("p", pay.Approved)
		if w.bank.asked("commit p") != before+1 {
			t.Errorf("with its secret it was sent %d times more", w.bank.asked("commit p")-before)
		}
		second := code
		second.Ref = "again"
		if _, err := w.begin(second); pay.CodeOf(err) != pay.ErrState {
			t.Errorf("a code was used twice: %v", err)
		}
	})
}

func TestADriverThatPanicsHasSaidNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.plain = true
		w.restart()
		w.bank.trouble(func(_ context.Context, call string, _ provider.Operation) fault {
			if call == "commit" {
				panic("secret 4111111111111111")
			}
			return none
		})
		w.mustBegin(pay.KindOffline, "p")
		later(time.Second)
		if v := w.view("p"); v.Outcome != pay.Unknown || !w.shell().find1(t, "p").stateNow().MaybeSent {
			t.Errorf("it is %+v", v)
		}
		w.bank.trouble(nil)
		w.wantEnd("p", pay.Approved)
	})
}

// find1 gives a live operation for a look at it.
func (s *Shell) find1(t *testing.T, ref pay.Ref) *operation {
	t.Helper()
	o, err := s.find(context.Background(), ref)
	if err != nil {
		t.Fatal(err)
	}
	s.release(o)
	return o
}

func TestWhereNoMoneyIsAtStakeACrashOrSilenceIsARefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		ran := make(chan struct{})
		w.shell().Command("slow", func(ctx context.Context, _ CommandCall) (provider.Reply, error) {
			close(ran)
			<-ctx.Done()
			return provider.Reply{}, ctx.Err()
		})
		command := pay.Request{Ref: "c", Kind: pay.KindCommand, Params: pay.Params{Name: "slow"}}
		if _, err := w.begin(command); err != nil {
			t.Fatal(err)
		}
		<-ran
		if v := w.view("c"); v.Command != "slow" {
			t.Errorf("it is not said which command runs: %+v", v)
		}
		if ops := w.shell().Commands(); len(ops) != 1 {
			t.Errorf("commands %v", ops)
		}
		w.restart()
		if v := w.wantEnd("c", pay.Declined); v.Code != "PR_E_MODULE_DOWN" {
			t.Errorf("cut off it is %+v", v)
		}
		w.shell().Command("broken", func(context.Context, CommandCall) (provider.Reply, error) { return provider.Reply{}, errLost })
		command.Ref, command.Params.Name = "b", "broken"
		if _, err := w.begin(command); err != nil {
			t.Fatal(err)
		}
		w.wantEnd("b", pay.Declined)
		command.Ref, command.Params.Name = "n", "none"
		if _, err := w.begin(command); err != nil {
			t.Fatal(err)
		}
		if v := w.wantEnd("n", pay.Declined); v.Code != "PR_E_UNSUPPORTED" {
			t.Errorf("an unknown command is %+v", v)
		}
		w.mustBegin(pay.KindTest, "t") // the bank has no prober
		w.wantEnd("t", pay.Declined)
		w.mustBegin(pay.KindReport, "report")
		w.wantEnd("report", pay.Approved)
		if rows, err := w.journal.Find(t.Context(), journal.Query{OpenOnly: true}); err != nil || len(rows) != 0 {
			t.Errorf("%d are open, %v", len(rows), err)
		}
	})
}

func TestOrphanGraceTakesTheQRCodeDown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = -1
		w.mustBegin(pay.KindOnline, "p")
		later(time.Second)
		if payload, _, shown := w.shell().Shown("p"); !shown || payload == "" {
			t.Errorf("nothing is shown")
		}
		later(31 * time.Second)
		if _, _, shown := w.shell().Shown("p"); shown {
			t.Errorf("it is still shown")
		}
		if v := w.view("p"); v.Outcome != pay.Cancelled {
			t.Errorf("it is %+v", v)
		}
		if o := w.row("p"); !o.Open {
			t.Errorf("the late look is forgotten")
		}
		later(10 * time.Minute)
		if o := w.row("p"); o.Open {
			t.Errorf("the late look never ends")
		}
	})
}

func TestNewSettingsReachOperationsThatRun(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.trouble(on(lost, "cancel", "inquire"))
		w.options.Driver = deaf{} // settings are broken: nobody can be asked
		w.mustBegin(pay.KindOnline, "p")
		later(time.Second)
		w.restart()
		later(time.Minute)
		w.bank.trouble(nil)
		w.shell().Reconfigure(w.driver(), engine.DefaultTerms(), "ru", 2)
		later(10 * time.Minute)
		if v := w.view("p"); v.Outcome != pay.Approved || !v.CanReverse || v.Text != "Одобрено" || v.Slips != 2 {
			t.Errorf("once the bank can be asked again it is %+v", v)
		}
		if err := w.acknowledge("p", pay.AckReverse); err != nil {
			t.Fatal(err)
		}
		if v := w.wantEnd("p", pay.Approved); v.Reversal != pay.ReversalDone {
			t.Errorf("it is %+v", v)
		}
		w.wantBooks()
	})
}

// deaf stands in for a driver that cannot be made.
type deaf struct{}

func (deaf) Check(provider.Operation) error { return &pay.Error{Code: pay.ErrConfig} }
func (deaf) Commit(context.Context, provider.Operation) (provider.Reply, error) {
	return provider.Reply{}, &pay.Error{Code: pay.ErrConfig}
}
func (deaf) Inquire(context.Context, provider.Operation) (provider.Reply, error) {
	return provider.Reply{}, &pay.Error{Code: pay.ErrConfig}
}
