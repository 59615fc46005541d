package driver

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/shell"
	"github.com/payrack/payrack/sdk/statement"
	"github.com/payrack/payrack/sdk/text"
)

// The commands besides money.
const (
	commandSignIn    = "sign-in"
	commandSignIns   = "sign-ins"
	commandCorrect   = "correct"
	commandCards     = "cards"
	commandJournal   = "journal"
	commandDocuments = "documents"
	commandDocument  = "document"
)

// commandArgs are what the commands take. They are secret, as all arguments are.
type commandArgs struct {
	Again  bool             `json:"again"`  // sign-in: anew, though a session is there
	Out    bool             `json:"out"`    // sign-in: end the session
	From   string           `json:"from"`   // sign-ins, operations, documents; empty: today
	To     string           `json:"to"`     // not included; empty: the end of the day of From
	N      int              `json:"n"`      // correct: the login
	Note   string           `json:"note"`   // correct
	Client statement.Client `json:"client"` // cards
	Add    bool             `json:"add"`    // cards: bind a new one
	ID     string           `json:"id"`     // document
}

// mostNote is the length of the longest correction, in characters.
const mostNote = 500

// commands are what the module does besides money.
func commands(driver provider.Driver) map[string]shell.Command {
	d, ok := driver.(*Driver)
	if !ok {
		return nil
	}
	return map[string]shell.Command{
		commandSignIn:    d.signIn,
		commandSignIns:   d.command(d.signIns),
		commandCorrect:   d.command(d.correct),
		commandCards:     d.signed(d.cardList),
		commandJournal:   d.signed(d.operations),
		commandDocuments: d.signed(d.documentList),
		commandDocument:  d.signed(d.document),
	}
}

// asked is one run of a command.
type asked struct {
	shell.CommandCall
	args commandArgs
}

func (a asked) operation() provider.Operation {
	return provider.Operation{Key: a.Key, Kind: pay.KindCommand, Initiator: a.Initiator, Language: a.Language}
}

// command runs what needs no session, and has its result as the operation's.
func (d *Driver) command(run func(context.Context, asked) (any, error)) shell.Command {
	return func(ctx context.Context, c shell.CommandCall) (provider.Reply, error) {
		a := asked{CommandCall: c}
		if len(c.Args) > 0 && json.Unmarshal(c.Args, &a.args) != nil {
			return d.refusal(a.operation(), text.Refuse(pay.ErrArgument, "lombard.args", nil, nil)), nil
		}
		result, err := run(ctx, a)
		if r, ok := errors.AsType[question](err); ok {
			return r.reply, nil
		}
		if refused, ok := errors.AsType[*wire.Failure](err); ok {
			return d.no(a.operation(), refused), nil
		}
		if _, ok := errors.AsType[*pay.Error](err); ok {
			return d.refusal(a.operation(), err), nil
		}
		if err != nil {
			return provider.Reply{}, err
		}
		return approved(result)
	}
}

func approved(result any) (provider.Reply, error) {
	document, err := json.Marshal(result)
	return provider.Reply{Verdict: provider.Approved, Result: document}, err
}

// question is a prompt that stands in a command's way.
type question struct{ reply provider.Reply }

func (question) Error() string { return "the cashier is asked first" }

// signed runs what needs a session: without one, or where it is over, the login is asked for, and the command begins again after it.
func (d *Driver) signed(run func(context.Context, asked, session) (any, error)) shell.Command {
	return d.command(func(ctx context.Context, a asked) (any, error) {
		if err := d.Ready(); err != nil {
			return nil, err
		}
		s, ok := d.sessions().of(a.Initiator, 0)
		if !ok {
			return nil, question{d.askLogin(a.operation(), "")}
		}
		result, err := run(ctx, a, s)
		if errors.Is(err, errSession) {
			return nil, question{d.askLogin(a.operation(), "lombard.login.over")}
		}
		return result, err
	})
}

