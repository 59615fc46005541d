package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"

	"github.com/payrack/payrack/plugins/lombard/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// branch is a user of the service.
type branch struct {
	t  *testing.T
	s  *Server
	ss string
}

var petrov = wire.Client{Name: "ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ", Passport: "70 03 123456"}

func open(t *testing.T, o Options) *branch {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &branch{t: t, s: s}
}

// post asks the service, over HTTP's own types.
func (c *branch) post(path string, in any) []byte {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	c.s.bank.ServeHTTP(w, r)
	return w.Body.Bytes()
}

func (c *branch) start() string {
	c.t.Helper()
	o, err := wire.ReadOpened(c.post(wire.PathStart, wire.Start{NetworkKey: NetworkKey, NetworkID: NetworkID, BranchID: BranchID}))
	if err != nil {
		c.t.Fatal(err)
	}
	return o.Session
}

func (c *branch) enter(phone, password string) *branch {
	c.t.Helper()
	e, err := wire.ReadEntered(c.post(wire.PathLogin, wire.Login{Session: c.start(), Phone: phone, Password: password}))
	if err != nil || e.NeedSMS {
		c.t.Fatal(e, err)
	}
	c.ss = e.Session
	return c
}

func (c *branch) card(number string) wire.Card {
	c.t.Helper()
	card, err := wire.ReadCard(c.post(wire.PathAddCard, wire.AddCard{Session: c.ss, Pan: number, Name: "SERGEY PETROV", Client: petrov}))
	if err != nil {
		c.t.Fatal(err)
	}
	return card
}

// request is a payout of 1400 rubles under a new id.
func (c *branch) request(card wire.Card) wire.Pay {
	return wire.Pay{Session: c.ss, ExternalID: uuid.Must(uuid.NewV4()).String(), CardID: card.ID, ProviderID: "1", Amount: 140000, Purpose: "Выплата по договору займа", Client: petrov}
}

func (c *branch) pay(in wire.Pay, confirm bool) (wire.Record, error) {
	in.Confirm = confirm
	return wire.ReadPaid(c.post(wire.PathPay, in))
}

func (c *branch) journal(external string) wire.Journal {
	c.t.Helper()
	now := time.Now()
	j, err := wire.ReadJournal(c.post(wire.PathList, wire.List{Session: c.ss, From: now.AddDate(0, 0, -7), To: now.AddDate(0, 0, 7), ExternalID: external}))
	if err != nil {
		c.t.Fatal(err)
	}
	return j
}

func (c *branch) paid() (sum int64) {
	for _, e := range c.s.bank.ledger.Entries("") {
		sum += e.Amount
	}
	return sum
}

// code is the error that an answer has; 0: none.
func code(err error) wire.Code {
	if f, ok := errors.AsType[*wire.Failure](err); ok {
		return f.Code
	}
	return 0
}

const goodCard = "2200120000061234"

func TestAPayoutIsADraftUntilItIsConfirmedAndIsPaidOnceUnderItsID(t *testing.T) {
	c := open(t, Options{}).enter(ClerkPhone, ClerkPassword)
	in := c.request(c.card(goodCard))
	if _, err := c.pay(in, true); code(err) != wire.CodeOther {
		t.Errorf("confirmed without a draft: %v", err)
	}
	draft, err := c.pay(in, false)
	if err != nil || draft.Status != wire.Draft || draft.DocumentID == "" || c.paid() != 0 {
		t.Fatalf("%+v, %v", draft, err)
	}
	if again, err := c.pay(in, false); err != nil || again.ID != draft.ID || again.DocumentID != draft.DocumentID {
		t.Errorf("the same draft again: %+v, %v", again, err)
	}
	other := in
	other.Amount++
	if _, err := c.pay(other, true); code(err) != wire.CodeOther || c.paid() != 0 {
		t.Errorf("another sum was confirmed: %v", err)
	}
	for range 3 {
		if done, err := c.pay(in, true); err != nil || done.ID != draft.ID || done.Status != wire.Success || c.paid() != 140000 {
			t.Fatalf("%+v, %v, paid %d", done, err, c.paid())
		}
	}
	for _, confirm := range []bool{false, true} {
		if r, err := c.pay(other, confirm); code(err) != wire.CodeOther || c.paid() != 140000 {
			t.Errorf("another sum under a used id: %+v, %v", r, err)
		}
	}
	j := c.journal(in.ExternalID)
	if len(j.Records) != 1 || j.Records[0].Status != wire.Success || *j.Records[0].Amount != 140000 || j.Records[0].Card != "220012******1234" {
		t.Errorf("%+v", j)
	}
	if ahead := j.Records[0].Time.Sub(time.Now()); ahead < 30*time.Second || ahead > 2*time.Minute {
		t.Errorf("the journal's clock is ahead by %s", ahead)
	}
}

