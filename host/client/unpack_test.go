package client

import (
	"testing"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

func TestAnOutcomeIsBelievedOnlyWhereItIsCalledFinalAndTold(t *testing.T) {
	document := []byte(`{"outcome":"approved","running":false}`)
	for _, c := range []struct {
		outcome     pay.Outcome
		final, told bool
		want        pay.Outcome
	}{
		{pay.Approved, true, true, pay.Approved},
		{pay.Declined, true, true, pay.Declined},
		{pay.Approved, false, true, pay.Unknown},
		{pay.Approved, true, false, pay.Unknown},
		{pay.Declined, false, true, pay.Unknown},
		{pay.Unknown, true, true, pay.Unknown},
		{pay.Outcome(77), true, true, pay.Unknown},
	} {
		op := unpack(&modulev1.Operation{Ref: "r1", Outcome: int32(c.outcome), Final: c.final, Told: c.told, Json: document})
		if op.Outcome != c.want || op.Running == c.told {
			t.Errorf("%s, final %t, told %t: %s, running %t", c.outcome, c.final, c.told, op.Outcome, op.Running)
		}
	}
}
