package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk/pay"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// shop is a till's side of a running sandbox.
type shop struct {
	t testing.TB
	*Server
	data string
}

func open(t testing.TB, data string, change ...func(*Settings)) *shop {
	s := DefaultSettings()
	for _, c := range change {
		c(&s)
	}
	o := Options{Data: data}
	if len(change) > 0 {
		o.Settings = &s
	}
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return &shop{t, server, data}
}

// ask sends a request and reads its answer as the module would: one of the two is nil.
func (s *shop) ask(method, path string, body any) (*wire.Operation, *wire.Failure) {
	s.t.Helper()
	raw, ok := body.(string)
	text := []byte(raw)
	if !ok && body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL()+"/"+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if f := wire.ReadFailure(got); f != nil {
		if answer.StatusCode < 400 {
			s.t.Errorf("%s is told with HTTP %d", f.Code, answer.StatusCode)
		}
		return nil, f
	}
	o, err := wire.ReadOperation(got)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s: %v", method, path, answer.StatusCode, got, err)
	}
	return &o, nil
}

// receipt is milk for 89.90, beer for 120.00 and bread for 45.00.
func receipt(id string, change ...func(*wire.Reserve)) wire.Reserve {
	r := wire.Reserve{OperationID: id, EnterpriseID: EnterpriseID, MerchantID: MerchantID, SPCode: SPCode, TerminalNo: TerminalNo, Card: wire.Card{PanHash: CardPlenty},
		Receipt: wire.Receipt{ID: "sale-" + id, Items: []wire.Item{{Position: 1, Barcode: Milk, Name: "Молоко", Quantity: 1000, Price: 8990, Sum: 8990},
			{Position: 2, Barcode: Beer, Name: "Пиво", Quantity: 2000, Price: 6000, Sum: 12000}, {Position: 3, Barcode: Bread, Name: "Хлеб", Quantity: 1000, Price: 4500, Sum: 4500}}}}
	for _, c := range change {
		c(&r)
	}
	for _, i := range r.Receipt.Items {
		r.Receipt.Total += i.Sum
	}
	return r
}

func (s *shop) reserve(r wire.Reserve) *wire.Operation {
	s.t.Helper()
	o, f := s.ask("POST", wire.PathReservations, r)
	if f != nil {
		s.t.Fatal(f)
	}
	return o
}

func (s *shop) confirm(o *wire.Operation, sum pay.Amount) (*wire.Operation, *wire.Failure) {
	s.t.Helper()
	return s.ask("POST", wire.PathConfirm(o.Reservation), wire.Confirm{OperationID: o.ID, Sum: int64(sum)})
}

func (s *shop) cancel(o *wire.Operation, id string, expect wire.Expect) (*wire.Operation, *wire.Failure) {
	s.t.Helper()
	return s.ask("POST", wire.PathCancel(o.Reservation), wire.Cancel{CancelID: id, Expect: expect})
}

func (s *shop) giveBack(o *wire.Operation, id string, sum pay.Amount) (*wire.Operation, *wire.Failure) {
	s.t.Helper()
	return s.ask("POST", wire.PathReturn(o.ID), wire.Return{CancelID: id, Sum: int64(sum)})
}

// net is what public funds paid for an operation, by the ledger; nothing there is twice.
func (s *shop) net(id string, want int64) {
	s.t.Helper()
	if trouble := s.Ledger().Trouble(); len(trouble) > 0 {
		s.t.Error(trouble)
	}
	if got := s.Ledger().Net(id); got != want {
		s.t.Errorf("the ledger has %d of %s, want %d", got, id, want)
	}
}

// done holds that a request was taken, and left the operation in a state.
func done(t testing.TB, o *wire.Operation, f *wire.Failure, want wire.State) {
	t.Helper()
	if f != nil || o.State() != want {
		t.Errorf("got %+v %+v, want %v", o, f, want)
	}
}

// refused holds that a request was refused with a code, and of CodeState with a state.
func refused(t testing.TB, f *wire.Failure, code wire.Code, state wire.State) {
	t.Helper()
	if f == nil || f.Code != code || f.State() != state {
		t.Errorf("got %+v, want %s %v", f, code, state)
	}
}

