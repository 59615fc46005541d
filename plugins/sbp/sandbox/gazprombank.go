package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// gazprombankPrefix is where Gazprombank is; its methods follow [contract 3.3], its cash link [contract 3.2] in the bank's envelope.
const gazprombankPrefix = "/gazprombank"

func (c *centre) routeGazprombank() {
	p := gazprombankPrefix
	c.mux.HandleFunc(p+"/", func(w http.ResponseWriter, r *http.Request) { spring(w, r, http.StatusNotFound) })
	c.mux.HandleFunc("POST "+p+"/merchant/qrc-data", gpb(c.gpbRegister))
	c.mux.HandleFunc("PUT "+p+"/payment/v1/qrc-status", gpb(c.gpbStatus))
	c.mux.HandleFunc("POST "+p+"/merchant/qrc-block", gpb(c.gpbBlock))
	c.mux.HandleFunc("POST "+p+"/merchant/transfer/return/prepare", gpb(c.gpbPrepare))
	c.mux.HandleFunc("POST "+p+"/merchant/transfer/return/confirm", gpb(c.gpbConfirm))
	c.mux.HandleFunc("POST "+p+"/operation/info", gpb(c.gpbInfo))
	link := p + "/payment/v1/cash-register-qrc"
	c.mux.HandleFunc("POST "+link, gpb(c.gpbIssue))
	c.mux.HandleFunc("POST "+link+"/{qrcId}/params", gpb(c.gpbActivate))
	c.mux.HandleFunc("DELETE "+link+"/{qrcId}/params", gpb(c.gpbDeactivate))
	c.mux.HandleFunc("GET "+link+"/{qrcId}", gpb(c.gpbLink))
	c.mux.HandleFunc("GET "+link+"/{qrcId}/{paramsId}", gpb(c.gpbActivation))
}

// gpbCode is what an answer of Gazprombank begins with. Only "000" is public; the others are ours.
type gpbCode string

// The codes.
const (
	gpbDone       gpbCode = "000"
	gpbBadRequest gpbCode = "001"
	gpbNotFound   gpbCode = "002"
	gpbWrongState gpbCode = "011"
	gpbLinkBusy   gpbCode = "027"
	gpbTooMuch    gpbCode = "051"
)

// Error implements error.
func (e gpbCode) Error() string {
	return map[gpbCode]string{
		gpbDone: "Запрос обработан успешно", gpbBadRequest: "Некорректный запрос", gpbNotFound: "Операция не найдена",
		gpbWrongState: "Операция невозможна в текущем статусе", gpbTooMuch: "Сумма возврата превышает остаток",
		gpbLinkBusy: "Кассовая ссылка на текущий момент недоступна для повторной активации",
	}[e]
}

// gpbAnswer is the bank's envelope.
type gpbAnswer struct {
	Code        gpbCode `json:"code"`
	Message     string  `json:"message"`
	Transaction string  `json:"transactionId,omitempty"`
	Type        string  `json:"type,omitempty"`
	Status      string  `json:"status,omitempty"`
	Amount      string  `json:"amount,omitempty"`
	Currency    string  `json:"currency,omitempty"`
	Data        any     `json:"data,omitempty"`
}

// gpbRequest holds the fields of all requests.
type gpbRequest struct {
	Account     string      `json:"account"`
	Merchant    string      `json:"merchantId"`
	Template    string      `json:"templateVersion"`
	Type        string      `json:"qrcType"`
	Amount      string      `json:"amount"`
	Currency    string      `json:"currency"`
	Purpose     string      `json:"paymentPurpose"`
	TTL         json.Number `json:"qrTtl"` // minutes
	QrcIDs      []string    `json:"qrcIds"`
	QrcID       string      `json:"qrcId"`
	Transaction string      `json:"transactionId"`
}

