package sandbox

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Refund is what the sandbox knows about a refund.
type Refund struct {
	Bank   Bank      `json:"bank"`
	ID     string    `json:"id"` // refundId, transactionId or sourceId
	Key    string    `json:"key"`
	Of     string    `json:"of"` // the key of the payment
	Amount int64     `json:"amount"`
	State  string    `json:"state"` // draft, started, paid, declined
	Time   time.Time `json:"time"`
}

// Link is what the sandbox knows about a cash link.
type Link struct {
	Bank  Bank   `json:"bank"`
	QrcID string `json:"qrc_id,omitempty"`
	QR    string `json:"qr,omitempty"` // its text
}

// none is the body of a request without content.
type none struct{}

// Routes implements sdk.Router.
func (c *centre) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/sbp/access", sdk.ControlRoute(func(*http.Request, none) (Access, error) { return c.server.Access(), nil }))
	mux.HandleFunc("POST /control/sbp/bills/{action}", sdk.ControlRoute(func(r *http.Request, in named) (sdk.Bill, error) {
		switch r.PathValue("action") {
		case "scan":
			return c.scan(in.ID)
		case "start":
			return c.startPayment(in.ID)
		}
		return sdk.Bill{}, sdk.BadRequest(errors.New("a customer's app can scan and start"))
	}))
	mux.HandleFunc("GET /control/sbp/refunds", sdk.ControlRoute(func(*http.Request, none) ([]Refund, error) { return c.refundViews() }))
	mux.HandleFunc("POST /control/sbp/refunds/{end}", sdk.ControlRoute(func(r *http.Request, in named) (Refund, error) {
		end := r.PathValue("end")
		if end != refundsComplete && end != refundsDecline {
			return Refund{}, sdk.BadRequest(errors.New("a refund ends by complete or decline"))
		}
		return c.endRefund(in.ID, end == refundsComplete)
	}))
	mux.HandleFunc("POST /control/sbp/links", sdk.ControlRoute(func(_ *http.Request, in Link) (Link, error) {
		if !slices.Contains(Banks(), in.Bank) {
			return Link{}, sdk.BadRequest(errors.New("a link is issued by raiffeisen, gazprombank or rsb"))
		}
		return under(c, func() (Link, error) {
			t := c.begin()
			l := t.issueLink(in.Bank)
			return Link{Bank: l.Bank, QrcID: l.QrcID, QR: c.linkPayload(l)}, t.commit()
		})
	}))
	mux.HandleFunc("GET /control/sbp/registry", c.serveRegistry)
}

// issueLink makes a cash link.
func (t *tx) issueLink(bank Bank) *link {
	l := &link{QrcID: newID("AS1R"), Bank: bank, Created: t.now}
	t.change.Links = append(t.change.Links, l)
	return l
}

func (c *centre) refundView(r *refund) Refund {
	return Refund{Bank: r.Bank, ID: r.ID, Key: r.Key, Of: c.offers[r.Of].Key, Amount: r.Amount, State: string(r.Fate), Time: r.Created}
}

func (c *centre) refundViews() ([]Refund, error) {
	return under(c, func() ([]Refund, error) {
		list := []Refund{}
		for _, r := range c.refunds {
			list = append(list, c.refundView(r))
		}
		slices.SortFunc(list, func(a, b Refund) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
		return list, nil
	})
}
