package bank

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
)

// RaiffeisenID names the bank in settings, journal and commands.
const RaiffeisenID = "raiffeisen"

// Addresses of Raiffeisenbank, with "/api" (contract 1.1).
const (
	RaiffeisenProduction = "https://pay.raif.ru/api"
	RaiffeisenTest       = "https://pay-test.raif.ru/api"
)

// Raiffeisen is Raiffeisenbank (contract 1): its published API of 2021, with registration by version 2 as its clients do it.
// The cash link goes by orders, whose id is the operation's key.
type Raiffeisen struct {
	Client   *exchange.Client
	Merchant string // sbpMerchantId, "MA…"
	Account  string // twenty digits, or empty
	V1       bool   // register by version 1
}

// RaiffeisenOpen says whether a request goes without the key: codes are registered without it (contract 1.1).
func RaiffeisenOpen(method, path string) bool {
	return method == http.MethodPost && (strings.HasSuffix(path, "/sbp/v2/qrs") || strings.HasSuffix(path, "/sbp/v1/qr/register"))
}

type raifRegister struct {
	Type     string      `json:"qrType"`
	Merchant string      `json:"sbpMerchantId"`
	Order    string      `json:"order"`
	Amount   json.Number `json:"amount"`
	Currency string      `json:"currency"`
	Account  string      `json:"account,omitempty"`
	Details  string      `json:"paymentDetails,omitempty"`
	Created  string      `json:"createDate"`
	Expires  string      `json:"qrExpirationDate"`
}

type raifQR struct {
	ID      string `json:"qrId"`
	Status  string `json:"qrStatus"`
	Payload string `json:"payload"`
	Expires string `json:"qrExpirationDate"`
}

type raifPayment struct {
	Status   string      `json:"paymentStatus"`
	Amount   json.Number `json:"amount"`
	Currency string      `json:"currency"`
	Order    string      `json:"order"`
	QR       string      `json:"qrId"`
	Trx      json.Number `json:"transactionId"`
}

type raifOrder struct {
	ID     string      `json:"id"`
	Amount json.Number `json:"amount"`
	Status struct {
		Value string `json:"value"`
	} `json:"status"`
	QR struct {
		ID string `json:"id"`
	} `json:"qr"`
}

type raifRefund struct {
	Amount json.Number `json:"amount"`
	Status string      `json:"refundStatus"`
}

// raifMoment is how the bank writes a moment.
const raifMoment = "2006-01-02T15:04:05.000Z07:00"

// Register implements Bank. The order is a new one at each try, for what repeating one does is not stated (contract 1.8).
func (b *Raiffeisen) Register(ctx context.Context, s Sale) (Ticket, Code, error) {
	until := s.Now.Add(s.TTL)
	in := raifRegister{Type: "QRDynamic", Merchant: b.Merchant, Order: s.id(), Amount: rubles(s.Amount), Currency: string(pay.RUB), Account: b.Account,
		Details: wire.Clean(s.Purpose, 185), Created: s.Now.Format(raifMoment), Expires: until.Format(raifMoment)}
	path := "sbp/v2/qrs"
	if b.V1 {
		path = "sbp/v1/qr/register"
	}
	var qr raifQR
	if err := b.money(ctx, s.Key, path, in, &qr); err != nil {
		return Ticket{}, Code{}, err
	}
	if !name(qr.ID) {
		return Ticket{}, Code{}, errors.New("the answer has no code's id")
	}
	return Ticket{Bank: RaiffeisenID, Mode: Dynamic, Order: in.Order, QR: qr.ID, Amount: s.Amount}, Code{Payload: qr.Payload, Until: moment(qr.Expires, until)}, nil
}

// Activate implements Bank: an order on the link.
func (b *Raiffeisen) Activate(ctx context.Context, s Sale) (Ticket, error) {
	in := map[string]any{"id": s.id(), "amount": rubles(s.Amount), "comment": wire.Clean(s.Purpose, 140), "expirationDate": s.Now.Add(s.TTL).Format(raifMoment),
		"qr": map[string]any{"id": s.Link, "paymentDetails": wire.Clean(s.Purpose, 185)}}
	var order raifOrder
	if err := b.money(ctx, s.Key, "payment/v1/orders", in, &order); err != nil {
		return Ticket{}, err
	}
	t := Ticket{Bank: RaiffeisenID, Mode: Cash, Order: s.id(), QR: s.Link, Amount: s.Amount}
	_, err := b.order(t, order)
	return t, err
}

// Status implements Bank. That nobody paid is a word about the payment only once the code is dead, and so it is asked about again after that.
func (b *Raiffeisen) Status(ctx context.Context, t Ticket) (Word, error) {
	if t.Mode == Cash {
		var order raifOrder
		err := b.query(ctx, http.MethodGet, "payment/v1/orders/"+t.Order, &order)
		if refused(err, "ORDER_NOT_FOUND") {
			return Word{State: Missing}, nil
		} else if err != nil {
			return Word{}, err
		}
		return b.order(t, order)
	}
	if !name(t.QR) {
		return Word{}, errors.New("a payment without its code cannot be asked about")
	}
	w, err := b.paid(ctx, t, Fresh)
	if err != nil || w.State != Fresh {
		return w, err
	}
	code, err := b.code(ctx, t)
	if err != nil || code == Fresh {
		return w, err
	}
	return b.paid(ctx, t, code)
}

