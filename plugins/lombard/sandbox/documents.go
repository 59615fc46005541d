package sandbox

import (
	"strings"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/pdf"
)

func (b *bank) documents(s session, in wire.List) answer {
	from, to := b.seen(s, in.From, in.To)
	rows := []map[string]any{}
	for _, name := range b.names {
		p := b.payouts[name]
		at := b.serviceTime(p.Created)
		if at.Before(from) || !at.Before(to) || in.ExternalID != "" && !strings.EqualFold(in.ExternalID, p.ExternalID) {
			continue
		}
		status := wire.DocumentReady
		if p.Wanted < b.settings.DocumentPolls {
			status = "new"
		}
		rows = append(rows, map[string]any{"document_id": p.Document, "external_id": p.ExternalID, "name": "Заявление № " + p.ID, "time": at, "status": status})
	}
	return done(rows)
}

// download is the application of a draft. A clerk gets those of today.
func (b *bank) download(s session, in wire.Download) answer {
	for _, name := range b.names {
		p := b.payouts[name]
		at := b.serviceTime(p.Created)
		if from, _ := b.seen(s, p.Created.AddDate(-1, 0, 0), at); p.Document != in.ID || at.Before(from) {
			continue
		}
		if p.Wanted < b.settings.DocumentPolls {
			p.Wanted++
			if err := b.commit(change{Payout: &p}); err != nil {
				return broken(err)
			}
			return done(map[string]any{"status": "new"})
		}
		page, err := pdf.Page{Title: "Заявление № " + p.ID, Made: p.Created.UTC(), Lines: []pdf.Line{
			{Text: "ЗАЯВЛЕНИЕ № " + p.ID, Align: pdf.Centre, Scale: 1.3}, {Gap: true}, {Label: "Получатель", Text: p.Client},
			{Label: "Карта", Text: b.cards[p.Card].Mask}, {Label: "Сумма", Text: rubles(p.Amount) + " руб."}, {Label: "Банк", Text: b.gateway(p.Gateway)},
			{Label: "Назначение", Text: p.Purpose}, {Gap: true}, {Left: "Подпись ____________________", Text: "Дата ______________"}}}.Render()
		if err != nil {
			return broken(err)
		}
		return answer{page: page}
	}
	return failure(wire.CodeDocument, "Документ не найден")
}
