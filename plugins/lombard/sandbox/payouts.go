package sandbox

import (
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"

	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/plugins/lombard/wire"
)

// The cards that behave in a set way. Every other card gets its money at once, or as the settings say.
const (
	CardRefused = "4000000000000002" // the bank refuses the payout
	CardSlow    = "4000000000000259" // is worked on until it was asked after twice
	CardBad     = "4000000000000010" // cannot be bound
)

// What a card does.
const (
	refuses = "refuses"
	slowly  = "slowly"
)

// slowPolls is how often a payout to CardSlow is asked after before it is done.
const slowPolls = 2

func (b *bank) listCards(_ session, in wire.Cards) answer {
	rows := []map[string]any{}
	if who := owner(in.Client); who != "" {
		for _, name := range b.order {
			if c := b.cards[name]; c.Client == who {
				rows = append(rows, tellCard(c))
			}
		}
	}
	return done(rows)
}

func tellCard(c card) map[string]any {
	return map[string]any{"card_id": c.ID, "mask": c.Mask, "embossed_name": c.Name}
}

func (b *bank) addCard(_ session, in wire.AddCard) answer {
	if !logs.CardNumber(in.Pan) || in.Pan == CardBad {
		return failure(wire.CodeCard, "Карта не может быть добавлена")
	}
	if strings.TrimSpace(in.Name) == "" {
		return failure(wire.CodeField, "Не указано имя держателя карты")
	}
	c := card{Client: owner(in.Client), Mask: in.Pan[:6] + strings.Repeat("*", len(in.Pan)-10) + in.Pan[len(in.Pan)-4:], Name: in.Name,
		Behaviour: map[string]string{CardRefused: refuses, CardSlow: slowly}[in.Pan]}
	for _, name := range b.order { // the same card again is the card that is there
		if old := b.cards[name]; c.Client != "" && old.Client == c.Client && old.Mask == c.Mask && old.Behaviour == c.Behaviour {
			return done(tellCard(old))
		}
	}
	c.ID = strconv.Itoa(5001 + len(b.order))
	if err := b.commit(change{Card: &c}); err != nil {
		return broken(err)
	}
	return done(tellCard(c))
}

func (b *bank) providers(_ session, in wire.Providers) answer {
	if _, ok := b.cards[in.CardID]; !ok {
		return failure(wire.CodeCard, "Карта не найдена")
	}
	rows := []map[string]any{}
	for _, g := range b.settings.Gateways {
		rows = append(rows, map[string]any{"provider_id": g.ID, "bank": g.Bank, "limit": g.Limit})
	}
	return done(rows)
}

// pay makes a draft, or carries it out. What was confirmed under an external id is the same record for ever.
func (b *bank) pay(s session, in wire.Pay) answer {
	if id, err := uuid.FromString(in.ExternalID); err != nil || id.IsNil() {
		return failure(wire.CodeField, "Неверный external_id")
	}
	name := strings.ToLower(in.ExternalID)
	old, known := b.payouts[name]
	same := old.Card == in.CardID && old.Gateway == in.ProviderID && old.Amount == in.Amount
	switch {
	case known && old.Status != wire.Draft && !same, known && in.Confirm && !same:
		return failure(wire.CodeOther, "Документ уже использован для другой выплаты")
	case known && (old.Status != wire.Draft || same && !in.Confirm):
		return done(paid(old))
	case !known && in.Confirm:
		return failure(wire.CodeOther, "Заявка не найдена")
	case in.Confirm:
		return b.confirm(old)
	}
	if no := b.possible(in); no != nil {
		return *no
	}
	p := payout{ID: old.ID, ExternalID: in.ExternalID, Card: in.CardID, Gateway: in.ProviderID, Amount: in.Amount, Purpose: in.Purpose, Client: in.Client.Name,
		Account: s.Account, Status: wire.Draft, Created: b.clock.Now(), Document: document()}
	if !known {
		p.ID = b.nextID()
	}
	if err := b.commit(change{Payout: &p}); err != nil {
		return broken(err)
	}
	return done(paid(p))
}

// document makes the name of an application [S000: up to 24 hexadecimal digits].
func document() string {
	id := uuid.Must(uuid.NewV4()).String()
	return strings.ReplaceAll(id, "-", "")[:24]
}

