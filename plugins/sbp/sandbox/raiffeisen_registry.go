package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// registryRow is one line of Raiffeisenbank's daily registry.
type registryRow struct {
	at                  time.Time
	kind, order, refund string
	comment, qrcID      string
	amount, fee         int64 // kopecks
}

// registry is what the bank sends about a day: payments with its fee of 0.4 %, and refunds, which it writes below zero. (The bank's
// sample has no refund in it: how it writes them is our guess.)
func (c *centre) registry(day time.Time) string {
	var rows []registryRow
	in := func(t time.Time) bool { return !t.IsZero() && !t.Before(day) && t.Before(day.AddDate(0, 0, 1)) }
	for _, o := range c.offers {
		if o.Bank == Raiffeisen && o.Fate == paid && in(o.Paid) {
			rows = append(rows, registryRow{at: o.Paid, kind: "Payment", order: o.Given, comment: o.Comment, qrcID: o.QrcID, amount: o.Amount, fee: (o.Amount*4 + 500) / 1000})
		}
	}
	for _, r := range c.refunds {
		if r.Bank == Raiffeisen && r.Fate == paid && in(r.Done) {
			o := c.offers[r.Of]
			rows = append(rows, registryRow{at: r.Done, kind: "Refund", order: o.Given, refund: r.ID, qrcID: o.QrcID, amount: -r.Amount})
		}
	}
	slices.SortFunc(rows, func(a, b registryRow) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order), cmp.Compare(a.refund, b.refund))
	})
	var out strings.Builder
	date := day.Format("02/01/2006")
	fmt.Fprintf(&out, "Instant Payments C2B Transactions report for %s / Отчет по СБП C2B транзакциям за %s;;;;;;;;;;;\r\n;;;;;;;;;;;\r\n", date, date)
	out.WriteString("Мерчант;Дата операции МСК;Тип;id заказа;id возврата;Комментарий;Способ оплаты;Данные оплаты;id клиента;Сумма;Комиссия;Дополнительные поля\r\n")
	var sum, fees int64
	for _, r := range rows {
		at := r.at.In(moscow)
		fmt.Fprintf(&out, "%s;%s %d:%02d;%s;%s;%s;%s;Instant Payment QR;%s;%s;%s;%s;\r\n", RaiffeisenMerchant, at.Format("02.01.2006"), at.Hour(), at.Minute(),
			r.kind, r.order, r.refund, field(r.comment), r.qrcID, payer, dotted(r.amount), dotted(r.fee))
		sum, fees = sum+r.amount, fees+r.fee
	}
	fmt.Fprintf(&out, "ИТОГО;;;;;;;;;%s;%s;\r\n", dotted(sum), dotted(fees))
	return out.String()
}

// field keeps a comment inside its column.
func field(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ';' || r == '"' || r < ' ' {
			return ' '
		}
		return r
	}, s)
}

func dotted(kopecks int64) string {
	sign := ""
	if kopecks < 0 {
		sign, kopecks = "-", -kopecks
	}
	return fmt.Sprintf("%s%d.%02d", sign, kopecks/100, kopecks%100)
}

// serveRegistry answers the control interface with the registry of ?day=, or of today.
func (c *centre) serveRegistry(w http.ResponseWriter, r *http.Request) {
	now := c.clock.Now().In(moscow)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, moscow)
	if text := r.FormValue("day"); text != "" {
		var err error
		if day, err = time.ParseInLocation(time.DateOnly, text, moscow); err != nil {
			http.Error(w, "day is a date such as 2026-11-22", http.StatusBadRequest)
			return
		}
	}
	text, err := under(c, func() (string, error) { return c.registry(day), nil })
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=windows-1251")
	out := charmap.Windows1251.NewEncoder()
	written, err := out.String(strings.Map(func(r rune) rune {
		if _, ok := charmap.Windows1251.EncodeRune(r); !ok {
			return '?'
		}
		return r
	}, text))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write([]byte(written))
}

// Registry is Raiffeisenbank's registry of a day, such as "2026-11-22"; empty: today. It is what the bank sends: CP1251.
func (c *Control) Registry(ctx context.Context, day string) ([]byte, error) {
	base := strings.TrimSuffix(strings.TrimSuffix(c.URL, "/"), "/control")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/control/sbp/registry?day="+url.QueryEscape(day), http.NoBody)
	if err != nil {
		return nil, err
	}
	client := c.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("sandbox registry: %s: %s", resp.Status, data)
	}
	return data, err
}
