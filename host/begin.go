package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/gofrs/uuid/v5"

	"github.com/payrack/payrack/host/index"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// forwardLimit is how long a module may take to journal an operation. It is not the caller's patience: what has left must be heard of.
const forwardLimit = 30 * time.Second

// maxDocument is the length of the longest receipt or document, in bytes.
const maxDocument = 256

// Begin implements hostv1.HostServiceServer: it takes the ref into the index, then has the module begin the operation.
func (a *api) Begin(ctx context.Context, in *hostv1.BeginRequest) (*hostv1.BeginResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	b := &beginning{h: a.h, s: s}
	out, err := b.do(ctx, in)
	if out == nil {
		out = &hostv1.BeginResponse{}
	}
	out.Refusal = a.refuse(s, "begin", err, "ref", shorten(in.GetRef(), pay.MaxRef), "module", b.request.Module, "kind", shorten(in.GetKind(), 40),
		"amount", pay.Amount(in.GetAmount()), "existed", out.GetExisted(), "ms", time.Since(began).Milliseconds())
	return out, nil
}

// beginning is one Begin on its way.
type beginning struct {
	h        *Host
	s        *session
	request  pay.Request
	resident *resident
	entry    index.Entry
}

func (b *beginning) do(ctx context.Context, in *hostv1.BeginRequest) (*hostv1.BeginResponse, error) {
	if err := b.read(in); err != nil {
		return nil, err
	}
	if err := b.route(ctx, in.GetModule()); err != nil {
		return nil, err
	}
	if err := b.h.mayBegin(ctx, b.s, b.resident, b.request); err != nil {
		return nil, err
	}
	if err := b.name(ctx); err != nil {
		return nil, err
	}
	sum, err := digest(b.h.key, b.request)
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrArgument, Cause: err}
	}
	r, p := b.request, b.request.Params
	b.entry = index.Entry{Ref: r.Ref, Module: r.Module, PosID: r.PosID, Kind: r.Kind, Amount: r.Amount, Currency: r.Currency, Digest: sum,
		Receipt: p.Receipt, Document: p.Document, Original: p.OriginalRef, Begun: time.Now(),
		Confirms: b.s.flags&flagConfirm != 0}
	have, err := b.h.known(ctx, r.Ref)
	switch {
	case pay.CodeOf(err) == pay.ErrNotFound:
		return b.begin(ctx)
	case err != nil:
		return nil, err
	}
	return b.join(ctx, have)
}

// read checks what the till says.
func (b *beginning) read(in *hostv1.BeginRequest) error {
	kind, err := pay.ParseKind(in.GetKind())
	if err != nil {
		return err
	}
	params, err := pay.ParseParams(in.GetParams())
	if err != nil {
		return err
	}
	var ref pay.Ref
	if in.GetRef() != "" {
		if ref, err = pay.ParseRef(in.GetRef()); err != nil {
			return err
		}
	} else if kind.Money() {
		return text.Refuse(pay.ErrArgument, "host.ref_needed", map[string]any{"Kind": kind}, nil)
	}
	for name, value := range map[string]string{"receipt": params.Receipt, "document": params.Document} {
		if len(value) > maxDocument {
			return text.Refuse(pay.ErrArgument, "host.param_long", map[string]any{"Name": name, "Most": maxDocument}, nil)
		}
	}
	amount := pay.Amount(in.GetAmount())
	if err := b.h.checkAmount(kind, amount); err != nil {
		return err
	}
	if kind == pay.KindBasket {
		if _, err := pay.ParseBasket(params.Items, amount); err != nil {
			return err
		}
	}
	if kind == pay.KindPayout && params.Document == "" {
		return text.Refuse(pay.ErrArgument, "host.payout_document", nil, nil)
	}
	if kind == pay.KindRefund && params.OriginalRef == "" {
		return text.Refuse(pay.ErrArgument, "host.refund_original", nil, nil)
	}
	b.request = pay.Request{Ref: ref, Kind: kind, Amount: amount, Currency: pay.RUB, PosID: b.s.pos, Params: params,
		NoPrompts: in.GetNoPrompts() || b.s.flags&flagNoPrompts != 0, Operator: b.s.operatorID(), Initiator: b.s.by(), Language: b.s.lang(), Full: b.h.full(b.s)}
	return nil
}

