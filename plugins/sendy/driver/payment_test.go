package driver

import (
	"errors"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
)

func TestAScannedCodeIsChargedAndTheSlipHasWhatItNeeds(t *testing.T) {
	c := activeTill(t, nil)
	op := c.scan(12345, "00")
	r := c.want(provider.Approved)(c.Commit(t.Context(), op))
	if r.Amount != 12345 || r.Currency != pay.RUB || r.System != SystemWeChat || r.Code != "00" || r.Shift != 1 || r.RRN == "" || r.AuthCode == "" {
		t.Errorf("%+v", r)
	}
	if r.Payer != "13****00" {
		t.Errorf("the payer is %q", r.Payer)
	}
	if c.net(op) != 12345 {
		t.Errorf("the shop has %s", c.net(op))
	}
}

func TestTheSameCommitTwiceChargesOnce(t *testing.T) {
	c := activeTill(t, nil)
	op := c.paid(500)
	op.Tries, op.MaybeSent = 2, true
	c.want(provider.Approved)(c.Commit(t.Context(), op))
	if c.net(op) != 500 {
		t.Errorf("the shop has %s", c.net(op))
	}
}

func TestACustomerWhoMustConfirmIsWaitedForAndTheCashierIsTold(t *testing.T) {
	c := activeTill(t, nil)
	op := c.scan(700, "11")
	r := c.want(provider.Waiting)(c.Commit(t.Context(), op))
	if !strings.Contains(r.Status, "подтверждает") {
		t.Errorf("the cashier is told %q", r.Status)
	}
	c.want(provider.Waiting)(c.Inquire(t.Context(), op))
	c.phone(func(p *sandbox.Control) (play.Bill, error) { return p.Pay(t.Context(), "") })
	r = c.want(provider.Approved)(c.Inquire(t.Context(), op))
	if r.Amount != 700 || c.net(op) != 700 {
		t.Errorf("%s told, %s moved", r.Amount, c.net(op))
	}
}

func TestADeclineSaysWhyAndWhatToDoInTheTillsLanguage(t *testing.T) {
	c := activeTill(t, nil)
	for _, tt := range []struct{ tail, code, language, text, hint string }{
		{"51", "51", "ru", "Недостаточно средств на кошельке.", "пополнить кошелек"},
		{"51", "51", "en", "Not enough money in the wallet.", "top up"},
		{"54", "54", "ru", "Срок действия кода покупателя истек.", "отсканируйте новый"},
		{"05", "05", "en", "declined", "another way"},
		{"14", "14", "ru", "не принят", "обновить код"},
	} {
		op := c.scan(300, tt.tail)
		op.Language = tt.language
		r := c.want(provider.Declined)(c.Commit(t.Context(), op))
		if r.Code != tt.code || !strings.Contains(r.Text, tt.text) || !strings.Contains(r.Hint, tt.hint) {
			t.Errorf("tail %s in %s: %s, %q, %q", tt.tail, tt.language, r.Code, r.Text, r.Hint)
		}
		if c.net(op) != 0 {
			t.Errorf("tail %s: declined, and the shop has %s", tt.tail, c.net(op))
		}
	}
}

func TestACodeThatWasUsedIsRefused(t *testing.T) {
	c := activeTill(t, nil)
	first := c.paid(100)
	second := c.scan(100, "00")
	second.Params.Code = first.Params.Code
	r := c.want(provider.Declined)(c.Commit(t.Context(), second))
	if r.Code != "94" || !strings.Contains(r.Text, "использован") {
		t.Errorf("%+v", r)
	}
}

func TestAQRCodeIsPaidExpiresOrIsClosed(t *testing.T) {
	c := activeTill(t, nil)
	op := c.begin(pay.KindOnline, 900)
	r := c.want(provider.ShowQR)(c.Prepare(t.Context(), op))
	if r.QR.Payload == "" || r.QR.Until.Before(op.Begun) || !strings.Contains(r.QR.Caption, "Sendy") || r.System != SystemSendy {
		t.Errorf("%+v, %+v", r, r.QR)
	}
	again := c.want(provider.ShowQR)(c.Prepare(t.Context(), op))
	if again.QR.Payload != r.QR.Payload {
		t.Error("a Prepare that is repeated makes a second QR code")
	}
	c.want(provider.Waiting)(c.Inquire(t.Context(), op))
	c.phone(func(p *sandbox.Control) (play.Bill, error) { return p.Pay(t.Context(), "") })
	c.want(provider.Approved)(c.Inquire(t.Context(), op))
	if r := c.want(provider.Approved)(c.Cancel(t.Context(), op)); r.Amount != 900 || c.net(op) != 900 {
		t.Error("a cancel that came too late must tell the payment and leave it alone")
	}

	expired := c.shown(900)
	c.phone(func(p *sandbox.Control) (play.Bill, error) { return p.Expire(t.Context(), "") })
	if r := c.want(provider.Declined)(c.Inquire(t.Context(), expired)); r.Code != "68" {
		t.Errorf("an expired QR code is declined with %q", r.Code)
	}

	closed := c.shown(900)
	c.want(provider.Cancelled)(c.Cancel(t.Context(), closed))
	c.want(provider.Cancelled)(c.Inquire(t.Context(), closed))
}

