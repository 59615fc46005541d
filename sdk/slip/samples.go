package slip

import "time"

// Samples are made-up documents, at least one of each kind, for trying templates and printers.
func Samples(language Language) []Document {
	if language == English {
		return englishSamples()
	}
	return russianSamples()
}

func russianSamples() []Document {
	head := Document{
		Organisation: `ООО "РОМАШКА"`,
		Address:      []string{"Магазин 12, г. Тула, ул. Мира, 1"},
		INN:          "7101234567",
		Till:         "4",
		Title:        "SENDY",
		Time:         time.Date(2026, 11, 22, 10, 3, 38, 0, time.FixedZone("MSK", 3*3600)),
		Receipt:      "000157",
		Shift:        31,
		Terminal:     "10240007",
		Number:       784,
		Copy:         Copy{1, 2},
		Support:      "4-000784",
	}
	return sampleDocuments(head, words{
		wallet:   "кошелек WeChat",
		payer:    "Код кошелька",
		sbp:      "СБП",
		sbpID:    "ID операции СБП",
		reason:   "Недостаточно средств на кошельке.",
		advice:   "попросите покупателя пополнить кошелек или выбрать другой способ оплаты.",
		bank:     "Банк",
		card:     "Карта МИР",
		contract: Labelled{"Договор займа", "ПЕ800"},
		order:    "ID заказа",
		reserve:  "ID резерва",
		offline:  "сервер не ответил",
	})
}

func englishSamples() []Document {
	head := russianSamples()[0]
	head.Payment, head.System = nil, ""
	head.Organisation = `"CAMOMILE" LLC`
	head.Address = []string{"Shop 12, 1 Mira st., Tula"}
	return sampleDocuments(head, words{
		wallet:   "WeChat wallet",
		payer:    "Wallet code",
		sbp:      "SBP",
		sbpID:    "SBP operation ID",
		reason:   "Not enough money in the wallet.",
		advice:   "ask the customer to top up the wallet or to pay by other means.",
		bank:     "The bank",
		card:     "MIR card",
		contract: Labelled{"Loan contract", "PE800"},
		order:    "Order ID",
		reserve:  "Reserve ID",
		offline:  "the server did not answer",
	})
}

// words are the texts that a caller of this package supplies.
type words struct {
	wallet, payer, sbp, sbpID, reason, advice, bank, card, order, reserve, offline string
	contract                                                                       Labelled
}

// numbered gives a document its time of day, receipt and number.
func (d Document) numbered(hour, minute, second int, receipt string, number int64, support string) Document {
	year, month, day := d.Time.Date()
	d.Time = time.Date(year, month, day, hour, minute, second, 0, d.Time.Location())
	d.Receipt, d.Number, d.Support = receipt, number, support
	return d
}

func sampleDocuments(head Document, w words) []Document {
	payment := head
	payment.System = w.wallet
	payment.Payment = &Payment{
		Amount: RUB(12345), Fee: RUB(0),
		Proof: Proof{Code: "00", AuthCode: "583021", RRN: "630812345678", Payer: Labelled{w.payer, "13****68"}},
	}

	remaining := RUB(15000)
	refund := head.numbered(11, 20, 5, "000161", 788, "4-000788")
	refund.Title = w.sbp
	refund.Refund = &Refund{
		Amount: RUB(5000), Original: Original{Receipt: "000149", Number: 770, Amount: RUB(20000)}, Remaining: &remaining,
		Proof: Proof{Code: "00", IDs: []Labelled{{w.sbpID, "B6326081123456780000110011200501"}}},
	}

	decline := head.numbered(10, 5, 12, "000157", 785, "4-000785")
	decline.Copy = Copy{}
	decline.Decline = &Decline{Amount: RUB(12345), Code: "51", Reason: w.reason, Advice: w.advice}

	unknown := head.numbered(10, 7, 44, "000157", 786, "4-000786")
	unknown.Copy, unknown.Title = Copy{}, w.sbp
	unknown.Unknown = &Unknown{Amount: RUB(99000), Silent: w.bank, Waited: 300 * time.Second}

	code := head.numbered(10, 3, 40, "000158", 786, "4-000786")
	code.Copy, code.Title = Copy{}, w.sbp
	code.QR = &QR{
		Amount: RUB(99000), Payload: "https://qr.example/A1000670LSS7DN18", Until: code.Time.Add(5 * time.Minute),
	}

	payout := head.numbered(12, 10, 49, "000157", 791, "")
	payout.Copy, payout.Title = Copy{2, 2}, "KVELL"
	payout.Payout = &Payout{
		Amount: RUB(345000), Fee: RUB(0), Card: Labelled{w.card, "220012******1234"}, Contract: w.contract, Signature: true,
		Proof: Proof{Status: "COMPLETED", IDs: []Labelled{{w.order, "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"}}},
	}

	social := head.numbered(13, 1, 17, "000157", 793, "4-000793")
	social.Copy, social.Title = Copy{1, 1}, ""
	social.Social = &Social{
		Total: RUB(125000), Amount: RUB(83000), Due: RUB(42000), SocialItems: 4, Items: 7, Program: "SP-071",
		Card:  Labelled{w.card, "220220******5678"},
		Proof: Proof{Code: "0", IDs: []Labelled{{w.reserve, "71-5583021"}}},
	}
	return append([]Document{payment, refund, decline, unknown, code, payout, social}, sampleReports(head, w)...)
}