// gpb makes an HTTP handler of a step of the bank.
func gpb(step func(r *http.Request, in *gpbRequest) (gpbAnswer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("login") != GazprombankLogin || r.Header.Get("password") != GazprombankPassword {
			spring(w, r, http.StatusUnauthorized)
			return
		}
		var in gpbRequest
		if r.Method == http.MethodPost || r.Method == http.MethodPut {
			if json.NewDecoder(r.Body).Decode(&in) != nil {
				gpbRefuse(w, http.StatusBadRequest, gpbBadRequest)
				return
			}
		}
		out, err := step(r, &in)
		code, refused := errors.AsType[gpbCode](err)
		switch {
		case refused && code == gpbNotFound && r.Method == http.MethodGet:
			gpbRefuse(w, http.StatusNotFound, code)
		case refused:
			gpbRefuse(w, http.StatusOK, code)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			out.Code, out.Message = gpbDone, gpbDone.Error()
			say(w, http.StatusOK, out)
		}
	}
}

func gpbRefuse(w http.ResponseWriter, status int, code gpbCode) {
	say(w, status, gpbAnswer{Code: code, Message: code.Error()})
}

// minor reads an amount that is a string of kopecks.
func minor(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 52)
	return int64(n), err == nil && n > 0 && text[0] != '0'
}

// minutes reads a lifetime of up to most; without one it is usual.
func minutes(n json.Number, usual, most time.Duration) (time.Duration, bool) {
	if n == "" {
		return usual, true
	}
	m, err := strconv.ParseUint(string(n), 10, 20)
	d := time.Duration(m) * time.Minute
	return d, err == nil && m > 0 && d <= most
}

// gpbRegister makes another QR code each time: the bank knows no key of ours.
func (c *centre) gpbRegister(_ *http.Request, in *gpbRequest) (gpbAnswer, error) {
	amount, ok := minor(in.Amount)
	life, inTime := minutes(in.TTL, time.Duration(c.settings.QRLifetime), maxLifetime)
	if !ok || !inTime || in.Merchant != GazprombankMerchant || in.Account != GazprombankAccount || in.Template != "01" || in.Type != linkDynamic || in.Currency != currency {
		return gpbAnswer{}, gpbBadRequest
	}
	t := c.begin()
	o := &offer{Bank: Gazprombank, QrcID: newID("AD10"), Issued: newID("G"), Amount: amount, Purpose: in.Purpose, Expires: t.now.Add(life)}
	o.ID, o.Key = o.QrcID, keyIn(in.Purpose, o.Issued)
	t.add(o)
	return gpbAnswer{Transaction: o.Issued, Data: map[string]any{"qrcId": o.QrcID, "payload": c.offerPayload(o), "status": "CREATED"}}, t.commit()
}

// gpbCodeStatus is one line of an answer to qrc-status.
type gpbCodeStatus struct {
	QrcID   string `json:"qrcId"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status,omitempty"`
	Trx     string `json:"trxId,omitempty"`
}

func (c *centre) gpbStatus(_ *http.Request, in *gpbRequest) (gpbAnswer, error) {
	if len(in.QrcIDs) == 0 || len(in.QrcIDs) > 100 {
		return gpbAnswer{}, gpbBadRequest
	}
	list := []gpbCodeStatus{}
	for _, id := range in.QrcIDs {
		o := c.dynamic(Gazprombank, id)
		if o == nil {
			list = append(list, gpbCodeStatus{QrcID: clip(id), Code: string(gpbNotFound), Message: gpbNotFound.Error()})
			continue
		}
		o, err := c.look(o)
		if err != nil {
			return gpbAnswer{}, err
		}
		list = append(list, gpbCodeStatus{QrcID: id, Code: nspkDone, Message: gpbDone.Error(), Status: o.gpbStatus(), Trx: o.Trx})
	}
	return gpbAnswer{Data: list}, nil
}

// nspkDone is NSPK's code of an answer without trouble.
const nspkDone = "RQ00000"

// gpbStatus is NOT_STARTED also when the code is dead: nothing ever began.
func (o *offer) gpbStatus() string {
	switch o.Fate {
	case paid:
		return "ACCEPTED"
	case declined:
		return "REJECTED"
	case started:
		return "IN_PROGRESS"
	}
	if o.open() && o.Scanned {
		return "RECEIVED"
	}
	return "NOT_STARTED"
}

