package library

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// The flags of pr_open.
const (
	FlagNoPrompts = 1
	FlagBuiltinUI = 2
	FlagConfirm   = 4
)

// session is what a pr_host stands for.
type session struct {
	l       *Library
	handle  int32
	flags   uint32
	refused refusals
	client  *client.Session
	begins  func(context.Context, client.Order) (pay.Operation, bool, error) // the client's Begin
	ctx     context.Context                                                  // ends with pr_close
	end     context.CancelFunc

	mu       sync.Mutex
	language string
	enc      encoding
	pending  []pay.Ref // as pr_pending_count last saw them
	read     []*operation
	acks     sync.WaitGroup // acknowledgements under way
	closing  bool           // none begins any more

	calls deliveries
	bell  bell
}

// Open is pr_open. The handle is set where the code is not negative.
func (l *Library) Open(th Thread, abi int32, home, pos Text, flags uint32) (handle int32, code pay.Code) {
	if err := l.barred(th); err != nil {
		return 0, l.reject(th, pay.ErrThread)
	}
	s, err := l.open(abi, home, pos, flags)
	if err != nil {
		e := worded(err, text.Russian)
		l.opened.set(th, e)
		return 0, e.Code
	}
	l.mu.Lock()
	s.handle = l.handle()
	l.sessions[s.handle] = s
	l.mu.Unlock()
	if s.client.PendingCount() > 0 {
		return s.handle, pay.CodePending
	}
	return s.handle, pay.CodeOK
}

func (l *Library) open(abi int32, home, pos Text, flags uint32) (*session, error) {
	if abi>>16 != client.ABI>>16 {
		return nil, local(pay.ErrABI, "refused.abi", of("Caller", fmt.Sprintf("%#x", abi), "Library", fmt.Sprintf("%#x", client.ABI)))
	}
	if flags&FlagBuiltinUI != 0 {
		return nil, local(pay.ErrUnsupported, "refused.builtin_ui", nil)
	}
	if flags&^(FlagNoPrompts|FlagConfirm) != 0 {
		return nil, local(pay.ErrArgument, "refused.flags", of("Flags", fmt.Sprintf("%#x", flags)))
	}
	posID, err := plain(pos, "pos_id", nil)
	if err != nil {
		return nil, err
	}
	if posID == "" {
		return nil, local(pay.ErrArgument, "refused.empty", of("Name", "pos_id"))
	}
	folder, err := l.home(home)
	if err != nil {
		return nil, err
	}
	p, err := place.Find(folder)
	if err != nil {
		return nil, ours(err)
	}
	s := &session{l: l, flags: flags, language: text.Russian}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.calls.init()
	if s.bell.post = l.options.Post; s.bell.post == nil {
		s.bell.post = postMessage
	}
	s.client, err = client.Open(s.ctx, client.Options{
		Place: p, PosID: posID, Flags: flags, Version: l.options.Version, StartHost: true, HostProgram: l.options.HostProgram, Pending: s.pendingChanged,
		Patience: l.options.Patience,
	})
	if err != nil {
		s.end()
		return nil, err
	}
	s.begins = s.client.Begin
	spawn(s.deliver)
	return s, nil
}

// home is the folder that the caller names, or the one that the library lies in.
func (l *Library) home(home Text) (string, error) {
	folder, err := plain(home, "home", nil)
	if err != nil || folder != "" {
		return folder, err
	}
	if folder, err = l.options.Home(); err != nil {
		return "", local(pay.ErrConfig, "refused.library_folder", of("Error", err.Error()))
	}
	return folder, nil
}

// Close is pr_close: read outcomes are confirmed, handles are forgotten, no callback begins after it.
func (l *Library) Close(th Thread, handle int32) pay.Code {
	s, code := l.session(th, handle)
	if code < 0 {
		return code
	}
	l.mu.Lock()
	if l.sessions[handle] != s { // closed by another thread meanwhile
		l.mu.Unlock()
		return l.reject(th, pay.ErrHandle)
	}
	delete(l.sessions, handle)
	var mine []*operation
	for h, o := range l.ops {
		if o.s == s {
			mine = append(mine, o)
			delete(l.ops, h)
		}
	}
	l.mu.Unlock()
	s.calls.set(Callback{})
	s.confirmRead()
	for _, o := range mine {
		o.end()
	}
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	finished := make(chan struct{})
	spawn(func() { defer close(finished); s.acks.Wait() })
	select {
	case <-finished:
	case <-time.After(3 * time.Second): // a missing confirmation never reverses anything
	}
	s.end()
	s.bell.close()
	s.client.Close()
	return pay.CodeOK
}

