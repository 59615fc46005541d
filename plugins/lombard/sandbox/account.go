package sandbox

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/lombard/wire"
)

// startLifetime is how long a session waits for somebody to enter, and codeTries how many wrong codes it takes.
const (
	startLifetime = 5 * time.Minute
	codeTries     = 3
)

// token makes what comes after an account's number in a session [S000: about 75 characters].
func token(account string) string {
	raw := make([]byte, 56)
	_, _ = rand.Read(raw) // never fails
	return account + "-def-" + base64.RawURLEncoding.EncodeToString(raw)
}

func (b *bank) start(body []byte) answer {
	var in wire.Start
	if json.Unmarshal(body, &in) != nil {
		return failure(wire.CodeField, "Запрос не разобран")
	}
	if in.NetworkKey != b.settings.NetworkKey || in.NetworkID != b.settings.NetworkID || in.BranchID != b.settings.BranchID {
		return failure(wire.CodeNetwork, "Сеть или подразделение не найдены")
	}
	s := session{Token: token("0"), Until: b.clock.Now().Add(startLifetime)}
	if err := b.commit(change{Session: &s}); err != nil {
		return broken(err)
	}
	return done(wire.Opened{Session: s.Token})
}

// alive is a session that has not ended.
func (b *bank) alive(name string) (session, bool) {
	s, ok := b.sessions[name]
	return s, ok && b.clock.Now().Before(s.Until)
}

func over() answer {
	return failure(wire.CodeSession, "Сессия истекла. Авторизуйтесь повторно.")
}

func (b *bank) login(body []byte) answer {
	var in wire.Login
	if json.Unmarshal(body, &in) != nil {
		return failure(wire.CodeField, "Запрос не разобран")
	}
	s, ok := b.alive(in.Session)
	if !ok || s.Account != "" {
		return over()
	}
	i := slices.IndexFunc(b.settings.Operators, func(o Operator) bool { return o.Phone == in.Phone })
	if i < 0 || subtle.ConstantTimeCompare([]byte(b.settings.Operators[i].Password), []byte(in.Password)) != 1 {
		return failure(wire.CodeLogin, "Неверный телефон или пароль")
	}
	o := b.settings.Operators[i]
	if o.SMS {
		if a, asked := b.secondFactor(s, o, in.Code); asked {
			return a
		}
	}
	entered := session{Token: token(o.Account), Phone: o.Phone, Account: o.Account, All: o.All, Until: b.clock.Now().Add(time.Duration(b.settings.SessionLifetime))}
	s.Until, s.Code = b.clock.Now(), ""
	if err := b.commit(change{Session: &s}); err != nil {
		return broken(err)
	}
	if err := b.commit(change{Session: &entered}); err != nil {
		return broken(err)
	}
	rights := "today"
	if o.All {
		rights = wire.RightsAll
	}
	return done(map[string]any{"ss": entered.Token, "account_id": o.Account, "expires_at": entered.Until, "rights": rights})
}

// secondFactor sends a code, and takes it. asked says that the answer is to be given instead of a session.
func (b *bank) secondFactor(s session, o Operator, code string) (a answer, asked bool) {
	switch {
	case code == "" || s.Code == "" || s.Phone != o.Phone:
		n, _ := rand.Int(rand.Reader, big.NewInt(10_000)) // never fails
		s.Phone, s.Code = o.Phone, fmt.Sprintf("%04d", n.Int64())
		if b.settings.SMSCode != "" {
			s.Code = b.settings.SMSCode
		}
		if err := b.commit(change{Session: &s}); err != nil {
			return broken(err), true
		}
		return done(map[string]any{"need_sms": true}), true
	case code != s.Code:
		if s.Wrong++; s.Wrong >= codeTries {
			s.Until = b.clock.Now()
		}
		if err := b.commit(change{Session: &s}); err != nil {
			return broken(err), true
		}
		return failure(wire.CodeLogin, "Неверный код из SMS"), true
	}
	return answer{}, false
}

// entered lets a step run with the session of its request, or says that it is over.
func entered[In any](b *bank, step func(session, In) answer) func([]byte) answer {
	return func(body []byte) answer {
		var way struct {
			Session string `json:"ss"`
		}
		var in In
		if json.Unmarshal(body, &way) != nil || json.Unmarshal(body, &in) != nil {
			return failure(wire.CodeField, "Запрос не разобран")
		}
		s, ok := b.alive(way.Session)
		if !ok || s.Account == "" {
			return over()
		}
		return step(s, in)
	}
}

// owner names a client; empty: one that is not named, whose cards nobody sees.
func owner(c wire.Client) string {
	if strings.TrimSpace(c.Name) == "" {
		return ""
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, c.Passport)
	return strings.ToUpper(strings.Join(strings.Fields(c.Name), " ")) + "/" + digits
}
