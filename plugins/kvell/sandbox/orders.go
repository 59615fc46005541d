package sandbox

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"

	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/plugins/kvell/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// The cards that behave in a set way. Every other card gets its money at once, or as the settings say.
const (
	CardCanceled = "4000000000000002" // the bank refuses: the order is canceled
	CardSlow     = "4000000000000259" // is worked on until it was asked after twice
	CardRefused  = "4000000000000010" // not a card that the service takes: 20098
	CardCode     = "4000000000000036" // wants a code, whatever the terminal
)

// maxTransaction is the length of the longest transaction.
const maxTransaction = 64

// known holds who asks: the api-key, and the signature over values or the body.
func (b *bank) known(c *call, signed func(s Settings, signature string) bool) *answer {
	refuse := func(a answer) *answer { return &a }
	key := c.Header.Get(wire.HeaderKey)
	switch {
	case key == "":
		return refuse(failure(http.StatusUnprocessableEntity, 20098, "x-api-key: Field required"))
	case uuid.FromStringOrNil(key).IsNil():
		return refuse(failure(http.StatusUnprocessableEntity, 20098, "x-api-key: Input should be a valid UUID"))
	case !strings.EqualFold(key, b.settings.APIKey):
		return refuse(failure(http.StatusUnauthorized, 20001, "Неверный api-key"))
	case signed != nil && !signed(b.settings, c.Header.Get(wire.HeaderSignature)):
		return refuse(failure(http.StatusBadRequest, 20002, "Неверная подпись"))
	}
	return nil
}

// byBody is the signature of a payout.
func byBody(body []byte) func(Settings, string) bool {
	return func(s Settings, signature string) bool {
		public, err := wire.ParsePublic([]byte(s.PublicKey))
		if err != nil {
			public = nil
		}
		for _, v := range []wire.Variant{wire.VariantA, wire.VariantB, wire.VariantC} {
			if (s.Variant == anyVariant || s.Variant == string(v)) && wire.Verify(v, public, s.APIKey, s.SecretKey, body, signature) {
				return true
			}
		}
		return false
	}
}

// byValues is the signature of a question.
func byValues(values ...string) func(Settings, string) bool {
	return func(s Settings, signature string) bool {
		return signature == wire.Keys{APIKey: s.APIKey, Secret: s.SecretKey}.Values(values...)
	}
}

// payoutIn is a payout's body in the names of all public clients.
type payoutIn struct {
	Amount      json.Number `json:"amount"`
	Pan         string      `json:"recipient_pan"`
	Account     string      `json:"account_number"`
	Transaction string      `json:"transaction"`
	Description string      `json:"description"`
	Token       *struct {
		Token string `json:"customer_card_token"`
		Key   string `json:"customer_key"`
	} `json:"customer_card"`
	Phone string `json:"phone"`
	Bank  string `json:"bank_id"`
	FIO   string `json:"fio"`
}

func (b *bank) payout(c *call) answer {
	if no := b.known(c, byBody(c.body)); no != nil {
		return *no
	}
	in, amount, no := read(c.body)
	if no != nil {
		return *no
	}
	number := in.Pan
	if number == "" {
		number = in.Account
	}
	to := ""
	switch {
	case number != "" && in.Token == nil:
		if !logs.CardNumber(number) || number == CardRefused {
			return failure(http.StatusUnprocessableEntity, 20098, "card number is not valid")
		}
		to = number[:6] + strings.Repeat("*", len(number)-10) + number[len(number)-4:]
	case number == "" && in.Token != nil && in.Token.Token != "" && in.Token.Key != "":
		to = "token"
	default:
		return failure(http.StatusUnprocessableEntity, 20098, "recipient_pan: Field required")
	}
	return b.take(in, amount, to, behaviourOf(number))
}

// read checks what every payout has.
func read(body []byte) (payoutIn, int64, *answer) {
	var in payoutIn
	refuse := func(status, code int, message string) (payoutIn, int64, *answer) {
		a := failure(status, code, message)
		return in, 0, &a
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&in); err != nil || dec.More() {
		return refuse(http.StatusBadRequest, 20099, "json: the body cannot be read")
	}
	amount, err := in.Amount.Int64()
	if err != nil || amount < 0 {
		return refuse(http.StatusBadRequest, 20099, "json: cannot unmarshal number into Go struct field .amount of type uint")
	}
	switch {
	case amount == 0:
		return refuse(http.StatusUnprocessableEntity, 20098, "amount: should be greater than 0")
	case in.Transaction == "" || len(in.Transaction) > maxTransaction || strings.ContainsAny(in.Transaction, "/?# \n"):
		return refuse(http.StatusUnprocessableEntity, 20098, "transaction: Field required")
	case in.Description == "":
		return refuse(http.StatusUnprocessableEntity, 20098, "description: Field required")
	}
	return in, amount, nil
}

// What a card does.
const (
	cancels = "cancels"
	slowly  = "slowly"
	codes   = "codes"
)

func behaviourOf(number string) string {
	switch number {
	case CardCanceled:
		return cancels
	case CardSlow:
		return slowly
	case CardCode:
		return codes
	}
	return ""
}

// slowPolls is how often an order of CardSlow is asked after before it is completed.
const slowPolls = 2