// answerCommand takes an answer to a question of a command.
func (d *Driver) answerCommand(ctx context.Context, op provider.Operation, answer provider.Answer) (provider.Reply, error) {
	switch answer.ID {
	case promptPhone, promptPassword, promptSMS:
		in, r := d.loginAnswer(ctx, op, answer)
		switch {
		case !in:
			return r, nil
		case op.Params.Name == commandSignIn:
			d.memory.forget(op.Key)
			return d.signedIn(op)
		}
		return provider.Reply{Verdict: provider.Ready}, nil
	case promptNumber:
		number, err := payout.ParseCard(answer.Value)
		if err != nil {
			return d.askNumber(op, "lombard.card.again"), nil
		}
		d.memory.keep(op.Key, func(l *dialog) { l.number = number })
		return d.askName(op, "lombard.card.name"), nil
	case promptName:
		name, ok := embossed(answer.Value)
		if !ok {
			return d.askName(op, "lombard.card.name.again"), nil
		}
		d.memory.keep(op.Key, func(l *dialog) { l.name = name })
		return provider.Reply{Verdict: provider.Ready}, nil
	}
	return provider.Reply{}, errors.New("an answer to what was not asked")
}

// checkCommand refuses what the role does not allow: a receiver sees today, and corrects nothing [S000].
func (d *Driver) checkCommand(op provider.Operation) error {
	var args commandArgs
	if len(op.Params.Args) > 0 && json.Unmarshal(op.Params.Args, &args) != nil {
		return text.Refuse(pay.ErrArgument, "lombard.args", nil, nil)
	}
	from, _, err := d.span(args)
	if err != nil {
		return err
	}
	if !op.Full && (op.Params.Name == commandCorrect || from.Before(d.today())) {
		return text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
	}
	return nil
}

func (d *Driver) today() time.Time {
	y, m, day := d.now().Local().Date()
	return time.Date(y, m, day, 0, 0, 0, 0, time.Local)
}

// span is the time that a list is about.
func (d *Driver) span(args commandArgs) (from, to time.Time, err error) {
	from = d.today()
	if args.From != "" {
		if from, err = pay.ParseMoment(args.From, false, time.Local); err != nil {
			return from, to, err
		}
	}
	y, m, day := from.Local().Date()
	to = time.Date(y, m, day+1, 0, 0, 0, 0, time.Local)
	if args.To != "" {
		to, err = pay.ParseMoment(args.To, true, time.Local)
	}
	return from, to, err
}

// signIn opens a session, shows the one that is there, or ends it.
func (d *Driver) signIn(ctx context.Context, c shell.CommandCall) (provider.Reply, error) {
	return d.command(func(_ context.Context, a asked) (any, error) {
		if err := d.Ready(); err != nil {
			return nil, err
		}
		s, ok := d.sessions().of(a.Initiator, 0)
		switch {
		case a.args.Out && ok:
			d.over(s)
			return map[string]any{"user": s.Operator, "signed_in": false}, nil
		case a.args.Out:
			return map[string]any{"user": a.Initiator, "signed_in": false}, nil
		case ok && !a.args.Again && s.Until.Sub(d.now()) > needed:
			return shownSession(s, d.settings.place()), nil
		}
		return nil, question{d.askLogin(a.operation(), "")}
	})(ctx, c)
}

// signedIn is the result of a login.
func (d *Driver) signedIn(op provider.Operation) (provider.Reply, error) {
	s, ok := d.sessions().of(op.Initiator, 0)
	if !ok {
		return d.askLogin(op, "lombard.login.over"), nil
	}
	return approved(shownSession(s, d.settings.place()))
}

// shownSession is what may be shown of a session.
func shownSession(s session, place string) map[string]any {
	return map[string]any{"signed_in": true, "user": s.Operator, "account": s.Account, "place": place, "session": s.shortened(), "since": s.Since, "until": s.Until}
}

// signIns is the history of logins.
func (d *Driver) signIns(_ context.Context, a asked) (any, error) {
	from, to, err := d.span(a.args)
	if err != nil {
		return nil, err
	}
	rows, broken, err := d.memory.history.logins(from, to)
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	return map[string]any{"from": from, "to": to, "logins": rows, "broken": broken}, nil
}

