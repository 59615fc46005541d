package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"rsc.io/qr"
)

// raiffeisenPrefix is where Raiffeisenbank is; its methods follow [contract 1.2].
const raiffeisenPrefix = "/raiffeisen/api"

func (c *centre) routeRaiffeisen() {
	p := raiffeisenPrefix
	c.mux.HandleFunc(p+"/", func(w http.ResponseWriter, r *http.Request) { spring(w, r, http.StatusNotFound) })
	c.mux.HandleFunc("POST "+p+"/sbp/v1/qr/register", raiffeisen(c, v1, c.registerQR))
	c.mux.HandleFunc("POST "+p+"/sbp/v2/qrs", raiffeisen(c, v2, c.registerQR))
	c.mux.HandleFunc("GET "+p+"/sbp/v2/qrs/{id}", authorized(raiffeisen(c, v2, c.infoQR)))
	c.mux.HandleFunc("DELETE "+p+"/sbp/v2/qrs/{id}", authorized(raiffeisen(c, v2, c.cancelQR)))
	c.mux.HandleFunc("GET "+p+"/sbp/v1/qr/{id}/info", authorized(raiffeisen(c, v1, c.infoQR)))
	c.mux.HandleFunc("GET "+p+"/sbp/v1/qr/{id}/payment-info", authorized(raiffeisen(c, v1, c.paymentInfo)))
	c.mux.HandleFunc("GET "+p+"/sbp/v1/qr/{id}/image", c.imageQR)
	c.mux.HandleFunc("POST "+p+"/sbp/v1/qr-drafts/{id}", authorized(raiffeisen(c, v2, c.bindQR)))
	c.mux.HandleFunc("POST "+p+"/sbp/v1/refund", authorized(raiffeisen(c, v1, c.refundQR)))
	c.mux.HandleFunc("GET "+p+"/sbp/v1/refund/{refund}", authorized(raiffeisen(c, v1, c.refundInfo)))
	c.mux.HandleFunc("POST "+p+"/settings/v1/callback", authorized(raiffeisen(c, v2, c.setCallback)))
	c.mux.HandleFunc("POST "+p+"/nspc-mock/v01/rfuture/payment/init", raiffeisen(c, v2, c.testPayer))
}

// version of a method: the old ones answer a refusal with HTTP 200.
type version int

const (
	v1 version = 1
	v2 version = 2
)

// asked is one request to Raiffeisenbank, under the lock.
type asked struct {
	*http.Request
	version version
	root    string // what the outside calls the bank
	raw     []byte
}

// raiffeisen makes an HTTP handler of a step of the bank. A nil answer is an empty body.
func raiffeisen[In any](c *centre, v version, step func(a *asked, in *In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, a := new(In), &asked{Request: r, version: v, root: c.addressOf(r) + raiffeisenPrefix}
		var err error
		if r.Method == http.MethodPost {
			if a.raw, err = io.ReadAll(r.Body); err == nil && json.Unmarshal(a.raw, in) != nil {
				err = missingParameter()
			}
		}
		var out any
		if err == nil {
			out, err = step(a, in)
		}
		if err != nil {
			sayRaiffeisen(w, v, err)
			return
		}
		if out != nil {
			say(w, http.StatusOK, out)
		}
	}
}