func (h *Host) checkAmount(kind pay.Kind, amount pay.Amount) error {
	limit := pay.Amount(h.settings.Load().Limit)
	switch {
	case !kind.Money() && amount != 0:
		return text.Refuse(pay.ErrArgument, "host.amount_none", map[string]any{"Kind": kind}, nil)
	case kind.Money() && amount <= 0:
		return text.Refuse(pay.ErrArgument, "refused.amount_positive", map[string]any{"Amount": text.Money(amount, pay.RUB)}, nil)
	case amount > limit:
		return text.Refuse(pay.ErrLimit, "host.limit", map[string]any{"Amount": text.Money(amount, pay.RUB), "Limit": text.Money(limit, pay.RUB)}, nil)
	}
	return nil
}

// route finds the module: a refund goes where its payment went.
func (b *beginning) route(ctx context.Context, id string) error {
	if b.request.Kind == pay.KindRefund {
		parent, _ := b.request.Params.OriginalRef.Parent()
		original, err := b.h.known(ctx, parent)
		if err != nil {
			return err
		}
		if id != "" && id != original.Module {
			return text.Refuse(pay.ErrArgument, "host.other_module", map[string]any{"Ref": parent, "Module": original.Module}, nil)
		}
		id = original.Module
	}
	r, ok := b.h.residents[id]
	if !ok {
		return noModule(id)
	}
	b.resident, b.request.Module = r, id
	return nil
}

func noModule(id string) error {
	return text.Refuse(pay.ErrNoModule, "host.module_none", map[string]any{"Module": shorten(id, 40)}, nil)
}

// name gives a ref to what the till did not name.
func (b *beginning) name(ctx context.Context) error {
	if b.request.Ref != "" {
		return nil
	}
	if b.request.Kind == pay.KindCloseDay {
		ref, err := b.h.closeRef(ctx, b.resident)
		b.request.Ref = ref
		return err
	}
	id, err := uuid.NewV7()
	b.request.Ref = pay.Ref(string(b.request.Kind) + "-" + id.String())
	return err
}

