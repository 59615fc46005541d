//go:build !windows

package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/client/clienttest"
	"github.com/payrack/payrack/host/place"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// TestMain lets this program be the host that a client starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "host" && os.Args[2] == "--home" {
		os.Exit(beHost(os.Args[3]))
	}
	sockets, err := os.MkdirTemp("", "pr")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_RUNTIME_DIR", sockets)
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(sockets)
		os.Exit(code)
	}))
}

func beHost(home string) int {
	switch os.Getenv("PAYRACK_TEST_HOST") {
	case "broken":
		fmt.Fprintln(os.Stderr, "Error: payrack.ini, line 3: SlipWitdh: did you mean SlipWidth? (PR_E_CONFIG)\nWhat to do: mend the file")
		return 3
	case "busy": // another one is just starting
		return 8
	}
	p, err := place.Find(home)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	h := clienttest.New(p)
	h.Script = clienttest.ByAmount
	h.Infos["files"] = openFiles()
	if err := h.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	return 0
}

func installation(t *testing.T) place.Place {
	t.Helper()
	p, err := place.Find(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func host(t *testing.T, script func(*clienttest.Operation)) *clienttest.Host {
	t.Helper()
	h := clienttest.New(installation(t))
	h.Script = script
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Kill)
	return h
}

func open(t *testing.T, h *clienttest.Host, change ...func(*client.Options)) *client.Session {
	t.Helper()
	o := client.Options{Place: h.Place(), PosID: "4"}
	for _, f := range change {
		f(&o)
	}
	s, err := client.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func online(ref pay.Ref, amount pay.Amount) client.Order {
	return client.Order{Module: "sendy", Kind: pay.KindOnline, Amount: amount, Ref: ref, Params: "{}"}
}

func outcome(t *testing.T, s *client.Session, ref pay.Ref) []pay.Outcome {
	t.Helper()
	var told []pay.Outcome
	err := s.Watch(t.Context(), ref, 0, func(ev pay.Event) error {
		if ev.Kind == pay.EvOutcome {
			told = append(told, ev.Operation.Outcome)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func TestAPaymentIsFollowedToItsOutcome(t *testing.T) {
	s := open(t, host(t, clienttest.ByAmount))
	op, existed, err := s.Begin(t.Context(), online("r1", clienttest.Approve))
	if err != nil || existed || op.Ref != "r1" {
		t.Fatalf("begin: %+v, %v, %v", op, existed, err)
	}
	if got := outcome(t, s, "r1"); !slices.Equal(got, []pay.Outcome{pay.Approved}) {
		t.Errorf("outcomes %v", got)
	}
	if op, err = s.Operation(t.Context(), "r1"); err != nil || op.Running || op.Outcome != pay.Approved || op.ApprovedAmount != clienttest.Approve {
		t.Errorf("operation: %+v, %v", op, err)
	}
}

func TestUnknownIsToldAndTheFinalOutcomeFollows(t *testing.T) {
	s := open(t, host(t, clienttest.ByAmount))
	if _, _, err := s.Begin(t.Context(), online("r1", clienttest.UnknownLate)); err != nil {
		t.Fatal(err)
	}
	var told []pay.Outcome
	err := s.Watch(t.Context(), "r1", 0, func(ev pay.Event) error {
		if ev.Kind != pay.EvOutcome {
			return nil
		}
		told = append(told, ev.Operation.Outcome)
		if ev.Operation.Outcome == pay.Unknown {
			return s.Cancel(t.Context(), "r1", "test")
		}
		return nil
	})
	if err != nil || !slices.Equal(told, []pay.Outcome{pay.Unknown, pay.Approved}) {
		t.Errorf("told %v, %v", told, err)
	}
}

func TestAWatchGoesOnAfterTheLastNumberWhenTheHostDies(t *testing.T) {
	prompted := make(chan int64, 1)
	h := host(t, func(o *clienttest.Operation) {
		o.Emit(pay.Event{Kind: pay.EvStatus, Text: "one"})
		n := o.Emit(pay.Event{Kind: pay.EvConfirm, Text: "go on?"})
		prompted <- n
		if o.Answer(n) == "1" {
			o.Emit(pay.Event{Kind: pay.EvStatus, Text: "two"})
			o.Tell(pay.Approved, nil)
		}
	})
	s := open(t, h)
	if _, _, err := s.Begin(t.Context(), online("r1", 5)); err != nil {
		t.Fatal(err)
	}
	number := <-prompted
	var texts []string
	err := s.Watch(t.Context(), "r1", 0, func(ev pay.Event) error {
		texts = append(texts, ev.Text)
		if ev.Kind == pay.EvConfirm {
			h.Kill()
			if err := h.Start(); err != nil {
				return err
			}
			return s.Answer(t.Context(), "r1", number, "1")
		}
		return nil
	})
	if err != nil || strings.Join(texts, ",") != "one,go on?,two," {
		t.Errorf("events %q, %v", texts, err)
	}
}

func TestALostAnswerToBeginIsAskedForAgainUnderTheSameRef(t *testing.T) {
	h := host(t, clienttest.ByAmount)
	restarted := make(chan error, 1)
	first := true
	h.Around = func(method string, next func() (any, error)) (any, error) {
		r, err := next()
		if method == "Begin" && first {
			first = false
			go func() { h.Kill(); restarted <- h.Start() }()
			err = errors.New("cut")
		}
		return r, err
	}
	s := open(t, h)
	op, existed, err := s.Begin(t.Context(), online("r1", clienttest.Approve))
	if err != nil || !existed || op.Ref != "r1" {
		t.Errorf("begin: %+v, %v, %v", op, existed, err)
	}
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	if got := h.Begun(); len(got) != 1 {
		t.Errorf("begun: %v", got)
	}
}

func TestALostConnectionAfterBeginLeftIsNeverARefusal(t *testing.T) {
	h := host(t, clienttest.ByAmount)
	ctx, cancel := context.WithCancel(t.Context())
	h.Around = func(method string, next func() (any, error)) (any, error) {
		r, err := next()
		if method == "Begin" {
			go func() { h.Kill(); cancel() }()
			<-ctx.Done()
		}
		return r, err
	}
	s := open(t, h)
	_, _, err := s.Begin(ctx, online("r1", clienttest.Approve))
	e, ok := errors.AsType[*pay.Error](err)
	if !ok || !e.MayHaveMoved || e.Code != pay.CodeUnknown {
		t.Errorf("got %#v", err)
	}
}

func TestARefusalAfterALostBeginIsBelievedOnlyIfTheIndexKnowsNothing(t *testing.T) {
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprintf("taken %v", taken), func(t *testing.T) {
			h := host(t, nil)
			begins := 0
			h.Refuse = func(*hostv1.BeginRequest) *pay.Error {
				if begins > 1 {
					return &pay.Error{Code: pay.ErrModuleDown}
				}
				return nil
			}
			h.Around = func(method string, next func() (any, error)) (any, error) {
				if method != "Begin" {
					return next()
				}
				begins++
				if begins == 1 {
					if taken {
						_, _ = next()
					}
					return nil, errors.New("cut")
				}
				return next()
			}
			s := open(t, h)
			op, existed, err := s.Begin(t.Context(), online("r1", 5))
			if taken && (err != nil || !existed || !op.Running) {
				t.Errorf("got %+v, %v, %v: the operation is there", op, existed, err)
			}
			if !taken && pay.CodeOf(err) != pay.ErrModuleDown {
				t.Errorf("got %v: nothing was begun", err)
			}
		})
	}
}

// cutBegin makes the first Begin arrive and its answer get lost; every later one is refused, as by a host whose module is down.
func cutBegin(h *clienttest.Host) {
	begins := 0
	h.Refuse = func(*hostv1.BeginRequest) *pay.Error {
		if begins > 1 {
			return &pay.Error{Code: pay.ErrModuleDown}
		}
		return nil
	}
	h.Around = func(method string, next func() (any, error)) (any, error) {
		if method != "Begin" {
			return next()
		}
		begins++
		r, err := next()
		if begins == 1 {
			return nil, errors.New("cut")
		}
		return r, err
	}
}

func TestACloseOfDayIsNamedByItsModuleBeforeItLeavesSoThatItCanBeAskedAbout(t *testing.T) {
	h := host(t, nil)
	h.Infos["shift"] = `{"shift":7,"close_ref":"close-sendy-7.2"}`
	cutBegin(h)
	op, existed, err := open(t, h).Begin(t.Context(), client.Order{Module: "sendy", Kind: pay.KindCloseDay, Params: "{}"})
	if err != nil || !existed || op.Ref != "close-sendy-7.2" {
		t.Errorf("got %+v, %v, %v: the close is there", op, existed, err)
	}
	if got := h.Begun(); !slices.Equal(got, []pay.Ref{"close-sendy-7.2"}) {
		t.Errorf("begun: %v", got)
	}
}

func TestACloseOfDayThatNobodyNamedIsNeverRefusedOnceItMayHaveLeft(t *testing.T) {
	h := host(t, nil)
	cutBegin(h)
	ctx, cancel := context.WithCancel(t.Context())
	refuse, refusals := h.Refuse, 0
	h.Refuse = func(r *hostv1.BeginRequest) *pay.Error {
		e := refuse(r)
		if e != nil {
			if refusals++; refusals == 3 {
				cancel()
			}
		}
		return e
	}
	_, _, err := open(t, h).Begin(ctx, client.Order{Module: "sendy", Kind: pay.KindCloseDay, Params: "{}"})
	if e, _ := errors.AsType[*pay.Error](err); e == nil || !e.MayHaveMoved || e.Code != pay.CodeUnknown {
		t.Errorf("got %#v", err)
	}
}

func TestARefusalComesOutAsItWentIn(t *testing.T) {
	h := host(t, nil)
	h.Refuse = func(*hostv1.BeginRequest) *pay.Error {
		return &pay.Error{Code: pay.ErrLimit, Text: "больше 10 000 000,00", Hint: "разбейте"}
	}
	_, _, err := open(t, h).Begin(t.Context(), online("r1", 5))
	e, _ := errors.AsType[*pay.Error](err)
	if e == nil || e.Code != pay.ErrLimit || e.Text != "больше 10 000 000,00" || e.Hint != "разбейте" || e.MayHaveMoved {
		t.Errorf("got %#v", err)
	}
}

func TestANewHostIsToldTheOptionsAgainButNotARefusedPIN(t *testing.T) {
	h := host(t, nil)
	s := open(t, h)
	for _, o := range [][2]string{{"operator.id", "7"}, {"operator.name", "Иванова"}, {"operator.pin", "1234"}} {
		if err := s.SetOption(t.Context(), o[0], o[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetOption(t.Context(), "operator.pin", "9999"); pay.CodeOf(err) != pay.ErrAuth {
		t.Fatalf("a wrong PIN: %v", err)
	}
	h.Kill()
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pending(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got := h.Told("operator.pin"); !slices.Equal(got, []string{"1234", "9999", "1234"}) {
		t.Errorf("PINs told: %v", got)
	}
	if got := h.Told("operator.name"); !slices.Equal(got, []string{"Иванова", "Иванова"}) {
		t.Errorf("names told: %v", got)
	}
}

func TestWhatIsNotHarmlessIsNotRepeated(t *testing.T) {
	h := host(t, nil)
	asked := 0
	h.Around = func(method string, next func() (any, error)) (any, error) {
		if method == "Resolve" {
			asked++
			go h.Kill()
			return nil, errors.New("cut")
		}
		return next()
	}
	if _, err := open(t, h).Resolve(t.Context(), "r1", true, "Петров: по выписке"); err == nil || asked != 1 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

func TestPendingChangesAreTold(t *testing.T) {
	h := host(t, clienttest.ByAmount)
	counts := make(chan int, 10)
	s := open(t, h, func(o *client.Options) { o.Pending = func(n int) { counts <- n } })
	if n := <-counts; n != 0 {
		t.Errorf("at the opening: %d", n)
	}
	if _, _, err := s.Begin(t.Context(), online("r1", clienttest.Stay)); err != nil {
		t.Fatal(err)
	}
	if n := <-counts; n != 1 {
		t.Errorf("after begin: %d", n)
	}
}

func TestWithoutAHostAndWithoutLeaveToStartOneTheRefusalSaysSo(t *testing.T) {
	_, err := client.Open(t.Context(), client.Options{Place: installation(t), PosID: "4"})
	if pay.CodeOf(err) != pay.ErrHostStart {
		t.Errorf("got %v", err)
	}
}

func TestAHostOfAnotherVersionIsRefused(t *testing.T) {
	h := clienttest.New(installation(t))
	h.OpenRefusal = &pay.Error{Code: pay.ErrHostVersion}
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Kill)
	if _, err := client.Open(t.Context(), client.Options{Place: h.Place(), PosID: "4", StartHost: true}); pay.CodeOf(err) != pay.ErrHostVersion {
		t.Errorf("got %v", err)
	}
}

func TestAHostThatStaysAwayEndsAWatchAsUnknown(t *testing.T) {
	h := host(t, nil)
	s := open(t, h, func(o *client.Options) { o.Patience = time.Millisecond })
	if _, _, err := s.Begin(t.Context(), online("r1", 5)); err != nil {
		t.Fatal(err)
	}
	h.Kill()
	err := s.Watch(t.Context(), "r1", 0, func(pay.Event) error { return nil })
	if e, _ := errors.AsType[*pay.Error](err); e == nil || !e.MayHaveMoved {
		t.Errorf("got %v", err)
	}
}

func TestAClosedSessionEndsItsCalls(t *testing.T) {
	h := host(t, nil)
	s := open(t, h)
	if _, _, err := s.Begin(t.Context(), online("r1", 5)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(t.Context(), "r1", 0, func(pay.Event) error { return nil }) }()
	s.Close()
	if err := <-ended; err == nil {
		t.Error("the watch ended without an error and without an outcome")
	}
	if _, err := s.Pending(t.Context(), false); pay.CodeOf(err) != pay.ErrHandle {
		t.Errorf("a call after the close: %v", err)
	}
}

func TestAWatchOfNothingIsRefusedInTheHostsWords(t *testing.T) {
	err := open(t, host(t, nil)).Watch(t.Context(), "never", 0, func(pay.Event) error { return nil })
	if e, _ := errors.AsType[*pay.Error](err); e == nil || e.Code != pay.ErrNotFound || e.Text == "" {
		t.Errorf("got %#v", err)
	}
}
