package shell

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Begin records an operation durably and starts it. The same ref with the same digest joins the operation that there is, with existed
// true; another digest is pay.ErrRefReused. An error says that no operation was created and nothing was sent.
func (s *Shell) Begin(ctx context.Context, r pay.Request, digest []byte) (v pay.Operation, existed bool, err error) {
	row, err := s.o.Journal.Operation(ctx, r.Ref)
	if err == nil {
		return s.join(ctx, row, r, digest)
	}
	if pay.CodeOf(err) != pay.ErrNotFound {
		return pay.Operation{}, false, err
	}
	if r.Kind == pay.KindCloseDay {
		if last, ok, err := s.lastClose(ctx); err != nil || ok {
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
		return pay.Operation{}, false, err
	}
	if existed {
		release()
		return s.join(ctx, row, r, digest)
	}
	s.point("written begun")
	return s.start(ctx, row, r, original)
}

// start makes a journaled operation live.
func (s *Shell) start(ctx context.Context, row journal.Operation, r pay.Request, original *provider.Operation) (pay.Operation, bool, error) {
	o, err := s.load(context.WithoutCancel(ctx), row)
	if err != nil {
		return pay.Operation{}, false, err
	}
	defer s.release(o)
	o.mu.Lock()
	o.params, o.secret, o.noPrompts, o.original = r.Params, r.Params.Secrets(), r.NoPrompts, original
	o.initiator = first(r.Initiator, o.initiator)
	o.language = first(r.Language, s.o.Language)
	o.mu.Unlock()
	o.log.Info("begun", "kind", row.Kind, "amount", row.Amount, "pos", row.PosID, "receipt", row.Receipt)
	o.post(engine.Event{What: engine.Begun, Now: row.Begun})
	s.notify()
	return o.view(), false, nil
}

// join gives the operation that a ref names already.
func (s *Shell) join(ctx context.Context, row journal.Operation, r pay.Request, digest []byte) (pay.Operation, bool, error) {
	if !bytes.Equal(row.Digest, digest) {
		return pay.Operation{}, true, &pay.Error{Code: pay.ErrRefReused}
	}
	o, err := s.load(ctx, row)
	if err != nil {
		return pay.Operation{}, true, err
	}
	defer s.release(o)
	if r.Params.Secrets() {
		o.mu.Lock()
		o.params = r.Params
		o.mu.Unlock()
		o.post(engine.Event{What: engine.Rejoined, Resendable: true})
	}
	return s.outside(ctx, o), true, nil
}

// rowFor checks a request before anything is journaled, and makes the row.
func (s *Shell) rowFor(ctx context.Context, r pay.Request, digest []byte) (journal.Operation, *provider.Operation, error) {
	none := journal.Operation{}
	if !s.offers(r.Kind) {
		return none, nil, &pay.Error{Code: pay.ErrUnsupported, Text: fmt.Sprintf("%s: %s", s.o.About.ID, r.Kind)}
	}
	if r.Kind.Money() != (r.Amount > 0) || r.Amount < 0 {
		return none, nil, pay.Refuse(pay.ErrArgument, "amount %s does not fit the kind %s", r.Amount, r.Kind)
	}
	original, err := s.originalOf(ctx, r)
	if err != nil {
		return none, nil, err
	}
	now := time.Now().UTC()
	key, err := pay.NewKey(s.o.Random)
	if err != nil {
		return none, nil, err
	}
	state := engine.New(r.Kind, r.Amount, r.Currency, now)
	state.NoPrompts = r.NoPrompts
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
	op.Params, op.Original, op.Initiator, op.Language, op.NoPrompts = r.Params, original, r.Initiator, first(r.Language, s.o.Language), r.NoPrompts
	if c, ok := s.o.Driver.(provider.Checker); ok {
		if err := c.Check(op); err != nil {
			return none, nil, err
		}
	}
	return row, original, nil
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
func (s *Shell) originalOf(ctx context.Context, r pay.Request) (*provider.Operation, error) {
	if r.Kind != pay.KindRefund {
		return nil, nil
	}
	if _, ok := s.o.Driver.(provider.Refunder); !ok {
		return nil, &pay.Error{Code: pay.ErrUnsupported}
	}
	row, err := s.o.Journal.Operation(ctx, r.Params.OriginalRef)
	if err != nil {
		return nil, err
	}
	st := engineState(row)
	switch {
	case !row.Kind.Payment() || !row.Charged || row.Outcome != pay.Approved:
		return nil, &pay.Error{Code: pay.ErrState, Text: fmt.Sprintf("%s is no approved payment", row.Ref)}
	case row.Reversal != pay.ReversalNone:
		return nil, &pay.Error{Code: pay.ErrState, Text: fmt.Sprintf("%s is being given back already", row.Ref)}
	}
	op := driverView(row, st)
	return &op, nil
}

// takeTill keeps a till to one running payment (design §3.11). release gives it back where nothing began.
func (s *Shell) takeTill(r pay.Request) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, &pay.Error{Code: pay.ErrModuleDown}
	}
	if r.Kind == pay.KindCloseDay {
		for _, o := range s.active {
			if v := o.view(); v.Running && v.Kind.Money() {
				return nil, &pay.Error{Code: pay.ErrBusy, Text: fmt.Sprintf("operation %s is running", v.Ref)}
			}
		}
		return func() {}, nil
	}
	if !r.Kind.Money() {
		return func() {}, nil
	}
	if running := s.busy[r.PosID]; running != "" && running != r.Ref {
		return nil, &pay.Error{Code: pay.ErrBusy, Text: fmt.Sprintf("operation %s is running", running)}
	}
	s.busy[r.PosID] = r.Ref
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.busy[r.PosID] == r.Ref {
			delete(s.busy, r.PosID)
		}
	}, nil
}

