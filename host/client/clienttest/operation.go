package clienttest

import (
	"context"
	"strconv"
	"time"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// Operation is one operation of the host, as its script sees it.
type Operation struct {
	h       *Host
	Request *hostv1.BeginRequest
	PosID   string

	view    pay.Operation
	told    bool
	events  []pay.Event
	answers map[int64]string
	cancels []string
	last    int64
}

// Emit adds an event and gives its number. Numbers have gaps, as real ones do.
func (o *Operation) Emit(ev pay.Event) int64 {
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	o.last += 3
	ev.Number, ev.Time = o.last, time.Unix(1795000000, 0).UTC()
	if ev.Prompt() && ev.ID == "" {
		ev.ID = strconv.FormatInt(ev.Number, 10)
	}
	o.events = append(o.events, ev)
	o.h.touch()
	return o.last
}

// Tell tells an outcome; shape may fill in the rest of what is known.
func (o *Operation) Tell(outcome pay.Outcome, shape func(*pay.Operation)) {
	o.h.mu.Lock()
	o.view.Outcome, o.told, o.view.Running = outcome, true, false
	if outcome == pay.Approved {
		o.view.ApprovedAmount, o.view.Refundable, o.view.CanConfirm, o.view.CanReverse = o.view.Amount, o.view.Amount, true, true
	}
	o.view.CanCancel = false
	if shape != nil {
		shape(&o.view)
	}
	view := o.view
	o.h.mu.Unlock()
	o.Emit(pay.Event{Kind: pay.EvOutcome, Operation: &view})
}

// Answer blocks until the prompt of that number is answered.
func (o *Operation) Answer(number int64) string {
	var value string
	_ = o.h.Await(context.Background(), func() bool {
		o.h.mu.Lock()
		defer o.h.mu.Unlock()
		v, ok := o.answers[number]
		value = v
		return ok
	})
	return value
}

// Cancelled blocks until a cancel is asked for, and gives its reason.
func (o *Operation) Cancelled() string {
	_ = o.h.Await(context.Background(), func() bool { return len(o.Cancels()) > 0 })
	return o.Cancels()[0]
}

// Cancels lists the reasons of the cancels that were asked for.
func (o *Operation) Cancels() []string {
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	return append([]string(nil), o.cancels...)
}

// Amounts that name a behaviour in ByAmount, in kopecks.
const (
	Approve     = 100 // approved at once
	Decline     = 200 // declined with a code and a text in Russian
	ShowQR      = 300 // a QR, then Cancelled once a cancel is asked for
	Ask         = 400 // a confirmation: "1" approves, else declined
	UnknownLate = 500 // Unknown, and approved after the cancel that a test sends
	Choose      = 600 // a choice, an input and a print, then approved
	Stay        = 700 // never ends
)

// ByAmount is a script by which a program that only knows the C interface can choose what happens.
func ByAmount(o *Operation) {
	o.Emit(pay.Event{Kind: pay.EvStatus, Text: "Ждём ответа"})
	o.Emit(pay.Event{Kind: 77, Text: "a kind of tomorrow"})
	switch o.Request.GetAmount() {
	case Decline:
		o.Tell(pay.Declined, func(op *pay.Operation) {
			op.Code, op.Text, op.Hint = "05", "Недостаточно средств", "Предложите другую оплату"
		})
	case ShowQR:
		o.Emit(pay.Event{Kind: pay.EvQRShow, Payload: "https://pay.example/q/1", Caption: "Оплатите", ExpiresIn: 60, PNG: []byte("\x89PNG"),
			Extra: []byte(`{"qr_text":"##\n##"}`)})
		o.Cancelled()
		o.Emit(pay.Event{Kind: pay.EvQRHide, Reason: "cancelled"})
		o.Tell(pay.Cancelled, nil)
	case Ask:
		n := o.Emit(pay.Event{Kind: pay.EvConfirm, Text: "Код WeChat. Продолжить?", Default: "0", Timeout: 30})
		if o.Answer(n) == "1" {
			o.Tell(pay.Approved, nil)
		} else {
			o.Tell(pay.Declined, nil)
		}
	case UnknownLate:
		o.Tell(pay.Unknown, func(op *pay.Operation) { op.OtherTender = true })
		o.Cancelled()
		o.Tell(pay.Approved, nil)
	case Choose:
		o.Answer(o.Emit(pay.Event{Kind: pay.EvChoice, Title: "Система", Items: []pay.Choice{{ID: "sendy", Text: "Sendy"}, {ID: "wechat", Text: "WeChat"}}, Default: "sendy"}))
		o.Answer(o.Emit(pay.Event{Kind: pay.EvInput, Title: "Телефон", Input: "phone", Min: 10, Max: 10}))
		o.Answer(o.Emit(pay.Event{Kind: pay.EvPrint, Reason: "slip", Text: "СЛИП"}))
		o.Tell(pay.Approved, nil)
	case Stay:
	default:
		o.Tell(pay.Approved, func(op *pay.Operation) { op.Slips = 2; op.Payer = "13****68"; op.Number = 784 })
	}
}