// closeRef names the close of the module's shift (design §3.9). The module knows better where a close was refused or the shift is empty; it
// does not know of one that was voided because it never arrived there, whose ref must not begin any more.
func (h *Host) closeRef(ctx context.Context, r *resident) (pay.Ref, error) {
	shift, err := h.shiftOf(ctx, r)
	if err != nil {
		return "", err
	}
	if shift.CloseRef != "" {
		have, err := h.index.Get(ctx, shift.CloseRef)
		if pay.CodeOf(err) == pay.ErrNotFound || err == nil && (have.State != index.Cancelled || have.Known) {
			return shift.CloseRef, nil
		}
		if err != nil {
			return "", err
		}
	}
	for try := 1; ; try++ {
		ref := pay.CloseRef(r.id, shift.Shift, try)
		have, err := h.index.Get(ctx, ref)
		if pay.CodeOf(err) == pay.ErrNotFound || err == nil && have.State != index.Declined && have.State != index.Cancelled {
			return ref, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// shift is what a module's document "shift" says.
type shift struct {
	Shift    int64   `json:"shift"`
	CloseRef pay.Ref `json:"close_ref"`
}

func (h *Host) shiftOf(ctx context.Context, r *resident) (shift, error) {
	var s shift
	l, err := r.ready(ctx)
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeout(ctx, forwardLimit)
	defer cancel()
	raw, err := l.running.Service.Info(ctx, "shift", h.language())
	if err != nil {
		return s, asked(err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, &pay.Error{Code: pay.ErrInternal, Cause: fmt.Errorf("module %s: shift: %w", r.id, err)}
	}
	return s, nil
}

// begin takes a new ref and forwards the request. Until the ref is taken nothing was created.
func (b *beginning) begin(ctx context.Context) (*hostv1.BeginResponse, error) {
	h, r := b.h, b.resident
	if b.request.Kind == pay.KindBasket && !b.entry.Confirms { // the rest of the receipt is paid otherwise, and only the till knows that it was
		return nil, text.Refuse(pay.ErrState, "host.basket_confirms", map[string]any{"Kind": b.request.Kind}, nil)
	}
	if !h.settings.Load().Enabled(r.id) {
		return nil, text.Refuse(pay.ErrNoModule, "host.module_off", map[string]any{"Module": r.id}, nil)
	}
	if h.isDraining() {
		return nil, text.Refuse(pay.ErrModuleDown, "host.draining", nil, nil)
	}
	l, err := r.ready(ctx)
	if err != nil {
		return nil, asked(err)
	}
	defer h.forwarding(b.request.Ref)()
	h.point("write ref")
	have, existed, err := h.index.Take(ctx, b.entry, b.request.Params.Despite)
	if err != nil {
		return nil, err
	}
	h.point("written ref")
	if existed {
		return b.join(ctx, have)
	}
	out, err := b.forward(ctx, l, true)
	switch {
	case err == nil:
		if b.s.flags&flagConfirm == 0 && b.request.Kind.Money() {
			h.spawn(&h.tasks, func() { h.confirmSeen(b.s) })
		}
	case mayHaveMoved(err):
	case pay.CodeOf(err) == pay.ErrRefReused:
		b.disown(context.WithoutCancel(ctx), l)
	default:
		h.learned(h.index.Drop(context.WithoutCancel(ctx), b.request.Ref))
	}
	return out, err
}

// disown corrects the index where the module knew the ref that looked new (the index was restored from an old copy): what is taken is the
// module's operation, not the one that was asked for now.
func (b *beginning) disown(ctx context.Context, l *life) {
	h, ref := b.h, b.request.Ref
	h.log.Warn("the index did not know a ref that its module knows", "ref", ref, "module", b.resident.id)
	op, err := h.look(ctx, l, ref)
	if err == nil {
		h.learned(h.index.Drop(ctx, ref))
		b.resident.note(ctx, op)
	} else {
		h.learned(h.index.Disown(ctx, ref))
	}
	if err != nil || op.Running || !op.Outcome.Final() {
		h.followRef(ref, b.resident)
	}
}

// forwarding marks a ref as on its way to its module, until the returned function is called. What the index says after the mark holds: a
// ref is not voided while it is marked.
func (h *Host) forwarding(ref pay.Ref) func() {
	h.voiding.Lock()
	defer h.voiding.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forwards[ref]++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.forwards[ref]--; h.forwards[ref] <= 0 {
			delete(h.forwards, ref)
		}
	}
}

// inDoubt keeps a ref marked as on its way whose Begin broke off: until the module names it, or its process has ended, Begin may still
// arrive there, and that the module does not know the ref proves nothing.
func (h *Host) inDoubt(ref pay.Ref, over <-chan struct{}) {
	done := h.forwarding(ref)
	h.spawn(&h.tasks, func() {
		defer done()
		for {
			change := h.changed.wait()
			if have, err := h.index.Get(h.ctx, ref); pay.CodeOf(err) == pay.ErrNotFound || err == nil && have.Known {
				return
			}
			select {
			case <-change:
			case <-over:
				return
			case <-h.ctx.Done():
				return
			}
		}
	})
}

func (h *Host) isForwarding(ref pay.Ref) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.forwards[ref] > 0
}

// join gives the operation that a ref names already. The request is forwarded again, since it may never have arrived, or its secrets may
// be wanted after a restart; the module joins it too.
func (b *beginning) join(ctx context.Context, have index.Entry) (*hostv1.BeginResponse, error) {
	if err := have.Joins(b.entry); err != nil {
		return nil, err
	}
	b.s.keep(have)
	defer b.h.forwarding(have.Ref)()
	have, err := b.h.index.Get(ctx, have.Ref) // a ref that was voided meanwhile must not begin
	if err != nil {
		return nil, err
	}
	if have.State == index.Cancelled && !have.Known {
		return b.existing(b.h.voided(have))
	}
	b.request.PosID = have.PosID // of a close of day it may be another till's, and stays that
	l, err := b.resident.ready(ctx)
	if err != nil {
		if pay.CodeOf(err) != pay.ErrModuleDown {
			b.h.log.Warn("module cannot be asked", "ref", have.Ref, "error", err)
		}
		return b.existing(have.View()) // what is known of it, mostly that nothing is known
	}
	if have.Known {
		if _, err := b.h.look(ctx, l, have.Ref); pay.CodeOf(err) == pay.ErrNotFound {
			return nil, b.h.lost(ctx, have)
		}
	}
	return b.forward(ctx, l, false)
}

// lost refuses to begin anew what the module's journal has forgotten. Nobody can tell its outcome any more, and nobody waits for it.
func (h *Host) lost(ctx context.Context, e index.Entry) error {
	h.log.Error("the module's journal does not know an operation any more", "ref", e.Ref, "module", e.Module)
	h.learned(h.index.Doubt(context.WithoutCancel(ctx), e.Ref))
	h.changed.fire()
	err := text.Refuse(pay.ErrJournal, "host.lost", map[string]any{"Module": e.Module}, nil)
	err.MayHaveMoved = true
	return err
}

func (b *beginning) existing(op pay.Operation) (*hostv1.BeginResponse, error) {
	m, err := module.Pack(op)
	return &hostv1.BeginResponse{Operation: m, Existed: true, Module: b.request.Module}, err
}

// forward has the module begin. The caller's leaving does not stop it.
func (b *beginning) forward(ctx context.Context, l *life, fresh bool) (*hostv1.BeginResponse, error) {
	h, ref := b.h, b.request.Ref
	request, err := module.PackRequest(module.Request{Request: b.request, Digest: b.entry.Digest})
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrArgument, Cause: err}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.pace.forward)
	defer cancel()
	h.point("forward begin")
	out, err := l.rpc.Begin(ctx, request)
	h.point("forwarded begin")
	if err == nil {
		err = module.FromRefusal(out.GetRefusal())
	} else if _, said := errors.AsType[*pay.Error](module.FromStatus(err)); !said {
		h.inDoubt(ref, l.over())
	}
	ctx = context.WithoutCancel(ctx) // what is known now is written, however long it took
	if err != nil {
		err = asked(err)
		if mayHaveMoved(err) || pay.CodeOf(err) == pay.ErrModuleDown && !fresh {
			h.learned(h.index.Doubt(ctx, ref))
			h.followRef(ref, b.resident)
		}
		return nil, err
	}
	op, err := module.Unpack(out.GetOperation())
	if err != nil {
		h.learned(h.index.Doubt(ctx, ref))
		h.followRef(ref, b.resident)
		return nil, &pay.Error{Code: pay.ErrInternal, MayHaveMoved: true, Cause: err}
	}
	if op.Ref != ref && fresh {
		h.learned(h.index.Drop(ctx, ref)) // the last close again: there is none of this shift
	}
	b.resident.note(ctx, op)
	if op.Running || !op.Outcome.Final() {
		h.followRef(op.Ref, b.resident)
	}
	return &hostv1.BeginResponse{Operation: out.GetOperation(), Existed: out.GetExisted() || !fresh, Module: b.request.Module}, nil
}

