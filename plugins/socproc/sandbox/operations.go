package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk/pay"
	sdk "github.com/payrack/payrack/sdk/sandbox"
	named "github.com/payrack/payrack/sdk/wire"
)

// read reads a body strictly: a field that the contract has not is a mistake of who sends it.
func read(body []byte, in any) bool {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	return dec.Decode(in) == nil && !dec.More()
}

// reserve holds what a programme pays of a receipt. No money moves.
func (f *fund) reserve(_ *http.Request, body []byte) answer {
	var in wire.Reserve
	if !read(body, &in) || !whole(in) {
		return failure(wire.CodeField, "Запрос не прочитан")
	}
	asked := digest(in)
	if o, known := f.operations[in.OperationID]; known {
		if o.Asked != asked {
			return failure(wire.CodeReused, "Номер операции уже использован")
		}
		return f.view(o)
	}
	if in.EnterpriseID != f.settings.EnterpriseID || in.MerchantID != f.settings.MerchantID || !slices.Contains(f.settings.Terminals, in.TerminalNo) {
		return failure(wire.CodeMerchant, "Предприятие, магазин или терминал не зарегистрированы")
	}
	program, known := f.settings.program(in.SPCode)
	if !known {
		return failure(wire.CodeProgram, "Нет такой социальной программы")
	}
	card, known := f.settings.card(in.Card.PanHash, in.Card.PAR)
	if !known || !slices.Contains(card.Programs, program.Code) {
		return failure(wire.CodeCard, "Карта не участвует в программе")
	}
	now := f.clock.Now()
	all, month := f.left(card, now)
	items, sum, social := share(program, in.Receipt.Items, min(all, month))
	if social && sum == 0 {
		return failure(wire.CodeLimit, "Лимит карты исчерпан")
	}
	o := operation{ID: in.OperationID, Reservation: "R-" + strings.ToLower(rand.Text()), Asked: asked, Receipt: in.Receipt.ID, Card: card.Name, Program: program.Code,
		ProgramName: program.Name, State: wire.Reserved, Total: in.Receipt.Total, Approved: sum, Items: items, Created: now, Expires: now.Add(time.Duration(f.settings.TTL))}
	if f.commit(change{Operation: &o}) != nil {
		return broken()
	}
	return f.view(o)
}

