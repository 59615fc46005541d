package bank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
)

// GazprombankID names the bank in settings, journal and commands.
const GazprombankID = "gazprombank"

// Gazprombank is the bank's "СБПGate" (contract 3.3). It gives a sale no name of ours: a code whose registration was lost is one that nobody will
// ever see, and a refund is a draft with an id of the bank's, which is journaled before it is confirmed.
//
// The cash link is documented nowhere in public: it is modelled on the agent API of NSPK (contract 3.2), under the bank's own envelope. The operation's
// key travels in paymentPurpose.
type Gazprombank struct {
	Client   *exchange.Client
	Merchant string // merchantId
	Account  string // twenty digits
}

// gpbEnvelope is around every answer.
type gpbEnvelope struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Trx     string          `json:"transactionId"`
	Type    string          `json:"type"`
	Status  string          `json:"status"`
	Amount  wire.Kopecks    `json:"amount"`
	Money   string          `json:"currency"`
	Data    json.RawMessage `json:"data"`
}

type gpbQR struct {
	ID      string `json:"qrcId"`
	Payload string `json:"payload"`
}

type gpbStatus struct {
	ID      string       `json:"qrcId"`
	Code    string       `json:"code"`
	Status  string       `json:"status"`
	Trx     string       `json:"trxId"`
	Amount  wire.Kopecks `json:"amount"`
	Money   string       `json:"currency"`
	Message string       `json:"message"`
}

// gpbLink is what lies on a cash link, or what became of one activation of it.
type gpbLink struct {
	ID      string       `json:"qrcId"`
	Params  string       `json:"paramsId"`
	Link    string       `json:"status"`                // of the link
	State   string       `json:"cashRegisterQrcStatus"` // of one activation
	Payment string       `json:"trxStatus"`
	Trx     string       `json:"trxId"`
	Payer   string       `json:"payerId"`
	Amount  wire.Kopecks `json:"amount"`
	Money   string       `json:"currency"`
	Purpose string       `json:"paymentPurpose"`
}

// another says of an answer that names the purpose that it does not name ours.
func (l gpbLink) another(t Ticket) bool {
	return l.Purpose != "" && !strings.Contains(l.Purpose, t.Order)
}

func wholeKopecks(a pay.Amount) string { return strconv.FormatInt(int64(a), 10) }

func wholeMinutes(d time.Duration) int { return max(int((d+time.Minute-1)/time.Minute), 1) }

// Register implements Bank. It is no money request: nobody can pay what nobody has seen, and the request has no place for a key.
func (b *Gazprombank) Register(ctx context.Context, s Sale) (Ticket, Code, error) {
	in := map[string]any{"account": b.Account, "merchantId": b.Merchant, "templateVersion": "01", "qrcType": "02", "amount": wholeKopecks(s.Amount),
		"currency": string(pay.RUB)}
	var qr gpbQR
	e, err := b.query(ctx, http.MethodPost, "merchant/qrc-data", in, &qr)
	if err != nil {
		return Ticket{}, Code{}, err
	}
	if !name(qr.ID) {
		return Ticket{}, Code{}, errors.New("the answer has no code's id")
	}
	// The bank keeps no time for the code: the till does (contract 3.3).
	t := Ticket{Bank: GazprombankID, Mode: Dynamic, QR: qr.ID, Amount: s.Amount}
	if name(e.Trx) {
		t.Operation = e.Trx // nothing is asked by it, but the bank's own books name it
	}
	return t, Code{Payload: qr.Payload, Until: s.Now.Add(s.TTL)}, nil
}

