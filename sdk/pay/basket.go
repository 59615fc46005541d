package pay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Item is one position of a receipt, as a till names it in the params of a pay.basket.
type Item struct {
	Position int    `json:"position"`          // in the receipt, 1 to 999, each once
	Barcode  string `json:"barcode,omitempty"` // may be empty: goods without one
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"` // in thousandths: 1500 is one and a half
	Price    Amount `json:"price"`    // of one unit, after discounts
	Sum      Amount `json:"sum"`
}

// Bounds of a basket. With them no product or sum can overflow 64 bits.
const (
	MaxItems    = 999
	MaxQuantity = 100_000_000            // thousandths: a hundred thousand units
	MaxPrice    = Amount(10_000_000_000) // a hundred million roubles
	maxName     = 256                    // characters
	maxBarcode  = 64
)

// itemNames are the names in Item.
var itemNames = []string{"position", "barcode", "name", "quantity", "price", "sum"}

// ParseBasket reads the items of a receipt that costs amount. What is wrong with one of them is an ErrArgument that names its position.
//
// The sum of a position is its price times its quantity, in kopecks, rounded up or down: tills round in either way, so a sum that differs
// from the exact product by a whole kopeck or more is refused. The sums add up to the amount exactly.
func ParseBasket(items json.RawMessage, amount Amount) ([]Item, error) {
	var list []json.RawMessage
	if len(items) == 0 || json.Unmarshal(items, &list) != nil || len(list) == 0 {
		return nil, wording(ErrArgument, "refused.basket_empty", map[string]any{"Most": MaxItems}, "items: a list of 1 to %d positions is needed", MaxItems)
	}
	if len(list) > MaxItems {
		return nil, wording(ErrArgument, "refused.basket_long", map[string]any{"Count": len(list), "Most": MaxItems}, "items: %d positions, at most %d are allowed", len(list), MaxItems)
	}
	basket, total, seen := make([]Item, 0, len(list)), Amount(0), map[int]bool{}
	for i, raw := range list {
		item, wrong := parseItem(raw)
		if wrong == nil && seen[item.Position] {
			wrong = wrongItem("twice", nil, "this number stands twice")
		}
		if wrong != nil {
			at := item.Position
			if at < 1 || at > MaxItems {
				at = i + 1
			}
			wrong.data["Position"] = at
			wrong.said = fmt.Sprintf("items: position %d: %s", at, wrong.said)
			return nil, &Error{Code: ErrArgument, Cause: wrong}
		}
		seen[item.Position] = true
		total += item.Sum
		basket = append(basket, item)
	}
	if total != amount {
		return nil, wording(ErrArgument, "refused.basket_total", map[string]any{"Total": total, "Amount": amount}, "items: the sums add up to %s, the amount is %s", total, amount)
	}
	return basket, nil
}

// wrongItem says what is wrong with a position; its number is added by who knows it.
func wrongItem(what string, data map[string]any, format string, args ...any) *worded {
	if data == nil {
		data = map[string]any{}
	}
	return &worded{fmt.Sprintf(format, args...), "refused.item_" + what, data}
}

// parseItem reads one position. The item comes back as far as it could be read, so that an error can name it.
func parseItem(raw json.RawMessage) (item Item, wrong *worded) {
	unread := func(why string) *worded { return wrongItem("unread", map[string]any{"Detail": why}, "%s", why) }
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || trimmed[0] != '{' {
		return item, unread("not an object")
	}
	if err := uniqueNames(raw, itemNames); err != nil {
		return item, unread(err.Error())
	}
	if err := json.Unmarshal(raw, &item); err != nil {
		if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return item, unread(fmt.Sprintf("%q has the wrong type (%s)", t.Field, t.Value))
		}
		return item, unread("not JSON")
	}
	return item, item.check()
}

