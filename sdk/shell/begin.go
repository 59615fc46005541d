package shell

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"strings"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// Begin records an operation durably and starts it. The same ref with the same digest joins the operation that there is, with existed
// true; another digest is pay.ErrRefReused. An error without MayHaveMoved says that this call created no operation and sent nothing.
// Where ctx has ended by the time the operation is recorded, its caller is gone: it is cancelled before anything is sent, if its kind can be.
func (s *Shell) Begin(ctx context.Context, r pay.Request, digest []byte) (v pay.Operation, existed bool, err error) {
	if r.Kind == pay.KindCloseDay {
		defer func() { s.wantPaper(v.Ref, r.Params.Detailed) }()
	}
	row, err := s.o.Journal.Operation(ctx, r.Ref)
	if err == nil {
		return s.join(ctx, row, r, digest)
	}
	if pay.CodeOf(err) != pay.ErrNotFound {
		return pay.Operation{}, false, err
	}
	if r.Kind == pay.KindCloseDay {
		if last, ok, err := s.lastClose(ctx, r.Ref); err != nil || ok {
			return last, ok, err
		}
	}
	row, original, err := s.rowFor(ctx, r, digest)
	if err != nil {
		return pay.Operation{}, false, err
	}
	release, err := s.takeTill(r)
	if err != nil {
		return pay.Operation{}, false, err
	}
	s.point("write begun")
	row, existed, err = s.o.Journal.Begin(ctx, row, journal.Event{Ref: r.Ref, Time: row.Begun, Name: "begun"})
	if err != nil {
		release()
		if pay.CodeOf(err) == pay.ErrJournal {
			s.doubt(r.Ref)
		}
		return pay.Operation{}, false, err
	}
	if existed {
		// Another Begin of the same ref came first, and the till is that operation's as long as it runs.
		v, existed, err = s.join(ctx, row, r, digest)
		s.holdTillOf(r.Ref)
		return v, existed, err
	}
	s.point("written begun")
	return s.start(ctx, row, r, original)
}

// wantPaper keeps how the last who asked for a close of day wants its paper: asking again changes nothing else (payrack.h).
func (s *Shell) wantPaper(ref pay.Ref, detailed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ref != "" {
		s.paper = closePaper{ref, detailed}
	}
}

// Paper says whether the paper of a close of day was asked for in detail; known is false where nobody asked since the start.
func (s *Shell) Paper(ref pay.Ref) (detailed, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paper.detailed, s.paper.ref == ref
}

// closePaper is the paper that was asked for last.
type closePaper struct {
	ref      pay.Ref
	detailed bool
}

// start makes a journaled operation live. Whatever fails from here on is no refusal: the operation is there.
func (s *Shell) start(ctx context.Context, row journal.Operation, r pay.Request, original *journal.Operation) (pay.Operation, bool, error) {
	o, err := s.enliven(row, original)
	if err != nil {
		return pay.Operation{}, false, pay.Uncertain(err) // of what we wrote a moment ago: it never happens
	}
	o = s.begun(o)
	defer s.release(o)
	o.mu.Lock()
	o.params, o.secret, o.noPrompts, o.full = r.Params, r.Params.Secrets(), r.NoPrompts, r.Full
	o.initiator, o.language = first(r.Initiator, o.initiator), first(r.Language, o.language)
	gone := ctx.Err() != nil && o.state.Phase == engine.Prepared && o.state.CanCancel()
	o.mu.Unlock()
	s.holdTill(o)
	s.doubted(row.Ref)
	o.log.Info("begun", "kind", row.Kind, "amount", row.Amount, "pos", row.PosID, "receipt", row.Receipt)
	if gone {
		o.post(engine.Event{What: engine.CancelRequested, Reason: "the caller was gone"})
	}
	o.post(engine.Event{What: engine.Begun}) // at its own time: the row's has lost what a clock that is set does not move
	s.notify()
	return o.view(), false, nil
}

