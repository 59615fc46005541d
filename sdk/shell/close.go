package shell

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// closing is what a close of day writes together with its outcome.
type closing struct {
	shift    int64
	detailed bool
	totals   *provider.ShiftTotals // nil: the provider keeps no shifts
	change   *journal.Closing      // nil: somebody else closed the shift
}

// closeShift has the provider close the shift, if it keeps any. It is harmless to repeat. A refusal is no word about money, and final.
func (s *Shell) closeShift(ctx context.Context, o *operation, op provider.Operation) (provider.Reply, error) {
	c := &closing{shift: op.Shift, detailed: op.Params.Detailed}
	var totals provider.ShiftTotals
	keeper, keeps := s.Driver().(provider.ShiftKeeper)
	err := s.check(op) // settings that are broken since do not make a provider without shifts
	if err == nil && keeps {
		totals, err = keeper.CloseShift(ctx, op, op.Shift)
	}
	if code, text, hint := causeOf(err); err != nil && refusesClose(code) {
		return provider.Reply{Verdict: provider.Declined, Error: code, Text: text, Hint: hint}, nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	if keeps {
		if totals.Shift != op.Shift {
			return provider.Reply{}, fmt.Errorf("close shift %d: the provider answers for shift %d", op.Shift, totals.Shift)
		}
		c.totals = &totals
	}
	if err := ctx.Err(); err != nil {
		return provider.Reply{}, err // a call that was given up leaves nothing behind
	}
	o.mu.Lock()
	o.closing = c
	o.mu.Unlock()
	return provider.Reply{Verdict: provider.Approved, Currency: op.Currency}, nil
}

// refusesClose says of a driver's error that the provider will not close the shift, and not that no word came.
func refusesClose(code pay.Code) bool {
	return code == pay.ErrShift || code == pay.ErrState || code == pay.ErrUnsupported || code == pay.ErrNotActive
}

// closes gives what the state's write closes, or nil.
func (o *operation) closes(st engine.State) *closing {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing == nil || st.Outcome != pay.Approved || o.state.Final() {
		return nil
	}
	return o.closing
}

// sumUp makes the report of a shift that is about to be closed, and puts it into the state. The caller keeps anything from being booked
// until the shift is closed (design §3.9). A shift that was closed elsewhere meanwhile keeps its end, and gets its report.
func (o *operation) sumUp(ctx context.Context, c *closing, st *engine.State, now time.Time) (*journal.Closing, error) {
	shift, err := o.s.o.Journal.Shift(ctx, c.shift)
	if err != nil {
		return nil, err
	}
	r, err := o.s.sum(ctx, journal.Query{Shift: c.shift})
	if err != nil {
		return nil, err
	}
	taken := !shift.Closed.IsZero() && shift.ClosedBy != o.ref
	r.Closing, r.Detailed, r.Shift, r.Opened, r.Closed = true, c.detailed, shift.Number, shift.Opened, now
	if taken {
		r.Closed = shift.Closed
	}
	r.compare(c.totals)
	if st.Result, err = json.Marshal(r); err != nil || taken {
		return nil, err
	}
	end := &journal.Closing{Shift: c.shift, At: now, Totals: st.Result}
	if c.totals != nil {
		end.Elsewhere = c.totals.Elsewhere
		if c.totals.Next > c.shift {
			end.Next = c.totals.Next
		}
	}
	return end, nil
}

// lastClose gives the last close of day again where the open shift is empty. A ref of another shift's close is refused: the shift that
// its caller saw is over. A later try of the open shift's close is none: the host knows of one before it that never arrived here.
func (s *Shell) lastClose(ctx context.Context, asked pay.Ref) (v pay.Operation, ok bool, err error) {
	ref, again, err := s.CloseRef(ctx)
	if err != nil {
		return pay.Operation{}, false, err
	}
	if again {
		v, err = s.Operation(ctx, ref)
		return v, err == nil, err
	}
	if strings.HasPrefix(string(asked), "close-"+s.o.About.ID+"-") && asked != ref {
		_, err := s.o.Journal.Operation(ctx, ref)
		if laterTry(asked, ref) && pay.CodeOf(err) == pay.ErrNotFound {
			return pay.Operation{}, false, nil
		}
		return pay.Operation{}, false, text.Refuse(pay.ErrShift, "refused.shift_changed", map[string]any{"Ref": ref}, nil)
	}
	return pay.Operation{}, false, nil
}

// laterTry says whether a close's ref is that of a later try than the one that would be next.
func laterTry(asked, next pay.Ref) bool {
	shift, try, _ := strings.Cut(string(next), ".")
	askedShift, askedTry, _ := strings.Cut(string(asked), ".")
	number := func(try string) int {
		n, err := strconv.Atoi(try)
		if err != nil {
			return 1
		}
		return n
	}
	return askedShift == shift && number(askedTry) > number(try)
}

// CloseRef is the ref that a close of day has now: close-<module>-<shift>. again says that the shift is empty, and that this is the last
// close, which is told once more. A close that the provider refused is followed by one with a number behind a point.
func (s *Shell) CloseRef(ctx context.Context) (ref pay.Ref, again bool, err error) {
	current, err := s.o.Journal.CurrentShift(ctx)
	if err != nil {
		return "", false, err
	}
	if current.Opened.IsZero() {
		shifts, err := s.o.Journal.Shifts(ctx, 1)
		if err != nil {
			return "", false, err
		}
		if len(shifts) == 1 && shifts[0].ClosedBy != "" {
			return shifts[0].ClosedBy, true, nil
		}
	}
	for try := 1; ; try++ {
		ref := pay.CloseRef(s.o.About.ID, current.Number, try)
		row, err := s.o.Journal.Operation(ctx, ref)
		if pay.CodeOf(err) == pay.ErrNotFound {
			return ref, false, nil
		}
		if err != nil {
			return "", false, err
		}
		if row.Outcome != pay.Declined && row.Outcome != pay.Cancelled {
			return ref, false, nil
		}
	}
}
