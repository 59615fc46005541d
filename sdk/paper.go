package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/shell"
	"github.com/payrack/payrack/sdk/slip"
	"github.com/payrack/payrack/sdk/slip/qr"
	"github.com/payrack/payrack/sdk/text"
)

// Slip implements module.Service: formats text, json, escpos, png (a QR code) and pdf (the statement of a payout), as pr_slip has them.
func (s *Service) Slip(ctx context.Context, r module.SlipRequest) ([]byte, error) {
	sh, err := s.running()
	if err != nil {
		return nil, err
	}
	data, err := s.slip(ctx, sh, r)
	return data, s.refuse(err, r.Language)
}

func (s *Service) slip(ctx context.Context, sh *shell.Shell, r module.SlipRequest) ([]byte, error) {
	op, err := sh.Operation(ctx, r.Ref)
	if err != nil {
		return nil, err
	}
	if r.Format == "pdf" {
		return s.statement(ctx, op, r)
	}
	paper, err := s.paper(r)
	if err != nil {
		return nil, err
	}
	document, err := s.document(ctx, sh, op, string(paper.Language))
	if err != nil {
		return nil, err
	}
	if err := numberCopy(&document, op, r.Copy); err != nil {
		return nil, err
	}
	switch r.Format {
	case "json":
		return document.JSON()
	case "png":
		return s.png(document)
	case "", "text", "escpos":
		tape, err := slip.Render(document, paper, slip.Templates{Dir: filepath.Join(s.opening.Data, "slips")})
		if err != nil {
			return nil, &pay.Error{Code: pay.ErrInternal, Cause: err}
		}
		if tape.Problem != nil {
			s.log.Logger().Warn("a template of the store cannot be used; the built-in one is", "error", tape.Problem)
		}
		if r.Format == "escpos" {
			return tape.ESCPOS(slip.Printer{})
		}
		return tape.Text(slip.QRDrawn)
	}
	return nil, text.Refuse(pay.ErrUnsupported, "refused.slip_format", map[string]any{"Format": fmt.Sprintf("%.20s", r.Format)}, nil)
}

// Statements are printed again by a driver that has them: format pdf of pr_slip.
type Statements interface {
	Statement(ctx context.Context, op pay.Operation, language string) ([]byte, error)
	// CheckStatement says what is wrong with the chain's own text of the statement, for doctor; nil: nothing.
	CheckStatement() error
}

// statement is the application of a payout that went through, printed again.
func (s *Service) statement(ctx context.Context, op pay.Operation, r module.SlipRequest) ([]byte, error) {
	d, ok := s.current().(Statements)
	if !ok || op.Kind != pay.KindPayout {
		return nil, text.Refuse(pay.ErrUnsupported, "refused.slip_format", map[string]any{"Format": "pdf"}, nil)
	}
	if op.Running {
		return nil, text.Refuse(pay.ErrState, "refused.no_slip", nil, nil)
	}
	return d.Statement(ctx, op, first(r.Language, s.language()))
}

func (s *Service) paper(r module.SlipRequest) (slip.Paper, error) {
	encoding, err := slip.ParseEncoding(r.Encoding)
	if err != nil {
		return slip.Paper{}, text.Refuse(pay.ErrArgument, "refused.encoding", map[string]any{"Encoding": fmt.Sprintf("%.20s", r.Encoding)}, err)
	}
	if r.Format == "escpos" && encoding == slip.UTF8 {
		encoding = slip.CP866
	}
	s.mu.Lock()
	width := s.settings.Common().SlipWidth
	s.mu.Unlock()
	if r.Width != 0 {
		width = r.Width
	}
	if width < slip.Narrowest || width > slip.Widest {
		return slip.Paper{}, text.Refuse(pay.ErrArgument, "refused.slip_width", map[string]any{"Width": width, "Min": slip.Narrowest, "Max": slip.Widest}, nil)
	}
	return slip.Paper{Width: width, Language: slip.Language(first(r.Language, s.language())), Encoding: encoding}, nil
}

