package sandbox

import (
	"crypto/subtle"
	_ "embed" // the page
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

//go:embed phone.html
var phoneHTML string

// page is what the template shows.
type page struct {
	Lang, Other string
	Say         map[string]string // captions
	Token       string
	Now         time.Time
	Name        string
	Bills       []Bill // open
	Over        []Bill // the latest that are not
	Wallets     []Wallet
	Notice      string
}

// shownOver is how many finished bills the page shows.
const shownOver = 8

func (s *Server) routePage() {
	p, ok := s.provider.(Phone)
	if !ok {
		return
	}
	tmpl := template.Must(template.New("phone").Funcs(template.FuncMap{
		"money": money,
		"clock": func(t time.Time) string { return t.Local().Format("15:04:05") },
	}).Parse(phoneHTML))
	s.mux.HandleFunc("GET /phone", func(w http.ResponseWriter, r *http.Request) {
		pageHeaders(w)
		if err := tmpl.Execute(w, s.page(p, r)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	s.mux.HandleFunc("POST /phone", func(w http.ResponseWriter, r *http.Request) { s.press(p, w, r) })
}

// pageHeaders let nothing in but the page itself: no script, no frame around it, nothing from elsewhere.
func pageHeaders(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}

func (s *Server) page(p Phone, r *http.Request) page {
	lang := s.language(r)
	v := page{
		Lang: lang, Other: "en", Say: captions(lang), Token: s.token, Now: s.clock.Now(), Name: s.provider.Name(),
		Bills: p.Bills(false), Wallets: p.Wallets(), Notice: captions(lang)["notice-"+r.FormValue("said")],
	}
	if lang == "en" {
		v.Other = "ru"
	}
	all := p.Bills(true)
	for i := len(all) - 1; i >= 0 && len(v.Over) < shownOver; i-- {
		if all[i].State != BillOpen {
			v.Over = append(v.Over, all[i])
		}
	}
	return v
}

// press does what a button asks. Only the page that we served knows the token.
func (s *Server) press(p Phone, w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(s.token)) != 1 {
		http.Error(w, "this form is not from this sandbox's page: open /phone again", http.StatusForbidden)
		return
	}
	said := "done"
	var err error
	if action := r.PostFormValue("do"); action == "code" {
		_, err = p.ShowCode(r.PostFormValue("wallet"), r.PostFormValue("behaviour"))
	} else {
		_, err = act(p, action, r.PostFormValue("id"))
	}
	if err != nil {
		said = "failed"
	}
	http.Redirect(w, r, "/phone?lang="+url.QueryEscape(s.language(r))+"&said="+said, http.StatusSeeOther)
}

// money writes minor units as people read them: 1 234,50.
func money(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	whole := strconv.FormatInt(amount/100, 10)
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	cents := strconv.FormatInt(100+amount%100, 10)[1:]
	return sign + b.String() + "," + cents + " " + currency
}

func captions(lang string) map[string]string {
	if lang == "en" {
		return map[string]string{
			"title": "Customer's phone", "note": "A sandbox: no real money moves here.",
			"bills": "Waiting for the customer", "none": "Nothing to pay now.",
			"scan": "scan the QR from the till", "confirm": "confirm in the app", "until": "until", "held": "the simulated customer waits",
			"pay": "Pay", "decline": "Decline", "hold": "Wait", "expire": "Let it expire",
			"wallets": "Wallets: show a code to the scanner", "balance": "balance", "show": "Show a code",
			"atonce": "pays at once", "confirmfirst": "asks to confirm", "poor": "no money on it", "refuses": "the customer declines", "code": "Code",
			"over": "Finished", "open": "open", "paid": "paid", "declined": "not paid", "closed": "closed by the shop",
			"notice-done": "Done.", "notice-failed": "That is not possible any more.", "other": "По-русски", "refresh": "Refresh",
		}
	}
	return map[string]string{
		"title": "Телефон покупателя", "note": "Песочница: настоящие деньги здесь не движутся.",
		"bills": "Ждут покупателя", "none": "Платить сейчас нечего.",
		"scan": "отсканировать QR с кассы", "confirm": "подтвердить в приложении", "until": "до", "held": "автоматический покупатель ждет",
		"pay": "Оплатить", "decline": "Отказаться", "hold": "Подождать", "expire": "Дать сроку истечь",
		"wallets": "Кошельки: показать код сканеру", "balance": "остаток", "show": "Показать код",
		"atonce": "платит сразу", "confirmfirst": "просит подтвердить", "poor": "денег нет", "refuses": "покупатель откажется", "code": "Код",
		"over": "Завершенные", "open": "ждет", "paid": "оплачен", "declined": "не оплачен", "closed": "закрыт магазином",
		"notice-done": "Готово.", "notice-failed": "Это уже невозможно.", "other": "In English", "refresh": "Обновить",
	}
}