func TestADraftMayBeMadeAgainForAnotherCard(t *testing.T) {
	c := open(t, Options{}).enter(ClerkPhone, ClerkPassword)
	in := c.request(c.card(goodCard))
	first, err := c.pay(in, false)
	if err != nil {
		t.Fatal(err)
	}
	in.CardID = c.card("4000000000000259").ID
	second, err := c.pay(in, false)
	if err != nil || second.ID != first.ID || second.DocumentID == first.DocumentID || second.Status != wire.Draft {
		t.Errorf("%+v, %v", second, err)
	}
}

func TestCardsDoWhatTheirNumberSays(t *testing.T) {
	c := open(t, Options{}).enter(ClerkPhone, ClerkPassword)
	for number, want := range map[string]wire.Status{CardRefused: wire.Refused, CardSlow: wire.Working, goodCard: wire.Success} {
		in := c.request(c.card(number))
		if _, err := c.pay(in, false); err != nil {
			t.Fatal(err)
		}
		if r, err := c.pay(in, true); err != nil || r.Status != want {
			t.Errorf("%s: %+v, %v", number, r, err)
		}
		if number == CardSlow {
			statuses := []wire.Status{}
			for range 3 {
				statuses = append(statuses, c.journal(in.ExternalID).Records[0].Status)
			}
			if !slices.Equal(statuses, []wire.Status{wire.Working, wire.Success, wire.Success}) {
				t.Errorf("the slow one: %v", statuses)
			}
		}
	}
	for _, number := range []string{CardBad, "2200120000061235", "", "12"} {
		if _, err := wire.ReadCard(c.post(wire.PathAddCard, wire.AddCard{Session: c.ss, Pan: number, Name: "X", Client: petrov})); code(err) != wire.CodeCard {
			t.Errorf("card %q: %v", number, err)
		}
	}
	cards, err := wire.ReadCards(c.post(wire.PathCards, wire.Cards{Session: c.ss, Client: wire.Client{Name: "петров  Сергей олегович", Passport: "паспорт 7003 123456"}}))
	if err != nil || len(cards) != 3 {
		t.Errorf("the client's cards: %+v, %v", cards, err)
	}
	if cards, err := wire.ReadCards(c.post(wire.PathCards, wire.Cards{Session: c.ss})); err != nil || len(cards) != 0 {
		t.Errorf("cards of nobody: %+v, %v", cards, err)
	}
}