// numberCopy marks copy 1 to slips, and 0 as a reprint.
func numberCopy(d *slip.Document, op pay.Operation, copy int) error {
	switch {
	case copy < 0 || copy > max(op.Slips, 1):
		return text.Refuse(pay.ErrArgument, "refused.copy", map[string]any{"Copy": copy, "Most": max(op.Slips, 1)}, nil)
	case copy == 0:
		d.Reprint = true
	case op.Outcome == pay.Approved && op.Kind.Money():
		d.Copy = slip.Copy{Number: copy, Of: max(op.Slips, 1)}
	}
	return nil
}

func (s *Service) png(d slip.Document) ([]byte, error) {
	if d.QR == nil {
		return nil, text.Refuse(pay.ErrUnsupported, "refused.slip_format", map[string]any{"Format": "png"}, nil)
	}
	code, err := qr.Encode(d.QR.Payload)
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrArgument, Cause: err}
	}
	return code.PNG(8)
}

// document is what an operation looks like on paper now.
func (s *Service) document(ctx context.Context, sh *shell.Shell, op pay.Operation, language string) (slip.Document, error) {
	d := s.head(ctx, op, language)
	amount := money(op.Amount, op.Currency)
	switch {
	case op.Kind == pay.KindCloseDay || op.Kind == pay.KindReport:
		return s.reportDocument(ctx, sh, d, op, language)
	case !op.Kind.Money():
		return d, &pay.Error{Code: pay.ErrUnsupported, Text: string(op.Kind)}
	case op.Running:
		payload, until, shown := sh.Shown(op.Ref)
		if !shown {
			return d, text.Refuse(pay.ErrState, "refused.no_slip", nil, nil)
		}
		d.QR = &slip.QR{Amount: amount, Payload: payload, Until: until, App: d.Title}
	case op.Outcome == pay.Unknown:
		d.Unknown = &slip.Unknown{Of: slipKind(op.Kind), Amount: amount, Waited: time.Since(op.Begun).Truncate(time.Second), OtherTender: op.OtherTender}
	case op.Outcome != pay.Approved:
		d.Decline = &slip.Decline{Of: slipKind(op.Kind), Cancelled: op.Outcome == pay.Cancelled, Amount: amount, Code: op.Code, Reason: op.Text,
			Advice: op.Hint}
	case op.Kind.Returns():
		return s.refundDocument(ctx, sh, d, op, language)
	case op.Kind == pay.KindPayout:
		d.Payout = s.payoutPart(op, language)
	case op.Kind == pay.KindBasket:
		d.Title, d.System = "", "" // the heading says it
		d.Social = s.socialPart(op, language)
	default:
		d.Payment = &slip.Payment{Amount: money(op.ApprovedAmount, op.Currency), Fee: money(0, op.Currency), Proof: s.proof(op, language)}
	}
	return d, nil
}

func (s *Service) head(ctx context.Context, op pay.Operation, language string) slip.Document {
	shop := s.opening.Shop
	at := op.Begun
	if !op.Settled.IsZero() {
		at = op.Settled
	}
	d := slip.Document{Organisation: shop.Name, Address: shop.Address, INN: shop.INN, Till: op.PosID, Title: strings.ToUpper(first(s.m.About.Title[language], s.m.About.ID)),
		System: s.systemName(op.System, language), Time: at.Local(), Receipt: op.Receipt, Shift: op.Shift, Number: op.Number,
		Support: slip.SupportCode(op.PosID, strings.ToUpper(s.m.About.ID), op.Number)}
	if op.Test {
		d.Mode = slip.ModeTest
	}
	if state, err := s.activation(ctx); err == nil {
		d.Terminal = state.Terminal
	}
	if s.m.Terminal != nil && d.Terminal == "" {
		s.mu.Lock()
		d.Terminal = s.m.Terminal(s.settings)
		s.mu.Unlock()
	}
	return d
}

// systemName is how a slip says by what the customer paid; nothing where it is the module itself.
func (s *Service) systemName(system, language string) string {
	if system == s.m.About.ID {
		return ""
	}
	if s.m.SystemName != nil {
		return s.m.SystemName(system, language)
	}
	return system
}