// join gives the operation that a ref names already.
func (s *Shell) join(ctx context.Context, row journal.Operation, r pay.Request, digest []byte) (pay.Operation, bool, error) {
	if !bytes.Equal(row.Digest, digest) {
		return pay.Operation{}, true, &pay.Error{Code: pay.ErrRefReused}
	}
	o, err := s.find(ctx, r.Ref)
	if err != nil {
		return pay.Operation{}, true, pay.Uncertain(err)
	}
	defer s.release(o)
	if r.Params.Secrets() {
		o.mu.Lock()
		o.params = r.Params
		o.mu.Unlock()
		o.post(engine.Event{What: engine.Rejoined, Resendable: true})
	}
	if s.doubted(r.Ref) {
		s.holdTill(o)
		o.post(engine.Event{What: engine.Recovered, Resendable: true})
	}
	return s.outside(ctx, o), true, nil
}

// doubt remembers that the write of a Begin failed. It may have reached the disk all the same; then nobody has started the operation, and
// whoever begins it again takes it up as after a crash, so that it comes to an end.
func (s *Shell) doubt(ref pay.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubtful[ref] = true
}

// doubted says whether the ref is one that doubt was told of and that was not started since. It forgets it.
func (s *Shell) doubted(ref pay.Ref) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.doubtful[ref]
	delete(s.doubtful, ref)
	return was
}

// rowFor checks a request before anything is journaled, and makes the row; of a refund it gives the payment's too.
func (s *Shell) rowFor(ctx context.Context, r pay.Request, digest []byte) (journal.Operation, *journal.Operation, error) {
	none := journal.Operation{}
	if !s.offers(r.Kind) {
		return none, nil, text.Refuse(pay.ErrUnsupported, "refused.kind", map[string]any{"Module": s.o.About.ID, "Kind": r.Kind}, nil)
	}
	if r.Kind.Money() != (r.Amount > 0) || r.Amount < 0 {
		return none, nil, text.Refuse(pay.ErrArgument, "refused.amount_of_kind", map[string]any{"Amount": text.Money(r.Amount, r.Currency), "Kind": r.Kind}, nil)
	}
	original, err := s.originalOf(ctx, r)
	if err != nil {
		return none, nil, err
	}
	now := s.o.Now().UTC()
	key, err := pay.NewKey(s.o.Random)
	if err != nil {
		return none, nil, err
	}
	state := engine.New(r.Kind, r.Amount, r.Currency, now)
	state.NoPrompts = r.NoPrompts
	if s.abilities(r.Kind, false).Cancels {
		if state.CancelKey, err = pay.NewKey(s.o.Random); err != nil {
			return none, nil, err
		}
	}
	if trier, ok := s.Driver().(provider.Trier); ok && r.Kind.Money() {
		state.Test = trier.Trial()
	}
	state.System = r.Params.System
	if original != nil {
		state.System = original.System
	}
	rawState, err := json.Marshal(state)
	if err != nil {
		return none, nil, err
	}
	params, err := writeParams(r.Params)
	if err != nil {
		return none, nil, err
	}
	row := journal.Operation{
		Ref: r.Ref, Key: key, Kind: r.Kind, PosID: r.PosID, Operator: r.Operator, Amount: r.Amount, Currency: r.Currency, Digest: digest,
		Params: params, OriginalRef: r.Params.OriginalRef, Receipt: r.Params.Receipt, Document: r.Params.Document, System: state.System,
		CodeDigest: s.codeDigest(r.Params.Code), Open: true, State: rawState, Begun: now,
	}
	op := driverView(row, state)
	op.Params, op.Initiator, op.Language, op.NoPrompts = r.Params, r.Initiator, first(r.Language, s.config.Load().language), r.NoPrompts
	op.Full = r.Full
	if original != nil {
		payment := originalView(*original)
		op.Original = &payment
	}
	if err := s.check(op); err != nil {
		return none, nil, err
	}
	return row, original, nil
}

// check lets the driver refuse what it cannot do. One that panics can do nothing.
func (s *Shell) check(op provider.Operation) (err error) {
	c, ok := s.Driver().(provider.Checker)
	if !ok {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.Error("the driver panicked", "call", "check", "ref", op.Ref, "type", panicType(p))
			err = &pay.Error{Code: pay.ErrInternal, Cause: errPanicked}
		}
	}()
	return c.Check(op)
}