func TestAGatewayTakesNoMoreThanItsLimitWhenItIsDraftedAndWhenItIsConfirmed(t *testing.T) {
	c := open(t, Options{}).enter(ClerkPhone, ClerkPassword)
	in := c.request(c.card(goodCard))
	in.ProviderID, in.Amount = "2", 1_500_001
	if _, err := c.pay(in, false); code(err) != wire.CodeLimit {
		t.Errorf("above the limit: %v", err)
	}
	in.Amount = 1_500_000
	if _, err := c.pay(in, false); err != nil {
		t.Fatal(err)
	}
	if err := c.s.bank.Configure([]byte(`{"gateways":[{"id":"2","bank":"Открытие","limit":1499999}]}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.pay(in, true); code(err) != wire.CodeLimit || c.paid() != 0 {
		t.Errorf("confirmed above a limit that was lowered: %v", err)
	}
	in.ProviderID = "9"
	if _, err := c.pay(in, false); code(err) != wire.CodeGateway {
		t.Errorf("a gateway that is none: %v", err)
	}
}

func TestASessionIsEnteredByPasswordAndCodeAndEnds(t *testing.T) {
	now := time.Now()
	c := open(t, Options{Now: func() time.Time { return now }})
	if _, err := wire.ReadOpened(c.post(wire.PathStart, wire.Start{NetworkKey: "x", NetworkID: NetworkID, BranchID: BranchID})); code(err) != wire.CodeNetwork {
		t.Errorf("a wrong key: %v", err)
	}
	ss := c.start()
	login := func(phone, password, sms string) (wire.Entered, error) {
		return wire.ReadEntered(c.post(wire.PathLogin, wire.Login{Session: ss, Phone: phone, Password: password, Code: sms}))
	}
	if _, err := login(ClerkPhone, "x", ""); code(err) != wire.CodeLogin {
		t.Errorf("a wrong password: %v", err)
	}
	if e, err := login(SMSPhone, SMSPassword, ""); err != nil || !e.NeedSMS {
		t.Fatalf("%+v, %v", e, err)
	}
	wallets := c.s.bank.Wallets()
	if len(wallets) != 1 || wallets[0].Code == nil {
		t.Fatalf("the phone shows %+v", wallets)
	}
	if _, err := login(SMSPhone, SMSPassword, wallets[0].Code.Text+"x"); code(err) != wire.CodeLogin {
		t.Errorf("a wrong code: %v", err)
	}
	e, err := login(SMSPhone, SMSPassword, wallets[0].Code.Text)
	if err != nil || e.All || e.Account != "78473" || !strings.HasPrefix(e.Session, "78473-def") {
		t.Fatalf("%+v, %v", e, err)
	}
	if len(c.s.bank.Wallets()) != 0 {
		t.Error("a used code is still shown")
	}
	c.ss = ss
	if _, err := wire.ReadCards(c.post(wire.PathCards, wire.Cards{Session: ss, Client: petrov})); code(err) != wire.CodeSession {
		t.Errorf("the session that nobody entered opens the service: %v", err)
	}
	c.ss = e.Session
	if j := c.journal(""); len(j.Records) != 0 {
		t.Errorf("%+v", j)
	}
	now = now.Add(46 * time.Minute)
	if _, err := c.pay(c.request(wire.Card{ID: "1"}), false); code(err) != wire.CodeSession {
		t.Errorf("a session that is over: %v", err)
	}
}

func TestThreeWrongCodesEndTheLogin(t *testing.T) {
	c := open(t, Options{})
	ss := c.start()
	var last error
	for range 5 {
		_, last = wire.ReadEntered(c.post(wire.PathLogin, wire.Login{Session: ss, Phone: SMSPhone, Password: SMSPassword, Code: "wrong"}))
	}
	if code(last) != wire.CodeSession {
		t.Errorf("after five tries: %v", last)
	}
}

func TestAClerkSeesTodayOnly(t *testing.T) {
	now := time.Date(2026, 11, 22, 23, 58, 0, 0, time.Local)
	c := open(t, Options{Now: func() time.Time { return now }}).enter(ClerkPhone, ClerkPassword)
	if err := c.s.bank.Configure([]byte(`{"ahead_ms":0}`)); err != nil {
		t.Fatal(err)
	}
	in := c.request(c.card(goodCard))
	draft, err := c.pay(in, false)
	if err != nil {
		t.Fatal(err)
	}
	list := func() wire.Journal {
		j, err := wire.ReadJournal(c.post(wire.PathList, wire.List{Session: c.ss, From: now.AddDate(0, 0, -1), To: now.AddDate(0, 0, 1), ExternalID: in.ExternalID}))
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	if j := list(); len(j.Records) != 1 {
		t.Errorf("today's: %+v", j)
	}
	now = now.Add(3 * time.Minute)
	if j := list(); len(j.Records) != 0 || !j.From.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.Local)) {
		t.Errorf("a clerk sees yesterday: %+v", j)
	}
	if _, err := wire.ReadDocument(c.post(wire.PathDownload, wire.Download{Session: c.ss, ID: draft.DocumentID})); code(err) != wire.CodeDocument {
		t.Errorf("a clerk reads yesterday's application: %v", err)
	}
	c.enter(HeadPhone, HeadPassword)
	if j := list(); len(j.Records) != 1 || !j.From.Equal(now.AddDate(0, 0, -1)) {
		t.Errorf("the head sees: %+v", j)
	}
	if page, err := wire.ReadDocument(c.post(wire.PathDownload, wire.Download{Session: c.ss, ID: draft.DocumentID})); err != nil || len(page) < 1000 {
		t.Errorf("the application: %d bytes, %v", len(page), err)
	}
}

func TestAnApplicationMayTakeItsTimeAndAListMayBeLate(t *testing.T) {
	s := DefaultSettings()
	s.DocumentPolls, s.HiddenPolls, s.Rubles = 1, 2, true
	c := open(t, Options{Settings: &s}).enter(ClerkPhone, ClerkPassword)
	in := c.request(c.card(goodCard))
	draft, err := c.pay(in, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ReadDocument(c.post(wire.PathDownload, wire.Download{Session: c.ss, ID: draft.DocumentID})); !errors.Is(err, wire.ErrNotReady) {
		t.Errorf("at first: %v", err)
	}
	if _, err := wire.ReadDocument(c.post(wire.PathDownload, wire.Download{Session: c.ss, ID: draft.DocumentID})); err != nil {
		t.Errorf("then: %v", err)
	}
	if j := c.journal(in.ExternalID); len(j.Records) != 1 || *j.Records[0].Amount != 140000 {
		t.Errorf("the draft is listed: %+v", j)
	}
	if _, err := c.pay(in, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{0, 0, 1} {
		if j := c.journal(in.ExternalID); len(j.Records) != want {
			t.Errorf("want %d: %+v", want, j)
		}
	}
}

func TestTheStateOutlivesItsServerAndHoldsNoCardNumber(t *testing.T) {
	folder := t.TempDir()
	first, err := New(Options{Data: folder})
	if err != nil {
		t.Fatal(err)
	}
	c := (&branch{t: t, s: first}).enter(ClerkPhone, ClerkPassword)
	in := c.request(c.card(goodCard))
	if _, err := c.pay(in, false); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, Options{Data: folder})
	again.ss = c.ss
	if r, err := again.pay(in, true); err != nil || r.Status != wire.Success || again.paid() != 140000 {
		t.Errorf("%+v, %v", r, err)
	}
	state, err := json.Marshal([]any{again.s.bank.cards, again.s.bank.payouts})
	if err != nil || strings.Contains(string(state), goodCard) {
		t.Errorf("the state holds the number: %v", err)
	}
}

func TestAClosedServiceAnswersNothing(t *testing.T) {
	c := open(t, Options{}).enter(ClerkPhone, ClerkPassword)
	if err := c.s.bank.Configure([]byte(`{"closed":true}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ReadCards(c.post(wire.PathCards, wire.Cards{Session: c.ss, Client: petrov})); code(err) != wire.CodeUnavailable {
		t.Error(err)
	}
	for _, wrong := range []string{`{"session_lifetime_ms":0}`, `{"nothing":1}`, `{"gateways":[{"id":""}]}`, `{"operators":[{"phone":"1","password":"2"}]}`, `[]`} {
		if c.s.bank.Configure([]byte(wrong)) == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
}

func TestABrokenRequestLeavesNoTrace(t *testing.T) {
	c := open(t, Options{}).enter(ClerkPhone, ClerkPassword)
	in := c.request(c.card(goodCard))
	for what, change := range map[string]func(*wire.Pay){"no id": func(p *wire.Pay) { p.ExternalID = "" }, "no uuid": func(p *wire.Pay) { p.ExternalID = "7" },
		"no sum": func(p *wire.Pay) { p.Amount = 0 }, "below 0": func(p *wire.Pay) { p.Amount = -1 }, "no card": func(p *wire.Pay) { p.CardID = "" }} {
		wrong := in
		change(&wrong)
		if _, err := c.pay(wrong, false); code(err) == 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(c.s.bank.names) != 0 || c.paid() != 0 {
		t.Errorf("%d payouts", len(c.s.bank.names))
	}
	if _, err := c.s.bank.Pay(""); !errors.Is(err, sdk.ErrNoBill) {
		t.Errorf("nothing waits: %v", err)
	}
}
