package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/payrack/payrack/host/place"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// fakeHost serves the host's API on the socket where an installation's host listens. What an operation does is chosen by its receipt, what
// a module refuses by its name; everything that it is asked for, it remembers.
type fakeHost struct {
	hostv1.UnimplementedHostServiceServer
	mu       sync.Mutex
	changed  *sync.Cond
	place    place.Place
	ops      map[pay.Ref]*fakeOperation
	settings map[string]string
	asked    []string // calls, in order
}

type fakeOperation struct {
	op        pay.Operation
	params    pay.Params
	events    []pay.Event
	watchers  int
	answers   []string
	cancelled bool
}

// now is the fake's clock, so that what is printed can be compared.
var now = time.Date(2026, 11, 22, 10, 3, 38, 0, time.UTC)

// serveFake starts a fake host for the installation in home. The socket lies in runtime, which must be a short path.
func serveFake(t testing.TB, home, runtime string) (*fakeHost, func()) {
	t.Helper()
	// The address of an installation depends on the environment of who asks; the child gets the same one.
	p, err := place.Find(home)
	if err != nil {
		t.Fatal(err)
	}
	h := &fakeHost{place: p, ops: map[pay.Ref]*fakeOperation{}, settings: map[string]string{"SlipWidth": "32", "Disabled": ""}}
	h.changed = sync.NewCond(&h.mu)
	h.seed()
	address := filepath.Join(runtime, filepath.Base(filepath.Dir(p.Address())), "host.sock")
	if err := os.MkdirAll(filepath.Dir(address), 0o700); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(place.Host{PID: os.Getpid(), Address: address, Version: "fake"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.HostFile(), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	hostv1.RegisterHostServiceServer(server, h)
	go func() { _ = server.Serve(l) }()
	return h, server.Stop
}

// seed puts in what earlier days left.
func (h *fakeHost) seed() {
	h.ops["R-1"] = &fakeOperation{op: pay.Operation{Ref: "R-1", Module: "sendy", Kind: pay.KindOnline, PosID: "4", Amount: 12345, Currency: pay.RUB,
		Outcome: pay.Approved, ApprovedAmount: 12345, Refundable: 12345, Number: 784, Shift: 31, Receipt: "000157", CanConfirm: true, CanReverse: true,
		Pending: "unconfirmed", Slips: 2, Begun: now, Settled: now.Add(40 * time.Second)}}
	h.ops["R-2"] = &fakeOperation{op: pay.Operation{Ref: "R-2", Module: "sendy", Kind: pay.KindOnline, PosID: "4", Amount: 99000, Currency: pay.RUB,
		Outcome: pay.Unknown, Number: 786, Shift: 31, Pending: "unknown", Begun: now.Add(time.Hour)}}
	h.ops["D-1"] = &fakeOperation{op: pay.Operation{Ref: "D-1", Module: "sendy", Kind: pay.KindRefund, PosID: "4", Amount: 100, Currency: pay.RUB,
		Outcome: pay.Approved, ApprovedAmount: 100, Number: 787, Shift: 31, Pending: "unread", Begun: now}}
	h.ops["close-sendy-31"] = &fakeOperation{op: pay.Operation{Ref: "close-sendy-31", Module: "sendy", Kind: pay.KindCloseDay, PosID: "4",
		Outcome: pay.Approved, Number: 788, Shift: 31, Ack: pay.AckSeen, Begun: now}}
}

func refused(code pay.Code, text, hint string) *modulev1.Refusal {
	return &modulev1.Refusal{Code: int32(code), Text: text, Hint: hint}
}

// or is how a call to the host itself is remembered.
func or(module string) string { return cmp.Or(module, "-") }

func (h *fakeHost) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, fmt.Sprintf(format, args...))
	h.changed.Broadcast()
}

func (h *fakeHost) Session(in *hostv1.SessionRequest, out grpc.ServerStreamingServer[hostv1.SessionResponse]) error {
	h.note("session pos=%s lang=%s flags %d", in.GetPosId(), in.GetLanguage(), in.GetFlags())
	if err := out.Send(&hostv1.SessionResponse{Session: "s", Version: "fake", HostPid: int64(os.Getpid())}); err != nil {
		return err
	}
	<-out.Context().Done()
	return nil
}

