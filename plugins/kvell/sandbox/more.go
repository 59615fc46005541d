package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gofrs/uuid/v5"

	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk/pdf"
)

// check is a client of the SBP that was looked up.
type check struct{ phone, bank, fio string }

// theBanks are a few of the SBP's.
var theBanks = []map[string]string{
	{"bank_id": "100000000008", "bank_bic": "044525593", "name": "Альфа-Банк"},
	{"bank_id": "100000000111", "bank_bic": "044525225", "name": "Сбербанк"},
	{"bank_id": "100000000004", "bank_bic": "044525974", "name": "Т-Банк"},
}

func (b *bank) banks(c *call) answer {
	if no := b.known(c, nil); no != nil {
		return *no
	}
	return answer{http.StatusOK, theBanks}
}

func (b *bank) tellBalance(c *call) answer {
	account := c.PathValue("account")
	if no := b.known(c, byValues(account)); no != nil {
		return *no
	}
	if account != AccountID {
		return failure(http.StatusNotFound, 20006, "Магазин не найден")
	}
	return answer{http.StatusOK, map[string]any{"account_id": account, "balance": b.balance(), "currency": "RUB"}}
}

func (b *bank) sbpCheck(c *call) answer {
	var in payoutIn
	if json.Unmarshal(c.body, &in) != nil {
		return failure(http.StatusBadRequest, 20099, "json: the body cannot be read")
	}
	if no := b.known(c, byValues(in.Phone, in.Bank)); no != nil {
		return *no
	}
	if len(in.Phone) != 11 || in.Phone[0] != '7' || in.Bank == "" {
		return failure(http.StatusUnprocessableEntity, 20098, "phone: should be 79…")
	}
	id, err := uuid.NewV4()
	if err != nil {
		return failure(http.StatusInternalServerError, 20000, "Неизвестная ошибка")
	}
	b.checks[id.String()] = check{in.Phone, in.Bank, in.FIO}
	return answer{http.StatusOK, map[string]any{"request_id": id.String()}}
}

func (b *bank) sbpChecked(c *call) answer {
	id := c.PathValue("id")
	if no := b.known(c, byValues(id)); no != nil {
		return *no
	}
	found, ok := b.checks[id]
	if !ok {
		return failure(http.StatusNotFound, 20009, "Заказ не найден")
	}
	return answer{http.StatusOK, map[string]any{"status": "success", "fio_nspk": found.fio, "nspk_id": strings.ToUpper(strings.ReplaceAll(id, "-", ""))}}
}

func (b *bank) sbpPayout(c *call) answer {
	if no := b.known(c, byBody(c.body)); no != nil {
		return *no
	}
	in, amount, no := read(c.body)
	if no != nil {
		return *no
	}
	if len(in.Phone) != 11 || in.Bank == "" {
		return failure(http.StatusUnprocessableEntity, 20098, "phone: should be 79…")
	}
	return b.take(in, amount, in.Phone[:4]+"*****"+in.Phone[9:], "")
}

// certificate tells where the certificate of an order is. Of one that it does not know the service says that something is wrong [P].
func (b *bank) certificate(c *call) answer {
	transaction := c.PathValue("transaction")
	if no := b.known(c, byValues(transaction)); no != nil {
		return *no
	}
	o, ok := b.orders[strings.ToLower(transaction)]
	if !ok || o.state() != wire.Completed {
		return failure(http.StatusInternalServerError, 20000, "Неизвестная ошибка")
	}
	return answer{http.StatusOK, map[string]any{"file_url": b.url() + "/files/" + o.ID + ".pdf?access=" + o.ID[:8]}}
}

// file is the certificate itself. Whoever has its address may read it.
func (b *bank) file(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.orders {
		if r.PathValue("name") != o.ID+".pdf" || r.FormValue("access") != o.ID[:8] {
			continue
		}
		data, err := pdf.Page{Title: "Справка об операции", Made: o.Created.UTC(), Lines: []pdf.Line{{Text: "СПРАВКА ОБ ОПЕРАЦИИ", Align: pdf.Centre, Scale: 1.3}, {Gap: true},
			{Label: "Заказ", Text: o.ID}, {Label: "Транзакция", Text: o.Transaction}, {Label: "Карта", Text: o.To}, {Label: "Статус", Text: o.Status}}}.Render()
		if err != nil {
			break
		}
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = w.Write(data)
		return
	}
	http.NotFound(w, r)
}