// refuse records a refusal for the thread and gives its code.
func (s *session) refuse(th Thread, err error) pay.Code {
	s.mu.Lock()
	lang := s.language
	s.mu.Unlock()
	e := worded(err, lang)
	s.refused.set(th, e)
	return e.Code
}

func (s *session) encoding() encoding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enc
}

// short is a context for a call that takes no longer than a local exchange, unless the host has to be found first.
func (s *session) short() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx, s.l.options.CallLimit)
}

// SetOption is pr_set_option.
func (l *Library) SetOption(th Thread, handle int32, key, value Text) pay.Code {
	s, code := l.session(th, handle)
	if code < 0 {
		return code
	}
	if err := s.setOption(key, value); err != nil {
		return s.refuse(th, err)
	}
	return pay.CodeOK
}

func (s *session) setOption(key, value Text) error {
	k, err := plain(key, "key", nil)
	if err != nil {
		return err
	}
	v, err := plain(value, "value", s.encoding())
	if err != nil {
		return err
	}
	switch k {
	case "text.encoding":
		enc, ok := encodingNamed(v)
		if !ok {
			return local(pay.ErrArgument, "refused.encoding", of("Encoding", fmt.Sprintf("%.40s", v)))
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.enc = enc
		return nil
	case "language":
		if v != text.Russian && v != text.English {
			return local(pay.ErrArgument, "refused.language", of("Language", fmt.Sprintf("%.40s", v)))
		}
	case "operator.id", "operator.name", "operator.pin":
	default:
		return local(pay.ErrArgument, "refused.option", of("Key", fmt.Sprintf("%.40s", k)))
	}
	ctx, cancel := s.short()
	defer cancel()
	if err := s.client.SetOption(ctx, k, v); err != nil {
		return err
	}
	if k == "language" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.language = v
	}
	return nil
}

// LastCode is pr_last_code: of the last refusal on the session and thread; handle 0: of pr_open, or of a wild handle.
func (l *Library) LastCode(th Thread, handle int32) pay.Code {
	e, _, code := l.lastRefusal(th, handle)
	if code < 0 {
		return code
	}
	return e.Code
}

// LastError is pr_last_error: the text of the refusal that LastCode names.
func (l *Library) LastError(th Thread, handle int32) Output {
	e, enc, code := l.lastRefusal(th, handle)
	if code < 0 {
		return refused(code)
	}
	return said(e.Text, enc)
}

// LastHint is pr_last_hint: what the cashier should do about it.
func (l *Library) LastHint(th Thread, handle int32) Output {
	e, enc, code := l.lastRefusal(th, handle)
	if code < 0 {
		return refused(code)
	}
	return said(e.Hint, enc)
}

func (l *Library) lastRefusal(th Thread, handle int32) (*pay.Error, encoding, pay.Code) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inside[th] != nil {
		return nil, nil, pay.ErrThread
	}
	if handle == 0 {
		return l.opened.get(th), nil, 0
	}
	s := l.sessions[handle]
	if s == nil {
		return nil, nil, pay.ErrHandle // not recorded: asking for the last refusal does not change it
	}
	return s.refused.get(th), s.encoding(), 0
}

// confirmRead confirms, in the background, the approved operations whose outcome the caller has read, where it did not ask to do so itself.
func (s *session) confirmRead() {
	s.mu.Lock()
	list := s.read
	s.read = nil
	s.mu.Unlock()
	for _, o := range list {
		o.acknowledge(pay.AckConfirm)
	}
}

func (s *session) beginAck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.acks.Add(1)
	return true
}

// forgetRead takes an operation out of those that will be confirmed.
func (s *session) forgetRead(o *operation) (was bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.read, o)
	if i < 0 {
		return false
	}
	s.read = slices.Delete(s.read, i, i+1)
	return true
}