// possible checks what a draft, and then its confirmation, needs.
func (b *bank) possible(in wire.Pay) *answer {
	refuse := func(code wire.Code, message string) *answer {
		a := failure(code, message)
		return &a
	}
	if _, ok := b.cards[in.CardID]; !ok {
		return refuse(wire.CodeCard, "Карта не найдена")
	}
	if in.Amount <= 0 {
		return refuse(wire.CodeField, "Неверная сумма")
	}
	for _, g := range b.settings.Gateways {
		if g.ID == in.ProviderID {
			if in.Amount > g.Limit {
				return refuse(wire.CodeLimit, "Сумма больше лимита шлюза")
			}
			return nil
		}
	}
	return refuse(wire.CodeGateway, "Шлюз не найден")
}

func (b *bank) confirm(p payout) answer {
	if no := b.possible(wire.Pay{CardID: p.Card, ProviderID: p.Gateway, Amount: p.Amount}); no != nil {
		return *no
	}
	var err error
	switch behaviour := b.cards[p.Card].Behaviour; {
	case behaviour == refuses:
		err = b.refuse(p)
	case behaviour == slowly || b.settings.WorkPolls > 0:
		p.Status = wire.Working
		err = b.commit(change{Payout: &p})
	default:
		err = b.complete(p)
	}
	if err != nil {
		return broken(err)
	}
	return done(paid(b.payouts[strings.ToLower(p.ExternalID)]))
}

// paid is the answer to a payout, as the contract has it.
func paid(p payout) map[string]any {
	return map[string]any{"transaction_id": p.ID, "external_id": p.ExternalID, "status": p.Status, "amount": p.Amount, "document_id": p.Document}
}

// seen is the time of a list that a session may see: a clerk sees today only [S000]. The service's clock runs ahead.
func (b *bank) seen(s session, from, to time.Time) (time.Time, time.Time) {
	now := b.serviceTime(b.clock.Now())
	if y, m, d := now.Date(); !s.All {
		if today := time.Date(y, m, d, 0, 0, 0, 0, now.Location()); from.Before(today) {
			from = today
		}
	}
	return from, to
}

func (b *bank) serviceTime(t time.Time) time.Time {
	return t.Local().Add(time.Duration(b.settings.Ahead))
}

// list is the journal of operations. Asked after by its external id, a payout is looked for wherever the session sees.
func (b *bank) list(s session, in wire.List) answer {
	from, to := b.seen(s, in.From, in.To)
	rows := []map[string]any{}
	for _, name := range b.names {
		p := b.payouts[name]
		at := b.serviceTime(p.Created)
		if at.Before(from) || in.ExternalID == "" && !at.Before(to) || in.ExternalID != "" && !strings.EqualFold(in.ExternalID, p.ExternalID) {
			continue
		}
		if in.ExternalID != "" && p.Status != wire.Draft {
			var err error
			if p, err = b.polled(p); err != nil {
				return broken(err)
			}
		}
		if p.Status != wire.Draft && p.Polls <= b.settings.HiddenPolls && b.settings.HiddenPolls > 0 {
			continue
		}
		rows = append(rows, b.row(p, at))
	}
	return done(map[string]any{"from": from, "to": to, "transactions": rows})
}

// polled counts a look at a payout, and lets the bank get on with it.
func (b *bank) polled(p payout) (payout, error) {
	p.Polls++
	late := b.settings.WorkPolls
	if b.cards[p.Card].Behaviour == slowly {
		late = max(late, slowPolls)
	}
	var err error
	if p.Status == wire.Working && !p.Held && p.Polls >= late {
		err = b.complete(p)
	} else {
		err = b.commit(change{Payout: &p})
	}
	return b.payouts[strings.ToLower(p.ExternalID)], err
}

func (b *bank) row(p payout, at time.Time) map[string]any {
	row := paid(p)
	row["time"], row["type"], row["client"], row["purpose"] = at, "pay2card", p.Client, p.Purpose
	row["card"], row["bank"] = b.cards[p.Card].Mask, b.gateway(p.Gateway)
	row["network"], row["branch"] = strconv.FormatInt(b.settings.NetworkID, 10), strconv.FormatInt(b.settings.BranchID, 10)
	if b.settings.Rubles {
		row["amount"] = rubles(p.Amount)
	}
	return row
}

func (b *bank) gateway(id string) string {
	for _, g := range b.settings.Gateways {
		if g.ID == id {
			return g.Bank
		}
	}
	return ""
}

// rubles is a sum as the journal shows it: "1 400,00" [S000].
func rubles(kopecks int64) string {
	digits := strconv.FormatInt(kopecks/100, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	cents := strconv.FormatInt(100+kopecks%100, 10)
	return digits + "," + cents[1:]
}