func TestTheCashierChoosesAmongWhatIsOnAndOffered(t *testing.T) {
	c := activeTill(t, func(s *Settings) { s.WeChat, s.AliPay, s.DefaultSystem = true, true, SystemWeChat })
	c.configure(map[string]any{"systems": []string{"SENDY", "WECHAT"}})
	op := c.begin(pay.KindOnline, 100)
	r := c.want(provider.Ask)(c.Prepare(t.Context(), op))
	if p := r.Prompt; p.Kind != pay.EvChoice || len(p.Items) != 2 || p.Items[1] != (pay.Choice{ID: SystemWeChat, Text: "WeChat"}) || p.Default != SystemWeChat {
		t.Fatalf("%+v", p)
	}
	if n := c.posts(); n != 1 { // the activation
		t.Errorf("%d requests before the choice", n)
	}
	c.want(provider.Ask)(c.Answer(t.Context(), op, provider.Answer{ID: r.Prompt.ID, Value: SystemAliPay}))
	chosen := c.want(provider.ShowQR)(c.Answer(t.Context(), op, provider.Answer{ID: r.Prompt.ID, Value: SystemWeChat}))
	if chosen.System != SystemWeChat || !strings.Contains(chosen.QR.Caption, "WeChat") {
		t.Errorf("%+v", chosen)
	}
	op.State = *chosen.State
	c.want(provider.ShowQR)(c.Prepare(t.Context(), op))

	named := c.begin(pay.KindOnline, 100)
	named.Params.System = SystemWeChat
	if r := c.want(provider.ShowQR)(c.Prepare(t.Context(), named)); r.System != SystemWeChat {
		t.Errorf("%+v", r)
	}
	missing := c.begin(pay.KindOnline, 100)
	missing.Params.System = SystemAliPay
	posts := c.posts()
	if r := c.want(provider.Declined)(c.Prepare(t.Context(), missing)); r.Error != pay.ErrUnsupported || !strings.Contains(r.Text, "AliPay") {
		t.Errorf("%+v", r)
	}
	if c.posts() != posts {
		t.Error("what the server does not offer was sent")
	}
}

func TestMoneyThatCameBeforeAQRCodeWasShownIsHeardByCommit(t *testing.T) {
	c := activeTill(t, nil)
	op := c.begin(pay.KindOnline, 400)
	c.spoil(play.Fault{Kind: play.FaultDrop, Work: true})
	c.want(provider.Unknown)(c.Prepare(t.Context(), op))
	c.phone(func(p *sandbox.Control) (play.Bill, error) { return p.Pay(t.Context(), "") })
	op.State = *c.want(provider.Ready)(c.Prepare(t.Context(), op)).State
	op.Tries = 1
	c.want(provider.Approved)(c.Commit(t.Context(), op))
	if c.net(op) != 400 {
		t.Errorf("the shop has %s", c.net(op))
	}
}

func TestACancelBarsARequestThatIsStillOnItsWay(t *testing.T) {
	c := activeTill(t, nil)
	op := c.scan(100, "00")
	c.spoil(play.Fault{Kind: play.FaultDrop})
	c.want(provider.Unknown)(c.Commit(t.Context(), op))
	c.want(provider.NotFound)(c.Inquire(t.Context(), op))
	c.want(provider.Cancelled)(c.Cancel(t.Context(), op))
	op.Tries, op.MaybeSent = 2, true
	c.want(provider.Unknown)(c.Commit(t.Context(), op))
	if c.net(op) != 0 {
		t.Errorf("the shop has %s", c.net(op))
	}
}

func TestANumberThatIsTakenDeclinesTheFirstTryAndIsAReasonToInquireLater(t *testing.T) {
	c := activeTill(t, nil)
	taken := c.paid(100)
	op := c.scan(200, "00")
	op.ProviderNumber = taken.ProviderNumber
	if r := c.want(provider.Declined)(c.Commit(t.Context(), op)); r.Code != "CONFLICT" || r.Text == "" || r.Hint == "" {
		t.Errorf("%+v", r)
	}
	for _, again := range []provider.Operation{{Tries: 2}, {Tries: 1, MaybeSent: true}} {
		op.Tries, op.MaybeSent = again.Tries, again.MaybeSent
		c.want(provider.Unknown)(c.Commit(t.Context(), op))
	}
	c.want(provider.Unknown)(c.Inquire(t.Context(), op))
	c.want(provider.Unknown)(c.Cancel(t.Context(), op))
	if c.net(op) != 0 || c.net(taken) != 100 {
		t.Errorf("the shop has %s and %s", c.net(op), c.net(taken))
	}
}