func (s *Shell) offers(k pay.Kind) bool {
	for _, offered := range s.o.About.Kinds {
		if offered == k {
			return true
		}
	}
	return false
}

// originalOf finds the payment that a refund returns, and refuses one that cannot be returned.
func (s *Shell) originalOf(ctx context.Context, r pay.Request) (*journal.Operation, error) {
	if r.Kind != pay.KindRefund {
		return nil, nil
	}
	if _, ok := s.Driver().(provider.Refunder); !ok {
		return nil, &pay.Error{Code: pay.ErrUnsupported}
	}
	row, err := s.o.Journal.Operation(ctx, r.Params.OriginalRef)
	if err != nil {
		return nil, err
	}
	switch {
	case !row.Kind.Payment() || !row.Charged || row.Outcome != pay.Approved:
		return nil, text.Refuse(pay.ErrState, "refused.not_approved", map[string]any{"Ref": row.Ref}, nil)
	case row.Reversal != pay.ReversalNone:
		return nil, text.Refuse(pay.ErrState, "refused.reversing", map[string]any{"Ref": row.Ref}, nil)
	}
	return &row, nil
}

// takeTill keeps a till to one running operation about money (design §3.11), and a close of day apart from all of them (§3.9). release
// gives back what was taken here, where nothing began.
func (s *Shell) takeTill(r pay.Request) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	nothing := func() {}
	if s.draining {
		return nil, &pay.Error{Code: pay.ErrModuleDown}
	}
	isClose := r.Kind == pay.KindCloseDay
	if !isClose && !r.Kind.Money() {
		return nothing, nil
	}
	running := s.closes
	if running == "" && isClose {
		running = s.runningMoney()
	}
	if running == "" && !isClose {
		running = s.busy[r.PosID]
	}
	switch {
	case running == r.Ref:
		return nothing, nil
	case running != "":
		return nil, text.Refuse(pay.ErrBusy, "refused.running", map[string]any{"Ref": running}, nil)
	case isClose:
		s.closes = r.Ref
	default:
		s.busy[r.PosID] = r.Ref
	}
	return func() { s.freeTill(r.Ref) }, nil
}

// runningMoney names an operation about money that runs, or is about to begin.
func (s *Shell) runningMoney() pay.Ref {
	for _, ref := range s.busy {
		return ref
	}
	for _, o := range s.active {
		if st := o.stateNow(); st.Running() && st.Kind.Money() {
			return o.ref
		}
	}
	return ""
}

// holdTill gives the till to an operation that is journaled, as long as that runs. The state is read with the tills locked: a step that
// ends the operation frees the till after it changed the state, so none is left to an operation that has ended.
func (s *Shell) holdTill(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.mu.Lock()
	row, running := o.row, o.state.Running()
	o.mu.Unlock()
	switch {
	case row.Kind == pay.KindReversal:
	case !running:
		s.freeTillLocked(row.Ref)
	case row.Kind == pay.KindCloseDay:
		s.closes = row.Ref
	case row.Kind.Money():
		s.busy[row.PosID] = row.Ref
	}
}

// holdTillOf is holdTill of an operation that may live no more.
func (s *Shell) holdTillOf(ref pay.Ref) {
	o, _ := s.hold(ref)
	if o == nil {
		s.freeTill(ref)
		return
	}
	defer s.release(o)
	s.holdTill(o)
}

// freeTill lets the till of an operation begin another.
func (s *Shell) freeTill(ref pay.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freeTillLocked(ref)
}

func (s *Shell) freeTillLocked(ref pay.Ref) {
	if s.closes == ref {
		s.closes = ""
	}
	maps.DeleteFunc(s.busy, func(_ string, running pay.Ref) bool { return running == ref })
}

// codeDigest knows a scanned code again, whatever blanks and line ends a scanner adds.
func (s *Shell) codeDigest(code string) string {
	code = strings.TrimSpace(code)
	if code == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.o.DigestKey)
	mac.Write([]byte("code\x00" + code))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
