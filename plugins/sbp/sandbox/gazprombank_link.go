package sandbox

import (
	"net/http"
	"strconv"
	"time"
)

// gpbIssue makes a cash link.
func (c *centre) gpbIssue(_ *http.Request, in *gpbRequest) (gpbAnswer, error) {
	if in.Merchant != GazprombankMerchant || in.Account != GazprombankAccount {
		return gpbAnswer{}, gpbBadRequest
	}
	t := c.begin()
	l := t.issueLink(Gazprombank)
	return gpbAnswer{Data: map[string]any{"qrcId": l.QrcID, "payload": c.linkPayload(l), "status": "CREATED"}}, t.commit()
}

// linkData is what is told about a cash link or an activation; amounts are strings of kopecks.
type linkData struct {
	QrcID      string `json:"qrcId"`
	Payload    string `json:"payload,omitempty"`
	Status     string `json:"status,omitempty"` // of the link
	ParamsID   string `json:"paramsId,omitempty"`
	LinkStatus string `json:"cashRegisterQrcStatus,omitempty"` // of the activation
	TrxStatus  string `json:"trxStatus,omitempty"`
	TrxID      string `json:"trxId,omitempty"`
	Amount     string `json:"amount,omitempty"`
	Currency   string `json:"currency,omitempty"`
	Purpose    string `json:"paymentPurpose,omitempty"`
	Fraud      string `json:"fraudScore,omitempty"`
	Time       string `json:"timestamp,omitempty"`
	Payer      string `json:"payerId,omitempty"`
	Kzo        string `json:"kzo,omitempty"`
}

func (c *centre) gpbActivate(r *http.Request, in *gpbRequest) (gpbAnswer, error) {
	l := c.cashLink(Gazprombank, r.PathValue("qrcId"))
	amount, ok := minor(in.Amount)
	life, inTime := minutes(in.TTL, time.Duration(c.settings.CashLifetime), time.Duration(c.settings.CashLifetimeMax))
	switch {
	case l == nil:
		return gpbAnswer{}, gpbNotFound
	case !ok || !inTime || in.Currency != currency:
		return gpbAnswer{}, gpbBadRequest
	}
	t := c.begin()
	o := &offer{ID: newID("P"), Bank: Gazprombank, Amount: amount, Purpose: in.Purpose, Expires: t.now.Add(life)}
	o.Key = keyIn(in.Purpose, o.ID)
	o, err := t.activate(l, o)
	if err != nil {
		return gpbAnswer{}, gpbLinkBusy
	}
	data := o.linkData()
	data.Fraud = "00000000000000000000000000000000"
	return gpbAnswer{Data: data}, t.commit()
}

// linkData is what identifies an activation.
func (o *offer) linkData() linkData {
	return linkData{QrcID: o.QrcID, ParamsID: o.ID, Amount: strconv.FormatInt(o.Amount, 10), Currency: currency, Purpose: o.Purpose}
}

// gpbDeactivate puts out the activation that holds the link, whosever it is. It is harmless to repeat.
func (c *centre) gpbDeactivate(r *http.Request, _ *gpbRequest) (gpbAnswer, error) {
	l := c.cashLink(Gazprombank, r.PathValue("qrcId"))
	if l == nil {
		return gpbAnswer{}, gpbNotFound
	}
	if !c.canPutOut(l) {
		return gpbAnswer{}, gpbWrongState
	}
	return gpbAnswer{}, c.putOut(l)
}

// canPutOut is false while a customer's bank works on the payment.
func (c *centre) canPutOut(l *link) bool {
	cur := c.present(l)
	return cur == nil || cur.Fate != started
}

func (c *centre) putOut(l *link) error {
	cur := c.present(l)
	if cur == nil {
		return nil
	}
	t := c.begin()
	t.offer(cur).Out = true
	return t.commit()
}

// linkStatus is how NSPK says where a cash link stands.
func (c *centre) linkStatus(l *link) string {
	switch cur := c.present(l); {
	case cur == nil:
		return "INACTIVATED"
	case cur.Fate == started:
		return "IN_PROGRESS"
	}
	return "WAITING_PAYMENT"
}

// gpbLink tells about a link, and about its latest activation, which may be over.
func (c *centre) gpbLink(r *http.Request, _ *gpbRequest) (gpbAnswer, error) {
	l := c.cashLink(Gazprombank, r.PathValue("qrcId"))
	if l == nil {
		return gpbAnswer{}, gpbNotFound
	}
	data := linkData{QrcID: l.QrcID}
	if last := c.offers[l.Last]; last != nil {
		data = last.linkData()
	}
	data.Payload, data.Status = c.linkPayload(l), c.linkStatus(l)
	return gpbAnswer{Data: data}, nil
}

func (c *centre) gpbActivation(r *http.Request, _ *gpbRequest) (gpbAnswer, error) {
	o := c.activation(Gazprombank, r.PathValue("qrcId"), r.PathValue("paramsId"))
	if o == nil {
		return gpbAnswer{}, gpbNotFound
	}
	o, err := c.look(o)
	data := o.linkData()
	data.LinkStatus, data.TrxStatus = o.activationStatus()
	if o.Fate == paid {
		data.TrxID, data.Time, data.Payer, data.Kzo = o.Trx, raiffeisenTime(o.Paid), payer, o.Trx[:24]
	}
	return gpbAnswer{Data: data}, err
}

// activation finds an activation of a cash link.
func (c *centre) activation(bank Bank, qrcID, paramsID string) *offer {
	if o := c.offers[paramsID]; o != nil && o.Cash && o.Bank == bank && o.QrcID == qrcID {
		return o
	}
	return nil
}

// activationStatus is how NSPK says where an activation stands: whether it holds the link, and how its payment is.
func (o *offer) activationStatus() (link, trx string) {
	link = "DEACTIVATED"
	switch {
	case o.active() && o.Fate == started:
		link = "IN_PROGRESS"
	case o.active():
		link = "WAITING_PAYMENT"
	}
	trx = map[fate]string{paid: "ACWP", declined: "RJCT", started: "RCVD"}[o.Fate]
	if trx == "" {
		trx = "NTST"
	}
	return link, trx
}