// take makes an order. A transaction that was used, whatever became of it, is refused [P, and of a canceled one D].
func (b *bank) take(in payoutIn, amount int64, to, behaviour string) answer {
	name := strings.ToLower(in.Transaction)
	if _, used := b.orders[name]; used {
		return failure(http.StatusBadRequest, 20007, "Транзакция совершалась прежде")
	}
	if b.settings.Limit > 0 && amount > b.settings.Limit {
		return failure(http.StatusBadRequest, 20019, "Превышен лимит выплат")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return failure(http.StatusInternalServerError, 20000, "Неизвестная ошибка")
	}
	o := order{ID: id.String(), Transaction: in.Transaction, Amount: amount, Commission: b.settings.Commission, Description: in.Description, To: to,
		Status: statusWorking, Created: b.clock.Now(), Behaviour: behaviour}
	switch {
	case behaviour == cancels:
		err = b.cancel(o)
	case b.settings.OTP || behaviour == codes:
		n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails
		o.Status, o.Code, o.Expires = b.settings.OTPStatus, fmt.Sprintf("%06d", n.Int64()), o.Created.Add(time.Duration(b.settings.OTPLifetime))
		o.Code = cmp.Or(b.settings.OTPCode, o.Code)
		err = b.commit(change{Order: &o})
	case behaviour == slowly, b.settings.WorkPolls > 0:
		err = b.commit(change{Order: &o})
	default:
		err = b.complete(o)
	}
	if err != nil {
		return failure(http.StatusInternalServerError, 20000, "Неизвестная ошибка")
	}
	o = b.orders[name]
	if o.state() == wire.WantsCode && b.settings.OTPBare {
		return answer{http.StatusOK, map[string]any{"status": b.status(o)}}
	}
	return b.tell(o)
}

// confirm takes a one-time code. Public clients sign it, or do not: both are taken.
func (b *bank) confirm(c *call) answer {
	signed := c.Header.Get(wire.HeaderSignature)
	check := byBody(c.body)
	if signed == "" {
		check = nil
	}
	if no := b.known(c, check); no != nil {
		return *no
	}
	var in wire.Confirm
	if json.Unmarshal(c.body, &in) != nil {
		return failure(http.StatusBadRequest, 20099, "json: the body cannot be read")
	}
	o, ok := b.orders[strings.ToLower(in.Transaction)]
	switch {
	case !ok:
		return failure(http.StatusNotFound, 20009, "Заказ не найден")
	case o.state() != wire.WantsCode:
		return b.tell(o)
	case in.OTP != o.Code:
		o.Wrong++
		err := b.commit(change{Order: &o})
		if err == nil && o.Wrong >= b.settings.OTPTries {
			err = b.cancel(o)
		}
		if err != nil {
			return failure(http.StatusInternalServerError, 20000, "Неизвестная ошибка")
		}
		return failure(http.StatusUnprocessableEntity, 20098, "otp is not valid")
	}
	if err := b.complete(o); err != nil {
		return failure(http.StatusInternalServerError, 20000, "Неизвестная ошибка")
	}
	return b.tell(b.orders[strings.ToLower(in.Transaction)])
}

// order tells what became of a transaction.
func (b *bank) order(c *call) answer {
	transaction := c.PathValue("transaction")
	if no := b.known(c, byValues(transaction)); no != nil {
		return *no
	}
	o, ok := b.orders[strings.ToLower(transaction)]
	if !ok {
		return failure(http.StatusNotFound, 20009, "Заказ не найден")
	}
	o.Polls++
	err := b.commit(change{Order: &o})
	late := max(b.settings.WorkPolls, map[bool]int{true: slowPolls}[o.Behaviour == slowly])
	if err == nil && o.state() == wire.Working && !o.Held && o.Polls >= late {
		err = b.complete(o)
	}
	if err != nil {
		return failure(http.StatusInternalServerError, 20000, "Неизвестная ошибка")
	}
	if o.Polls <= b.settings.HiddenPolls {
		return failure(http.StatusNotFound, 20009, "Заказ не найден")
	}
	return b.tell(b.orders[strings.ToLower(transaction)])
}

// status is an order's, in the letter case of the settings.
func (b *bank) status(o order) string {
	if b.settings.Upper {
		return strings.ToUpper(o.Status)
	}
	return o.Status
}

// tell is an answer with an order, in the shape of the settings.
func (b *bank) tell(o order) answer {
	flat := map[string]any{"id": o.ID, "status": b.status(o), "transaction": o.Transaction, "amount": o.Amount, "commission": o.Commission,
		"description": o.Description, "created_at": wire.Created(o.Created)}
	if o.state() == wire.WantsCode {
		flat["otp_attempts_left"] = max(b.settings.OTPTries-o.Wrong, 0)
	}
	out := map[string]any{}
	if b.settings.Shape != ShapeNested {
		for name, value := range flat {
			out[name] = value
		}
	}
	if b.settings.Shape != ShapeFlat {
		out["order"] = flat
	}
	return answer{http.StatusOK, out}
}

// find is the open order that an id names by its transaction, order id or card; empty: the only one.
func (b *bank) find(id string) (order, error) {
	var found []order
	over := false
	for _, name := range b.names {
		o := b.orders[name]
		if id != "" && !strings.EqualFold(id, o.Transaction) && id != o.ID && sdk.KeyOf(id) != sdk.KeyOf(o.Transaction) && id != o.To {
			continue
		}
		if o.open() {
			found = append(found, o)
		} else {
			over = true
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && over && id != "":
		return order{}, fmt.Errorf("%w: %s", sdk.ErrBillOver, id)
	case len(found) == 0:
		return order{}, fmt.Errorf("%w: %s", sdk.ErrNoBill, id)
	}
	return order{}, fmt.Errorf("%w: %d are open, say which", sdk.ErrNoBill, len(found))
}