// Activate implements Bank.
func (b *Gazprombank) Activate(ctx context.Context, s Sale) (Ticket, error) {
	in := map[string]any{"amount": wholeKopecks(s.Amount), "currency": string(pay.RUB), "paymentPurpose": s.Purpose + " " + s.id(),
		"qrTtl": strconv.Itoa(wholeMinutes(s.TTL))}
	var link gpbLink
	var body []byte
	answer, err := b.Client.Money(ctx, exchange.Key(s.Key), http.MethodPost, b.params(s.Link), in, &body)
	if _, err := b.read(answer, err, &link); err != nil {
		return Ticket{}, err
	}
	t := Ticket{Bank: GazprombankID, Mode: Cash, Order: s.id(), QR: s.Link, Params: link.Params, Amount: s.Amount}
	if !name(link.Params) {
		return Ticket{}, errors.New("the answer has no activation's id")
	}
	return t, b.about(t, link)
}

// Look implements Looker.
func (b *Gazprombank) Look(ctx context.Context, link string) (Charge, error) {
	var l gpbLink
	if _, err := b.query(ctx, http.MethodGet, "payment/v1/cash-register-qrc/"+link, nil, &l); err != nil {
		return Charge{}, err
	}
	if l.ID != link {
		return Charge{}, elsewhere("cash link", l.ID, link)
	}
	live, err := linkIsLive(l.Link)
	return Charge{Live: live, Params: l.Params, Purpose: l.Purpose, Amount: l.Amount.Amount}, err
}

// linkIsLive reads the status of a cash link (contract 3.2).
func linkIsLive(status string) (bool, error) {
	switch fold(status) {
	case "INACTIVATED":
		return false, nil
	case "WAITINGPAYMENT", "INPROGRESS":
		return true, nil
	}
	return false, fmt.Errorf("the answer has the status %.40q, which nobody knows", status)
}

// Status implements Bank.
func (b *Gazprombank) Status(ctx context.Context, t Ticket) (Word, error) {
	if t.Mode == Cash {
		return b.linkStatus(ctx, t)
	}
	if !name(t.QR) {
		return Word{}, errors.New("a payment without its code cannot be asked about")
	}
	var list []gpbStatus
	if _, err := b.query(ctx, http.MethodPut, "payment/v1/qrc-status", map[string]any{"qrcIds": []string{t.QR}}, &list); err != nil {
		return Word{}, err
	}
	if len(list) != 1 || list[0].ID != t.QR {
		return Word{}, errors.New("the answer is not about the code that was asked for")
	}
	return b.payment(t, list[0])
}

// payment reads the status of a dynamic code. The protocol names no sum: it stands in the code itself, and was compared when that was made.
func (b *Gazprombank) payment(t Ticket, s gpbStatus) (Word, error) {
	if err := sameSum(s.Amount, t.Amount, s.Money); err != nil {
		return Word{}, err
	}
	w := Word{Code: wire.Clean(s.Status, 32), Text: wire.Clean(s.Message, 120), Trx: s.Trx, Amount: t.Amount}
	switch fold(s.Status) {
	case "NOTSTARTED":
		w.State = Fresh
		if t.Annulled { // blocked by the bank's own word, and then nobody had begun
			w.State = Annulled
		}
	case "RECEIVED", "INPROGRESS":
		w.State = Paying
	case "ACCEPTED":
		w.State = Paid
		if !name(s.Trx) {
			return Word{}, errors.New("the answer calls the code paid and names no payment")
		}
	case "REJECTED":
		w.State = Refused
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", s.Status)
	}
	return w, nil
}

func (b *Gazprombank) linkStatus(ctx context.Context, t Ticket) (Word, error) {
	if !name(t.Params) {
		return Word{State: Missing}, nil
	}
	var l gpbLink
	_, err := b.query(ctx, http.MethodGet, "payment/v1/cash-register-qrc/"+t.QR+"/"+t.Params, nil, &l)
	if r, ok := errors.AsType[*Refusal](err); ok && r.Status == http.StatusNotFound {
		return Word{State: Missing}, nil
	} else if err != nil {
		return Word{}, err
	}
	if l.Params == t.Params && l.another(t) { // what we were told is the name of another sale's charge, and ours is known by another
		return Word{State: Missing}, nil
	}
	if err := b.about(t, l); err != nil {
		return Word{}, err
	}
	return linkWord(l.State, l.Payment, Word{Trx: l.Trx, Payer: wire.Clean(l.Payer, 40), Amount: l.Amount.Amount})
}