// dynamic is a bank's dynamic QR.
func (c *centre) dynamic(bank Bank, qrcID string) *offer {
	if o := c.offers[qrcID]; o != nil && o.Bank == bank && !o.Cash {
		return o
	}
	return nil
}

// gpbBlock kills a QR code that nobody has begun to pay. It is harmless to repeat.
func (c *centre) gpbBlock(_ *http.Request, in *gpbRequest) (gpbAnswer, error) {
	o := c.dynamic(Gazprombank, in.QrcID)
	switch {
	case o == nil:
		return gpbAnswer{}, gpbNotFound
	case o.Fate == paid || o.Fate == started:
		return gpbAnswer{}, gpbWrongState
	case o.Fate != waiting:
		return gpbAnswer{}, nil
	}
	t := c.begin()
	t.offer(o).Fate = cancelled
	return gpbAnswer{}, t.commit()
}

// gpbPrepare drafts a refund of the payment that NSPK calls trxId.
func (c *centre) gpbPrepare(_ *http.Request, in *gpbRequest) (gpbAnswer, error) {
	amount, ok := minor(in.Amount)
	if !ok || in.Currency != currency || in.Transaction == "" {
		return gpbAnswer{}, gpbBadRequest
	}
	o := c.latest(func(o *offer) bool { return o.Bank == Gazprombank && o.Trx == in.Transaction })
	switch {
	case o == nil || o.Fate != paid:
		return gpbAnswer{}, gpbNotFound
	case amount > o.left():
		return gpbAnswer{}, gpbTooMuch
	}
	t := c.begin()
	r := &refund{refundID: refundID{Gazprombank, newID("G")}, Of: o.ID, Amount: amount, Created: t.now, Fate: draft}
	r.Key, r.Issued = r.ID, r.ID
	t.change.Refunds = append(t.change.Refunds, r)
	return gpbAnswer{Transaction: r.ID}, t.commit()
}

// gpbConfirm executes a draft, once.
func (c *centre) gpbConfirm(_ *http.Request, in *gpbRequest) (gpbAnswer, error) {
	r := c.refunds[refundID{Gazprombank, in.Transaction}]
	switch {
	case r == nil:
		return gpbAnswer{}, gpbNotFound
	case r.Fate != draft:
		return gpbAnswer{}, gpbWrongState
	case r.Amount > c.offers[r.Of].left():
		return gpbAnswer{}, gpbTooMuch
	}
	t := c.begin()
	t.start(t.refund(r))
	return gpbAnswer{Transaction: r.ID}, t.commit()
}

func (c *centre) gpbInfo(_ *http.Request, in *gpbRequest) (gpbAnswer, error) {
	if r := c.refunds[refundID{Gazprombank, in.Transaction}]; r != nil {
		r, err := c.lookRefund(r)
		status := map[fate]string{draft: "DRAFT", started: "IN_PROGRESS", paid: "PERFORMED", declined: "CANCELLED"}[r.Fate]
		return gpbAnswer{Transaction: r.ID, Type: "QR_RETURNING", Status: status, Amount: strconv.FormatInt(r.Amount, 10), Currency: currency}, err
	}
	if in.Transaction != "" {
		if o := c.latest(func(o *offer) bool { return o.Bank == Gazprombank && o.Issued == in.Transaction }); o != nil {
			o, err := c.look(o)
			status := map[fate]string{waiting: "DRAFT", started: "IN_PROGRESS", paid: "PERFORMED"}[o.Fate]
			if status == "" {
				status = "CANCELLED"
			}
			return gpbAnswer{Transaction: o.Issued, Type: "QR_PAYMENT", Status: status, Amount: strconv.FormatInt(o.Amount, 10), Currency: currency}, err
		}
	}
	return gpbAnswer{}, gpbNotFound
}
