package library

import (
	"embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Thread is an OS thread of the calling program.
type Thread uint64

// Callback is a pr_callback and its user pointer, as the C side knows them.
type Callback struct{ Function, User uintptr }

// Options are what the C side brings.
type Options struct {
	Version string
	Home    func() (string, error) // the folder that the library lies in
	// Here calls the callback on the calling thread; Apart does so on a thread of its own, and tells which one before it calls.
	Here  func(c Callback, op, event, id int32)
	Apart func(c Callback, op, event, id int32, on func(Thread))
	// Post posts a message to a window, with the operation in wParam; nil: the system's.
	Post func(window int64, message uint32, op int32) error
	// HostProgram is the program to start as a host; empty: the installation's own.
	HostProgram string
	// CallLimit is how long a call that is to be short looks for a host before it gives up; 0: 10 s.
	CallLimit time.Duration
	// Patience is how long an operation waits for a host that is gone before it is told Unknown; 0: 30 s.
	Patience time.Duration
	// Remind is how long an operation with a secret runs before its Begin is repeated for a module that may have lost it; 0: 5 s.
	Remind time.Duration
}

// Library is one loaded library. Its methods are the functions of payrack.h; any thread may call any of them.
type Library struct {
	options  Options
	opened   refusals // of pr_open, and of calls whose handle is wild
	mu       sync.Mutex
	last     int32
	sessions map[int32]*session
	ops      map[int32]*operation
	inside   map[Thread]*delivery // threads on which a callback is running
}

// firstHandle lies apart from small numbers, which wild callers like to pass.
const firstHandle = 4096

// New makes a library. It does no work: the first call does.
func New(o Options) *Library {
	if o.CallLimit == 0 {
		o.CallLimit = 10 * time.Second
	}
	if o.Remind == 0 {
		o.Remind = 5 * time.Second
	}
	return &Library{options: o, last: firstHandle, sessions: map[int32]*session{}, ops: map[int32]*operation{}, inside: map[Thread]*delivery{}}
}

// handle gives a number that no session and no operation has, and that none had for a long time. l.mu is held.
func (l *Library) handle() int32 {
	for {
		l.last++
		if l.last <= firstHandle { // after two thousand million
			l.last = firstHandle + 1
		}
		if l.sessions[l.last] == nil && l.ops[l.last] == nil {
			return l.last
		}
	}
}

// Guard is what every exported function defers: a panic of ours becomes a code, and never ends the calling program.
func Guard[T ~int32](code *T) {
	if recover() != nil {
		*code = T(pay.ErrInternal)
	}
}

// session finds a session for a call that is not allowed inside a callback.
func (l *Library) session(th Thread, handle int32) (*session, pay.Code) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inside[th] != nil {
		return nil, l.reject(th, pay.ErrThread)
	}
	s := l.sessions[handle]
	if s == nil {
		return nil, l.reject(th, pay.ErrHandle)
	}
	return s, 0
}

// operation finds an operation for a call that is not allowed inside a callback.
func (l *Library) operation(th Thread, handle int32) (*operation, pay.Code) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inside[th] != nil {
		return nil, l.reject(th, pay.ErrThread)
	}
	return l.known(th, handle)
}

// anywhere finds an operation for a call that is allowed inside a callback too.
func (l *Library) anywhere(th Thread, handle int32) (*operation, pay.Code) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known(th, handle)
}

func (l *Library) known(th Thread, handle int32) (*operation, pay.Code) {
	if o := l.ops[handle]; o != nil {
		return o, 0
	}
	return nil, l.reject(th, pay.ErrHandle)
}

// forget takes a handle away.
func (l *Library) forget(handle int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.ops, handle)
}

// barred refuses a call without a handle inside a callback.
func (l *Library) barred(th Thread) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inside[th] != nil {
		return &pay.Error{Code: pay.ErrThread}
	}
	return nil
}

// reject records a refusal that no session can hold.
func (l *Library) reject(th Thread, code pay.Code) pay.Code {
	l.opened.set(th, text.Fill(&pay.Error{Code: code}, text.Russian))
	return code
}

// spawn starts a goroutine that cannot end the calling program.
func spawn(f func()) {
	go func() {
		defer func() { _ = recover() }()
		f()
	}()
}

// maxThreads is of how many threads the last refusal is remembered.
const maxThreads = 256

// refusals remembers the last refusal of each thread.
type refusals struct {
	mu    sync.Mutex
	of    map[Thread]*pay.Error
	order []Thread
}

func (r *refusals) set(th Thread, e *pay.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[Thread]*pay.Error{}
	}
	if r.of[th] == nil {
		r.order = append(r.order, th)
		if len(r.order) > maxThreads {
			delete(r.of, r.order[0])
			r.order = r.order[1:]
		}
	}
	r.of[th] = e
}

func (r *refusals) get(th Thread) *pay.Error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.of[th]; e != nil {
		return e
	}
	return &pay.Error{}
}

//go:embed catalogue/*.json
var ownWords embed.FS

// words is the core's catalogue and this package's own. Its files are checked by a test.
var words = sync.OnceValue(func() *text.Catalogue {
	c, err := text.Load(ownWords)
	if err != nil {
		c, _ = text.Load()
	}
	return c
})

// worded fills a refusal for the cashier. What this side of the host found wrong, and has no words, is said in English after the cause.
func worded(err error, lang string) *pay.Error {
	e := words().Fill(err, lang)
	if _, told := errors.AsType[text.Worded](err); e.Cause != nil && !told {
		if cause, _ := words().Error(e.Code, lang); e.Text != cause && !strings.HasPrefix(e.Text, cause) {
			e.Text = cause + " (" + e.Text + ")"
		}
	}
	if e.Code >= 0 { // an outcome is no refusal; of this call it says only that nobody knows
		e.Code = pay.ErrInternal
	}
	return e
}

// local is a refusal that this library finds itself, in the words of an id.
func local(code pay.Code, id string, data map[string]any) error {
	return text.Refuse(code, id, data, nil)
}

// of is the data of words: names and values by turns.
func of(pairs ...any) map[string]any {
	data := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		data[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return data
}

// ours marks a refusal of package pay as found here.
func ours(err error) error {
	if e, ok := errors.AsType[*pay.Error](err); ok && e.Cause == nil {
		marked := *e
		marked.Cause = errors.New(e.Text)
		return &marked
	}
	return err
}

// ABI is the version of payrack.h that the library has: PR_ABI_VERSION.
const ABI = client.ABI

// NoPlace refuses a call that was given no place for its result. The session is looked at first, as in every call.
func (l *Library) NoPlace(th Thread, handle int32, what string) pay.Code {
	err := local(pay.ErrArgument, "refused.null", of("Name", what))
	if handle == 0 {
		l.opened.set(th, worded(err, text.Russian))
		return pay.ErrArgument
	}
	s, code := l.session(th, handle)
	if code < 0 {
		return code
	}
	return s.refuse(th, err)
}