func (s *Shell) codeDigest(code string) string {
	if code == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.o.DigestKey)
	mac.Write([]byte("code\x00" + code))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// reversalRow makes the reversal of a payment: what is left of it, under a new key (design §3.7).
func (o *operation) reversalRow(st engine.State, now time.Time) (*journal.Operation, error) {
	approved, underWay, err := o.s.o.Journal.Returned(context.WithoutCancel(o.s.ctx), o.row.Ref)
	if err != nil {
		return nil, err
	}
	left := st.Approved - approved - underWay
	if left <= 0 && underWay == 0 {
		return nil, errNothingLeft
	}
	if left <= 0 {
		return nil, errors.New("a refund of the payment is under way")
	}
	key, err := pay.NewKey(o.s.o.Random)
	if err != nil {
		return nil, err
	}
	state := engine.New(pay.KindReversal, left, o.row.Currency, now)
	state.System = st.System
	raw, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	return &journal.Operation{
		Ref: o.row.Ref.Reversal(st.Reversals), Key: key, Kind: pay.KindReversal, PosID: o.row.PosID, Operator: o.row.Operator,
		Amount: left, Currency: o.row.Currency, OriginalRef: o.row.Ref, Receipt: o.row.Receipt, System: first(st.System, o.row.System),
		Params: json.RawMessage(`{"params":{}}`), Open: true, State: raw, Begun: now,
	}, nil
}

// startReversal makes a journaled reversal live.
func (s *Shell) startReversal(row journal.Operation) {
	o, err := s.load(context.WithoutCancel(s.ctx), row)
	if err != nil {
		s.o.Log.Error("a reversal waits for the next start", "ref", row.Ref, "error", err)
		return
	}
	defer s.release(o)
	o.post(engine.Event{What: engine.Begun})
}

// reversalEnded tells the payment that its reversal has an outcome.
func (s *Shell) reversalEnded(ref pay.Ref, outcome pay.Outcome) {
	parent, _ := ref.Parent()
	o, err := s.find(context.WithoutCancel(s.ctx), parent)
	if err != nil {
		s.o.Log.Error("a payment does not hear of its reversal before the next start", "ref", parent, "error", err)
		return
	}
	defer s.release(o)
	o.post(engine.Event{What: engine.ReversalEnded, Outcome: outcome})
}
