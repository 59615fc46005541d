package main

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// maxClient bounds the file that describes a client, in bytes.
const maxClient = 64 << 10

// payoutCommand pays a loan out to a client's card. The number of the card is never an argument: it would stand in the list of processes.
func (a *app) payoutCommand() *cobra.Command {
	o := order{kind: pay.KindPayout}
	var sum, document, contract, date, receipt, card, client string
	var tenders, made, missing []string
	cmd := a.command("payout", "payout", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		if err := a.require(cmd, "module", "amount", "document"); err != nil {
			return err
		}
		var err error
		if o.amount, err = a.amount(sum); err != nil {
			return err
		}
		o.params = params("document", document, "receipt", receipt)
		if contract != "" || date != "" {
			o.params["contract"] = params("number", contract, "date", date)
		}
		if err := a.tenders(&o, tenders); err != nil {
			return err
		}
		var documents []map[string]any
		for _, list := range []struct {
			ids  []string
			made bool
		}{{made, true}, {missing, false}} {
			for _, id := range list.ids {
				documents = append(documents, map[string]any{"id": id, "made": list.made})
			}
		}
		if len(documents) > 0 {
			o.params["documents"] = documents
		}
		if err := a.client(&o, client); err != nil {
			return err
		}
		if cmd.Flags().Changed("card") {
			if err := a.card(cmd, &o, card); err != nil {
				return err
			}
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		op, err := a.operate(cmd.Context(), s, &o)
		if err != nil {
			return err
		}
		return a.conclude(cmd.Context(), s, op, o.hold || o.interrupted, nil)
	})
	f := cmd.Flags()
	f.StringVar(&o.module, "module", "", a.say("cli.flag.module"))
	f.StringVar(&sum, "amount", "", a.say("cli.flag.amount"))
	f.StringVar(&document, "document", "", a.say("cli.payout.flag.document"))
	f.StringVar(&contract, "contract", "", a.say("cli.payout.flag.contract"))
	f.StringVar(&date, "contract-date", "", a.say("cli.payout.flag.contract-date"))
	f.StringVar(&card, "card", "", a.say("cli.payout.flag.card"))
	f.StringVar(&client, "client", "", a.say("cli.payout.flag.client"))
	f.StringArrayVar(&tenders, "tender", nil, a.say("cli.payout.flag.tender"))
	f.StringArrayVar(&made, "made", nil, a.say("cli.payout.flag.made"))
	f.StringArrayVar(&missing, "not-made", nil, a.say("cli.payout.flag.not-made"))
	f.StringVar(&o.ref, "ref", "", a.say("cli.flag.ref"))
	f.StringVar(&receipt, "receipt", "", a.say("cli.flag.receipt"))
	f.BoolVar(&o.hold, "hold", false, a.say("cli.flag.hold"))
	a.dialogFlags(cmd, &o.dialog)
	return cmd
}

// tenders reads KIND=SUM.
func (a *app) tenders(o *order, list []string) error {
	if len(list) == 0 {
		return nil
	}
	entered := map[string]pay.Amount{}
	for _, word := range list {
		kind, sum, ok := strings.Cut(word, "=")
		amount, err := pay.ParseAmount(sum)
		if !ok || kind == "" || err != nil || amount < 0 {
			return a.usageErrorf("cli.usage.flag_wrong", "Flag", "--tender", "Value", shorten(word))
		}
		entered[kind] += amount
	}
	o.params["tenders"] = entered
	return nil
}

// client reads who the client is from a file, since the documents of a person do not belong into a list of processes.
func (a *app) client(o *order, path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxClient {
		return a.usageErrorf("cli.usage.flag_wrong", "Flag", "--client", "Value", shorten(path))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var object map[string]any
	if json.Unmarshal(data, &object) != nil {
		return a.usageErrorf("cli.payout.client_wrong", "File", shorten(path))
	}
	o.params["client"] = object
	return nil
}

// card reads the number of the card from standard input, or asks for it on the terminal.
func (a *app) card(cmd *cobra.Command, o *order, where string) error {
	if where != "-" {
		return a.usageErrorf("cli.payout.card_argument")
	}
	var line string
	var err error
	if a.keys.terminal() {
		line, err = a.askSecret(cmd.Context(), a.say("cli.ask.input.card"))
	} else {
		line, err = a.keys.line(cmd.Context(), false)
	}
	line = strings.TrimSpace(line)
	if err != nil || line == "" {
		return a.usageErrorf("cli.payout.card_argument")
	}
	o.params["card"] = line
	return nil
}
