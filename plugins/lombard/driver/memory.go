package driver

import (
	"crypto/sha256"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
)

// memories are one for each folder of a module: a process has one, a test may have several.
type memories struct {
	mu   sync.Mutex
	list map[string]*memory
}

// of is the folder's memory; fresh says that it was just made.
func (m *memories) of(p sdk.Parts) (found *memory, fresh bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, known := m.list[p.Data]
	if !known {
		found = &memory{dialogs: map[pay.Key]dialog{}, chosen: map[[sha256.Size]byte]card{}}
		m.list[p.Data] = found
	}
	found.history.use(filepath.Join(p.Data, "logins.jsonl"), p.Secrets)
	return found, !known
}

// memory is what the drivers of one module share, and what dies with its process.
type memory struct {
	mu      sync.Mutex
	dialogs map[pay.Key]dialog
	chosen  map[[sha256.Size]byte]card
	history history
}

// dialog is what was typed for an operation and is not used up yet.
type dialog struct {
	phone, password string
	token           string // of the session that is being opened
	asks            bool   // a code of an SMS is awaited
	silent          int    // logins that brought no word
	number          payout.Card
	name            string // embossed on it
	renew           bool   // the card chosen before is not wanted
}

// keptFor is how long what was typed is kept: a dialogue has ended long before.
const keptFor = 40 * time.Minute

// dialog is what is known of an operation's.
func (m *memory) dialog(key pay.Key) dialog {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dialogs[key]
}

// keep changes an operation's dialogue.
func (m *memory) keep(key pay.Key, change func(*dialog)) dialog {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, known := m.dialogs[key]
	change(&d)
	m.dialogs[key] = d
	if !known {
		time.AfterFunc(keptFor, func() { m.forget(key) })
	}
	return d
}

func (m *memory) forget(key pay.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.dialogs, key)
}

// client names who gets the money at a till, by one server and branch; false: the till did not say.
func client(place string, op provider.Operation) (name [sha256.Size]byte, known bool) {
	r, err := payout.ReadRequest(op.Params)
	if err != nil || r.Client.Name == "" {
		return name, false
	}
	text, err := json.Marshal([]string{place, op.PosID, strings.ToUpper(r.Client.Name), r.Client.Passport})
	if err != nil {
		return name, false
	}
	return sha256.Sum256(text), true
}

// choose remembers the card of a client, so that it can be kept for the next ticket.
func (m *memory) choose(place string, op provider.Operation, c card) {
	if name, known := client(place, op); known {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.chosen[name] = c
	}
}

// chosenBefore is the card of the client's last payout.
func (m *memory) chosenBefore(place string, op provider.Operation) (card, bool) {
	name, known := client(place, op)
	if !known {
		return card{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.chosen[name]
	return c, ok
}
