package bank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
)

// RSBID names the bank in settings, journal and commands.
const RSBID = "rsb"

// RSB is the bank Russian Standard, its service "eis-app" (contract 3.4). sourceId is the operation's key; of a dynamic code it has the try's suffix, for
// what repeating one does is not stated.
//
// Cash link and refund are documented nowhere in public: they are this project's own, the agent API of NSPK (contract 3.2) in the bank's envelope. An
// activation puts out an earlier one that is not paid, as the bank's agents say; one sourceId is one refund. A dynamic code cannot be blocked: it
// dies by its time.
type RSB struct {
	Client   *exchange.Client
	Terminal string // terminalId
	Merchant string // merchantId
	Account  string
}

type rsbEnvelope struct {
	Source    string          `json:"sourceId"`
	Operation string          `json:"operationId"`
	Code      string          `json:"code"`
	Message   string          `json:"message"`
	Data      json.RawMessage `json:"data"`
	Payment   rsbPayment      `json:"paymentdata"`
}

// rsbPayment is who paid. The bank's sample has a blank at the end of one key: both are read.
type rsbPayment struct {
	Amount wire.Kopecks `json:"amount"`
	Blank  wire.Kopecks `json:"amount "`
}

func (p rsbPayment) sum() wire.Kopecks {
	if p.Amount.Named {
		return p.Amount
	}
	return p.Blank
}

type rsbData struct {
	ID      string       `json:"qrcId"`
	Payload string       `json:"payload"`
	Status  string       `json:"status"`
	State   string       `json:"cashRegisterQrcStatus"`
	Trx     string       `json:"trxId"`
	TrxWord string       `json:"trxStatus"`
	Params  string       `json:"paramsId"`
	Source  string       `json:"sourceId"`
	Refund  string       `json:"refundId"`
	Amount  wire.Kopecks `json:"amount"`
	Money   string       `json:"currency"`
	Purpose string       `json:"paymentPurpose"`
	Payer   string       `json:"payerId"`
	Payment rsbPayment   `json:"paymentdata"`
}

// purpose is what the bank wants to read of a payment (contract 3.4).
func (b *RSB) purpose(s Sale) string {
	return fmt.Sprintf("%s DATE:%s OPER:PAY", b.Merchant, s.Now.Format("02.01.2006"))
}

func (b *RSB) order(s Sale) map[string]any {
	return map[string]any{"sourceId": s.id(), "terminalId": b.Terminal, "merchantId": b.Merchant, "account": b.Account, "qrcExpire": wholeMinutes(s.TTL),
		"amount": int64(s.Amount), "currency": string(pay.RUB), "paymentPurpose": b.purpose(s)}
}

// Register implements Bank.
func (b *RSB) Register(ctx context.Context, s Sale) (Ticket, Code, error) {
	in := b.order(s)
	in["templateVersion"], in["qrcType"] = "01", "02"
	var d rsbData
	e, err := b.money(ctx, s, "getQrCode", in, &d)
	if err != nil {
		return Ticket{}, Code{}, err
	}
	if !name(d.ID) {
		return Ticket{}, Code{}, errors.New("the answer has no code's id")
	}
	return Ticket{Bank: RSBID, Mode: Dynamic, Order: s.id(), QR: d.ID, Operation: e.Operation, Amount: s.Amount},
		Code{Payload: d.Payload, Until: s.Now.Add(s.TTL)}, nil
}

// Activate implements Bank.
func (b *RSB) Activate(ctx context.Context, s Sale) (Ticket, error) {
	in := b.order(s)
	in["qrcId"] = s.Link
	var d rsbData
	e, err := b.money(ctx, s, "activateCashLink", in, &d)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{Bank: RSBID, Mode: Cash, Order: s.id(), QR: s.Link, Params: d.Params, Operation: e.Operation, Amount: s.Amount}
	if !name(d.Params) {
		return Ticket{}, errors.New("the answer has no activation's id")
	}
	return t, b.aboutLink(t, d)
}

// Look implements Looker.
func (b *RSB) Look(ctx context.Context, link string) (Charge, error) {
	var d rsbData
	if _, err := b.query(ctx, "getCashLink", map[string]any{"qrcId": link}, &d); err != nil {
		return Charge{}, err
	}
	if d.ID != link {
		return Charge{}, elsewhere("cash link", d.ID, link)
	}
	live, err := linkIsLive(d.Status)
	return Charge{Live: live, Params: d.Params, Order: d.Source, Purpose: d.Purpose, Amount: d.Amount.Amount}, err
}

