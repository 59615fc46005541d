package pay

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// milk is a receipt of two positions that costs 179.80.
const milk = `[{"position":1,"barcode":"4600000000017","name":"Молоко","quantity":1000,"price":8990,"sum":8990},
	{"position":7,"name":"Хлеб","quantity":2000,"price":4495,"sum":8990,"vat":"10"}]`

func TestABasketAddsUpToItsAmount(t *testing.T) {
	items, err := ParseBasket(json.RawMessage(milk), 17980)
	if err != nil || len(items) != 2 || items[1] != (Item{Position: 7, Name: "Хлеб", Quantity: 2000, Price: 4495, Sum: 8990}) {
		t.Fatalf("%+v %v", items, err)
	}
	for _, amount := range []Amount{17979, 17981, 0, -17980} {
		if _, err := ParseBasket(json.RawMessage(milk), amount); CodeOf(err) != ErrArgument || !strings.Contains(err.Error(), "179.80") {
			t.Errorf("%s is taken: %v", amount, err)
		}
	}
}

func TestWhatIsWrongWithABasketNamesThePosition(t *testing.T) {
	good := func(change string) string {
		item := map[string]any{"position": 3, "name": "Сыр", "quantity": 350, "price": 79900, "sum": 27965}
		var with map[string]any
		if err := json.Unmarshal([]byte(change), &with); err != nil {
			t.Fatal(err)
		}
		for k, v := range with {
			item[k] = v
		}
		raw, _ := json.Marshal(item)
		return string(raw)
	}
	for name, item := range map[string]string{
		"no object": `[1]`, "no name": good(`{"name":""}`), "two lines": good(`{"name":"a\nb"}`), "a long name": good(`{"name":"` + strings.Repeat("x", 257) + `"}`),
		"no quantity": good(`{"quantity":0}`), "below zero": good(`{"quantity":-1}`), "too much": good(`{"quantity":100000001}`), "a fraction": good(`{"quantity":0.35}`),
		"a price below zero": good(`{"price":-1}`), "a price that overflows": good(`{"price":9223372036854775807}`), "a sum below zero": good(`{"sum":-1}`),
		"a kopeck too much": good(`{"sum":27966}`), "a kopeck too little": good(`{"sum":27964}`), "text": good(`{"sum":"27965"}`), "another case": good(`{"Sum":1}`),
		"a long barcode": good(`{"barcode":"` + strings.Repeat("1", 65) + `"}`), "twice a name": `{"position":3,"position":3}`,
	} {
		list := `[{"position":1,"name":"Молоко","quantity":1000,"price":8990,"sum":8990},{"position":2,"name":"Хлеб","quantity":1000,"price":100,"sum":100},` + item + `]`
		_, err := ParseBasket(json.RawMessage(list), 37055)
		if CodeOf(err) != ErrArgument || !strings.Contains(fmt.Sprint(err), "position 3") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for at, list := range map[string]string{"position 2": `[` + good(`{"position":2}`) + `,` + good(`{"position":2}`) + `]`, "position 1": `[` + good(`{"position":0}`) + `]`} {
		if _, err := ParseBasket(json.RawMessage(list), 27965); CodeOf(err) != ErrArgument || !strings.Contains(err.Error(), at) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestASumIsRoundedEitherWay(t *testing.T) {
	for _, c := range []struct {
		quantity int64
		price    Amount
		sums     []Amount
	}{{333, 1000, []Amount{333}}, {1, 1500, []Amount{1, 2}}, {999, 999, []Amount{998, 999}}, {1, 1, []Amount{0, 1}}, {MaxQuantity, MaxPrice, []Amount{1_000_000_000_000_000}}} {
		for sum := c.sums[0] - 2; sum <= c.sums[len(c.sums)-1]+2; sum++ {
			list := fmt.Sprintf(`[{"position":1,"name":"x","quantity":%d,"price":%d,"sum":%d}]`, c.quantity, c.price, sum)
			_, err := ParseBasket(json.RawMessage(list), sum)
			if want := sum >= c.sums[0] && sum <= c.sums[len(c.sums)-1]; (err == nil) != want {
				t.Errorf("%d thousandths at %s for %s: %v", c.quantity, c.price, sum, err)
			}
		}
	}
}

func TestABasketHasAtMost999Positions(t *testing.T) {
	many := func(n int) json.RawMessage {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"position":%d,"name":"x","quantity":1000,"price":1,"sum":1}`, i+1))
		}
		return json.RawMessage("[" + strings.Join(list, ",") + "]")
	}
	if _, err := ParseBasket(many(999), 999); err != nil {
		t.Error(err)
	}
	for _, n := range []int{0, 1000, 1001} {
		if _, err := ParseBasket(many(n), Amount(n)); CodeOf(err) != ErrArgument {
			t.Errorf("%d positions: %v", n, err)
		}
	}
	for _, bad := range []string{"", "{}", "null", `"x"`, "[", "[null]"} {
		if _, err := ParseBasket(json.RawMessage(bad), 0); CodeOf(err) != ErrArgument {
			t.Errorf("%q is taken: %v", bad, err)
		}
	}
}

func TestAnApprovalFitsItsBasket(t *testing.T) {
	items, err := ParseBasket(json.RawMessage(milk), 17980)
	if err != nil {
		t.Fatal(err)
	}
	r := func(list ...ApprovedItem) BasketResult { return BasketResult{Items: list} }
	if err := r(ApprovedItem{7, 8990}, ApprovedItem{1, 10}).Approves(items, 9000); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]BasketResult{"too much": r(ApprovedItem{1, 8991}), "twice": r(ApprovedItem{1, 1}, ApprovedItem{1, 1}), "unknown": r(ApprovedItem{2, 1}),
		"below zero": r(ApprovedItem{1, -1}, ApprovedItem{7, 2}), "another sum": r(ApprovedItem{1, 5})} {
		sum := Amount(0)
		for _, a := range bad.Items {
			sum += a.Approved
		}
		if name == "another sum" {
			sum++
		}
		if bad.Approves(items, sum) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestMarkedItemsSayWhatIsPaidOfEach(t *testing.T) {
	out := BasketResult{Items: []ApprovedItem{{7, 5000}}}.Marked(json.RawMessage(milk), "социальный товар")
	var list []struct {
		Item
		Approved, Left Amount
		Social         bool
		Mark, VAT      string
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	if list[0].Social || list[0].Approved != 0 || list[0].Left != 8990 || list[0].Mark != "" {
		t.Errorf("not paid: %+v", list[0])
	}
	if bread := list[1]; !bread.Social || bread.Approved != 5000 || bread.Left != 3990 || bread.Mark != "социальный товар" || bread.VAT != "10" || bread.Name != "Хлеб" {
		t.Errorf("paid: %+v", bread)
	}
	for _, odd := range []string{"", "{}", `[{"sum":1}]`, "[1]"} {
		if got := (BasketResult{}).Marked(json.RawMessage(odd), "x"); string(got) != odd {
			t.Errorf("%q becomes %q", odd, got)
		}
	}
}

func FuzzParseBasket(f *testing.F) {
	f.Add(milk, int64(17980))
	f.Add(`[{"position":1,"name":"x","quantity":100000000,"price":10000000000,"sum":1000000000000000}]`, int64(1_000_000_000_000_000))
	f.Add(`[{"position":1},{}]`, int64(0))
	f.Fuzz(func(t *testing.T, list string, amount int64) {
		items, err := ParseBasket(json.RawMessage(list), Amount(amount))
		if err != nil {
			return
		}
		total, seen := Amount(0), map[int]bool{}
		for _, i := range items {
			total += i.Sum
			if i.Sum < 0 || seen[i.Position] || i.Quantity < 1 || i.Price < 0 {
				t.Fatalf("%+v is taken", i)
			}
			seen[i.Position] = true
		}
		if total != Amount(amount) || len(items) < 1 || len(items) > MaxItems {
			t.Fatalf("%d positions of %s for %d", len(items), total, amount)
		}
		marked := BasketResult{Items: []ApprovedItem{{items[0].Position, items[0].Sum}}}.Marked(json.RawMessage(list), "m")
		if !json.Valid(marked) {
			t.Fatalf("marked: %s", marked)
		}
	})
}