func sampleReports(head Document, w words) []Document {
	at := func(hour, minute int) time.Time {
		return time.Date(2026, 11, 22, hour, minute, 0, 0, head.Time.Location())
	}
	head = head.numbered(21, 4, 0, "", 0, "4-S31")
	head.Copy = Copy{}
	short := Report{
		Opened: at(8, 55), Closed: at(21, 4),
		Systems: []SystemTotals{
			{Name: "Sendy", Payments: Sum{14, RUB(841050)}, Refunds: Sum{1, RUB(12000)}},
			{Name: "WeChat", Payments: Sum{3, RUB(205500)}},
			{Name: "AliPay", Payments: Sum{22, RUB(1974000)}, Refunds: Sum{2, RUB(25000)}},
		},
		Server: Comparison{State: Matched},
		First:  770, Last: 816,
	}
	detailed := short
	detailed.Detailed, detailed.Count = true, 42
	detailed.Operations = []Operation{
		{Number: 770, Time: at(9, 12), System: "AliPay", Receipt: "000149", RRN: "630812345601", Amount: RUB(20000)},
		{Number: 771, Time: at(9, 15), System: "WeChat", Receipt: "000150", RRN: "630812345602", Amount: RUB(31000)},
		{Number: 784, Time: at(10, 3), System: "Sendy", Receipt: "000157", RRN: "630812345678", Amount: RUB(12345)},
		{Number: 788, Time: at(11, 20), Of: KindRefund, System: "AliPay", Receipt: "000161", Amount: RUB(5000), Original: 770},
	}
	troubled := detailed
	troubled.Pending = []Operation{{Number: 786, Time: at(10, 7), System: "Sendy", Receipt: "000158", Amount: RUB(99000)}}
	troubled.Late = []Operation{{Number: 765, Time: at(20, 59), System: "Sendy", Receipt: "000140", Amount: RUB(15000), FromShift: 30}}
	troubled.Server = Comparison{State: Differs, Differences: []Difference{
		{System: "AliPay", Till: Sum{22, RUB(1974000)}, Server: Sum{21, RUB(1954000)}},
		{System: "AliPay", Of: KindRefund, Number: 788, Till: Sum{1, RUB(5000)}, Server: Sum{1, RUB(5500)}},
	}}
	spanned := short
	spanned.From, spanned.To, spanned.Closed = at(8, 0), at(14, 0), time.Time{}
	spanned.Server = Comparison{State: NotCompared, Reason: w.offline}

	var documents []Document
	for _, report := range []Report{short, detailed, troubled} {
		document := head
		document.Close = &report
		documents = append(documents, document)
	}
	for _, report := range []Report{troubled, spanned} {
		document := head
		document.Report = &report
		documents = append(documents, document)
	}
	return documents
}
