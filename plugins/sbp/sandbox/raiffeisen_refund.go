package sandbox

import (
	"encoding/json"
	"strings"
)

// refundRequest is the body of both refunds of Raiffeisenbank; null and a transactionId of 0 are as good as absent.
type refundRequest struct {
	Amount        json.Number `json:"amount"`
	RefundID      string      `json:"refundId"`
	Order         string      `json:"order"`
	OrderID       string      `json:"orderId"`
	TransactionID int64       `json:"transactionId"`
	Details       string      `json:"paymentDetails"`
}

// refundView is what the bank tells about a refund.
type refundView struct {
	Code   string      `json:"code"`
	Amount json.Number `json:"amount"`
	Status string      `json:"refundStatus"`
}

func refundAnswer(r *refund) refundView {
	status := map[fate]string{paid: "COMPLETED", declined: "DECLINED"}[r.Fate]
	if status == "" {
		status = "IN_PROGRESS"
	}
	return refundView{Code: success, Amount: json.Number(r.Literal), Status: status}
}

// refundQR gives back by order or by transactionId, which wins if both are given.
func (c *centre) refundQR(_ *asked, in *refundRequest) (any, error) {
	if in.Order == "" && in.TransactionID == 0 {
		return nil, missingParameter()
	}
	return c.giveBack(in, func(o *offer) bool {
		if in.TransactionID != 0 {
			return o.Number == in.TransactionID
		}
		return o.Given == in.Order
	})
}

func (c *centre) refundOrder(a *asked, in *refundRequest) (any, error) {
	id := a.PathValue("id")
	if in.OrderID != "" && in.OrderID != id || in.RefundID != "" && in.RefundID != a.PathValue("refund") {
		return nil, missingParameter()
	}
	in.RefundID = a.PathValue("refund")
	return c.giveBack(in, func(o *offer) bool { return o.Bill == id })
}

// giveBack begins a refund of the paid offer that matches. Under a refundId that was used before, the same sum gives the first record
// and another one is refused [contract 1.8].
func (c *centre) giveBack(in *refundRequest, match func(*offer) bool) (any, error) {
	amount, ok := kopecks(in.Amount)
	switch {
	case in.RefundID == "" || in.Amount == "" || !orderName.MatchString(in.RefundID) || len([]rune(in.Details)) > 140:
		return nil, missingParameter()
	case !ok && lessThanKopeck(string(in.Amount)):
		return nil, raiffeisenRefusal(codeRefundTooSmall)
	case !ok:
		return nil, badSum()
	}
	id := refundID{Raiffeisen, in.RefundID}
	if old := c.refunds[id]; old != nil {
		if old.Amount != amount {
			return nil, badSum()
		}
		return refundAnswer(old), nil
	}
	o := c.latest(func(o *offer) bool { return o.Bank == Raiffeisen && match(o) })
	switch {
	case o == nil || o.Fate != paid:
		return nil, raiffeisenRefusal(codeNoBill)
	case amount > o.left():
		return nil, raiffeisenRefusal(codeTooMuch)
	}
	t := c.begin()
	r := &refund{refundID: id, Of: o.ID, Key: keyIn(in.RefundID, in.RefundID), Amount: amount, Literal: string(in.Amount), Created: t.now}
	t.change.Refunds = append(t.change.Refunds, r)
	t.start(r)
	return refundAnswer(r), t.commit()
}

func lessThanKopeck(rubles string) bool {
	return strings.HasPrefix(rubles, "-") || strings.HasPrefix(rubles, "0.00") || strings.Trim(rubles, "0.") == ""
}

func (c *centre) refundInfo(a *asked, _ *nothing) (any, error) {
	r := c.refunds[refundID{Raiffeisen, a.PathValue("refund")}]
	if r == nil {
		return nil, raiffeisenRefusal(codeNoRefund, clip(a.PathValue("refund")))
	}
	r, err := c.lookRefund(r)
	return refundAnswer(r), err
}

func (c *centre) refundOrderInfo(a *asked, in *nothing) (any, error) {
	r := c.refunds[refundID{Raiffeisen, a.PathValue("refund")}]
	if r != nil && c.offers[r.Of].Bill != a.PathValue("id") {
		return nil, raiffeisenRefusal(codeNoRefund, clip(a.PathValue("refund")))
	}
	return c.refundInfo(a, in)
}