// linkWord reads what NSPK says of one activation (contract 3.2): first of the payment, and where there is none, of the activation.
func linkWord(activation, payment string, w Word) (Word, error) {
	w.Code = wire.Clean(payment, 32)
	switch fold(payment) {
	case "ACWP":
		w.State = Paid
		if w.Amount == 0 || !name(w.Trx) {
			return Word{}, errors.New("the answer does not say what was paid")
		}
		return w, nil
	case "RJCT":
		w.State = Refused
		return w, nil
	case "RCVD", "ACTC":
		w.State = Paying
		return w, nil
	case "", "NTST":
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", payment)
	}
	switch fold(activation) {
	case "WAITINGPAYMENT":
		w.State = Fresh
	case "INPROGRESS":
		w.State = Paying
	case "DEACTIVATED": // by us, or by its time
		w.State = Closed
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", activation)
	}
	return w, nil
}

// about holds that an answer speaks about the activation of a ticket.
func (b *Gazprombank) about(t Ticket, l gpbLink) error {
	switch {
	case l.ID != t.QR:
		return elsewhere("cash link", l.ID, t.QR)
	case l.Params != t.Params:
		return elsewhere("activation", l.Params, t.Params)
	case l.another(t):
		return errors.New("the answer is about another sale's charge of the link")
	}
	if fold(l.Payment) == "ACWP" { // what was paid is compared by whoever asked
		return rublesOnly(l.Money)
	}
	return sameSum(l.Amount, t.Amount, l.Money)
}

// Annul implements Bank.
func (b *Gazprombank) Annul(ctx context.Context, t Ticket) error {
	var err error
	switch {
	case !name(t.QR):
		return errors.New("a code without its id cannot be annulled")
	case t.Mode == Cash:
		_, err = b.query(ctx, http.MethodDelete, b.params(t.QR), nil, nil)
	default:
		_, err = b.query(ctx, http.MethodPost, "merchant/qrc-block", map[string]any{"qrcId": t.QR}, nil)
	}
	return err
}

// Draft implements Drafter. A draft that is never confirmed moves nothing, so one whose answer was lost is harmless.
func (b *Gazprombank) Draft(ctx context.Context, r Return) (string, error) {
	if !name(r.Payment.Trx) {
		return "", errors.New("a payment without the bank's id cannot be given back")
	}
	in := map[string]any{"transactionId": r.Payment.Trx, "amount": wholeKopecks(r.Amount), "currency": string(pay.RUB)}
	e, err := b.query(ctx, http.MethodPost, "merchant/transfer/return/prepare", in, nil)
	if err != nil {
		return "", err
	}
	if !name(e.Trx) || e.Trx == r.Payment.Trx {
		return "", errors.New("the answer has no draft's id")
	}
	return e.Trx, sameSum(e.Amount, r.Amount, e.Money)
}

// Refund implements Bank: it confirms the draft. The answer tells only that the bank took it.
func (b *Gazprombank) Refund(ctx context.Context, r Return) (Word, error) {
	if !name(r.Draft) {
		return Word{}, errors.New("a refund without its draft cannot be confirmed")
	}
	var body []byte
	answer, err := b.Client.Money(ctx, exchange.BankID(r.Draft), http.MethodPost, "merchant/transfer/return/confirm", map[string]any{"transactionId": r.Draft}, &body)
	e, err := b.read(answer, err, nil)
	switch {
	case err != nil:
		return Word{}, err
	case e.Trx != "" && e.Trx != r.Draft:
		return Word{}, elsewhere("operation", e.Trx, r.Draft)
	}
	return Word{State: Paying, Trx: r.Draft}, nil
}