func (s *Service) proof(op pay.Operation, language string) slip.Proof {
	p := slip.Proof{Code: op.Code, AuthCode: op.AuthCode, RRN: op.RRN}
	if s.m.IDLabel != nil && op.RRN != "" {
		p.RRN, p.IDs = "", []slip.Labelled{{Label: s.m.IDLabel(language), Value: op.RRN}}
	}
	if op.Payer != "" {
		label := s.words.Say(language, "slip.payer", nil)
		if s.m.PayerLabel != nil {
			label = s.m.PayerLabel(op, language)
		}
		p.Payer = slip.Labelled{Label: label, Value: op.Payer}
	}
	return p
}

// payoutPart is an approved payout: to which card, under which contract, and what the provider says of it.
func (s *Service) payoutPart(op pay.Operation, language string) *slip.Payout {
	var result pay.PayoutResult
	if len(op.Result) > 0 {
		_ = json.Unmarshal(op.Result, &result) // a module that says nothing has no fee
	}
	proof := s.proof(op, language)
	card := proof.Payer
	proof.Code, proof.Status, proof.Payer = "", first(result.Status, op.Code), slip.Labelled{}
	return &slip.Payout{Amount: money(op.ApprovedAmount, op.Currency), Fee: money(result.Fee, op.Currency), Card: card,
		Contract: slip.Labelled{Label: s.words.Say(language, "payout.contract", nil), Value: op.Document}, Proof: proof, Signature: true}
}

// socialPart is a receipt of which a social card paid a part.
func (s *Service) socialPart(op pay.Operation, language string) *slip.Social {
	var result pay.BasketResult
	var items []pay.Item
	_, _ = json.Unmarshal(op.Result, &result), json.Unmarshal(op.Items, &items) // a person's word may stand there without any
	proof := s.proof(op, language)
	card := proof.Payer
	proof.Payer = slip.Labelled{}
	social := &slip.Social{Total: money(op.Amount, op.Currency), Amount: money(op.ApprovedAmount, op.Currency), Due: money(op.LeftToPay, op.Currency),
		Items: len(items), Program: result.Program, Card: card, Proof: proof}
	for _, item := range result.Items {
		if item.Approved > 0 {
			social.SocialItems++
		}
	}
	return social
}

func (s *Service) refundDocument(ctx context.Context, sh *shell.Shell, d slip.Document, op pay.Operation, language string) (slip.Document, error) {
	original, err := sh.Operation(ctx, op.OriginalRef)
	if err != nil {
		return d, err
	}
	left := money(original.Refundable, op.Currency)
	d.Refund = &slip.Refund{Reversal: op.Kind == pay.KindReversal, Amount: money(op.ApprovedAmount, op.Currency), Proof: s.proof(op, language),
		Original: slip.Original{Receipt: original.Receipt, Number: original.Number, Amount: money(original.ApprovedAmount, op.Currency)}, Remaining: &left}
	return d, nil
}

func (s *Service) reportDocument(ctx context.Context, sh *shell.Shell, d slip.Document, op pay.Operation, language string) (slip.Document, error) {
	if op.Outcome != pay.Approved || len(op.Result) == 0 {
		return d, text.Refuse(pay.ErrState, "refused.no_slip", nil, nil)
	}
	var r shell.Report
	if err := json.Unmarshal(op.Result, &r); err != nil {
		return d, fmt.Errorf("read the report of %s: %w", op.Ref, err)
	}
	detailed := r.Detailed
	if wanted, known := sh.Paper(op.Ref); known && r.Closing {
		detailed = wanted
	}
	s.mu.Lock()
	detailed = detailed || r.Closing && s.settings.Common().DetailedClose
	s.mu.Unlock()
	if detailed && r.Closing {
		if err := sh.Details(ctx, &r); err != nil {
			return d, err
		}
	}
	d.Number, d.Receipt, d.System, d.Shift = 0, "", "", r.Shift
	d.Support = slip.ShiftSupportCode(op.PosID, strings.ToUpper(s.m.About.ID), r.Shift)
	report := s.slipReport(r, detailed, language)
	if r.Closing {
		d.Close = report
	} else {
		d.Report = report
	}
	return d, nil
}