// Status implements Bank. sourceId alone finds a payment whose registration was lost, and one of which the registration told another's name.
func (b *RSB) Status(ctx context.Context, t Ticket) (Word, error) {
	w, err := b.status(ctx, t)
	if err == nil && w.State == Missing && t.Mode == Cash && t.Params != "" {
		t.Params = ""
		return b.status(ctx, t)
	}
	return w, err
}

func (b *RSB) status(ctx context.Context, t Ticket) (Word, error) {
	call, in := "getQrdStatus", map[string]any{"sourceId": t.Order}
	if t.Order == "" {
		return Word{}, errors.New("a payment without its sourceId cannot be asked about")
	}
	optional := map[string]string{"operationId": t.Operation, "qrcId": t.QR}
	if t.Mode == Cash {
		call, optional = "getCashLinkStatus", map[string]string{"qrcId": t.QR, "paramsId": t.Params}
	}
	for field, value := range optional {
		if value != "" {
			in[field] = value
		}
	}
	var d rsbData
	e, err := b.query(ctx, call, in, &d)
	switch {
	case refused(err, "NOT_FOUND"):
		return Word{State: Missing}, nil
	case err != nil:
		return Word{}, err
	case e.Source != t.Order:
		return Word{}, elsewhere("sourceId", e.Source, t.Order)
	case e.Operation != "" && t.Operation != "" && e.Operation != t.Operation:
		return Word{}, elsewhere("operation", e.Operation, t.Operation)
	case t.Mode == Cash:
		return b.linkStatus(t, e, d)
	}
	return b.payment(t, e, d)
}

// payment reads the status of a dynamic code. Where paymentdata names no sum, the code's own stands, which was compared when it was made.
func (b *RSB) payment(t Ticket, e rsbEnvelope, d rsbData) (Word, error) {
	if d.ID != t.QR {
		return Word{}, elsewhere("code", d.ID, t.QR)
	}
	w := Word{Code: wire.Clean(d.Status, 32), Text: wire.Clean(e.Message, 120), Trx: d.Trx, Amount: t.Amount}
	switch fold(d.Status) {
	case "NOTSTARTED", "CREATED":
		w.State = Fresh
	case "RECEIVEDOPKC", "INPROGRESSOPKC", "RECEIVED", "INPROGRESS":
		w.State = Paying
	case "ACCEPTED":
		w.State = Paid
		if !name(d.Trx) {
			return Word{}, errors.New("the answer calls the code paid and names no payment")
		}
		for _, sum := range []wire.Kopecks{e.Payment.sum(), d.Payment.sum(), d.Amount} {
			if sum.Named {
				w.Amount = sum.Amount
				break
			}
		}
		if err := rublesOnly(d.Money); err != nil {
			return Word{}, err
		}
	case "DECLINED", "REJECTED":
		w.State = Refused
	case "EXPIRED":
		w.State = Expired
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", d.Status)
	}
	return w, nil
}

func (b *RSB) linkStatus(t Ticket, e rsbEnvelope, d rsbData) (Word, error) {
	switch {
	case t.Params == "" && name(d.Params): // our own sourceId found it
		t.Params = d.Params
	case t.Params != d.Params: // the bank knows it by another name
		return Word{State: Missing}, nil
	}
	if err := b.aboutLink(t, d); err != nil {
		return Word{}, err
	}
	return linkWord(d.State, d.TrxWord, Word{Trx: d.Trx, Payer: wire.Clean(d.Payer, 40), Amount: d.Amount.Amount, Params: t.Params, Operation: e.Operation})
}

func (b *RSB) aboutLink(t Ticket, d rsbData) error {
	switch {
	case d.ID != t.QR:
		return elsewhere("cash link", d.ID, t.QR)
	case d.Params != t.Params:
		return elsewhere("activation", d.Params, t.Params)
	}
	if fold(d.TrxWord) == "ACWP" {
		return rublesOnly(d.Money)
	}
	return sameSum(d.Amount, t.Amount, d.Money)
}

// ErrNoBlock is in the error of Annul where the bank has no such request.
var ErrNoBlock = errors.New("the bank cannot block a code: it dies by its time")

// Annul implements Bank, of a cash link alone.
func (b *RSB) Annul(ctx context.Context, t Ticket) error {
	if t.Mode != Cash {
		return ErrNoBlock
	}
	_, err := b.query(ctx, "deactivateCashLink", map[string]any{"qrcId": t.QR}, nil)
	return err
}

