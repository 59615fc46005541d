package driver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/secret"
)

// session is one operator's way in. Its token is a secret: it stands in the secret store, and in requests.
type session struct {
	Operator string    `json:"operator"`
	Token    string    `json:"token"`
	Account  string    `json:"account"`
	Place    string    `json:"place"` // server, network and branch: no other gets the token
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	// Everything says that the service shows the account more than today's operations.
	Everything bool `json:"everything,omitempty"`
}

// sessions are those of this computer: one an operator, in the secret store, so that they survive a restart.
type sessions struct {
	store *secret.Store
	place string
	now   func() time.Time
}

// sessionPrefix begins the names of the secrets that are sessions.
const sessionPrefix = "session."

func sessionName(operator string) string {
	sum := sha256.Sum256([]byte(operator))
	return sessionPrefix + hex.EncodeToString(sum[:12])
}

// of is the operator's session; false: there is none that is still good for so long.
func (s *sessions) of(operator string, left time.Duration) (session, bool) {
	return s.read(sessionName(operator), left)
}

func (s *sessions) read(name string, left time.Duration) (session, bool) {
	value, err := s.store.Get(name)
	if err != nil {
		return session{}, false
	}
	var found session
	if json.Unmarshal(value.Reveal(), &found) != nil || found.Token == "" || found.Place != s.place {
		return session{}, false
	}
	return found, found.Until.Sub(s.now()) > left
}

// any is the operator's session, or the one of somebody else that shows most and lasts longest: what the service has can be asked with each.
func (s *sessions) any(operator string) (session, bool) {
	if own, ok := s.of(operator, 0); ok {
		return own, true
	}
	list := s.all()
	if len(list) == 0 {
		return session{}, false
	}
	return list[0], true
}

// all are the sessions that have not ended.
func (s *sessions) all() (list []session) {
	names, err := s.store.List()
	if err != nil {
		return nil
	}
	for _, name := range names {
		if !strings.HasPrefix(name, sessionPrefix) {
			continue
		}
		if found, ok := s.read(name, 0); ok {
			list = append(list, found)
		}
	}
	slices.SortStableFunc(list, func(a, b session) int {
		if a.Everything != b.Everything {
			if a.Everything {
				return -1
			}
			return 1
		}
		return b.Until.Compare(a.Until)
	})
	return list
}

func (s *sessions) keep(one session) error {
	data, err := json.Marshal(one)
	if err != nil {
		return err
	}
	return s.store.Set(sessionName(one.Operator), data)
}

// end forgets a session, unless the operator has another one by now.
func (s *sessions) end(one session) error {
	now, ok := s.read(sessionName(one.Operator), -maxAge)
	if !ok || now.Token != one.Token {
		return nil
	}
	return s.store.Delete(sessionName(one.Operator))
}

// maxAge is longer ago than any session ended.
const maxAge = 100 * 365 * 24 * time.Hour

// shortened shows which session it was without letting anybody use it: the account, and the last four characters.
func (s session) shortened() string {
	if len(s.Token) < 32 {
		return s.Account + "-…"
	}
	return s.Account + "-…" + s.Token[len(s.Token)-4:]
}
