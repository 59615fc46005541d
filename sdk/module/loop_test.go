package module

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/payrack/payrack/sdk/pay"
)

// refusing is a service whose every Begin is refused.
type refusing struct{ Service }

func (refusing) Describe(context.Context) (Description, error) { return Description{ID: "near"}, nil }

func (refusing) Begin(context.Context, Request) (pay.Operation, bool, error) {
	return pay.Operation{}, false, &pay.Error{Code: pay.ErrBusy, Text: "not now"}
}

func TestALoopCarriesAServiceOverASocketAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	far, end, err := Loop(refusing{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if d, err := far.Describe(t.Context()); err != nil || d.ID != "near" {
		t.Errorf("%+v %v", d, err)
	}
	if _, _, err := far.Begin(t.Context(), Request{}); pay.CodeOf(err) != pay.ErrBusy {
		t.Errorf("%v", err)
	}
}