// Refund implements Bank.
func (b *RSB) Refund(ctx context.Context, r Return) (Word, error) {
	if !name(r.Payment.Trx) {
		return Word{}, errors.New("a payment without the bank's id cannot be given back")
	}
	in := map[string]any{"sourceId": r.Key.String(), "merchantId": b.Merchant, "terminalId": b.Terminal, "qrcId": r.Payment.QR, "trxId": r.Payment.Trx,
		"amount": int64(r.Amount), "currency": string(pay.RUB), "paymentPurpose": wire.Clean(r.Purpose, 140)}
	var d rsbData
	if _, err := b.money(ctx, Sale{Key: r.Key}, "refundQrc", in, &d); err != nil {
		return Word{}, err
	}
	return b.refund(r, d)
}

// RefundStatus implements Bank.
func (b *RSB) RefundStatus(ctx context.Context, r Return) (Word, error) {
	var d rsbData
	e, err := b.query(ctx, "getRefundStatus", map[string]any{"sourceId": r.Key.String()}, &d)
	switch {
	case refused(err, "NOT_FOUND"):
		return Word{State: Missing}, nil
	case err != nil:
		return Word{}, err
	case e.Source != r.Key.String():
		return Word{}, elsewhere("sourceId", e.Source, r.Key.String())
	}
	return b.refund(r, d)
}

func (b *RSB) refund(r Return, d rsbData) (Word, error) {
	if !d.Amount.Named {
		return Word{}, errors.New("the answer names no sum")
	}
	if err := sameSum(d.Amount, r.Amount, d.Money); err != nil {
		return Word{}, err
	}
	w := Word{Code: wire.Clean(d.Status, 32), Trx: d.Refund, Amount: d.Amount.Amount}
	switch fold(d.Status) {
	case "INPROGRESS", "CREATED", "RECEIVED":
		w.State = Paying
	case "COMPLETED":
		w.State = Paid
	case "DECLINED", "REJECTED":
		w.State = Refused
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", d.Status)
	}
	return w, nil
}

// Probe implements Bank: the status of a code that cannot be there is asked for, so that certificate and login are tried.
func (b *RSB) Probe(ctx context.Context) (*exchange.Answer, error) {
	var body []byte
	answer, err := b.Client.Query(ctx, http.MethodPost, "getQrdStatus", map[string]any{"sourceId": "payrack-probe"}, &body)
	if _, err = b.read(answer, err, nil); refused(err) && answer.Status != http.StatusUnauthorized && answer.Status != http.StatusForbidden {
		err = nil
	}
	return answer, err
}

func (b *RSB) query(ctx context.Context, call string, in, data any) (rsbEnvelope, error) {
	var body []byte
	answer, err := b.Client.Query(ctx, http.MethodPost, call, in, &body)
	return b.read(answer, err, data)
}

// money makes a request under the key of a sale, and holds that the answer is about that.
func (b *RSB) money(ctx context.Context, s Sale, call string, in, data any) (rsbEnvelope, error) {
	var body []byte
	answer, err := b.Client.Money(ctx, exchange.Key(s.Key), http.MethodPost, call, in, &body)
	e, err := b.read(answer, err, data)
	if err == nil && e.Source != s.id() {
		return rsbEnvelope{}, elsewhere("sourceId", e.Source, s.id())
	}
	return e, err
}

// read takes an answer. Only "0" is success.
func (b *RSB) read(answer *exchange.Answer, err error, data any) (rsbEnvelope, error) {
	if !answered(answer, err) {
		return rsbEnvelope{}, err
	}
	var e rsbEnvelope
	wrong := wire.Decode(answer.Body, &e)
	switch {
	case wrong != nil && err != nil:
		return rsbEnvelope{}, err
	case wrong != nil:
		return rsbEnvelope{}, wrong
	case e.Code == "" && err != nil:
		return rsbEnvelope{}, err
	case e.Code == "":
		return rsbEnvelope{}, errors.New("the answer has no code")
	case e.Code != "0":
		return rsbEnvelope{}, &Refusal{Code: e.Code, Message: e.Message, Status: answer.Status, cause: err}
	case err != nil:
		return rsbEnvelope{}, err
	case data == nil:
		return e, nil
	case len(e.Data) == 0:
		return rsbEnvelope{}, errors.New("the answer has no data")
	}
	if json.Unmarshal(e.Data, data) != nil {
		return rsbEnvelope{}, errors.New("the answer's data cannot be read")
	}
	return e, nil
}
