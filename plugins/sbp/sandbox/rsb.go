package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// rsbPrefix is where Russian Standard is; its methods follow [contract 3.4], its cash link and refund [contract 3.2] in the bank's
// envelope.
const rsbPrefix = "/rsb/eis-app/eis-rs/businessPaymentService"

func (c *centre) routeRSB() {
	for method, step := range map[string]func(in *rsbRequest) (rsbAnswer, error){
		"getQrCode": c.rsbRegister, "getQrdStatus": c.rsbStatus,
		"createCashLink": c.rsbIssue, "activateCashLink": c.rsbActivate, "deactivateCashLink": c.rsbDeactivate,
		"getCashLink": c.rsbLink, "getCashLinkStatus": c.rsbActivation,
		"refundQrc": c.rsbRefund, "getRefundStatus": c.rsbRefundStatus,
	} {
		c.mux.HandleFunc("POST "+rsbPrefix+"/"+method, c.rsb(step))
	}
	c.mux.HandleFunc(rsbPrefix+"/", func(w http.ResponseWriter, r *http.Request) { spring(w, r, http.StatusNotFound) })
}

// rsbCode is what an answer of Russian Standard begins with. Only "0" is public; the others are ours.
type rsbCode string

// The codes.
const (
	rsbDone       rsbCode = "0"
	rsbBadRequest rsbCode = "BAD_REQUEST"
	rsbNotFound   rsbCode = "NOT_FOUND"
	rsbConflict   rsbCode = "CONFLICT"
	rsbWrongState rsbCode = "WRONG_STATE"
	rsbLinkBusy   rsbCode = "LINK_BUSY"
	rsbTooMuch    rsbCode = "REFUND_EXCESS"
)

// Error implements error.
func (e rsbCode) Error() string {
	return map[rsbCode]string{
		rsbDone: "Успешно", rsbBadRequest: "Некорректный запрос", rsbNotFound: "Операция не найдена",
		rsbConflict: "Операция с таким sourceId уже существует", rsbWrongState: "Операция невозможна в текущем статусе",
		rsbLinkBusy: "Кассовая ссылка активирована для другой операции", rsbTooMuch: "Сумма возврата превышает остаток",
	}[e]
}

// rsbAnswer is the bank's envelope.
type rsbAnswer struct {
	Source    string  `json:"sourceId,omitempty"`
	Operation string  `json:"operationId,omitempty"`
	Code      rsbCode `json:"code"`
	Message   string  `json:"message"`
	Data      any     `json:"data,omitempty"`
	Payment   any     `json:"paymentdata,omitempty"`
}

// rsbRequest holds the fields of all requests.
type rsbRequest struct {
	Source    string      `json:"sourceId"`
	Operation string      `json:"operationId"`
	Terminal  string      `json:"terminalId"`
	Merchant  string      `json:"merchantId"`
	Account   string      `json:"account"`
	Template  string      `json:"templateVersion"`
	Type      string      `json:"qrcType"`
	Expire    json.Number `json:"qrcExpire"` // minutes
	Amount    int64       `json:"amount"`    // kopecks
	Currency  string      `json:"currency"`
	Purpose   string      `json:"paymentPurpose"`
	QrcID     string      `json:"qrcId"`
	ParamsID  string      `json:"paramsId"`
	Trx       string      `json:"trxId"`
}

// rsb makes an HTTP handler of a step of the bank.
func (c *centre) rsb(step func(in *rsbRequest) (rsbAnswer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-User-login") != RSBLogin || r.TLS == nil && !c.settings.RSBPlain {
			spring(w, r, http.StatusForbidden)
			return
		}
		var in rsbRequest
		if json.NewDecoder(r.Body).Decode(&in) != nil {
			rsbRefuse(w, rsbBadRequest)
			return
		}
		out, err := step(&in)
		code, refused := errors.AsType[rsbCode](err)
		switch {
		case refused:
			rsbRefuse(w, code)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			out.Code, out.Message = rsbDone, rsbDone.Error()
			say(w, http.StatusOK, out)
		}
	}
}

func rsbRefuse(w http.ResponseWriter, code rsbCode) {
	say(w, http.StatusOK, rsbAnswer{Code: code, Message: code.Error()})
}

// maxSum keeps sums far from the end of int64.
const maxSum = 1e14

// ours reports whether a request names the till and a sum.
func (in *rsbRequest) ours() bool {
	return in.Source != "" && len(in.Source) <= 64 && in.Terminal == RSBTerminal && in.Merchant == RSBMerchant && in.Amount > 0 && in.Amount <= maxSum && in.Currency == currency
}

// request is what tells a repeat from another request.
func (in *rsbRequest) request() string {
	text, _ := json.Marshal(in) // strings and numbers only
	return string(text)
}