func TestAReceiptIsReservedWrittenOffAndReturnedWhole(t *testing.T) {
	s := open(t, "")
	o := s.reserve(receipt("k1"))
	if o.State() != wire.Reserved || o.Approved != 13490 || len(o.Items) != 2 || o.Items[1] != (pay.ApprovedItem{Position: 3, Approved: 4500}) || o.Program != SPCode || o.ProgramName == "" {
		t.Errorf("%+v", o)
	}
	s.net("k1", 0)
	again := s.reserve(receipt("k1"))
	if again.Reservation != o.Reservation {
		t.Error("the same operation has two reservations")
	}
	_, f := s.ask("POST", wire.PathReservations, receipt("k1", func(r *wire.Reserve) { r.Receipt.Items[0].Sum, r.Receipt.Items[0].Price = 9000, 9000 }))
	refused(t, f, wire.CodeReused, wire.NoState)
	_, f = s.confirm(o, 13489)
	refused(t, f, wire.CodeSum, wire.NoState)
	for range 3 {
		got, f := s.confirm(o, 13490)
		done(t, got, f, wire.Confirmed)
	}
	s.net("k1", 13490)
	_, f = s.giveBack(o, "c1", 8990)
	refused(t, f, wire.CodePartial, wire.NoState)
	_, f = s.giveBack(o, "c1", 13490) // the id was spent
	refused(t, f, wire.CodeReused, wire.NoState)
	for range 2 {
		got, f := s.giveBack(o, "c2", 13490)
		done(t, got, f, wire.Returned)
	}
	s.net("k1", 0)
	_, f = s.giveBack(o, "c3", 13490)
	refused(t, f, wire.CodeState, wire.Returned)
	_, f = s.confirm(o, 13490)
	refused(t, f, wire.CodeState, wire.Returned)
	got, f := s.ask("GET", wire.PathOperation("k1"), nil)
	done(t, got, f, wire.Returned)
	if u, ok := got.Undo("c2"); !ok || !u.Done || u.Kind != wire.Refund || len(got.Undone) != 3 {
		t.Errorf("%+v", got.Undone)
	}
	s.net("k1", 0)
}

func TestACancelUndoesOnlyWhatItExpects(t *testing.T) {
	s := open(t, "")
	o := s.reserve(receipt("k1"))
	_, f := s.cancel(o, "r1", wire.ExpectConfirmed)
	refused(t, f, wire.CodeState, wire.Reserved)
	got, f := s.confirm(o, o.Approved)
	done(t, got, f, wire.Confirmed)
	_, f = s.cancel(o, "c1", wire.ExpectReserved)
	refused(t, f, wire.CodeState, wire.Confirmed)
	_, f = s.cancel(o, "r1", wire.ExpectConfirmed) // answered as the first time, though it would fit now
	refused(t, f, wire.CodeState, wire.Reserved)
	s.net("k1", 13490)
	_, f = s.cancel(o, "c1", wire.ExpectConfirmed)
	refused(t, f, wire.CodeReused, wire.NoState)
	for range 2 {
		got, f = s.cancel(o, "r2", wire.ExpectConfirmed)
		done(t, got, f, wire.Returned)
	}
	s.net("k1", 0)
	_, f = s.cancel(o, "c1", wire.ExpectReserved)
	refused(t, f, wire.CodeState, wire.Confirmed)

	other := s.reserve(receipt("k2"))
	_, f = s.cancel(other, "r2", wire.ExpectConfirmed)
	refused(t, f, wire.CodeReused, wire.NoState)
	for range 2 {
		got, f = s.cancel(other, "c2", wire.ExpectReserved)
		done(t, got, f, wire.Cancelled)
	}
	_, f = s.confirm(other, other.Approved)
	refused(t, f, wire.CodeState, wire.Cancelled)
	_, f = s.ask("POST", wire.PathCancel(other.Reservation), map[string]any{"cancel_id": "c3"})
	refused(t, f, wire.CodeField, wire.NoState)
	s.net("k2", 0)
}

