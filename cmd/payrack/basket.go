package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// confirms is PR_F_CONFIRM of payrack.h: what this program begins waits for a confirm or a reverse.
const confirms = 4

// basket reads the positions of a receipt from a file: a list, or an object with items. Without a sum of its own the operation is about all of them. What
// is approved waits for the person who closes the receipt.
func (a *app) basket(cmd *cobra.Command, o *order, path, sum, card string) error {
	items, err := a.itemsIn(path)
	if err != nil {
		return err
	}
	if sum == "" {
		var list []pay.Item
		if json.Unmarshal(items, &list) == nil {
			for _, item := range list {
				o.amount += item.Sum
			}
		}
	}
	if _, err := pay.ParseBasket(items, o.amount); err != nil {
		return err
	}
	o.kind, o.hold, o.params["items"] = pay.KindBasket, true, items
	if cmd.Flags().Changed("card") {
		return a.card(cmd, o, card)
	}
	return nil
}

func (a *app) itemsIn(path string) (json.RawMessage, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > pay.MaxParams {
		return nil, a.usageErrorf("cli.usage.flag_wrong", "Flag", "--basket", "Value", shorten(path))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var receipt struct {
		Items json.RawMessage `json:"items"`
	}
	if json.Unmarshal(data, &receipt) == nil && len(receipt.Items) > 0 {
		data = receipt.Items
	}
	if !json.Valid(data) {
		return nil, a.usageErrorf("cli.basket.unread", "File", shorten(path))
	}
	return data, nil
}

// showBasket lists the positions of which a part was paid, and what is left to pay.
func (a *app) showBasket(op pay.Operation) {
	if op.Kind != pay.KindBasket || op.Outcome != pay.Approved {
		return
	}
	a.pair("cli.op.left_to_pay", a.money(op.LeftToPay, op.Currency))
	var items []struct {
		pay.Item
		Approved pay.Amount `json:"approved"`
		Mark     string     `json:"mark"`
	}
	if json.Unmarshal(op.Items, &items) != nil {
		return
	}
	for _, item := range items {
		if item.Approved > 0 {
			fmt.Fprintf(a.Stdout, "%4d  %s  %s  %s\n", item.Position, clean(item.Name), a.money(item.Approved, op.Currency), clean(item.Mark))
		}
	}
}