// paid asks for the payment. code is what the code itself was said to be before.
func (b *Raiffeisen) paid(ctx context.Context, t Ticket, code State) (Word, error) {
	var p raifPayment
	err := b.query(ctx, http.MethodGet, "sbp/v1/qr/"+t.QR+"/payment-info", &p)
	if refused(err, "ERROR.NOT_FOUND") {
		return Word{State: Missing}, nil
	} else if err != nil {
		return Word{}, err
	}
	return b.payment(t, p, code)
}

// code is what became of a dynamic code itself.
func (b *Raiffeisen) code(ctx context.Context, t Ticket) (State, error) {
	var qr raifQR
	if err := b.query(ctx, http.MethodGet, "sbp/v2/qrs/"+t.QR, &qr); err != nil {
		return Unknown, err
	}
	if qr.ID != t.QR {
		return Unknown, elsewhere("code", qr.ID, t.QR)
	}
	switch fold(qr.Status) {
	case "CANCELLED":
		return Annulled, nil
	case "EXPIRED":
		return Expired, nil
	case "NEW", "INPROGRESS", "PAID", "INACTIVE": // the payment tells more
		return Fresh, nil
	}
	return Unknown, fmt.Errorf("the answer has the status %.40q, which nobody knows", qr.Status)
}

// payment reads payment-info.
func (b *Raiffeisen) payment(t Ticket, p raifPayment, code State) (Word, error) {
	if p.QR != "" && p.QR != t.QR {
		return Word{}, elsewhere("code", p.QR, t.QR)
	}
	if p.Order != "" && p.Order != t.Order {
		return Word{}, elsewhere("order", p.Order, t.Order)
	}
	w := Word{Code: wire.Clean(p.Status, 32), Trx: number(p.Trx)}
	switch fold(p.Status) {
	case "NOINFO":
		w.State = code // NEW: nobody has begun; dead: not paid (contract 1.4)
	case "INPROGRESS":
		w.State = Paying
	case "DECLINED":
		w.State = Refused
	case "SUCCESS":
		amount, err := readRubles(p.Amount)
		if err == nil {
			err = rublesOnly(p.Currency)
		}
		if err == nil && (p.QR == "" || p.Order == "" || amount == 0) {
			err = errors.New("the answer does not say what was paid")
		}
		if err != nil {
			return Word{}, err
		}
		w.State, w.Amount = Paid, amount
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", p.Status)
	}
	return w, nil
}

// order reads an order on the cash link.
func (b *Raiffeisen) order(t Ticket, o raifOrder) (Word, error) {
	if o.ID != t.Order {
		return Word{}, elsewhere("order", o.ID, t.Order)
	}
	if o.QR.ID != "" && o.QR.ID != t.QR {
		return Word{}, elsewhere("cash link", o.QR.ID, t.QR)
	}
	amount, err := readRubles(o.Amount)
	if err != nil {
		return Word{}, err
	}
	w := Word{Code: wire.Clean(o.Status.Value, 32), Amount: amount, Trx: o.ID}
	switch fold(o.Status.Value) {
	case "NEW":
		w.State = Fresh
	case "PAID":
		w.State = Paid
	case "CANCELLED":
		w.State = Annulled
	case "EXPIRED":
		w.State = Expired
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", o.Status.Value)
	}
	if amount != t.Amount && w.State != Paid {
		return Word{}, fmt.Errorf("the answer names %s, asked was %s", amount, t.Amount)
	}
	return w, nil
}

// Annul implements Bank.
func (b *Raiffeisen) Annul(ctx context.Context, t Ticket) error {
	path := "sbp/v2/qrs/" + t.QR
	if t.Mode == Cash {
		path = "payment/v1/orders/" + t.Order
	} else if !name(t.QR) {
		return errors.New("a code without its id cannot be annulled")
	}
	return b.query(ctx, http.MethodDelete, path, nil)
}

// Refund implements Bank. One refundId is one refund (contract 0: treat as idempotent, ask first).
func (b *Raiffeisen) Refund(ctx context.Context, r Return) (Word, error) {
	in := map[string]any{"refundId": r.Key.String(), "amount": rubles(r.Amount), "paymentDetails": wire.Clean(r.Purpose, 140)}
	path := "sbp/v1/refund"
	if r.Payment.Mode == Cash {
		path = b.orderRefund(r)
		in["orderId"] = r.Payment.Order
	} else {
		in["order"] = r.Payment.Order
		if r.Payment.Trx != "" {
			in["transactionId"] = json.Number(r.Payment.Trx)
		}
	}
	var out raifRefund
	if err := b.money(ctx, r.Key, path, in, &out); err != nil {
		return Word{}, err
	}
	return b.refund(r, out)
}

