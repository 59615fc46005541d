package host

import (
	"strings"
	"testing"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

func TestARefNamesOneOperationForEver(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve()
	till, second := i.till("1"), i.till("2")
	till.must("fake", "r1", 100, "approve", "code=123")
	out, err := till.pay("fake", "r1", 100, "approve", "code=123")
	if err != nil || !out.GetExisted() || !out.GetOperation().GetFinal() {
		t.Errorf("the same again: %v, %v", out, err)
	}
	till.refused(pay.ErrRefReused, "fake", "r1", 101, "approve", "code=123")
	till.refused(pay.ErrRefReused, "fake", "r1", 100, "approve", "code=124")
	till.refused(pay.ErrRefReused, "fake", "r1", 100, "approve", "code=123", "receipt=7")
	till.refused(pay.ErrRefReused, "fake", "r1", 100, "approve", "code=123", "kind=pay.offline")
	till.refused(pay.ErrRefReused, "other", "r1", 100, "approve", "code=123")
	second.refused(pay.ErrRefReused, "fake", "r1", 100, "approve", "code=123")
	if out, err := till.begin(&hostv1.BeginRequest{Module: "fake", Kind: "pay.online", Amount: 100, Ref: "r1",
		Params: ` {"code" : "123", "despite":"x", "script":"approve"}`}); err != nil || !out.GetExisted() {
		t.Errorf("written otherwise: %v, %v", out, err)
	}
	if n := i.begins("other"); n != 0 {
		t.Errorf("the other module heard of it %d times", n)
	}
}

func TestARefusedOperationDoesNotExist(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1")
	till.refused(pay.ErrNotActive, "fake", "r1", 100, "refuse")
	if _, err := till.operation("r1"); pay.CodeOf(err) != pay.ErrNotFound {
		t.Errorf("got %v", err)
	}
	till.must("fake", "r1", 200, "approve")
}

func TestARefOfAModuleThatIsDownStaysTaken(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "approve")
	till.must("fake", "r2", 100, "wait")
	i.write(i.data("fake", "crash"), "")
	_ = till.answer("r2", "die")
	till.state("fake", stateQuarantined)
	till.refused(pay.ErrRefReused, "other", "r1", 100, "approve")
	op, err := till.operation("r1")
	if err != nil || op.Outcome != pay.Approved {
		t.Errorf("the stored outcome: %+v, %v", op, err)
	}
	out, err := till.pay("fake", "r2", 100, "wait")
	if err != nil || !out.GetExisted() || out.GetOperation().GetFinal() || !out.GetOperation().GetTold() {
		t.Errorf("what nobody can tell is not unknown: %v, %v", out, err)
	}
	till.refused(pay.ErrModuleDown, "fake", "r3", 100, "approve")
	if _, err := till.operation("r3"); pay.CodeOf(err) != pay.ErrNotFound {
		t.Errorf("a refusal created an operation: %v", err)
	}
	till.must("other", "r4", 100, "approve") // the other module notices nothing
}

func TestOneOperationAtATimeForATill(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve()
	till, second := i.till("1"), i.till("2")
	till.must("fake", "r1", 100, "wait")
	if e := till.refused(pay.ErrBusy, "other", "r2", 100, "approve"); !strings.Contains(e.Text, "r1") {
		t.Errorf("it does not say what is under way: %+v", e)
	}
	if out, err := till.pay("fake", "r1", 100, "wait"); err != nil || !out.GetExisted() {
		t.Errorf("the running one is not joined: %v", err)
	}
	second.must("other", "r3", 100, "approve")
	till.must("fake", "r4", 0, "", "kind=report")
	if err := till.answer("r1", "declined"); err != nil {
		t.Fatal(err)
	}
	outcomeIn(till.watch("r1", 0))
	till.must("other", "r2", 100, "approve")
}

func TestAnUnknownAttemptHoldsItsReceipt(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve()
	till, second := i.till("1"), i.till("2")
	till.must("fake", "r1", 100, "unknown", "receipt=7")
	outcomeIn(till.watch("r1", 0))
	till.refused(pay.ErrUnresolved, "other", "r2", 100, "approve", "receipt=7")
	till.refused(pay.ErrUnresolved, "other", "r2", 100, "approve", "receipt=7", "despite=r9")
	till.must("other", "r3", 100, "approve", "receipt=8")
	second.must("other", "r4", 100, "approve", "receipt=7")
	till.must("other", "r5", 100, "approve", "receipt=7", "despite=r1")
	till.must("fake", "r6", 100, "abandoned", "receipt=9")
	outcomeIn(till.watch("r6", 0))
	till.must("other", "r7", 100, "approve", "receipt=9")
}

func TestADocumentIsPaidOutOnce(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve()
	till, second := i.till("1"), i.till("2")
	till.refused(pay.ErrArgument, "fake", "p0", 100, "approve", "kind=payout")
	till.must("fake", "p1", 100, "unknown", "kind=payout", "document=D1")
	outcomeIn(till.watch("p1", 0))
	second.refused(pay.ErrUnresolved, "other", "p2", 100, "approve", "kind=payout", "document=D1")
	if err := till.answer("p1", "declined"); err != nil {
		t.Fatal(err)
	}
	i.await("the decline in the index", func() bool {
		_, err := second.pay("other", "p3", 100, "approve", "kind=payout", "document=D1")
		return err == nil
	})
	till.refused(pay.ErrState, "fake", "p4", 100, "approve", "kind=payout", "document=D1")
	till.must("fake", "p5", 100, "approve", "kind=payout", "document=D2")
}

