package host

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// fake is a module that does what params "script" says, and keeps its journal in a file. Files in its data folder named crash, mute, blocked
// and go make it do as they are called.
type fake struct {
	data    string
	changed broadcast

	mu  sync.Mutex
	ops map[pay.Ref]*fakeOp
}

type fakeOp struct {
	View   pay.Operation
	Digest []byte
	Events []pay.Event
}

func newFake() *fake { return &fake{ops: map[pay.Ref]*fakeOp{}} }

func (f *fake) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.data, name))
	return err == nil
}

// save is the journal's write. f.mu is held.
func (f *fake) save() {
	raw, err := json.Marshal(f.ops)
	if err == nil {
		err = createFile(filepath.Join(f.data, "journal.json"), raw)
	}
	if err != nil {
		panic(err)
	}
	f.changed.fire()
}

func (f *fake) Describe(context.Context) (module.Description, error) {
	exe, _ := os.Executable()
	return module.Description{ID: strings.TrimSuffix(filepath.Base(exe), ".exe"), Version: "1.2", JSON: json.RawMessage(`{"ID":"fake","Title":{"en":"A fake"},"Kinds":["pay.online"]}`)}, nil
}

func (f *fake) Open(_ context.Context, o module.Opening) ([]pay.Operation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data = o.Data
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, err
	}
	if f.has("crash") {
		os.Exit(7)
	}
	if f.has("blocked") {
		return nil, pay.Refuse(pay.ErrConfig, "fake.ini:3: no such key")
	}
	if raw, err := os.ReadFile(filepath.Join(o.Data, "journal.json")); err == nil && len(f.ops) == 0 {
		if err := json.Unmarshal(raw, &f.ops); err != nil {
			return nil, err
		}
	}
	var list []pay.Operation
	for _, op := range f.ops {
		if op.View.Pending != "" {
			list = append(list, op.View)
		}
	}
	return list, nil
}