func TestAReservationFreesItselfByTheClockAndByAWord(t *testing.T) {
	s := open(t, "")
	o := s.reserve(receipt("k1"))
	s.Clock().Advance(30*time.Minute - time.Second)
	got, f := s.ask("GET", wire.PathOperation("k1"), nil)
	done(t, got, f, wire.Reserved)
	s.Clock().Advance(time.Second)
	_, f = s.confirm(o, o.Approved)
	refused(t, f, wire.CodeState, wire.Expired)
	_, f = s.cancel(o, "c1", wire.ExpectReserved)
	refused(t, f, wire.CodeState, wire.Expired)
	again := s.reserve(receipt("k1"))
	if again.State() != wire.Expired {
		t.Errorf("it came back: %+v", again)
	}

	s.reserve(receipt("k2"))
	bill, err := s.Control().Expire(t.Context(), "")
	if err != nil || bill.State != sdk.BillDeclined || bill.Key != "k2" {
		t.Errorf("%+v %v", bill, err)
	}
	o = s.reserve(receipt("k3"))
	if bill, err = s.Control().Decline(t.Context(), o.Reservation); err != nil || bill.State != sdk.BillClosed {
		t.Errorf("%+v %v", bill, err)
	}
	_, f = s.confirm(o, o.Approved)
	refused(t, f, wire.CodeState, wire.Cancelled)
	if len(s.Ledger().Entries("")) > 0 {
		t.Error("money has moved")
	}
}

func TestLimitsAreByCardAndByMonth(t *testing.T) {
	s := open(t, "")
	if err := s.Control().SetClockAt(t, "2026-11-30T12:00:00+03:00"); err != nil {
		t.Fatal(err)
	}
	poor := func(r *wire.Reserve) { r.Card.PanHash = CardPoor }
	o := s.reserve(receipt("k1", poor))
	if o.Approved != 5000 || len(o.Items) != 1 {
		t.Errorf("the month's limit is 50.00: %+v", o)
	}
	_, f := s.ask("POST", wire.PathReservations, receipt("k2", poor)) // what is reserved is taken
	refused(t, f, wire.CodeLimit, wire.NoState)
	got, f := s.cancel(o, "c1", wire.ExpectReserved)
	done(t, got, f, wire.Cancelled)
	o = s.reserve(receipt("k2", poor))
	got, f = s.confirm(o, 5000)
	done(t, got, f, wire.Confirmed)
	s.Clock().Advance(12 * time.Hour) // midnight in Moscow, 21:00 of the last day in UTC
	o = s.reserve(receipt("k3", poor))
	if o.Approved != 3000 {
		t.Errorf("of 80.00 for all time 30.00 are left: %+v", o)
	}
	if got, f = s.giveBack(&wire.Operation{ID: "k2"}, "c2", 5000); f != nil || got.State() != wire.Returned {
		t.Errorf("%+v %+v", got, f)
	}
	cards, err := s.Control().Cards(t.Context())
	if err != nil || cards[1] != (CardLeft{"poor", 5000, 2000}) {
		t.Errorf("%+v %v", cards, err)
	}
	if _, err := s.Control().SetWallet(t.Context(), sdk.Wallet{ID: "poor", Balance: 700}); err != nil {
		t.Fatal(err)
	}
	if o = s.reserve(receipt("k4", poor)); o.Approved != 700 {
		t.Errorf("%+v", o)
	}
}

// SetClockAt moves the sandbox's clock to a moment.
func (c *Control) SetClockAt(t testing.TB, at string) error {
	moment, err := time.Parse(time.RFC3339, at)
	if err == nil {
		_, err = c.SetClock(t.Context(), moment)
	}
	return err
}