func TestARefundGoesWhereItsPaymentWent(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve()
	till := i.till("1")
	till.must("other", "r1", 100, "approve")
	out, err := till.pay("", "b1", 50, "approve", "kind=refund", "original_ref=r1")
	if err != nil || out.GetModule() != "other" {
		t.Errorf("got %v, %v", out, err)
	}
	till.refused(pay.ErrNotFound, "", "b2", 50, "", "kind=refund", "original_ref=r9")
	till.refused(pay.ErrArgument, "fake", "b2", 50, "", "kind=refund", "original_ref=r1")
	till.refused(pay.ErrArgument, "", "b2", 50, "", "kind=refund")
}

func TestWhatHasNoRefGetsOne(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till, second := i.till("1"), i.till("2")
	if op := till.must("fake", "", 0, "wait", "kind=close_day"); op.Ref != "close-fake-5" {
		t.Errorf("close of day: %s", op.Ref)
	}
	if out, err := second.begin(&hostv1.BeginRequest{Module: "fake", Kind: "close_day", Params: `{"detailed":true,"script":"wait"}`}); err != nil ||
		!out.GetExisted() {
		t.Errorf("the same close from another till: %v, %v", out, err)
	}
	if err := till.answer("close-fake-5", "declined"); err != nil {
		t.Fatal(err)
	}
	outcomeIn(till.watch("close-fake-5", 0))
	if op := till.must("fake", "", 0, "approve", "kind=close_day"); op.Ref != "close-fake-5.2" {
		t.Errorf("after a refused close: %s", op.Ref)
	}
	first, next := till.must("fake", "", 0, "", "kind=report"), till.must("fake", "", 0, "", "kind=report")
	if _, err := pay.ParseRef(string(first.Ref)); err != nil || first.Ref == next.Ref || !strings.HasPrefix(string(first.Ref), "report-") {
		t.Errorf("reports: %s, %s", first.Ref, next.Ref)
	}
	till.refused(pay.ErrArgument, "fake", "", 100, "")
}

func TestTheLastCloseAgainLeavesNoRefBehind(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1")
	till.must("fake", "close-fake-4", 0, "approve", "kind=close_day")
	i.write(i.data("fake", "empty-shift"), "")
	if op := till.must("fake", "", 0, "approve", "kind=close_day"); op.Ref != "close-fake-4" {
		t.Errorf("got %s", op.Ref)
	}
	if _, err := till.operation("close-fake-5"); pay.CodeOf(err) != pay.ErrNotFound {
		t.Errorf("got %v", err)
	}
}

func TestWildInputIsRefused(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1")
	long := strings.Repeat("r", 10<<10)
	for _, c := range []struct {
		code   pay.Code
		id     string
		kind   string
		amount int64
		ref    string
		params string
	}{
		{pay.ErrArgument, "fake", "pay.online", 100, long, ""},
		{pay.ErrArgument, "fake", "pay.online", 100, strings.Repeat("r", 65), ""},
		{pay.ErrArgument, "fake", "pay.online", 100, "r 1", ""},
		{pay.ErrArgument, "fake", "pay.online", 100, "r~1", ""},
		{pay.ErrArgument, "fake", "pay.online", 0, "r1", ""},
		{pay.ErrArgument, "fake", "pay.online", -1, "r1", ""},
		{pay.ErrArgument, "fake", "report", 1, "r1", ""},
		{pay.ErrLimit, "fake", "pay.online", 1000000001, "r1", ""},
		{pay.ErrArgument, "fake", "reversal", 100, "r1", ""},
		{pay.ErrArgument, "fake", long, 100, "r1", ""},
		{pay.ErrArgument, "fake", "pay.online", 100, "r1", "[1]"},
		{pay.ErrArgument, "fake", "pay.online", 100, "r1", `{"code":1}`},
		{pay.ErrArgument, "fake", "pay.online", 100, "r1", `{"code":"1","code":"2"}`},
		{pay.ErrArgument, "fake", "pay.online", 100, "r1", `{"receipt":"` + long + `"}`},
		{pay.ErrNoModule, "nobody", "pay.online", 100, "r1", ""},
		{pay.ErrNoModule, "../fake", "pay.online", 100, "r1", ""},
		{pay.ErrNoModule, long, "pay.online", 100, "r1", ""},
		{pay.ErrNoModule, "", "pay.online", 100, "r1", ""},
	} {
		_, err := till.begin(&hostv1.BeginRequest{Module: c.id, Kind: c.kind, Amount: c.amount, Ref: c.ref, Params: c.params})
		if pay.CodeOf(err) != c.code {
			t.Errorf("%.20s %.20s %d %.20s %.40s: got %v, want %s", c.id, c.kind, c.amount, c.ref, c.params, err, c.code)
		}
	}
	for _, ref := range []string{"", long, "r 1", "~1", "r~x~y", "\x00"} {
		if _, err := till.operation(ref); err == nil {
			t.Errorf("operation %.20q is known", ref)
		}
	}
	if _, err := till.host.Begin(till.ctx, &hostv1.BeginRequest{Module: "fake", Kind: "pay.online", Amount: 1, Ref: "\xff\xfe"}); err == nil {
		t.Error("what is no UTF-8 came through")
	}
	if n := i.begins("fake"); n != 0 {
		t.Errorf("the module heard of it %d times", n)
	}
	till.must("fake", "r1", 1000000000, "approve")
}