func (s *Service) slipReport(r shell.Report, detailed bool, language string) *slip.Report {
	out := &slip.Report{Detailed: detailed, From: local(r.From), To: local(r.To), Opened: local(r.Opened), Closed: local(r.Closed),
		First: r.FirstNumber, Last: r.LastNumber, Count: int(r.Counted), Server: s.comparison(r, language)}
	if !r.Closing {
		out.Closed = time.Time{}
	}
	for _, l := range r.Lines {
		out.Systems = append(out.Systems, slip.SystemTotals{Name: strings.ToUpper(s.title(l.System, language)), Payments: sum(l.Payments, l.PaymentsSum, r.Currency),
			Refunds: sum(l.Refunds, l.RefundsSum, r.Currency), Payouts: sum(l.Payouts, l.PayoutsSum, r.Currency)})
	}
	list := func(rows []shell.ReportRow) (ops []slip.Operation) {
		for _, row := range rows {
			ops = append(ops, slip.Operation{Number: row.Number, Time: row.Time.Local(), Of: slipKind(row.Kind), System: s.title(row.System, language),
				Receipt: row.Receipt, RRN: row.RRN, Amount: money(abs(row.Amount), r.Currency), Original: row.Original, FromShift: row.Shift})
		}
		return ops
	}
	if detailed {
		out.Operations = list(r.Operations)
	}
	out.Pending, out.Late = list(r.Pending), list(r.Late)
	return out
}

func (s *Service) comparison(r shell.Report, language string) slip.Comparison {
	switch {
	case r.Provider == nil:
		return slip.Comparison{}
	case r.Provider.Matched:
		return slip.Comparison{State: slip.Matched}
	}
	c := slip.Comparison{State: slip.Differs}
	for _, d := range r.Provider.Differences {
		of := slip.KindPayment
		if d.What != "payment" {
			of = slip.KindRefund
		}
		c.Differences = append(c.Differences, slip.Difference{System: strings.ToUpper(s.title(d.System, language)), Of: of, Till: sum(d.OurCount, d.OurSum, r.Currency),
			Server: sum(d.Count, d.Sum, r.Currency)})
	}
	return c
}

func slipKind(k pay.Kind) slip.Kind {
	switch {
	case k.Returns():
		return slip.KindRefund
	case k == pay.KindPayout:
		return slip.KindPayout
	}
	return slip.KindPayment
}

func money(a pay.Amount, c pay.Currency) slip.Money {
	return slip.Money{Minor: int64(a), Currency: first(string(c), string(pay.RUB))}
}

func sum(count int64, a pay.Amount, c pay.Currency) slip.Sum {
	return slip.Sum{Count: int(count), Amount: money(a, c)}
}

func abs(a pay.Amount) pay.Amount { return max(a, -a) }

func local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Local()
}

// title is how a report calls a payment system.
func (s *Service) title(system, language string) string {
	if s.m.SystemTitle != nil && system != "" {
		return s.m.SystemTitle(system, language)
	}
	return title(system)
}

// title writes a system's id as a name: "wechat" as "WeChat" where the world does.
func title(system string) string {
	switch system {
	case "wechat":
		return "WeChat"
	case "alipay":
		return "AliPay"
	case "":
		return ""
	}
	return strings.ToUpper(system[:1]) + system[1:]
}

// drawQR puts a picture of the code into the event, and the code as text for a terminal.
func drawQR(e *pay.Event) {
	code, err := qr.Encode(e.Payload)
	if err != nil {
		return
	}
	if png, err := code.PNG(8); err == nil {
		e.PNG = png
	}
	if extra, err := json.Marshal(map[string]string{
		"qr_text": strings.Join(code.Blocks(qr.LightInk), "\n"), "qr_ascii": strings.Join(code.ASCII(qr.LightInk), "\n")}); err == nil {
		e.Extra = extra
	}
}