func (h *fakeHost) SetOption(_ context.Context, in *hostv1.SetOptionRequest) (*hostv1.SetOptionResponse, error) {
	h.note("option %s=%s", in.GetKey(), in.GetValue())
	if in.GetKey() == "operator.pin" && in.GetValue() != "4711" {
		return &hostv1.SetOptionResponse{Refusal: refused(pay.ErrHostDenied, "PIN не подходит.", "Проверьте PIN.")}, nil
	}
	return &hostv1.SetOptionResponse{}, nil
}

func (h *fakeHost) Begin(_ context.Context, in *hostv1.BeginRequest) (*hostv1.BeginResponse, error) {
	h.note("begin %s %s %d %s", or(in.GetModule()), in.GetKind(), in.GetAmount(), strings.ReplaceAll(in.GetParams(), `"`, ""))
	refusals := map[string]*modulev1.Refusal{
		"none": refused(pay.ErrNoModule, "Модуля none нет.", ""), "down": refused(pay.ErrModuleDown, "Модуль не запущен.", "Вызовите техника."),
		"cold": refused(pay.ErrNotActive, "Терминал не активирован.", "Активируйте терминал."), "busy": refused(pay.ErrBusy, "Идет другая операция.", ""),
		"broken": refused(pay.ErrConfig, "sendy.ini:3: неизвестный ключ SlipWitdh", ""),
	}
	if r := refusals[in.GetModule()]; r != nil {
		return &hostv1.BeginResponse{Refusal: r}, nil
	}
	params, err := pay.ParseParams(in.GetParams())
	if err != nil {
		return &hostv1.BeginResponse{Refusal: module.Refusal(err)}, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	ref := pay.Ref(in.GetRef())
	if known, ok := h.ops[ref]; ok {
		if known.op.Amount != pay.Amount(in.GetAmount()) {
			return &hostv1.BeginResponse{Refusal: refused(pay.ErrRefReused, "Этот ref уже занят.", "")}, nil
		}
		packed, err := module.Pack(known.op)
		return &hostv1.BeginResponse{Operation: packed, Existed: true}, err
	}
	if ref == "" {
		ref = pay.CloseRef(in.GetModule(), 31, 1)
	}
	id := in.GetModule()
	if id == "" {
		id = "sendy"
	}
	o := &fakeOperation{params: params, op: pay.Operation{Ref: ref, Module: id, Kind: pay.Kind(in.GetKind()), PosID: "cli", Amount: pay.Amount(in.GetAmount()),
		Currency: pay.RUB, Running: true, Number: 790, Shift: 31, Receipt: params.Receipt, OriginalRef: params.OriginalRef, Begun: now}}
	h.ops[ref] = o
	h.play(o)
	packed, err := module.Pack(o.op)
	return &hostv1.BeginResponse{Operation: packed, Module: id}, err
}

// play is what a new operation does at once. The lock is held.
func (h *fakeHost) play(o *fakeOperation) {
	switch o.params.Receipt {
	case "decline":
		h.end(o, pay.Declined, "51", "Недостаточно средств.")
	case "offline":
		h.end(o, pay.Declined, "PR_E_OFFLINE", "Нет связи.")
	case "unknown":
		h.end(o, pay.Unknown, "", "")
	case "ask":
		h.emit(o, pay.Event{Kind: pay.EvChoice, ID: "system", Title: "Платежная система", Items: []pay.Choice{{ID: "sendy", Text: "Sendy"}, {ID: "wechat", Text: "WeChat"}}, Default: "sendy"})
	case "slow", "faster", "hang":
		h.emit(o, pay.Event{Kind: 77, Text: "an event of a newer host"})
		h.emit(o, pay.Event{Kind: pay.EvQRShow, Payload: "https://pay.example/q/1", Caption: "Наведите камеру", ExpiresIn: 300})
		h.emit(o, pay.Event{Kind: pay.EvStatus, Text: "Ждем покупателя\x1b[2J"})
	default:
		h.emit(o, pay.Event{Kind: pay.EvStatus, Text: "Списываем деньги"})
		h.end(o, pay.Approved, "00", "Одобрено")
	}
}

func (h *fakeHost) emit(o *fakeOperation, ev pay.Event) {
	ev.Number, ev.Time = int64(len(o.events)+1), now
	o.events = append(o.events, ev)
	h.changed.Broadcast()
}

func (h *fakeHost) end(o *fakeOperation, outcome pay.Outcome, code, text string) {
	o.op.Running, o.op.Outcome, o.op.Code, o.op.Text = false, outcome, code, text
	if outcome == pay.Approved {
		o.op.ApprovedAmount, o.op.CanConfirm, o.op.Pending = o.op.Amount, o.op.Kind.Payment(), "unread"
		if o.op.Kind == pay.KindBasket {
			o.op.ApprovedAmount, o.op.LeftToPay = 8990, o.op.Amount-8990
			o.op.Items = pay.BasketResult{Items: []pay.ApprovedItem{{Position: 1, Approved: 8990}}}.Marked(o.params.Items, "социальный товар")
		}
	}
	if outcome == pay.Approved && o.op.Kind == pay.KindCommand {
		o.op.Result = json.RawMessage(`{"active":true,"attempts_left":3}`)
	}
	if o.op.Kind == pay.KindCommand && o.params.Name == "reconcile" {
		o.op.Result = json.RawMessage(agreeing)
		if !strings.Contains(string(o.params.Args), "good.csv") {
			o.op.Result = json.RawMessage(differing)
		}
		if strings.Contains(string(o.params.Args), "none.csv") {
			o.op.Outcome, o.op.Code, o.op.Text, o.op.Hint, o.op.Result = pay.Declined, "PR_E_ARGUMENT", "Это не реестр.", "Возьмите файл из письма банка.", nil
		}
	}
	if o.op.Kind == pay.KindVerifyLink && o.params.Code == "other" {
		o.op.Outcome, o.op.Code, o.op.Text, o.op.Hint = pay.Declined, "mismatch", "Это не ссылка этой кассы.", "Замените табличку."
	}
	if o.op.Kind == pay.KindCommand && strings.Contains(string(o.params.Args), `"code":"bad"`) {
		o.op.Outcome, o.op.Code, o.op.Text, o.op.Result = pay.Declined, "PR_E_ACTIVATION", "Код не подошел.", json.RawMessage(`{"active":false,"attempts_left":1}`)
	}
	op := o.op
	h.emit(o, pay.Event{Kind: pay.EvOutcome, Operation: &op})
}

// Results of the command reconcile.
const (
	agreeing = `{"agrees":true,"from":"2026-11-22T00:00:00+03:00","to":"2026-11-23T00:00:00+03:00","adds_up":true,"registry":{"payments":12345,"refunds":345},
		"journal":{"payments":12345,"refunds":345},"fees":49,"counts":{"agrees":1},
		"lines":[{"verdict":"agrees","kind":"payment","time":"2026-11-22T10:58:00+03:00","order":"order-1","ref":"R-1","registry":12345,"journal":12345}]}`
	differing = `{"agrees":false,"from":"2026-11-22T00:00:00+03:00","to":"2026-11-23T00:00:00+03:00","adds_up":false,"registry":{"payments":100,"refunds":0},
		"journal":{"payments":99,"refunds":0},"fees":0,"counts":{"agrees":1,"differs":1,"next_day":1,"only_registry":1},"lines":[
		{"verdict":"differs","why":"sum","kind":"payment","time":"2026-11-22T10:58:00+03:00","order":"order-1","ref":"R-1","registry":100,"journal":99},
		{"verdict":"only_registry","kind":"refund","time":"2026-11-22T11:00:00+03:00","order":"back-\u001b[2J","registry":500},
		{"verdict":"next_day","kind":"payment","time":"2026-11-23T00:00:10+03:00","ref":"R-3","journal":700},
		{"verdict":"agrees","kind":"payment","time":"2026-11-22T12:00:00+03:00","order":"order-9","ref":"R-9","registry":1,"journal":1}]}`
)

func (h *fakeHost) Watch(in *hostv1.WatchRequest, out grpc.ServerStreamingServer[modulev1.WatchResponse]) error {
	h.mu.Lock()
	o := h.ops[pay.Ref(in.GetRef())]
	if o == nil {
		h.mu.Unlock()
		return module.Status(pay.Refuse(pay.ErrNotFound, "нет такой операции"))
	}
	o.watchers++
	h.changed.Broadcast()
	h.mu.Unlock()
	stop := context.AfterFunc(out.Context(), func() { h.mu.Lock(); defer h.mu.Unlock(); h.changed.Broadcast() })
	defer stop()
	for next := int(in.GetAfter()); ; {
		h.mu.Lock()
		for next >= len(o.events) && out.Context().Err() == nil && !(len(o.events) > 0 && o.op.Outcome.Final()) {
			h.changed.Wait()
		}
		if out.Context().Err() != nil || next >= len(o.events) {
			h.mu.Unlock()
			return nil
		}
		ev := o.events[next]
		h.mu.Unlock()
		next++
		m, err := module.PackEvent(ev)
		if err != nil {
			return err
		}
		if err := out.Send(m); err != nil {
			return err
		}
	}
}

func (h *fakeHost) Answer(_ context.Context, in *modulev1.AnswerRequest) (*modulev1.AnswerResponse, error) {
	h.note("answer %s", in.GetValue())
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.ops[pay.Ref(in.GetRef())]
	o.answers = append(o.answers, in.GetValue())
	switch len(o.answers) {
	case 1:
		h.emit(o, pay.Event{Kind: pay.EvConfirm, ID: "sure", Text: "Списать деньги?"})
	case 2:
		h.emit(o, pay.Event{Kind: pay.EvInput, ID: "otp", Title: "Код", Input: "otp", Min: 4, Max: 6, AttemptsLeft: 2})
	default:
		h.end(o, pay.Approved, "00", "Одобрено")
	}
	return &modulev1.AnswerResponse{}, nil
}

func (h *fakeHost) Cancel(_ context.Context, in *modulev1.CancelRequest) (*modulev1.CancelResponse, error) {
	h.note("cancel %s", in.GetRef())
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.ops[pay.Ref(in.GetRef())]
	if o == nil {
		return &modulev1.CancelResponse{Refusal: refused(pay.ErrNotFound, "", "")}, nil
	}
	o.cancelled = true
	switch o.params.Receipt {
	case "slow":
		h.end(o, pay.Cancelled, "", "")
	case "faster":
		h.end(o, pay.Approved, "00", "Одобрено")
	}
	return &modulev1.CancelResponse{}, nil
}

func (h *fakeHost) Acknowledge(_ context.Context, in *modulev1.AcknowledgeRequest) (*modulev1.AcknowledgeResponse, error) {
	h.note("ack %s %s", in.GetAck(), in.GetRef())
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.ops[pay.Ref(in.GetRef())]
	if o == nil {
		return &modulev1.AcknowledgeResponse{Refusal: refused(pay.ErrNotFound, "", "")}, nil
	}
	if o.op.Ack == pay.AckConfirm && in.GetAck() == "reverse" {
		return &modulev1.AcknowledgeResponse{Refusal: refused(pay.ErrState, "", "")}, nil
	}
	o.op.Ack, o.op.Pending = pay.Ack(in.GetAck()), ""
	if in.GetAck() == "reverse" {
		o.op.Reversal, o.op.Pending = pay.ReversalUnderWay, "reversing"
	}
	packed, err := module.Pack(o.op)
	return &modulev1.AcknowledgeResponse{Operation: packed}, err
}

func (h *fakeHost) Resolve(_ context.Context, in *modulev1.ResolveRequest) (*modulev1.ResolveResponse, error) {
	h.note("resolve %s %v %s", in.GetRef(), in.GetCharged(), in.GetWhoAndWhy())
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.ops[pay.Ref(in.GetRef())]
	if !slices.Contains(h.asked, "option operator.pin=4711") {
		return &modulev1.ResolveResponse{Refusal: refused(pay.ErrHostDenied, "Нужны полные права.", "Задайте --operator и PIN.")}, nil
	}
	o.op.Outcome, o.op.ResolvedBy = pay.Cancelled, in.GetWhoAndWhy()
	packed, err := module.Pack(o.op)
	return &modulev1.ResolveResponse{Operation: packed}, err
}

func (h *fakeHost) Operation(_ context.Context, in *hostv1.OperationRequest) (*hostv1.OperationResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.ops[pay.Ref(in.GetRef())]
	if o == nil {
		return &hostv1.OperationResponse{Refusal: refused(pay.ErrNotFound, "", "")}, nil
	}
	packed, err := module.Pack(o.op)
	return &hostv1.OperationResponse{Operation: packed}, err
}

func (h *fakeHost) Pending(context.Context, *hostv1.PendingRequest) (*hostv1.PendingResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := &hostv1.PendingResponse{}
	for _, ref := range []pay.Ref{"R-1", "R-2"} {
		if o := h.ops[ref]; o.op.Pending != "" {
			packed, err := module.Pack(o.op)
			if err != nil {
				return nil, err
			}
			out.Operations = append(out.Operations, packed)
		}
	}
	return out, nil
}

func (h *fakeHost) Slip(_ context.Context, in *modulev1.SlipRequest) (*modulev1.SlipResponse, error) {
	h.note("slip %s copy=%d %s %s %d", in.GetRef(), in.GetCopy(), in.GetFormat(), in.GetEncoding(), in.GetWidth())
	if in.GetFormat() == "pdf" {
		return &modulev1.SlipResponse{Refusal: refused(pay.ErrUnsupported, "", "")}, nil
	}
	if in.GetFormat() == "escpos" {
		return &modulev1.SlipResponse{Data: []byte{0x1b, '@', 0xff}}, nil
	}
	return &modulev1.SlipResponse{Data: []byte("ИТОГИ СМЕНЫ 31\nСУММА 123,45 RUB\n")}, nil
}

func (h *fakeHost) Settings(_ context.Context, in *hostv1.SettingsRequest) (*modulev1.SettingsResponse, error) {
	q := in.GetRequest()
	h.note("settings %s %s %s=%s", or(in.GetModule()), q.GetAction(), q.GetKey(), strings.ReplaceAll(q.GetValue(), "\n", "|"))
	h.mu.Lock()
	defer h.mu.Unlock()
	switch q.GetAction() {
	case "get":
		value, ok := h.settings[q.GetKey()]
		if !ok {
			return &modulev1.SettingsResponse{Refusal: refused(pay.ErrNotFound, "Нет ключа "+q.GetKey()+".", "")}, nil
		}
		return &modulev1.SettingsResponse{Value: value}, nil
	case "set":
		if q.GetValue() == "wide" {
			return &modulev1.SettingsResponse{Refusal: refused(pay.ErrConfig, "SlipWidth: нужно целое число.", "")}, nil
		}
		h.settings[q.GetKey()] = q.GetValue()
	case "list":
		raw, err := json.Marshal(h.settings)
		return &modulev1.SettingsResponse{Value: string(raw)}, err
	case "describe":
		return &modulev1.SettingsResponse{Value: `[{"key":"SlipWidth","min":"24","max":"64"},{"key":"Token","secret":true}]`}, nil
	case "export":
		return &modulev1.SettingsResponse{Value: "[Slip]\nSlipWidth=32\n"}, nil
	case "validate":
		if strings.Contains(q.GetValue(), "SlipWitdh") {
			return &modulev1.SettingsResponse{Refusal: refused(pay.ErrConfig, "строка 2: неизвестный ключ SlipWitdh: может быть, SlipWidth?", "")}, nil
		}
	}
	return &modulev1.SettingsResponse{}, nil
}

func (h *fakeHost) Info(_ context.Context, in *hostv1.InfoRequest) (*modulev1.InfoResponse, error) {
	documents := map[string]string{
		"/modules":         `[{"id":"sendy","enabled":true,"state":"ok","version":"1.0","title":{"ru":"Сенди","en":"Sendy"}}]`,
		"/host":            `{"version":"fake","pid":1}`,
		"sendy/activation": `{"active":true,"terminal_id":"10240007","attempts_left":-1}`,
		"sendy/journal":    `{"ok":true}`,
		"sendy/link":       `{"ok":true,"server_time":"` + time.Now().UTC().Format(time.RFC3339) + `","latency_ns":12000000}`,
		"sendy/shift":      `{"shift":31,"open":true,"empty":null}`,
	}
	document, ok := documents[in.GetModule()+"/"+in.GetWhat()]
	if !ok {
		return &modulev1.InfoResponse{Refusal: refused(pay.ErrUnsupported, "", "")}, nil
	}
	return &modulev1.InfoResponse{Json: []byte(document)}, nil
}

func (h *fakeHost) Find(_ context.Context, in *hostv1.FindRequest) (*modulev1.FindResponse, error) {
	h.note("find %s %s", in.GetModule(), strings.ReplaceAll(string(in.GetQueryJson()), `"`, ""))
	var q struct {
		What   string  `json:"what"`
		Ref    pay.Ref `json:"ref"`
		Number int64   `json:"number"`
	}
	if err := json.Unmarshal(in.GetQueryJson(), &q); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if q.What == "story" {
		raw, err := os.ReadFile(filepath.Join("story", "testdata", "paid.json"))
		return &modulev1.FindResponse{Json: raw}, err
	}
	list := []pay.Operation{}
	for _, ref := range []pay.Ref{"R-1", "R-2"} {
		if o := h.ops[ref]; q.Number == 0 || o.op.Number == q.Number {
			list = append(list, o.op)
		}
	}
	raw, err := json.Marshal(list)
	return &modulev1.FindResponse{Json: raw}, err
}

func (h *fakeHost) Stop(_ context.Context, in *hostv1.StopRequest) (*hostv1.StopResponse, error) {
	h.note("stop drain=%v grace=%d", in.GetDrain(), in.GetGraceMs())
	return &hostv1.StopResponse{Running: 2}, nil
}