func (i Item) check() *worded {
	exact := i.Quantity * int64(i.Price) // thousandths of a kopeck; within the bounds 1e18 at most
	switch {
	case i.Position < 1 || i.Position > MaxItems:
		return wrongItem("position", map[string]any{"Number": i.Position, "Most": MaxItems}, "the number %d is not one of 1 to %d", i.Position, MaxItems)
	case i.Name == "" || utf8.RuneCountInString(i.Name) > maxName || !printable(i.Name):
		return wrongItem("name", map[string]any{"Most": maxName}, "a name of 1 to %d characters in one line is needed", maxName)
	case len(i.Barcode) > maxBarcode || !printable(i.Barcode):
		return wrongItem("barcode", map[string]any{"Most": maxBarcode}, "a barcode has at most %d characters", maxBarcode)
	case i.Quantity < 1 || i.Quantity > MaxQuantity:
		return wrongItem("quantity", map[string]any{"Quantity": i.Quantity, "Most": MaxQuantity}, "the quantity is %d thousandths, 1 to %d are allowed", i.Quantity, MaxQuantity)
	case i.Price < 0 || i.Price > MaxPrice:
		return wrongItem("price", map[string]any{"Price": i.Price, "Most": MaxPrice}, "the price is %s, 0.00 to %s are allowed", i.Price, MaxPrice)
	case int64(i.Sum) < exact/1000 || int64(i.Sum) > (exact+999)/1000:
		product := Amount((exact + 500) / 1000)
		return wrongItem("sum", map[string]any{"Sum": i.Sum, "Product": product}, "the sum is %s, price times quantity is %s", i.Sum, product)
	}
	return nil
}

func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// BasketResult is the Result of an approved pay.basket. A driver may put more into it.
type BasketResult struct {
	Items   []ApprovedItem `json:"items"`             // the positions of which a part was approved
	Program string         `json:"program,omitempty"` // the social programme that pays
}

// ApprovedItem is how much of a position the provider paid.
type ApprovedItem struct {
	Position int    `json:"position"`
	Approved Amount `json:"approved"`
}

// Approves holds that the items are positions of the basket, none is paid more than it costs, and all together are the sum.
func (r BasketResult) Approves(basket []Item, sum Amount) error {
	cost := map[int]Amount{}
	for _, item := range basket {
		cost[item.Position] = item.Sum
	}
	total := Amount(0)
	for _, a := range r.Items {
		most, known := cost[a.Position]
		switch {
		case !known:
			return fmt.Errorf("position %d is not in the basket, or stands twice", a.Position)
		case a.Approved < 0 || a.Approved > most:
			return fmt.Errorf("of position %d, which costs %s, %s are approved", a.Position, most, a.Approved)
		}
		delete(cost, a.Position)
		total += a.Approved
	}
	if total != sum {
		return fmt.Errorf("the positions add up to %s, approved are %s", total, sum)
	}
	return nil
}

// Marked gives the items of a basket as pr_str "items" does: as the till named them, each with "approved", its part that is paid, "left",
// what is not, and of social goods "social" and "mark". What cannot be read comes back as it is.
func (r BasketResult) Marked(items json.RawMessage, mark string) json.RawMessage {
	var list []map[string]json.RawMessage
	if json.Unmarshal(items, &list) != nil {
		return items
	}
	approved := map[int]Amount{}
	for _, a := range r.Items {
		approved[a.Position] = a.Approved
	}
	word, err := json.Marshal(mark)
	if err != nil {
		return items
	}
	for _, item := range list {
		var at int
		var sum Amount
		if json.Unmarshal(item["position"], &at) != nil || json.Unmarshal(item["sum"], &sum) != nil {
			return items
		}
		paid := approved[at]
		item["approved"], item["left"] = fmt.Appendf(nil, "%d", paid), fmt.Appendf(nil, "%d", sum-paid)
		item["social"] = fmt.Appendf(nil, "%t", paid > 0)
		if paid > 0 {
			item["mark"] = word
		}
	}
	out, err := json.Marshal(list)
	if err != nil {
		return items
	}
	return out
}
