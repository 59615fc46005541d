package sandbox

import "time"

// rsbLinkData is what Russian Standard tells about a cash link or an activation; amounts are whole kopecks.
type rsbLinkData struct {
	QrcID      string `json:"qrcId"`
	Payload    string `json:"payload,omitempty"`
	Status     string `json:"status,omitempty"`
	ParamsID   string `json:"paramsId,omitempty"`
	Source     string `json:"sourceId,omitempty"`
	LinkStatus string `json:"cashRegisterQrcStatus,omitempty"`
	TrxStatus  string `json:"trxStatus,omitempty"`
	TrxID      string `json:"trxId,omitempty"`
	Amount     int64  `json:"amount,omitempty"`
	Currency   string `json:"currency,omitempty"`
	Purpose    string `json:"paymentPurpose,omitempty"`
	Time       string `json:"timestamp,omitempty"`
	Payer      string `json:"payerId,omitempty"`
	Kzo        string `json:"kzo,omitempty"`
}

func (c *centre) rsbIssue(in *rsbRequest) (rsbAnswer, error) {
	if in.Terminal != RSBTerminal || in.Merchant != RSBMerchant || in.Account != RSBAccount {
		return rsbAnswer{}, rsbBadRequest
	}
	t := c.begin()
	l := t.issueLink(RSB)
	return rsbAnswer{Source: in.Source, Data: rsbLinkData{QrcID: l.QrcID, Payload: c.linkPayload(l), Status: "CREATED"}}, t.commit()
}

// rsbActivate activates the link once for a sourceId.
func (c *centre) rsbActivate(in *rsbRequest) (rsbAnswer, error) {
	life, inTime := minutes(in.Expire, time.Duration(c.settings.CashLifetime), time.Duration(c.settings.CashLifetimeMax))
	l := c.cashLink(RSB, in.QrcID)
	switch {
	case !in.ours() || !inTime:
		return rsbAnswer{}, rsbBadRequest
	case l == nil:
		return rsbAnswer{}, rsbNotFound
	case c.latest(func(o *offer) bool { return o.Bank == RSB && o.Given == in.Source }) != nil:
		return rsbAnswer{}, rsbConflict
	}
	t := c.begin()
	o, err := t.activate(l, &offer{
		ID: newID("P"), Bank: RSB, Given: in.Source, Key: keyIn(in.Source, in.Source), Issued: newID("R"),
		Amount: in.Amount, Purpose: in.Purpose, Expires: t.now.Add(life),
	})
	if err != nil {
		return rsbAnswer{}, rsbLinkBusy
	}
	data := o.rsbLinkData()
	data.Status = "WAITING_PAYMENT"
	return rsbAnswer{Source: o.Given, Operation: o.Issued, Data: data}, t.commit()
}

func (o *offer) rsbLinkData() rsbLinkData {
	return rsbLinkData{QrcID: o.QrcID, ParamsID: o.ID, Source: o.Given, Amount: o.Amount, Currency: currency, Purpose: o.Purpose}
}

// rsbDeactivate puts out the activation that holds the link, whosever it is. It is harmless to repeat.
func (c *centre) rsbDeactivate(in *rsbRequest) (rsbAnswer, error) {
	l := c.cashLink(RSB, in.QrcID)
	if l == nil {
		return rsbAnswer{}, rsbNotFound
	}
	if !c.canPutOut(l) {
		return rsbAnswer{}, rsbWrongState
	}
	return rsbAnswer{Source: in.Source, Data: rsbLinkData{QrcID: l.QrcID, Status: "INACTIVATED"}}, c.putOut(l)
}

// rsbLink tells about a link, and about its latest activation, which may be over.
func (c *centre) rsbLink(in *rsbRequest) (rsbAnswer, error) {
	l := c.cashLink(RSB, in.QrcID)
	if l == nil {
		return rsbAnswer{}, rsbNotFound
	}
	data := rsbLinkData{QrcID: l.QrcID}
	if last := c.offers[l.Last]; last != nil {
		data = last.rsbLinkData()
	}
	data.Payload, data.Status = c.linkPayload(l), c.linkStatus(l)
	return rsbAnswer{Data: data}, nil
}

func (c *centre) rsbActivation(in *rsbRequest) (rsbAnswer, error) {
	o := c.rsbFind(in, true)
	if o == nil {
		return rsbAnswer{}, rsbNotFound
	}
	o, err := c.look(o)
	data := o.rsbLinkData()
	data.LinkStatus, data.TrxStatus = o.activationStatus()
	if o.Fate == paid {
		data.TrxID, data.Time, data.Payer, data.Kzo = o.Trx, raiffeisenTime(o.Paid), payer, o.Trx[:24]
	}
	return rsbAnswer{Source: o.Given, Operation: o.Issued, Data: data}, err
}