// RefundStatus implements Bank.
func (b *Gazprombank) RefundStatus(ctx context.Context, r Return) (Word, error) {
	e, err := b.query(ctx, http.MethodPost, "operation/info", map[string]any{"transactionId": r.Draft}, nil)
	if no, ok := errors.AsType[*Refusal](err); ok && no.NotFound() {
		return Word{State: Missing}, nil
	} else if err != nil {
		return Word{}, err
	}
	return b.refund(r, e)
}

func (b *Gazprombank) refund(r Return, e gpbEnvelope) (Word, error) {
	if e.Trx != "" && e.Trx != r.Draft {
		return Word{}, elsewhere("operation", e.Trx, r.Draft)
	}
	if kind := fold(e.Type); kind != "" && kind != "QRRETURNING" {
		return Word{}, fmt.Errorf("the answer is about a %.40q", e.Type)
	}
	if err := sameSum(e.Amount, r.Amount, e.Money); err != nil {
		return Word{}, err
	}
	w := Word{Code: wire.Clean(e.Status, 32), Text: wire.Clean(e.Message, 120), Trx: r.Draft, Amount: r.Amount}
	switch fold(e.Status) {
	case "DRAFT":
		w.State = Fresh
	case "PERFORMED":
		w.State = Paid
	case "CANCELLED", "ERROR", "ROLLBACKPERFORMED":
		w.State = Refused
	case "INPROGRESS", "ERRORCHECK", "INCOMPLETE", "ERROREXECUTE", "NOTSTARTED", "ERRORMANUALHANDLING", "ROLLBACKINPROGRESS":
		w.State = Paying
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", e.Status)
	}
	return w, nil
}

// Probe implements Bank: the status of no code at all is asked for, so that login and password are tried. Any answer in the bank's envelope is one.
func (b *Gazprombank) Probe(ctx context.Context) (*exchange.Answer, error) {
	var body []byte
	answer, err := b.Client.Query(ctx, http.MethodPut, "payment/v1/qrc-status", map[string]any{"qrcIds": []string{}}, &body)
	if _, err = b.read(answer, err, nil); refused(err) && answer.Status != http.StatusUnauthorized && answer.Status != http.StatusForbidden {
		err = nil
	}
	return answer, err
}

func (b *Gazprombank) params(link string) string {
	return "payment/v1/cash-register-qrc/" + link + "/params"
}

func (b *Gazprombank) query(ctx context.Context, method, path string, in, data any) (gpbEnvelope, error) {
	var body []byte
	answer, err := b.Client.Query(ctx, method, path, in, &body)
	return b.read(answer, err, data)
}

// read takes an answer. Only "000" is success, and of what is modelled on NSPK "RQ00000" too; any other code is the bank's no.
func (b *Gazprombank) read(answer *exchange.Answer, err error, data any) (gpbEnvelope, error) {
	if !answered(answer, err) {
		return gpbEnvelope{}, err
	}
	var e gpbEnvelope
	wrong := wire.Decode(answer.Body, &e)
	switch {
	case wrong != nil && err != nil:
		return gpbEnvelope{}, err
	case wrong != nil:
		return gpbEnvelope{}, wrong
	case e.Code == "" && err != nil:
		return gpbEnvelope{}, err
	case e.Code == "":
		return gpbEnvelope{}, errors.New("the answer has no code")
	case e.Code != "000" && e.Code != "RQ00000":
		return gpbEnvelope{}, &Refusal{Code: e.Code, Message: e.Message, Status: answer.Status, cause: err}
	case err != nil:
		return gpbEnvelope{}, err
	case data == nil:
		return e, nil
	case len(e.Data) == 0:
		return gpbEnvelope{}, errors.New("the answer has no data")
	}
	if json.Unmarshal(e.Data, data) != nil {
		return gpbEnvelope{}, errors.New("the answer's data cannot be read")
	}
	return e, nil
}
