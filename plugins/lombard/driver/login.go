package driver

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// The prompts of a login.
const (
	promptPhone    = "phone"
	promptPassword = "password"
	promptSMS      = "sms"
	loginTime      = 3 * time.Minute
)

// needed is how long a session must be good for when a payout begins: the longest dialogue, and then some. Where it may end before, the login is
// asked for first, before anything is drafted.
const needed = 15 * time.Minute

// askLogin begins a login. Where nobody is asked any more, the operation waits for one, and says so.
func (d *Driver) askLogin(op provider.Operation, why string) provider.Reply {
	d.memory.keep(op.Key, func(l *dialog) { l.phone, l.password, l.token, l.asks = "", "", "", false })
	if why == "" {
		why = "lombard.login.text"
	}
	r := d.waitsForLogin(op)
	r.Verdict = provider.Ask
	r.Prompt = &provider.Prompt{ID: promptPhone, Kind: pay.EvInput, Input: "phone", Min: 5, Max: 20, Required: true, Timeout: loginTime,
		Title: d.say(op.Language, "lombard.login.title", nil), Text: d.say(op.Language, why, map[string]any{"Operator": op.Initiator})}
	return r
}

// waitsForLogin is no word of the service: nobody is signed in who could ask.
func (d *Driver) waitsForLogin(op provider.Operation) provider.Reply {
	return provider.Reply{Text: d.say(op.Language, "lombard.waits.cause", nil), Hint: d.say(op.Language, "lombard.waits.hint", nil)}
}

func (d *Driver) askPassword(op provider.Operation, words string, data map[string]any) provider.Reply {
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptPassword, Kind: pay.EvInput, Input: "password", Min: 1, Max: 128, Secret: true,
		Required: true, Timeout: loginTime, Title: d.say(op.Language, "lombard.login.title", nil), Text: d.say(op.Language, words, data)}}
}

func (d *Driver) askSMS(op provider.Operation, words string, data map[string]any) provider.Reply {
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptSMS, Kind: pay.EvInput, Input: "otp", Min: 3, Max: 12, Secret: true,
		Required: true, Timeout: loginTime, Title: d.say(op.Language, "lombard.login.sms.title", nil), Text: d.say(op.Language, words, data)}}
}

// loginAnswer takes an answer to one of the login's prompts. in says that the operator is signed in now; else the reply asks on.
func (d *Driver) loginAnswer(ctx context.Context, op provider.Operation, a provider.Answer) (in bool, r provider.Reply) {
	switch a.ID {
	case promptPhone:
		phone := digits(a.Value)
		if len(phone) < 10 || len(phone) > 15 {
			return false, d.askLogin(op, "lombard.login.phone")
		}
		d.memory.keep(op.Key, func(l *dialog) { l.phone = phone })
		return false, d.askPassword(op, "lombard.password.text", nil)
	case promptPassword:
		d.parts.Hide(true, a.Value)
		l := d.memory.keep(op.Key, func(l *dialog) { l.password, l.token, l.asks = a.Value, "", false })
		return d.logIn(ctx, op, l, "")
	default:
		code := strings.TrimSpace(a.Value)
		d.parts.Hide(true, code)
		return d.logIn(ctx, op, d.memory.dialog(op.Key), code)
	}
}

// logIn opens a session. The password is forgotten with it, and with every end of the try.
func (d *Driver) logIn(ctx context.Context, op provider.Operation, l dialog, code string) (in bool, r provider.Reply) {
	if l.phone == "" || l.password == "" {
		return false, d.askLogin(op, "")
	}
	forget := func() { d.memory.keep(op.Key, func(l *dialog) { l.password, l.token, l.asks = "", "", false }) }
	if l.token == "" {
		token, err := d.anonymous(ctx)
		if err != nil {
			forget()
			return false, d.silent(op, err)
		}
		l.token = token
		d.memory.keep(op.Key, func(l *dialog) { l.token = token })
	}
	since := d.now()
	s, asks, err := d.login(ctx, l, code)
	refused, isRefused := errors.AsType[*wire.Failure](err)
	switch {
	case isRefused && l.asks && !refused.Over():
		return false, d.askSMS(op, "lombard.login.sms.again", map[string]any{"Message": refused.Message})
	case isRefused:
		forget()
		return false, d.askPassword(op, "lombard.login.refused", map[string]any{"Message": refused.Message})
	case err != nil:
		forget()
		return false, d.silent(op, err)
	case asks:
		d.memory.keep(op.Key, func(l *dialog) { l.asks = true })
		return false, d.askSMS(op, "lombard.login.sms.text", nil)
	}
	forget()
	s.Operator, s.Place, s.Since = op.Initiator, d.sessions().place, since
	if most := since.Add(d.settings.Lifetime); s.Until.IsZero() || s.Until.After(most) {
		s.Until = most
	}
	if err := d.enter(s); err != nil {
		d.log.Error("the session cannot be kept", "error", err)
		return false, d.askPassword(op, "lombard.login.unkept", nil)
	}
	return true, provider.Reply{}
}

// silent asks for the password again where a login brought no word, a few times: then a payout that was not confirmed ends, and one that was waits on.
func (d *Driver) silent(op provider.Operation, err error) provider.Reply {
	d.log.Warn("no word of the service about a login", "error", err)
	l := d.memory.keep(op.Key, func(l *dialog) { l.silent++ })
	switch {
	case l.silent <= mostAgain:
		return d.askPassword(op, "lombard.login.silent", nil)
	case op.Tries > 0:
		d.memory.keep(op.Key, func(l *dialog) { l.silent = 0 })
		return d.waitsForLogin(op)
	}
	return d.refusal(op, text.Refuse(pay.ErrOffline, "lombard.silent", nil, err))
}

// enter keeps a new session, and writes the login down.
func (d *Driver) enter(s session) error {
	d.parts.Hide(false, s.Token)
	if old, ok := d.sessions().of(s.Operator, 0); ok && old.Token != s.Token {
		d.over(old)
	}
	if err := d.sessions().keep(s); err != nil {
		return err
	}
	d.log.Info("signed in", "user", s.Operator, "account", s.Account, "session", s.shortened(), "until", s.Until)
	return d.memory.history.began(s, d.settings.place())
}

// over forgets a session that the service does not know any more, or that another took the place of.
func (d *Driver) over(s session) {
	if err := d.sessions().end(s); err != nil {
		d.log.Error("a session that is over cannot be removed", "error", err)
	}
	if err := d.memory.history.ended(s, d.now()); err != nil {
		d.log.Error("the end of a session cannot be written down", "error", err)
	}
	d.log.Info("the session is over", "user", s.Operator, "account", s.Account, "session", s.shortened())
}

// digits are the digits of a phone number, with the country's for one that begins with 8.
func digits(typed string) string {
	number := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, typed)
	if len(number) == 11 && number[0] == '8' {
		number = "7" + number[1:]
	}
	if len(number) == 10 {
		number = "7" + number
	}
	return number
}