// digest names what a request asks for, however it is written.
func digest(in wire.Reserve) string {
	text, _ := json.Marshal(in) // of texts and numbers only: it never fails
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// whole says whether a request has all that it needs, and adds up.
func whole(in wire.Reserve) bool {
	if _, err := named.ID(named.Text(in.OperationID)); err != nil || in.Card.PanHash == "" && in.Card.PAR == "" ||
		logs.CardNumber(in.Card.PanHash) || logs.CardNumber(in.Card.PAR) || in.Receipt.ID == "" {
		return false
	}
	list, err := json.Marshal(basketOf(in.Receipt.Items))
	if err != nil {
		return false
	}
	_, err = pay.ParseBasket(list, pay.Amount(in.Receipt.Total))
	return err == nil
}

// basketOf are the positions as a till names them, which are checked by the same rules on both sides of the wire.
func basketOf(items []wire.Item) []pay.Item {
	list := make([]pay.Item, len(items))
	for i, w := range items {
		list[i] = pay.Item{Position: w.Position, Barcode: w.Barcode, Name: w.Name, Quantity: w.Quantity, Price: pay.Amount(w.Price), Sum: pay.Amount(w.Sum)}
	}
	return list
}

// share says what a programme pays of each position while left lasts, in kopecks, and whether there is anything social at all.
func share(p Program, items []wire.Item, left int64) (parts []part, sum int64, social bool) {
	for _, i := range items {
		if !p.has(i.Barcode) {
			continue
		}
		due := i.Sum / 100 * p.Percent
		due += i.Sum % 100 * p.Percent / 100
		social = social || due > 0
		if due = min(due, left-sum); due > 0 {
			parts = append(parts, part{i.Position, due})
			sum += due
		}
	}
	return parts, sum, social
}

// confirm writes a reservation off: the only thing here that moves money to the shop.
func (f *fund) confirm(r *http.Request, body []byte) answer {
	var in wire.Confirm
	if !read(body, &in) {
		return failure(wire.CodeField, "Запрос не прочитан")
	}
	o, known := f.operations[f.reserved[r.PathValue("id")]]
	switch {
	case !known:
		return failure(wire.CodeMissing, "Резерв не найден")
	case in.OperationID != o.ID:
		return failure(wire.CodeField, "Резерв другой операции")
	case o.Approved == 0:
		return failure(wire.CodeNothing, "Списывать нечего")
	case in.Sum != o.Approved:
		return failure(wire.CodeSum, "Сумма не равна одобренной")
	case o.State == wire.Confirmed:
		return f.view(o)
	case o.State != wire.Reserved:
		return mismatch(o.State)
	}
	o.State, o.Confirmed = wire.Confirmed, o.Approved
	if f.commit(change{Operation: &o}, sdk.Entry{Time: f.clock.Now(), Kind: sdk.EntryPayment, Key: sdk.KeyOf(o.ID), Transaction: o.Reservation, Account: o.Card, System: o.Program,
		Amount: o.Confirmed, Currency: "RUB"}) != nil {
		return broken()
	}
	return f.view(o)
}

// cancel lets a reservation go, or gives back all that was written off: that which it expects, and nothing else.
func (f *fund) cancel(r *http.Request, body []byte) answer {
	var in wire.Cancel
	if !read(body, &in) {
		return failure(wire.CodeField, "Запрос не прочитан")
	}
	u := undo{ID: in.CancelID, Kind: wire.Release}
	switch in.Expect {
	case wire.ExpectReserved:
	case wire.ExpectConfirmed:
		u.Kind = wire.Reversal
	default:
		return failure(wire.CodeField, "Не сказано, что отменяется")
	}
	return f.undo(f.reserved[r.PathValue("id")], u)
}

// giveBack returns goods: all that was written off, or nothing.
func (f *fund) giveBack(r *http.Request, body []byte) answer {
	var in wire.Return
	if !read(body, &in) || in.Sum <= 0 {
		return failure(wire.CodeField, "Запрос не прочитан")
	}
	return f.undo(r.PathValue("id"), undo{ID: in.CancelID, Kind: wire.Refund, Sum: in.Sum})
}

// undo does what a cancel_id asks, once; the same id is answered as it was the first time.
func (f *fund) undo(id string, u undo) answer {
	if _, err := named.ID(named.Text(u.ID)); err != nil {
		return failure(wire.CodeField, "Нет номера отмены")
	}
	o, known := f.operations[id]
	if !known {
		return failure(wire.CodeMissing, "Операция не найдена")
	}
	if of, used := f.undone[u.ID]; used {
		i := slices.IndexFunc(f.operations[of].Undone, func(was undo) bool { return was.ID == u.ID })
		was := f.operations[of].Undone[i]
		if of != o.ID || was.Kind != u.Kind || was.Sum != u.Sum {
			return failure(wire.CodeReused, "Номер отмены уже использован")
		}
		return f.first(o, was)
	}
	var money []sdk.Entry
	want, to := wire.Confirmed, wire.Returned
	if u.Kind == wire.Release {
		want, to = wire.Reserved, wire.Cancelled
	}
	switch {
	case o.State != want:
		u.Refused, u.State = wire.CodeState, o.State
	case u.Kind == wire.Refund && u.Sum != o.Confirmed:
		u.Refused = wire.CodePartial
	default:
		u.Done, o.State = true, to
	}
	if u.Done && to == wire.Returned {
		o.Returned = o.Confirmed
		kind := map[wire.Kind]sdk.EntryKind{wire.Reversal: sdk.EntryReversal, wire.Refund: sdk.EntryRefund}[u.Kind]
		money = append(money, sdk.Entry{Time: f.clock.Now(), Kind: kind, Key: sdk.KeyOf(u.ID), Of: sdk.KeyOf(o.ID), Transaction: o.Reservation, Account: o.Card, System: o.Program,
			Amount: o.Returned, Currency: "RUB"})
	}
	o.Undone = append(slices.Clip(o.Undone), u)
	if f.commit(change{Operation: &o}, money...) != nil {
		return broken()
	}
	return f.first(o, u)
}

// first is the answer to a cancel or return, now and later.
func (f *fund) first(o operation, u undo) answer {
	switch u.Refused {
	case "":
		return f.view(o)
	case wire.CodeState:
		return mismatch(u.State)
	}
	return failure(u.Refused, "Социальные товары возвращаются только целиком")
}

// tell says what became of an operation.
func (f *fund) tell(r *http.Request, _ []byte) answer {
	o, known := f.operations[r.PathValue("id")]
	if !known {
		return failure(wire.CodeMissing, "Операция не найдена")
	}
	if o.Polls < f.settings.HiddenPolls {
		o.Polls++
		if f.commit(change{Operation: &o}) != nil {
			return broken()
		}
		return failure(wire.CodeMissing, "Операция не найдена")
	}
	return f.view(o)
}

// view is an answer with an operation.
func (f *fund) view(o operation) answer {
	cancels := []map[string]any{}
	for _, u := range o.Undone {
		cancels = append(cancels, map[string]any{"cancel_id": u.ID, "kind": u.Kind, "done": u.Done})
	}
	return answer{http.StatusOK, map[string]any{"operation_id": o.ID, "reservation_id": o.Reservation, "status": o.State.String(), "approved_sum": o.Approved,
		"confirmed_sum": o.Confirmed, "returned_sum": o.Returned, "expires_at": o.Expires.In(moscow).Format(time.RFC3339), "program": o.Program,
		"program_name": o.ProgramName, "items": append([]part{}, o.Items...), "cancels": cancels}}
}