// asked makes an error of a call to a module a refusal: a broken connection is a module that is down, and says nothing about money.
func asked(err error) error {
	err = module.FromStatus(err)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*pay.Error](err); ok {
		return err
	}
	return &pay.Error{Code: pay.ErrModuleDown, MayHaveMoved: true, Cause: err}
}

func mayHaveMoved(err error) bool {
	e, ok := errors.AsType[*pay.Error](err)
	return ok && e.MayHaveMoved
}

// confirmSeen confirms what this till has read, of operations whose clients do not confirm themselves (PR_F_CONFIRM of payrack.h). Who
// read them does not matter, who began them does.
func (h *Host) confirmSeen(s *session) {
	for _, op := range h.pending(h.ctx, s.pos) {
		if op.Ack != pay.AckSeen || !op.CanConfirm {
			continue
		}
		if have, err := h.index.Get(h.ctx, op.Ref); err != nil || have.Confirms {
			continue
		}
		r, ok := h.residents[op.Module]
		if !ok {
			continue
		}
		l, err := r.now()
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(h.ctx, forwardLimit)
		out, err := l.rpc.Acknowledge(ctx, &modulev1.AcknowledgeRequest{Ref: string(op.Ref), Ack: string(pay.AckConfirm), By: s.by()})
		cancel()
		if err == nil {
			err = module.FromRefusal(out.GetRefusal())
		}
		if err != nil {
			h.log.Warn("what the till has read is not confirmed", "ref", op.Ref, "error", err)
			continue
		}
		if now, err := module.Unpack(out.GetOperation()); err == nil {
			r.note(h.ctx, now)
		}
	}
}

// validText refuses what is not UTF-8; protobuf refuses most of it before.
func validText(name, value string) error {
	if !utf8.ValidString(value) {
		return &pay.Error{Code: pay.ErrEncoding, Text: name + ": not UTF-8"}
	}
	return nil
}
