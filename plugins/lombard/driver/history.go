package driver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/secret"
)

// history is the list of logins, a file that is only ever added to. Each entry is signed together with the one before it, under a key of this
// computer, so that a changed or missing one shows. It decides nothing.
type history struct {
	mu    sync.Mutex
	path  string
	store *secret.Store
}

// use says where the file is, and the store with the key.
func (h *history) use(path string, store *secret.Store) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.path, h.store = path, store
}

// The kinds of entries.
const (
	entryLogin      = "login"
	entryEnd        = "end"
	entryCorrection = "correction"
)

// entry is one line. No token is in it.
type entry struct {
	N       int       `json:"n"`
	Kind    string    `json:"kind"`
	Time    time.Time `json:"time"`
	User    string    `json:"user,omitempty"`
	Place   string    `json:"place,omitempty"` // network/branch
	Account string    `json:"account,omitempty"`
	Session string    `json:"session,omitempty"` // shortened
	End     time.Time `json:"end,omitzero"`
	Of      int       `json:"of,omitempty"` // of an end or a correction: the entry that it is about
	Note    string    `json:"note,omitempty"`
	By      string    `json:"by,omitempty"`
	Mark    string    `json:"mark,omitempty"` // the signature
}

// login is a row of the history: a login, when its session ended, and what was said about it since.
type login struct {
	N           int       `json:"n"`
	Time        time.Time `json:"time"`
	User        string    `json:"user"`
	Place       string    `json:"place"`
	Account     string    `json:"account"`
	Session     string    `json:"session"`
	End         time.Time `json:"end"`
	Corrections []remark  `json:"corrections,omitempty"`
}

// remark is a correction: it stands beside what it corrects.
type remark struct {
	Time time.Time `json:"time"`
	By   string    `json:"by"`
	Note string    `json:"note"`
}

// historyKey is the name of the secret by which entries are signed.
const historyKey = "historykey"

func (h *history) key() ([]byte, error) {
	value, err := h.store.Get(historyKey)
	if err == nil {
		return value.Reveal(), nil
	}
	if !errors.Is(err, secret.ErrMissing) {
		return nil, err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, h.store.Set(historyKey, key)
}

// mark signs an entry and the one before it.
func (e entry) mark(key []byte, before string) string {
	e.Mark = ""
	line, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings, numbers and times of this century always marshal
	}
	sum := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(sum, "%s\n%s", before, line)
	return hex.EncodeToString(sum.Sum(nil))
}

// entries reads the file. broken is the first entry whose signature does not hold; 0: all do.
func (h *history) entries() (list []entry, broken int, err error) {
	data, err := os.ReadFile(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the history of logins: %w", err)
	}
	key, err := h.key()
	if err != nil {
		return nil, 0, fmt.Errorf("read the history of logins: %w", err)
	}
	before := ""
	for line := range strings.Lines(string(data)) {
		var e entry
		readable := json.Unmarshal([]byte(line), &e) == nil && e.N == len(list)+1
		if !readable {
			e = entry{N: len(list) + 1}
		}
		if broken == 0 && (!readable || !hmac.Equal([]byte(e.Mark), []byte(e.mark(key, before)))) {
			broken = len(list) + 1
		}
		before = e.Mark
		list = append(list, e)
	}
	return list, broken, nil
}

// add appends an entry and gives its number.
func (h *history) add(e entry) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.addLocked(e)
}

func (h *history) addLocked(e entry) (int, error) {
	list, _, err := h.entries()
	if err != nil {
		return 0, err
	}
	key, err := h.key()
	if err != nil {
		return 0, fmt.Errorf("write the history of logins: %w", err)
	}
	before := ""
	if len(list) > 0 {
		before = list[len(list)-1].Mark
	}
	e.N = len(list) + 1
	e.Time, e.End = e.Time.Round(time.Millisecond), e.End.Round(time.Millisecond)
	e.Mark = e.mark(key, before)
	line, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return 0, fmt.Errorf("write the history of logins: %w", err)
	}
	f, err := os.OpenFile(h.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, fmt.Errorf("write the history of logins: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("write the history of logins: %w", err)
	}
	return e.N, nil
}

// began writes a login down.
func (h *history) began(s session, network string) error {
	_, err := h.add(entry{Kind: entryLogin, Time: s.Since, User: s.Operator, Place: network, Account: s.Account, Session: s.shortened(), End: s.Until})
	return err
}

// ended writes down that a session ended before its time, once.
func (h *history) ended(s session, at time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	list, _, err := h.entries()
	if err != nil {
		return err
	}
	of := 0
	for _, e := range list {
		switch {
		case e.Kind == entryLogin && e.Account == s.Account && e.Session == s.shortened():
			of = e.N
		case e.Kind == entryEnd && e.Of == of:
			of = 0
		}
	}
	if of == 0 {
		return nil
	}
	_, err = h.addLocked(entry{Kind: entryEnd, Time: at, Of: of})
	return err
}

// correct adds what somebody has to say about a login; false: there is none of that number.
func (h *history) correct(n int, note, by string, at time.Time) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list, _, err := h.entries()
	if err != nil {
		return false, err
	}
	if n < 1 || n > len(list) || list[n-1].Kind != entryLogin {
		return false, nil
	}
	_, err = h.addLocked(entry{Kind: entryCorrection, Time: at, Of: n, Note: note, By: by})
	return true, err
}

// logins are the rows of a span of time, the oldest first; broken is the first entry of the file whose signature does not hold.
func (h *history) logins(from, to time.Time) (rows []login, broken int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list, broken, err := h.entries()
	if err != nil {
		return nil, 0, err
	}
	rows, at := []login{}, map[int]int{}
	for _, e := range list {
		i, known := at[e.Of]
		switch {
		case e.Kind == entryLogin && !e.Time.Before(from) && e.Time.Before(to):
			at[e.N] = len(rows)
			rows = append(rows, login{N: e.N, Time: e.Time, User: e.User, Place: e.Place, Account: e.Account, Session: e.Session, End: e.End})
		case !known:
		case e.Kind == entryEnd:
			rows[i].End = e.Time
		case e.Kind == entryCorrection:
			rows[i].Corrections = append(rows[i].Corrections, remark{Time: e.Time, By: e.By, Note: e.Note})
		}
	}
	return rows, broken, nil
}
