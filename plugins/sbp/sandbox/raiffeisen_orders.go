package sandbox

import (
	"bytes"
	"encoding/json"
	"time"
)

func (c *centre) routeOrders() {
	p := raiffeisenPrefix
	c.mux.HandleFunc("POST "+p+"/payment/v1/orders", authorized(raiffeisen(c, v2, c.makeOrder)))
	c.mux.HandleFunc("GET "+p+"/payment/v1/orders/{id}", authorized(raiffeisen(c, v2, c.infoOrder)))
	c.mux.HandleFunc("DELETE "+p+"/payment/v1/orders/{id}", authorized(raiffeisen(c, v2, c.cancelOrder)))
	c.mux.HandleFunc("POST "+p+"/payments/v1/orders/{id}/refunds/{refund}", authorized(raiffeisen(c, v2, c.refundOrder)))
	c.mux.HandleFunc("GET "+p+"/payments/v1/orders/{id}/refunds/{refund}", authorized(raiffeisen(c, v2, c.refundOrderInfo)))
}

// order is a bill of Raiffeisenbank, in both directions.
type order struct {
	ID         string          `json:"id"`
	Amount     json.Number     `json:"amount"`
	Comment    string          `json:"comment"`
	Extra      json.RawMessage `json:"extra"`
	Status     *orderStatus    `json:"status,omitempty"`
	Expiration string          `json:"expirationDate"`
	QR         orderQR         `json:"qr"`
}

type orderStatus struct {
	Value string `json:"value"`
	Date  string `json:"date"`
}

type orderQR struct {
	ID             string `json:"id"`
	AdditionalInfo string `json:"additionalInfo,omitempty"`
	PaymentDetails string `json:"paymentDetails,omitempty"`
	Payload        string `json:"payload,omitempty"`
}

// makeOrder makes an order, and activates the cash link that it names. Under a name that was used before, it is the order of that name
// if sum and link are the same.
func (c *centre) makeOrder(_ *asked, in *order) (any, error) {
	amount, ok := kopecks(in.Amount)
	switch {
	case in.Amount == "":
		return nil, missingParameter()
	case !ok:
		return nil, badSum()
	case in.ID != "" && !orderName.MatchString(in.ID):
		return nil, raiffeisenRefusal(codeBadOrder)
	}
	if old := c.order(in.ID); old != nil {
		if old.Amount == amount && (in.QR.ID == "" || old.QrcID == in.QR.ID) {
			return c.orderAnswer(old), nil
		}
		return nil, raiffeisenRefusal(codeOrderExists, in.ID)
	}
	t := c.begin()
	o := &offer{
		Bank: Raiffeisen, Bill: in.ID, Amount: amount, Literal: string(in.Amount), Comment: in.Comment, Extra: in.Extra,
		Info: in.QR.AdditionalInfo, Purpose: in.QR.PaymentDetails, Expires: t.now.Add(time.Duration(c.settings.QRLifetime)),
	}
	if in.Expiration != "" {
		var err error
		if o.Expires, err = moment(in.Expiration, t.now); err != nil {
			return nil, err
		}
	}
	if o.Bill == "" {
		o.Bill = newID("ORDER")
	}
	o.Given, o.Key = o.Bill, keyIn(o.Bill, o.Bill)
	o, err := c.carryOrder(t, o, in.QR.ID)
	if err != nil {
		return nil, err
	}
	return c.orderAnswer(o), t.commit()
}

// carryOrder gives an order the QR by which it is paid.
func (c *centre) carryOrder(t *tx, o *offer, qrcID string) (*offer, error) {
	if qrcID == "" {
		o.QrcID = newID("AD10")
		o.ID = o.QrcID
		return t.add(o), nil
	}
	l := c.cashLink(Raiffeisen, qrcID)
	if l == nil {
		return nil, noCode()
	}
	o.ID = newID("A")
	o, err := t.activate(l, o)
	if err != nil {
		return nil, raiffeisenRefusal(codeLinkBusy)
	}
	return o, nil
}

func (c *centre) order(id string) *offer {
	if id == "" {
		return nil
	}
	return c.latest(func(o *offer) bool { return o.Bill == id })
}

func (c *centre) orderAnswer(o *offer) order {
	v := order{
		ID: o.Bill, Amount: json.Number(o.Literal), Comment: o.Comment, Extra: o.Extra, Expiration: o.expiration(),
		Status: &orderStatus{Value: o.orderStatus(), Date: raiffeisenTime(o.since())},
		QR:     orderQR{ID: o.QrcID, AdditionalInfo: o.Info, PaymentDetails: o.Purpose, Payload: c.offerPayload(o)},
	}
	if len(bytes.TrimSpace(v.Extra)) == 0 || string(v.Extra) == "null" {
		v.Extra = json.RawMessage("{}")
	}
	return v
}

func (o *offer) orderStatus() string {
	switch o.Fate {
	case paid:
		return "PAID"
	case expired:
		return "EXPIRED"
	case declined, cancelled:
		return "CANCELLED"
	}
	return "NEW"
}

// since is when the offer got where it stands, as far as the sandbox remembers.
func (o *offer) since() time.Time {
	switch o.Fate {
	case paid:
		return o.Paid
	case expired:
		return o.Expires
	}
	return o.Created
}

func (c *centre) infoOrder(a *asked, _ *nothing) (any, error) {
	o := c.order(a.PathValue("id"))
	if o == nil {
		return nil, raiffeisenRefusal(codeNoOrder, clip(a.PathValue("id")))
	}
	o, err := c.look(o)
	return c.orderAnswer(o), err
}

func (c *centre) cancelOrder(a *asked, _ *nothing) (any, error) {
	o := c.order(a.PathValue("id"))
	switch {
	case o == nil:
		return nil, raiffeisenRefusal(codeNoOrder, clip(a.PathValue("id")))
	case o.Fate == started:
		return nil, raiffeisenRefusal(codeWrongStatus, o.qrStatus())
	case !o.open():
		return nil, raiffeisenRefusal(codeOrderFinal, o.Bill, o.orderStatus())
	}
	t := c.begin()
	t.offer(o).Fate = cancelled
	return nil, t.commit()
}