func (c *centre) rsbRegister(in *rsbRequest) (rsbAnswer, error) {
	life, inTime := minutes(in.Expire, time.Duration(c.settings.QRLifetime), maxLifetime)
	if !in.ours() || !inTime || in.Account != RSBAccount || in.Type != linkDynamic {
		return rsbAnswer{}, rsbBadRequest
	}
	for _, e := range byAge(c.offers, func(e *offer) bool { return e.Bank == RSB && e.Given == in.Source }) {
		if e.Fate == paid || e.Cash || e.Request != in.request() {
			return rsbAnswer{}, rsbConflict
		}
		if e.open() && c.settings.RegisterRepeat == repeatSame {
			return c.rsbCode(e), nil
		}
	}
	t := c.begin()
	o := &offer{
		Bank: RSB, QrcID: newID("AD10"), Given: in.Source, Key: keyIn(in.Source, in.Source), Issued: newID("R"), Request: in.request(),
		Amount: in.Amount, Purpose: in.Purpose, Expires: t.now.Add(life),
	}
	o.ID = o.QrcID
	return c.rsbCode(t.add(o)), t.commit()
}

func (c *centre) rsbCode(o *offer) rsbAnswer {
	text := c.offerPayload(o)
	return rsbAnswer{Source: o.Given, Operation: o.Issued, Data: map[string]any{
		"qrcId": o.QrcID, "payload": text, "payloadBase64": base64.StdEncoding.EncodeToString([]byte(text)), "status": "CREATED",
	}}
}

// rsbFind is the latest offer that all names of a request fit, of which there is at least one.
func (c *centre) rsbFind(in *rsbRequest, cash bool) *offer {
	if in.Source == "" && in.Operation == "" && in.ParamsID == "" && (cash || in.QrcID == "") {
		return nil
	}
	return c.latest(func(o *offer) bool {
		return o.Bank == RSB && o.Cash == cash && fits(in.Source, o.Given) && fits(in.Operation, o.Issued) && fits(in.QrcID, o.QrcID) && fits(in.ParamsID, o.ID)
	})
}

func fits(asked, has string) bool { return asked == "" || asked == has }

// rsbPayment is told of a payment that was made. The key of its amount ends with a space, as in the bank's sample.
type rsbPayment struct {
	Document   string `json:"documentId"`
	Bank       string `json:"senderBank"`
	BIC        string `json:"senderBankBic"`
	Name       string `json:"senderName"`
	Account    string `json:"senderAccount"`
	Purpose    string `json:"paymentPurpose"`
	Amount     int64  `json:"amount "`
	Settlement string `json:"settlementDate"`
}

func (c *centre) rsbStatus(in *rsbRequest) (rsbAnswer, error) {
	o := c.rsbFind(in, false)
	if o == nil {
		return rsbAnswer{}, rsbNotFound
	}
	o, err := c.look(o)
	data := map[string]any{"qrcId": o.QrcID, "status": o.rsbStatus()}
	out := rsbAnswer{Source: o.Given, Operation: o.Issued, Data: data}
	if o.Fate == paid {
		data["trxId"] = o.Trx
		out.Payment = rsbPayment{
			Document: o.Issued, Bank: "Песочница", BIC: "040000000", Name: "Анна П.", Account: "408178********0068",
			Purpose: o.Purpose, Amount: o.Amount, Settlement: o.Paid.In(moscow).Format("02.01.2006"),
		}
	}
	return out, err
}

func (o *offer) rsbStatus() string {
	switch o.Fate {
	case paid:
		return "ACCEPTED"
	case declined:
		return "DECLINED"
	case started:
		return "IN_PROGRESS_OPKC"
	case waiting:
		if o.Scanned {
			return "RECEIVED_OPKC"
		}
		return "NOT_STARTED"
	}
	return "EXPIRED"
}

// rsbRefund gives back a part or all of a payment. Under a sourceId that was used before, the same sum gives the first record.
func (c *centre) rsbRefund(in *rsbRequest) (rsbAnswer, error) {
	if !in.ours() || in.Trx == "" {
		return rsbAnswer{}, rsbBadRequest
	}
	id := refundID{RSB, in.Source}
	if old := c.refunds[id]; old != nil {
		if old.Amount != in.Amount || c.offers[old.Of].Trx != in.Trx {
			return rsbAnswer{}, rsbConflict
		}
		return old.rsbAnswer(), nil
	}
	o := c.latest(func(o *offer) bool { return o.Bank == RSB && o.Trx == in.Trx && fits(in.QrcID, o.QrcID) })
	switch {
	case o == nil || o.Fate != paid:
		return rsbAnswer{}, rsbNotFound
	case in.Amount > o.left():
		return rsbAnswer{}, rsbTooMuch
	}
	t := c.begin()
	r := &refund{refundID: id, Of: o.ID, Key: keyIn(in.Source, in.Source), Issued: newID("R"), Amount: in.Amount, Created: t.now}
	t.change.Refunds = append(t.change.Refunds, r)
	t.start(r)
	return r.rsbAnswer(), t.commit()
}

func (r *refund) rsbAnswer() rsbAnswer {
	status := map[fate]string{paid: "COMPLETED", declined: "DECLINED"}[r.Fate]
	if status == "" {
		status = "IN_PROGRESS"
	}
	return rsbAnswer{Source: r.ID, Operation: r.Issued, Data: map[string]any{
		"refundId": r.Issued, "status": status, "amount": r.Amount, "currency": currency,
	}}
}

func (c *centre) rsbRefundStatus(in *rsbRequest) (rsbAnswer, error) {
	r := c.refunds[refundID{RSB, in.Source}]
	if r == nil {
		return rsbAnswer{}, rsbNotFound
	}
	r, err := c.lookRefund(r)
	return r.rsbAnswer(), err
}