// authorized lets only those in who know the key. The bank's refusal has no code of its own.
func authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+RaiffeisenKey {
			spring(w, r, http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func say(w http.ResponseWriter, status int, out any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(out)
}

// nothing is the body of a GET or DELETE.
type nothing struct{}

// registration is the body of a registration; null is as good as absent.
type registration struct {
	QRType         string          `json:"qrType"`
	Merchant       string          `json:"sbpMerchantId"`
	Order          string          `json:"order"`
	Amount         json.Number     `json:"amount"`
	Currency       string          `json:"currency"`
	Account        json.RawMessage `json:"account"`
	AdditionalInfo string          `json:"additionalInfo"`
	PaymentDetails string          `json:"paymentDetails"`
	ExpirationDate string          `json:"qrExpirationDate"`
}

// Types of a QR code.
const (
	qrDynamic  = "QRDynamic"
	qrStatic   = "QRStatic"
	qrVariable = "QRVariable" // a cash link
)

var orderName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)

func (c *centre) registerQR(a *asked, in *registration) (any, error) {
	t := c.begin()
	o, err := c.readRegistration(t, in)
	if err != nil {
		return nil, err
	}
	if in.QRType == qrVariable {
		l := t.issueLink(Raiffeisen)
		return c.linkAnswer(a, l), t.commit()
	}
	earlier := byAge(c.offers, func(e *offer) bool { return e.Bank == Raiffeisen && e.Bill == "" && e.Given == in.Order })
	for _, e := range earlier {
		if e.Fate == paid {
			return nil, raiffeisenRefusal(codeOrderTaken, in.Order, in.Merchant)
		}
		if e.open() && e.Request == o.Request && c.settings.RegisterRepeat == repeatSame {
			return c.qrAnswer(a, e), nil
		}
	}
	o.QrcID = newID("AD10")
	if in.QRType == qrStatic {
		o.QrcID, o.Static = newID("AS10"), true
	}
	o.ID = o.QrcID
	return c.qrAnswer(a, t.add(o)), t.commit()
}

// readRegistration checks a registration.
func (c *centre) readRegistration(t *tx, in *registration) (*offer, error) {
	o := &offer{Bank: Raiffeisen, Given: in.Order, Key: keyIn(in.Order, in.Order), Purpose: in.PaymentDetails, Info: in.AdditionalInfo}
	account := strings.Trim(string(in.Account), `"`)
	switch {
	case in.Merchant == "":
		return nil, raiffeisenRefusal(codeMerchantMissing)
	case in.Merchant != RaiffeisenMerchant:
		return nil, raiffeisenRefusal(codeMerchantUnknown, clip(in.Merchant))
	case in.QRType != qrDynamic && in.QRType != qrStatic && in.QRType != qrVariable, in.QRType != qrVariable && in.Order == "",
		len([]rune(in.AdditionalInfo)) > 140, len([]rune(in.PaymentDetails)) > 185:
		return nil, missingParameter()
	case in.QRType != qrVariable && !orderName.MatchString(in.Order):
		return nil, raiffeisenRefusal(codeBadOrder)
	case account != "" && account != "null" && account != RaiffeisenAccount:
		return nil, raiffeisenRefusal(codeAccountUnknown)
	case in.Amount == "" && in.QRType == qrDynamic:
		return nil, raiffeisenRefusal(codeNoAmount)
	}
	if in.Amount != "" {
		var ok bool
		if o.Amount, ok = kopecks(in.Amount); !ok {
			return nil, badSum()
		}
		if in.Currency != currency {
			return nil, missingParameter()
		}
		o.Literal = string(in.Amount)
	}
	if in.QRType == qrDynamic {
		o.Expires = t.now.Add(time.Duration(c.settings.QRLifetime))
	}
	var err error
	if in.ExpirationDate != "" {
		o.Expires, err = moment(in.ExpirationDate, t.now)
	}
	request, _ := json.Marshal(in) // strings and numbers only
	o.Request = string(request)
	return o, err
}

// moment reads a date that must lie ahead. The bank's own SDK may add the name of a zone.
func moment(text string, now time.Time) (time.Time, error) {
	text, _, _ = strings.Cut(text, "[")
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || !at.After(now) {
		return time.Time{}, raiffeisenRefusal(codeBadExpiration)
	}
	return at, nil
}

// kopecks reads an amount in rubles, exactly, above zero.
func kopecks(rubles json.Number) (int64, bool) {
	whole, part, dotted := strings.Cut(string(rubles), ".")
	if dotted && (part == "" || len(part) > 2) || len(whole) > 12 {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 62)
	return int64(n), err == nil && n > 0
}

// qrView is what the bank tells about a QR code.
type qrView struct {
	Code       string `json:"code,omitempty"` // of the old methods
	QrID       string `json:"qrId"`
	Status     string `json:"qrStatus,omitempty"`
	Expiration string `json:"qrExpirationDate,omitempty"`
	Payload    string `json:"payload"`
	URL        string `json:"qrUrl"`
}

func (c *centre) qrAnswer(a *asked, o *offer) qrView {
	v := qrView{QrID: o.QrcID, Payload: c.offerPayload(o), URL: a.root + "/sbp/v1/qr/" + o.QrcID + "/image"}
	if a.version == v1 {
		v.Code = success
		return v
	}
	v.Status, v.Expiration = o.qrStatus(), o.expiration()
	return v
}

func (c *centre) linkAnswer(a *asked, l *link) qrView {
	v := qrView{QrID: l.QrcID, Payload: c.linkPayload(l), URL: a.root + "/sbp/v1/qr/" + l.QrcID + "/image"}
	if a.version == v1 {
		v.Code = success
		return v
	}
	v.Status, v.Expiration = "INACTIVE", dateNever
	if cur := c.present(l); cur != nil {
		v.Status, v.Expiration = cur.qrStatus(), cur.expiration()
	}
	return v
}

// dateNever is what the bank says of a code that does not expire: the description of its answer wants a date.
const dateNever = "2999-12-31T23:59:59+03:00"

func (o *offer) qrStatus() string {
	switch o.Fate {
	case waiting:
		return "NEW"
	case started:
		return "IN_PROGRESS"
	case paid:
		return "PAID"
	case expired:
		return "EXPIRED"
	}
	return "CANCELLED"
}

func (o *offer) expiration() string {
	if o.Expires.IsZero() {
		return dateNever
	}
	return raiffeisenTime(o.Expires)
}

// moscow is the offset of the bank's times.
var moscow = time.FixedZone("MSK", 3*60*60)

func raiffeisenTime(t time.Time) string {
	return t.In(moscow).Format("2006-01-02T15:04:05.000000-07:00")
}

// code finds the dynamic or static QR that the path names.
func (c *centre) code(a *asked) *offer {
	if o := c.offers[a.PathValue("id")]; o != nil && o.Bank == Raiffeisen && !o.Cash && o.ID == o.QrcID {
		return o
	}
	return nil
}

// cashLink finds the cash link that the path names.
func (c *centre) cashLink(bank Bank, qrcID string) *link {
	if l := c.links[qrcID]; l != nil && l.Bank == bank {
		return l
	}
	return nil
}

func (c *centre) infoQR(a *asked, _ *nothing) (any, error) {
	if l := c.cashLink(Raiffeisen, a.PathValue("id")); l != nil {
		return c.linkAnswer(a, l), nil
	}
	o := c.code(a)
	if o == nil {
		return nil, noCode()
	}
	o, err := c.look(o)
	return c.qrAnswer(a, o), err
}

func (c *centre) cancelQR(a *asked, _ *nothing) (any, error) {
	o := c.code(a)
	switch {
	case o == nil && c.cashLink(Raiffeisen, a.PathValue("id")) != nil:
		return nil, raiffeisenRefusal(codeWrongStatus, "INACTIVE")
	case o == nil:
		return nil, noCode()
	case o.Fate != waiting:
		return nil, raiffeisenRefusal(codeWrongStatus, o.qrStatus())
	}
	t := c.begin()
	t.offer(o).Fate = cancelled
	return nil, t.commit()
}

func (c *centre) imageQR(w http.ResponseWriter, r *http.Request) {
	text := ""
	if l := c.cashLink(Raiffeisen, r.PathValue("id")); l != nil {
		text = c.linkPayload(l)
	} else if o := c.code(&asked{Request: r}); o != nil {
		text = c.offerPayload(o)
	}
	picture, err := qr.Encode(text, qr.M)
	if text == "" || err != nil {
		spring(w, r, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(picture.PNG())
}

// paymentView is what the bank tells about the payment of a QR code.
type paymentView struct {
	Code            string      `json:"code"`
	Status          string      `json:"paymentStatus"`
	Amount          json.Number `json:"amount"`
	Currency        string      `json:"currency"`
	Order           string      `json:"order,omitempty"`
	QrID            string      `json:"qrId"`
	Merchant        string      `json:"sbpMerchantId"`
	MerchantID      int64       `json:"merchantId"`
	TransactionID   int64       `json:"transactionId"`
	TransactionDate string      `json:"transactionDate,omitempty"`
	CreateDate      string      `json:"createDate"`
	Expiration      string      `json:"qrExpirationDate"`
	AdditionalInfo  string      `json:"additionalInfo,omitempty"`
	PaymentPurpose  string      `json:"paymentPurpose,omitempty"`
}

func (c *centre) paymentInfo(a *asked, _ *nothing) (any, error) {
	o := c.code(a)
	if l := c.cashLink(Raiffeisen, a.PathValue("id")); l != nil {
		o = c.offers[l.Last]
	}
	if o == nil {
		return nil, noCode()
	}
	o, err := c.look(o)
	if err != nil {
		return nil, err
	}
	if o.Static {
		if last := c.latest(func(p *offer) bool { return p.QrcID == o.QrcID && p.Fate == paid }); last != nil {
			o = last
		}
	}
	v := paymentView{
		Code: success, Status: o.paymentStatus(), Amount: json.Number(o.Literal), Currency: currency, Order: o.Given, QrID: o.QrcID,
		Merchant: RaiffeisenMerchant, MerchantID: raiffeisenMerchantID, TransactionID: o.Number, CreateDate: raiffeisenTime(o.Created),
		Expiration: o.expiration(), AdditionalInfo: o.Info, PaymentPurpose: o.Purpose,
	}
	if v.Amount == "" {
		v.Amount = "0"
	}
	if !o.Paid.IsZero() {
		v.TransactionDate = raiffeisenTime(o.Paid)
	}
	return v, nil
}

func (o *offer) paymentStatus() string {
	switch o.Fate {
	case paid:
		return "SUCCESS"
	case declined:
		return "DECLINED"
	case started:
		return "IN_PROGRESS"
	}
	return "NO_INFO"
}

// bindQR binds a cash link to a plate or a tag. Nothing that a till does depends on it.
func (c *centre) bindQR(a *asked, _ *nothing) (any, error) {
	l := c.cashLink(Raiffeisen, a.PathValue("id"))
	if l == nil {
		return nil, raiffeisenRefusal(codeNoDraft, clip(a.PathValue("id")))
	}
	return c.linkAnswer(a, l), nil
}

// callbackSettings is where notifications go. The sandbox remembers it, and sends none.
type callbackSettings struct {
	URL string `json:"callbackUrl"`
}

func (c *centre) setCallback(_ *asked, in *callbackSettings) (any, error) {
	if in.URL == "" {
		return nil, missingParameter()
	}
	t := c.begin()
	t.change.Callback = &in.URL
	return in, t.commit()
}

// testPayment is the bank's own way to pay on its test contour.
type testPayment struct {
	QrID   string      `json:"qrId"`
	Amount json.Number `json:"amount"`
}

func (c *centre) testPayer(_ *asked, in *testPayment) (any, error) {
	o, err := c.find(in.QrID)
	if err != nil || !o.payable() || o.Bank != Raiffeisen {
		return nil, noCode()
	}
	t := c.begin()
	o = t.pay(t.offer(o))
	return map[string]string{"qrId": o.QrcID}, t.commit()
}

// clip keeps an answer from repeating a novel.
func clip(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 64)])
}