func TestWhatIsNotReservedIsRefusedWithItsReason(t *testing.T) {
	s := open(t, "")
	for name, c := range map[string]struct {
		change func(*wire.Reserve)
		code   wire.Code
	}{
		"another enterprise":  {func(r *wire.Reserve) { r.EnterpriseID = "X" }, wire.CodeMerchant},
		"another shop":        {func(r *wire.Reserve) { r.MerchantID = "X" }, wire.CodeMerchant},
		"another terminal":    {func(r *wire.Reserve) { r.TerminalNo = "X" }, wire.CodeMerchant},
		"no programme":        {func(r *wire.Reserve) { r.SPCode = "X" }, wire.CodeProgram},
		"an unknown card":     {func(r *wire.Reserve) { r.Card.PanHash = strings.Repeat("ab", 32) }, wire.CodeCard},
		"another programme":   {func(r *wire.Reserve) { r.Card.PanHash = CardHealth }, wire.CodeCard},
		"two cards":           {func(r *wire.Reserve) { r.Card.PAR = "V00100000000000000000000000A2" }, wire.CodeCard},
		"an empty card":       {func(r *wire.Reserve) { r.Card.PanHash = CardEmpty }, wire.CodeLimit},
		"no card":             {func(r *wire.Reserve) { r.Card = wire.Card{} }, wire.CodeField},
		"a number":            {func(r *wire.Reserve) { r.Card.PanHash = "4000000000000002" }, wire.CodeField},
		"no receipt":          {func(r *wire.Reserve) { r.Receipt.ID = "" }, wire.CodeField},
		"no items":            {func(r *wire.Reserve) { r.Receipt.Items = nil }, wire.CodeField},
		"a position twice":    {func(r *wire.Reserve) { r.Receipt.Items[1].Position = 1 }, wire.CodeField},
		"another total":       {func(r *wire.Reserve) { r.Receipt.Total = 1 }, wire.CodeField},
		"no operation":        {func(r *wire.Reserve) { r.OperationID = "" }, wire.CodeField},
		"a path":              {func(r *wire.Reserve) { r.OperationID = "../k1" }, wire.CodeField},
		"a sum that is wrong": {func(r *wire.Reserve) { r.Receipt.Items[0].Sum++ }, wire.CodeField},
	} {
		_, f := s.ask("POST", wire.PathReservations, receipt("k1", c.change))
		if f == nil || f.Code != c.code || !f.Refuses() {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for _, body := range []string{"", "{", "[]", `{"operation_id":"k1","more":1}`} {
		_, f := s.ask("POST", wire.PathReservations, body)
		refused(t, f, wire.CodeField, wire.NoState)
	}
	_, f := s.ask("GET", wire.PathOperation("k1"), nil)
	refused(t, f, wire.CodeMissing, wire.NoState)
	_, f = s.confirm(&wire.Operation{ID: "k1", Reservation: "R-1"}, 1)
	refused(t, f, wire.CodeMissing, wire.NoState)
	_, f = s.cancel(&wire.Operation{Reservation: "R-1"}, "c1", wire.ExpectReserved)
	refused(t, f, wire.CodeMissing, wire.NoState)
}

func TestNothingSocialIsAReservationOfNothing(t *testing.T) {
	s := open(t, "")
	o := s.reserve(receipt("k1", func(r *wire.Reserve) { r.Receipt.Items = r.Receipt.Items[1:2] }))
	if o.Approved != 0 || o.State() != wire.Reserved {
		t.Errorf("%+v", o)
	}
	_, f := s.confirm(o, 0)
	refused(t, f, wire.CodeNothing, wire.NoState)
	if o := s.reserve(receipt("k2", func(r *wire.Reserve) { r.Receipt.Items[0].Barcode, r.Receipt.Items[2].Barcode = "", "20000019" })); o.Approved != 4500 {
		t.Errorf("a list of goods by their beginning: %+v", o)
	}
	half := s.reserve(receipt("k3", func(r *wire.Reserve) {
		r.SPCode = "FOOD_HALF"
		r.Receipt.Items[0].Price, r.Receipt.Items[0].Sum = 8991, 8991
	}))
	if half.Approved != 4495+2250 {
		t.Errorf("half of a kopeck is nobody's: %+v", half)
	}
}

func TestAllIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	o := s.reserve(receipt("k1"))
	if got, f := s.confirm(o, o.Approved); f != nil {
		t.Fatal(got, f)
	}
	_, f := s.cancel(o, "c1", wire.ExpectReserved)
	refused(t, f, wire.CodeState, wire.Confirmed)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	got, f := s.confirm(o, o.Approved)
	done(t, got, f, wire.Confirmed)
	_, f = s.cancel(o, "c1", wire.ExpectReserved)
	refused(t, f, wire.CodeState, wire.Confirmed)
	s.net("k1", 13490)
	list, err := s.Control().Operations(t.Context())
	if err != nil || len(list) != 1 || list[0].Status != "CONFIRMED" || list[0].Card != "plenty" || list[0].Receipt != "sale-k1" {
		t.Errorf("%+v %v", list, err)
	}
}

func TestAWrongSumInAnAnswerIsNoticed(t *testing.T) {
	s := open(t, "")
	for _, kind := range []sdk.FaultKind{sdk.FaultSum, sdk.FaultTwice, sdk.FaultGarbage, sdk.FaultHalf} {
		if _, err := s.Control().Arm(t.Context(), sdk.Fault{Kind: kind, Path: "/v1/reservations", Work: true}); err != nil {
			t.Fatal(err)
		}
		body, _ := json.Marshal(receipt("k-" + strings.ReplaceAll(string(kind), "-", "")))
		answer, err := http.Post(s.URL()+"/"+wire.PathReservations, "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if o, err := wire.ReadOperation(text); err == nil {
			t.Errorf("%s: %+v", kind, o)
		}
	}
	for _, kind := range []sdk.FaultKind{sdk.FaultCase, sdk.FaultExtra} {
		if _, err := s.Control().Arm(t.Context(), sdk.Fault{Kind: kind}); err != nil {
			t.Fatal(err)
		}
		if o := s.reserve(receipt("k1")); o.State() != wire.Reserved {
			t.Errorf("%s: %+v", kind, o)
		}
	}
}

func TestSettingsThatCannotBeAreRefusedAndChangeNothing(t *testing.T) {
	s := open(t, "")
	before := fmt.Sprint(s.fund.Settings())
	for _, change := range []string{`{"ttl_ms":0}`, `{"terminals":[]}`, `{"hidden_polls":-1}`, `{"programs":[]}`, `{"programs":[{"code":"A","name":"A","percent":101}]}`,
		`{"cards":[{"name":"a","hash":"x","programs":["NONE"]}]}`, `{"cards":[{"name":"a","hash":"x"},{"name":"b","hash":"X"}]}`, `{"more":1}`} {
		if s.Control().Configure(t.Context(), json.RawMessage(change)) == nil {
			t.Errorf("%s is taken", change)
		}
	}
	if after := fmt.Sprint(s.fund.Settings()); after != before {
		t.Errorf("%s became %s", before, after)
	}
	if err := s.Control().Configure(t.Context(), json.RawMessage(`{"cards":[{"name":"one","hash":"`+strings.Repeat("cd", 32)+`","programs":["FOOD"],"limit":100,"month":100}]}`)); err != nil {
		t.Fatal(err)
	}
	if o := s.reserve(receipt("k1", func(r *wire.Reserve) { r.Card.PanHash = strings.Repeat("CD", 32) })); o.Approved != 100 {
		t.Errorf("%+v", o)
	}
}

func TestTheLedgerNamesAnOperationByItsKey(t *testing.T) {
	s := open(t, "")
	o := s.reserve(receipt("0123ABCD-4567-89ab-cdef-0123456789ab"))
	if got, f := s.confirm(o, o.Approved); f != nil {
		t.Fatal(got, f)
	}
	s.net("0123abcd456789abcdef0123456789ab", 13490)
	if bills := s.fund.Bills(true); len(bills) != 1 || bills[0].Key != "0123abcd456789abcdef0123456789ab" {
		t.Errorf("%+v", bills)
	}
	if got, f := s.cancel(o, "fedc0000-4567-89ab-cdef-0123456789ab", wire.ExpectConfirmed); f != nil {
		t.Fatal(got, f)
	}
	s.net("0123abcd456789abcdef0123456789ab", 0)
}