// correct adds a signed remark to a login. Nothing that was written is changed.
func (d *Driver) correct(_ context.Context, a asked) (any, error) {
	if !a.Full {
		return nil, text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
	}
	if a.args.Note == "" || len([]rune(a.args.Note)) > mostNote {
		return nil, text.Refuse(pay.ErrArgument, "lombard.correct.note", map[string]any{"Most": mostNote}, nil)
	}
	found, err := d.memory.history.correct(a.args.N, a.args.Note, a.Initiator, d.now())
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	if !found {
		return nil, text.Refuse(pay.ErrNotFound, "lombard.correct.none", map[string]any{"N": a.args.N}, nil)
	}
	return map[string]any{"n": a.args.N, "by": a.Initiator}, nil
}

// cardList lists a client's cards, or binds a new one first.
func (d *Driver) cardList(ctx context.Context, a asked, s session) (any, error) {
	if a.args.Add {
		l := d.memory.dialog(a.Key)
		switch {
		case l.number.Number() == "":
			return nil, question{d.askNumber(a.operation(), "lombard.card.number")}
		case l.name == "":
			return nil, question{d.askName(a.operation(), "lombard.card.name")}
		}
		_, err := d.addCard(ctx, s, l.number, l.name, a.args.Client)
		if errors.Is(err, errSession) {
			return nil, err // the number is asked for once only
		}
		d.memory.forget(a.Key)
		if err != nil {
			return nil, err
		}
	}
	list, err := d.cards(ctx, s, a.args.Client)
	if err != nil {
		return nil, err
	}
	shown := []map[string]any{}
	for _, c := range list {
		shown = append(shown, map[string]any{"id": c.ID, "mask": c.Mask, "brand": payout.Brand(c.Mask)})
	}
	return map[string]any{"cards": shown, "added": a.args.Add}, nil
}

// operations is the service's journal.
func (d *Driver) operations(ctx context.Context, a asked, s session) (any, error) {
	from, to, err := d.span(a.args)
	if err != nil {
		return nil, err
	}
	journal, err := d.records(ctx, s, from, to, "")
	if err != nil {
		return nil, err
	}
	rows := []map[string]any{}
	for _, r := range journal.Records {
		row := map[string]any{"id": r.ID, "status": strconv.Itoa(int(r.Status)), "time": r.Time, "type": r.Type, "client": r.Client, "purpose": r.Purpose, "card": r.Card,
			"bank": r.Bank, "network": r.Network, "branch": r.Branch}
		if r.Amount != nil {
			row["amount"] = int64(*r.Amount)
		}
		rows = append(rows, row)
	}
	return map[string]any{"from": from, "to": to, "covers_from": journal.From, "covers_to": journal.To, "operations": rows}, nil
}

// documentList is the service's list of applications.
func (d *Driver) documentList(ctx context.Context, a asked, s session) (any, error) {
	from, to, err := d.span(a.args)
	if err != nil {
		return nil, err
	}
	list, err := d.documents(ctx, s, from, to)
	if err != nil {
		return nil, err
	}
	rows := []map[string]any{}
	for _, one := range list {
		rows = append(rows, map[string]any{"id": one.ID, "name": one.Name, "time": one.Time, "ready": one.Ready})
	}
	return map[string]any{"from": from, "to": to, "documents": rows}, nil
}

// documentID is what may be one, and stand in a file's name.
var documentID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// document downloads an application into a file. A receiver gets those of today.
func (d *Driver) document(ctx context.Context, a asked, s session) (any, error) {
	if !documentID.MatchString(a.args.ID) {
		return nil, text.Refuse(pay.ErrArgument, "lombard.document.id", nil, nil)
	}
	if !a.Full {
		list, err := d.documents(ctx, s, d.today(), d.today().AddDate(0, 0, 1))
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(one wire.Document) bool { return one.ID == a.args.ID }) {
			return nil, text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
		}
	}
	data, err := d.download(ctx, s, a.args.ID)
	if err != nil {
		return nil, err
	}
	path, err := d.desk.KeepFile("documents", "document-"+a.args.ID+".pdf", data)
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	return map[string]any{"file": path, "bytes": len(data), "id": a.args.ID}, nil
}
