package shell

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func TestTheWordsThatADriverFoundForAFailureAreKept(t *testing.T) {
	failed := &exchange.Error{Kind: exchange.Status, Status: 409, Code: pay.ErrOffline, Err: errors.New("status 409")}
	for _, test := range []struct {
		err  error
		code pay.Code
		text string
	}{
		{&pay.Error{Code: pay.ErrShift, Text: "no such shift", Cause: failed}, pay.ErrShift, "no such shift"},
		{fmt.Errorf("close: %w", failed), pay.ErrOffline, ""},
		{errors.New("else"), pay.ErrOffline, ""},
		{errPanicked, pay.ErrInternal, ""},
	} {
		if code, text, _ := causeOf(test.err); code != test.code || text != test.text {
			t.Errorf("%v: %v %q", test.err, code, text)
		}
	}
}

func TestWhatOnlyAsksHasNoPermitForMoney(t *testing.T) {
	op := provider.Operation{Kind: pay.KindOnline, Key: pay.Key{1}}
	for call, money := range map[engine.Call]bool{engine.CallCounters: false, engine.CallInquire: false, engine.CallPrepare: true, engine.CallCommit: true,
		engine.CallCancel: true, engine.CallAnswer: true, engine.CallTidy: true} {
		if got := len(permit(call, op).Keys) > 0; got != money {
			t.Errorf("%v: %v", call, got)
		}
	}
	op.Kind = pay.KindCloseDay
	if len(permit(engine.CallInquire, op).Keys) == 0 {
		t.Error("a close of day cannot be repeated")
	}
}

func TestAProvidersWordsAreMaskedBeforeTheyAreJournaled(t *testing.T) {
	s := &Shell{o: Options{Mask: func(text string) string { return strings.ReplaceAll(text, "4111", "***") }}}
	r := provider.Reply{Code: "c 4111", Text: "t 4111", Hint: "h 4111"}
	if s.mask(&r); r.Code != "c ***" || r.Text != "t ***" || r.Hint != "h ***" {
		t.Errorf("%+v", r)
	}
}