func TestWhatCannotBeDoneIsRefusedBeforeAnythingIsSent(t *testing.T) {
	c := activeTill(t, nil)
	good := c.scan(100, "00")
	if err := c.Check(good); err != nil {
		t.Fatalf("a good one is refused: %v", err)
	}
	for name, tt := range map[string]struct {
		change func(*provider.Operation)
		code   pay.Code
	}{
		"another currency": {func(op *provider.Operation) { op.Currency = "CNY" }, pay.ErrUnsupported},
		"no code":          {func(op *provider.Operation) { op.Params.Code = " \r\n" }, pay.ErrArgument},
		"a foreign code":   {func(op *provider.Operation) { op.Params.Code = "4600000000017" }, pay.ErrArgument},
		"a system that is off": {func(op *provider.Operation) {
			op.Kind, op.Params.System = pay.KindOnline, SystemWeChat
		}, pay.ErrUnsupported},
		"a refund of what has no number": {func(op *provider.Operation) {
			op.Kind, op.Original = pay.KindRefund, &provider.Operation{}
		}, pay.ErrState},
	} {
		op := good
		tt.change(&op)
		err := c.Check(op)
		e, ok := errors.AsType[*pay.Error](err)
		if !ok || e.Code != tt.code || e.Text == "" || e.Hint == "" || strings.HasPrefix(e.Text, "sendy.") {
			t.Errorf("%s: %+v", name, err)
		}
	}
	for _, kind := range []pay.Kind{pay.KindReport, pay.KindTest, pay.KindCommand} {
		if err := newTill(t, sandbox.Options{}, func(s *Settings) { s.Server = "" }).Check(provider.Operation{Kind: kind}); err != nil {
			t.Errorf("%s needs neither server nor activation: %v", kind, err)
		}
	}
}

func TestATerminalThatIsNotActiveTakesNoMoney(t *testing.T) {
	c := newTill(t, sandbox.Options{}, nil)
	op := provider.Operation{Kind: pay.KindOffline, Amount: 1, Currency: pay.RUB, ProviderNumber: 1, ProviderShift: 1, Tries: 1, Key: pay.Key{1}}
	op.Params.Code = "130000000000000100"
	if err := c.Check(op); pay.CodeOf(err) != pay.ErrNotActive {
		t.Errorf("check: %v", err)
	}
	if r := c.want(provider.Declined)(c.Commit(t.Context(), op)); r.Error != pay.ErrNotActive {
		t.Errorf("%+v", r)
	}
	if c.posts() != 0 {
		t.Error("something was sent")
	}
	if err := newTill(t, sandbox.Options{}, func(s *Settings) { s.Server = "" }).Check(op); pay.CodeOf(err) != pay.ErrConfig {
		t.Errorf("without a server: %v", err)
	}
}

func TestWhatTheContractForbidsIsNotSent(t *testing.T) {
	c := activeTill(t, nil)
	payment := c.paid(100)
	refund := c.giveBack(pay.KindRefund, 100, payment)
	scanned, shown := c.scan(100, "00"), c.begin(pay.KindOnline, 100)
	c.mu.Lock()
	c.offer = &offer{Systems: c.offer.Systems}
	c.mu.Unlock()
	posts := c.posts()
	forbidden := func(r provider.Reply, err error) {
		t.Helper()
		if c.want(provider.Declined)(r, err); r.Error != pay.ErrUnsupported || r.Text == "" || r.Hint == "" {
			t.Errorf("%+v", r)
		}
	}
	forbidden(c.Commit(t.Context(), scanned))
	forbidden(c.Prepare(t.Context(), shown))
	forbidden(c.Refund(t.Context(), refund, payment))
	if c.posts() != posts {
		t.Error("something was sent")
	}
	scanned.Tries, scanned.MaybeSent = 2, true
	if c.Commit(t.Context(), scanned); c.posts() == posts {
		t.Error("what may have been sent before must be repeated, whatever the contract says now")
	}
}

func TestTheSecretThatWasReplacedElsewhereIsSaidSo(t *testing.T) {
	c := activeTill(t, nil)
	op := c.scan(100, "00")
	if _, err := c.s.Control().SetTerminal(t.Context(), sandbox.TerminalWish{ID: sandbox.DefaultTerminal.ID, Deactivate: true}); err != nil {
		t.Fatal(err)
	}
	if r := c.want(provider.Declined)(c.Commit(t.Context(), op)); r.Error != pay.ErrAuth || !strings.Contains(r.Text, "не признает") {
		t.Errorf("%+v", r)
	}
	op.MaybeSent = true
	c.want(provider.Unknown)(c.Commit(t.Context(), op))
	_, err := c.Counters(t.Context())
	if e, ok := errors.AsType[*pay.Error](err); !ok || e.Code != pay.ErrAuth || e.Hint == "" {
		t.Errorf("%v", err)
	}
}

func TestWhatNeverLeftIsToldSo(t *testing.T) {
	c := activeTill(t, nil)
	op := c.scan(100, "00")
	if err := c.s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Counters(t.Context()); err == nil { // uses up a connection that was kept
		t.Fatal("a closed server answers")
	}
	ctx, track := exchange.Track(t.Context())
	_, err := c.Commit(ctx, op)
	if err == nil || !exchange.NotSent(err) || !track.Touched() || track.MoneySent() {
		t.Errorf("%v", err)
	}
}
