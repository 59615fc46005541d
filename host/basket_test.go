package host

import (
	"errors"
	"strings"
	"testing"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

func basket(ref, params string) *hostv1.BeginRequest {
	return &hostv1.BeginRequest{Module: "fake", Kind: "pay.basket", Amount: 17980, Ref: ref, Params: params}
}

const goods = `{"script":"approve","items":[{"position":1,"name":"milk","quantity":2000,"price":8990,"sum":17980}]}`

func TestOnlyATillThatConfirmsPaysABasket(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	plain := i.till("1", func(in *hostv1.SessionRequest) { in.Flags = 0 })
	_, err := plain.begin(basket("r1", goods))
	if e, ok := errors.AsType[*pay.Error](err); !ok || e.Code != pay.ErrState || !strings.Contains(e.Hint, "PR_F_CONFIRM") {
		t.Errorf("without the flag: %v", err)
	}
	if _, err := plain.operation("r1"); pay.CodeOf(err) != pay.ErrNotFound || i.begins("fake") != 0 {
		t.Errorf("a refusal created an operation: %v", err)
	}
	if _, err := i.till("2").begin(basket("r1", goods)); err != nil {
		t.Errorf("with the flag: %v", err)
	}
	if out, err := i.till("2", func(in *hostv1.SessionRequest) { in.Flags = 0 }).begin(basket("r1", goods)); err != nil || !out.GetExisted() {
		t.Errorf("what was begun is not joined: %v", err)
	}
}

func TestABasketIsCheckedBeforeItsRefIsTaken(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1")
	for _, bad := range []string{`{}`, `{"items":[]}`, strings.Replace(goods, "17980", "17981", 1), strings.Replace(goods, "2000", "0", 1)} {
		if _, err := till.begin(basket("r1", bad)); pay.CodeOf(err) != pay.ErrArgument {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := till.begin(basket("r1", goods)); err != nil {
		t.Errorf("the ref is taken: %v", err)
	}
}
