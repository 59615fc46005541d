package host

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// pins are the operators who have the full role: a 0600 file with a salted, slow hash each. Tries are limited over restarts too.
type pins struct {
	path string
	now  func() time.Time

	mu   sync.Mutex
	data pinData
}

type pinData struct {
	Operators map[string]operator `json:"operators"`
	Failed    int                 `json:"failed,omitempty"` // in a row
	Until     time.Time           `json:"until,omitzero"`   // no try before then
}

type operator struct {
	Name string `json:"name,omitempty"`
	Salt []byte `json:"salt"`
	Hash []byte `json:"hash"`
	// What argon2id was asked for: passes, KiB.
	Time   uint32 `json:"t"`
	Memory uint32 `json:"m"`
}

const (
	pinPasses   = 2
	pinMemory   = 19 << 10 // KiB
	freeTries   = 3        // wrong PINs before the first pause
	longestPin  = 64
	shortestPin = 4
)

func openPins(path string, now func() time.Time) (*pins, error) {
	p := &pins{path: path, now: now}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &p.data)
	}
	if err != nil {
		return nil, text.Refuse(pay.ErrConfig, "host.pins_file", map[string]any{"Path": path}, err)
	}
	return p, nil
}

// any says whether any PIN is set.
func (p *pins) any() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.data.Operators) > 0
}

// set gives an operator a PIN; an empty one takes the operator off.
func (p *pins) set(id, name, pin string) error {
	n := utf8.RuneCountInString(pin)
	if !utf8.ValidString(pin) || n > longestPin || n > 0 && n < shortestPin {
		return text.Refuse(pay.ErrArgument, "host.pin_length", map[string]any{"Least": shortestPin, "Most": longestPin}, nil)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next := pinData{Operators: map[string]operator{}}
	for other, o := range p.data.Operators {
		next.Operators[other] = o
	}
	delete(next.Operators, id)
	if pin != "" {
		o := operator{Name: name, Salt: make([]byte, 16), Time: pinPasses, Memory: pinMemory}
		_, _ = rand.Read(o.Salt)
		o.Hash = o.hash(pin)
		next.Operators[id] = o
	}
	return p.save(next)
}

// prove checks an operator's PIN; an empty id is anybody's. It gives the operator's id and name.
func (p *pins) prove(id, pin string) (who, name string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.data.Operators) == 0 {
		return "", "", text.Refuse(pay.ErrHostDenied, "host.pin_none", nil, nil)
	}
	if wait := p.data.Until.Sub(p.now()); wait > 0 {
		return "", "", text.Refuse(pay.ErrHostDenied, "host.pin_wait", map[string]any{"Seconds": int64(wait/time.Second) + 1}, nil)
	}
	// The try is counted before it is looked at, so that killing the host saves none.
	next := p.data
	next.Failed++
	if over := next.Failed - freeTries; over >= 0 {
		next.Until = p.now().Add(min(time.Second<<min(over, 12), 15*time.Minute))
	}
	if err := p.save(next); err != nil {
		return "", "", err
	}
	for other, o := range p.data.Operators {
		if (id == "" || id == other) && len(pin) <= 4*longestPin && subtle.ConstantTimeCompare(o.hash(pin), o.Hash) == 1 {
			next.Failed, next.Until = 0, time.Time{}
			return other, o.Name, p.save(next)
		}
	}
	return "", "", text.Refuse(pay.ErrHostDenied, "host.pin_wrong", nil, nil)
}

func (p *pins) save(next pinData) error {
	raw, err := json.Marshal(next)
	if err == nil {
		err = createFile(p.path, raw)
	}
	if err != nil {
		return &pay.Error{Code: pay.ErrJournal, Cause: fmt.Errorf("write the operators' file: %w", err)}
	}
	p.data = next
	return nil
}

func (o operator) hash(pin string) []byte {
	defer debug.FreeOSMemory() // the host is small; the hash is not
	return argon2.IDKey([]byte(pin), o.Salt, max(o.Time, 1), max(o.Memory, 8), 1, 32)
}