// RefundStatus implements Bank.
func (b *Raiffeisen) RefundStatus(ctx context.Context, r Return) (Word, error) {
	path := "sbp/v1/refund/" + r.Key.String()
	if r.Payment.Mode == Cash {
		path = b.orderRefund(r)
	}
	var out raifRefund
	err := b.query(ctx, http.MethodGet, path, &out)
	if refused(err, "ERROR.REFUND_NOT_FOUND") {
		return Word{State: Missing}, nil
	} else if err != nil {
		return Word{}, err
	}
	return b.refund(r, out)
}

func (b *Raiffeisen) orderRefund(r Return) string {
	return "payments/v1/orders/" + r.Payment.Order + "/refunds/" + r.Key.String()
}

func (b *Raiffeisen) refund(r Return, out raifRefund) (Word, error) {
	amount, err := readRubles(out.Amount)
	if err != nil {
		return Word{}, err
	}
	if amount != r.Amount {
		return Word{}, fmt.Errorf("the answer names %s, asked was %s", amount, r.Amount)
	}
	w := Word{Code: wire.Clean(out.Status, 32), Amount: amount, Trx: r.Key.String()}
	switch fold(out.Status) {
	case "INPROGRESS":
		w.State = Paying
	case "COMPLETED":
		w.State = Paid
	case "DECLINED":
		w.State = Refused
	default:
		return Word{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", out.Status)
	}
	return w, nil
}

// Probe implements Bank: a refund that cannot be there is asked for, so that the key is tried.
func (b *Raiffeisen) Probe(ctx context.Context) (*exchange.Answer, error) {
	var body []byte
	answer, err := b.Client.Query(ctx, http.MethodGet, "sbp/v1/refund/payrack-probe", nil, &body)
	if err = b.read(answer, err, nil); refused(err, "ERROR.REFUND_NOT_FOUND") {
		err = nil
	}
	return answer, err
}

func (b *Raiffeisen) query(ctx context.Context, method, path string, out any) error {
	var body []byte
	answer, err := b.Client.Query(ctx, method, path, nil, &body)
	return b.read(answer, err, out)
}

func (b *Raiffeisen) money(ctx context.Context, key pay.Key, path string, in, out any) error {
	var body []byte
	answer, err := b.Client.Money(ctx, exchange.Key(key), http.MethodPost, path, in, &body)
	return b.read(answer, err, out)
}

// read takes an answer: first its code decides, then its HTTP status (contract 1.5). That the bank itself failed is no word, whatever else it says.
func (b *Raiffeisen) read(answer *exchange.Answer, err error, out any) error {
	if !answered(answer, err) {
		return err
	}
	var envelope struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	wrong := wire.Decode(answer.Body, &envelope)
	said := strings.Contains(envelope.Code, "ERROR.") || strings.HasPrefix(envelope.Code, "ORDER_")
	switch {
	case wrong == nil && envelope.Code == "ERROR.INTERNAL":
		return cmp.Or(err, errors.New("the bank's server failed"))
	case wrong == nil && said:
		return &Refusal{Code: envelope.Code, Message: envelope.Message, Status: answer.Status, cause: err}
	case err != nil:
		return err
	case out == nil && len(strings.TrimSpace(string(answer.Body))) == 0: // a method that answers with its status alone
		return nil
	case wrong != nil:
		return wrong
	case envelope.Code != "" && envelope.Code != "SUCCESS":
		return fmt.Errorf("the answer has the code %.40q, which nobody knows", envelope.Code)
	case out == nil:
		return nil
	}
	return wire.Decode(answer.Body, out)
}

// moment reads when a code dies; what cannot be read is what was asked for. The bank's client adds the zone's name in brackets.
func moment(text string, asked time.Time) time.Time {
	text, _, _ = strings.Cut(text, "[")
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return asked
	}
	return at
}

// number is an id that the bank gives as a number; its 0 is none.
func number(n json.Number) string {
	if n == "0" || !name(n.String()) {
		return ""
	}
	return n.String()
}

// RaiffeisenSigned says whether a notification is the bank's: signature is the header X-Api-Signature-SHA256, key the merchant's secret. The sum is
// signed as it stands in the body, digit for digit.
func RaiffeisenSigned(body []byte, signature string, key []byte) error {
	var n struct {
		Amount   json.Number `json:"amount"`
		Merchant string      `json:"sbpMerchantId"`
		Order    string      `json:"order"`
		Status   string      `json:"paymentStatus"`
		Date     string      `json:"transactionDate"`
	}
	if err := wire.Decode(body, &n); err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join([]string{n.Amount.String(), n.Merchant, n.Order, n.Status, n.Date}, "|")))
	given, err := hex.DecodeString(strings.TrimSpace(signature))
	if err != nil || len(key) == 0 || !hmac.Equal(mac.Sum(nil), given) {
		return errors.New("the notification is not signed by the bank")
	}
	return nil
}