func (f *fake) Health(ctx context.Context, report func(module.Health) error) error {
	for {
		change := f.changed.wait()
		f.mu.Lock()
		busy := 0
		for _, op := range f.ops {
			if op.View.Running || !op.View.Outcome.Final() || op.View.Reversal == pay.ReversalUnderWay {
				busy++
			}
		}
		f.mu.Unlock()
		if err := report(module.Health{State: "ok", Busy: busy}); err != nil {
			return err
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *fake) Begin(_ context.Context, r module.Request) (pay.Operation, bool, error) {
	var p struct {
		Script string `json:"script"`
	}
	if err := json.Unmarshal(r.Params.Raw, &p); err != nil {
		return pay.Operation{}, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if log, err := os.OpenFile(filepath.Join(f.data, "begins"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		_, _ = log.WriteString(string(r.Ref) + " " + r.Initiator + "\n")
		_ = log.Close()
	}
	if op, ok := f.ops[r.Ref]; ok {
		if !bytes.Equal(op.Digest, r.Digest) {
			return pay.Operation{}, true, &pay.Error{Code: pay.ErrRefReused}
		}
		return op.View, true, nil
	}
	switch p.Script {
	case "late": // it journals what nobody waits for any more
		f.mu.Unlock()
		for !f.has("go") {
			time.Sleep(time.Millisecond)
		}
		f.mu.Lock()
	case "refuse":
		return pay.Operation{}, false, &pay.Error{Code: pay.ErrNotActive}
	case "die-before":
		os.Exit(9)
	case "die-once":
		if !f.has("died") {
			_ = os.WriteFile(filepath.Join(f.data, "died"), nil, 0o600)
			os.Exit(9)
		}
	}
	if r.Kind == pay.KindCloseDay && f.has("empty-shift") {
		for _, op := range f.ops {
			if op.View.Kind == pay.KindCloseDay {
				return op.View, true, nil
			}
		}
	}
	op := &fakeOp{Digest: r.Digest, View: pay.Operation{Ref: r.Ref, Module: r.Module, Kind: r.Kind, PosID: r.PosID, Amount: r.Amount, Currency: r.Currency,
		Running: true, Pending: "running", Receipt: r.Params.Receipt, Document: r.Params.Document, OriginalRef: r.Params.OriginalRef, Begun: time.Now()}}
	f.ops[r.Ref] = op
	op.Events = append(op.Events, pay.Event{Number: 1, Kind: pay.EvStatus, Text: "begun"}, pay.Event{Number: 2, Kind: 777, Text: "of next year"})
	switch p.Script {
	case "approve", "late", "die-once", "":
		f.tell(op, pay.Approved, "unread")
	case "decline":
		f.tell(op, pay.Declined, "")
	case "unknown":
		f.tell(op, pay.Unknown, "unknown")
	case "abandoned":
		op.View.OtherTender = true
		f.tell(op, pay.Unknown, "unknown")
	}
	f.save()
	if p.Script == "die" {
		os.Exit(9)
	}
	return op.View, false, nil
}

func (f *fake) tell(op *fakeOp, outcome pay.Outcome, pending string) {
	op.View.Running, op.View.Outcome, op.View.Pending = false, outcome, pending
	view := op.View
	op.Events = append(op.Events, pay.Event{Number: int64(len(op.Events) + 1), Kind: pay.EvOutcome, Operation: &view})
}

func (f *fake) Watch(ctx context.Context, ref pay.Ref, after int64, attend bool, emit func(pay.Event) error) error {
	f.mu.Lock()
	op, ok := f.ops[ref]
	f.mu.Unlock()
	if !ok {
		return pay.Refuse(pay.ErrNotFound, "no %s", ref)
	}
	if attend {
		_ = os.WriteFile(filepath.Join(f.data, "attended-"+string(ref)), nil, 0o600)
		defer os.Remove(filepath.Join(f.data, "attended-"+string(ref)))
	}
	for {
		change := f.changed.wait()
		f.mu.Lock()
		events, final := op.Events, op.View.Outcome.Final()
		f.mu.Unlock()
		for _, e := range events {
			if e.Number > after {
				after = e.Number
				if err := emit(e); err != nil {
					return err
				}
			}
		}
		if final {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Answer gives an operation the outcome that its value names.
func (f *fake) Answer(_ context.Context, ref pay.Ref, _ int64, value, _ string) error {
	var outcome pay.Outcome
	if err := outcome.UnmarshalText([]byte(value)); err != nil {
		return err
	}
	if value == "die" {
		os.Exit(9)
	}
	return f.settle(ref, outcome)
}

func (f *fake) settle(ref pay.Ref, outcome pay.Outcome) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, ok := f.ops[ref]
	if !ok {
		return &pay.Error{Code: pay.ErrNotFound}
	}
	pending := map[pay.Outcome]string{pay.Approved: "unread", pay.Unknown: "unknown"}
	f.tell(op, outcome, pending[outcome])
	f.save()
	return nil
}

func (f *fake) Cancel(_ context.Context, ref pay.Ref, _, _ string) error {
	return f.settle(ref, pay.Cancelled)
}

func (f *fake) Acknowledge(_ context.Context, ref pay.Ref, ack pay.Ack, _, _ string) (pay.Operation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, ok := f.ops[ref]
	if !ok {
		return pay.Operation{}, &pay.Error{Code: pay.ErrNotFound}
	}
	op.View.Ack, op.View.CanConfirm, op.View.Pending = ack, ack == pay.AckSeen, map[pay.Ack]string{pay.AckSeen: "unconfirmed"}[ack]
	f.save()
	return op.View, nil
}

func (f *fake) Resolve(_ context.Context, ref pay.Ref, charged bool, who string) (pay.Operation, error) {
	outcome := pay.Declined
	if charged {
		outcome = pay.Approved
	}
	if err := f.settle(ref, outcome); err != nil {
		return pay.Operation{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops[ref].View.ResolvedBy, f.ops[ref].View.Pending = who, ""
	return f.ops[ref].View, nil
}

func (f *fake) Settings(_ context.Context, r module.SettingsRequest) (string, error) {
	return r.Action + " " + r.Key + " " + r.By, nil
}

func (f *fake) Find(_ context.Context, query json.RawMessage) (json.RawMessage, error) {
	var q struct{ What, Ref string }
	if err := json.Unmarshal(query, &q); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if q.What == "operations" && f.has("journal.db") { // as the sdk answers
		if f.has("mute") {
			return nil, &pay.Error{Code: pay.ErrJournal}
		}
		return f.page(query)
	}
	if q.What != "operation" {
		return query, nil
	}
	op, ok := f.ops[pay.Ref(q.Ref)]
	if !ok {
		return nil, &pay.Error{Code: pay.ErrNotFound}
	}
	return json.Marshal(op.View)
}

func (f *fake) page(query json.RawMessage) (json.RawMessage, error) {
	var q struct {
		From  time.Time
		Limit int
	}
	if err := json.Unmarshal(query, &q); err != nil {
		return nil, err
	}
	list := []pay.Operation{}
	for _, op := range f.ops {
		if !op.View.Begun.Before(q.From) {
			list = append(list, op.View)
		}
	}
	slices.SortFunc(list, func(a, b pay.Operation) int { return a.Begun.Compare(b.Begun) })
	return json.Marshal(list[:min(len(list), q.Limit)])
}

func (f *fake) Info(_ context.Context, what, _ string) (json.RawMessage, error) {
	switch what {
	case "shift":
		if f.has("names-close") {
			return json.RawMessage(`{"shift":5,"close_ref":"close-fake-5"}`), nil
		}
		return json.RawMessage(`{"shift":5}`), nil
	case "boom":
		panic("4111111111111111")
	}
	return json.RawMessage(`{"what":"` + what + `"}`), nil
}

func (f *fake) Slip(_ context.Context, r module.SlipRequest) ([]byte, error) {
	return []byte(strings.Repeat("slip ", r.Copy)), nil
}

func (f *fake) Drain(ctx context.Context, grace time.Duration) (int, error) {
	end := time.Now().Add(grace)
	for {
		f.mu.Lock()
		running := 0
		for _, op := range f.ops {
			if op.View.Running {
				running++
			}
		}
		f.mu.Unlock()
		if running == 0 || time.Now().After(end) || f.data != "" && f.has("hasty") {
			return running, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}
