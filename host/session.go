package host

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/payrack/payrack/host/index"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// sessionKey is the metadata by which calls name their session.
const sessionKey = "payrack-session"

// Flags of pr_open that the host acts upon.
const (
	flagNoPrompts = 1
	flagConfirm   = 4
)

// abiMajor is the interface's version that this host speaks; 0 is a client that has none.
const abiMajor = 1

// maxPosID is the length of the longest till's name, in bytes.
const maxPosID = 64

// session is one client's. It ends with its stream.
type session struct {
	id      string
	pos     string
	program string
	flags   uint32
	caller  caller
	ctx     context.Context
	close   context.CancelFunc

	mu       sync.Mutex
	language string
	operator string
	name     string
	proved   string           // the operator whose PIN was right
	trueName string           // of the operator proved, as it was given with the PIN
	asked    bool             // for the full role, where no PIN is set
	old      map[pay.Ref]bool // operations of other days that this session was shown
	lines    int              // of Log in this window
	window   time.Time
}

// api is the host's side of HostService.
type api struct {
	hostv1.UnimplementedHostServiceServer
	h *Host
}

// Session implements hostv1.HostServiceServer.
func (a *api) Session(in *hostv1.SessionRequest, stream grpc.ServerStreamingServer[hostv1.SessionResponse]) error {
	h := a.h
	s, err := h.newSession(stream.Context(), in)
	if status.Code(err) == codes.Unavailable {
		return err
	}
	if err != nil {
		h.log.Warn("session refused", "program", in.GetProgram(), "pid", in.GetPid(), "error", err)
		return stream.Send(&hostv1.SessionResponse{Refusal: module.Refusal(Fill(err, languageOf(in.GetLanguage(), h.language())))})
	}
	defer h.forget(s)
	// What is pending is known when each module had its try to start.
	wait, cancel := context.WithTimeout(s.ctx, h.pace.starting)
	for _, r := range h.enabled() {
		r.settled(wait)
	}
	cancel()
	h.log.Info("session", "session", s.id[:8], "program", s.program, "pid", in.GetPid(), "pos", s.pos, "flags", s.flags, "version", in.GetVersion(),
		"uid", s.caller.uid)
	for told := -1; ; {
		change := h.changed.wait()
		if n := len(h.pending(s.ctx, s.pos)); n != told {
			told = n
			err := stream.Send(&hostv1.SessionResponse{Session: s.id, Version: h.o.Version, HostPid: int64(os.Getpid()), Pending: int32(n)})
			if err != nil {
				return err
			}
		}
		select {
		case <-change:
		case <-s.ctx.Done():
			return nil
		}
		select {
		case <-time.After(h.pace.settle):
		case <-s.ctx.Done():
			return nil
		}
	}
}

func (h *Host) newSession(ctx context.Context, in *hostv1.SessionRequest) (*session, error) {
	if major := in.GetAbi() >> 16; major != 0 && major != abiMajor {
		return nil, &pay.Error{Code: pay.ErrABI, Cause: fmt.Errorf("interface %#x", in.GetAbi())}
	}
	pos := in.GetPosId()
	if pos == "" || len(pos) > maxPosID || !utf8.ValidString(pos) || strings.ContainsFunc(pos, unicode.IsControl) {
		return nil, text.Refuse(pay.ErrArgument, "host.pos_id", map[string]any{"Most": maxPosID}, nil)
	}
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails
	s := &session{id: hex.EncodeToString(random), pos: pos, program: shorten(in.GetProgram(), 200), flags: in.GetFlags(), caller: callerOf(ctx),
		language: languageOf(in.GetLanguage(), h.language())}
	s.ctx, s.close = context.WithCancel(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		s.close()
		return nil, status.Error(codes.Unavailable, "the host is leaving")
	}
	h.sessions[s.id] = s
	return s, nil
}

// forget ends a session. Its watches end with it, so that OrphanGrace begins to run in the modules.
func (h *Host) forget(s *session) {
	s.close()
	h.mu.Lock()
	delete(h.sessions, s.id)
	last := len(h.sessions) == 0
	h.mu.Unlock()
	h.changed.fire()
	h.log.Info("session ended", "session", s.id[:8], "pos", s.pos)
	if last {
		debug.FreeOSMemory()
	}
}

// session finds the caller's session by the call's metadata.
func (a *api) session(ctx context.Context) (*session, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if values := md.Get(sessionKey); len(values) == 1 {
		a.h.mu.Lock()
		s := a.h.sessions[values[0]]
		a.h.mu.Unlock()
		if s != nil && s.ctx.Err() == nil && s.caller.uid == callerOf(ctx).uid {
			return s, nil
		}
	}
	return nil, status.Error(codes.Unauthenticated, "no such session")
}

// full says whether the session has the full role.
func (h *Host) full(s *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proved != "" {
		return true
	}
	return s.caller.own && (s.asked || s.commandLine()) && !h.pins.any()
}

// commandLine says whether the session is the installation's own program's. Where the system does not tell, its word counts.
func (s *session) commandLine() bool {
	return (s.program == "payrack" || s.program == "payrack.exe") && s.caller.program != programOther
}

// keep lets the session read an operation of another day from now on.
func (s *session) keep(e index.Entry) {
	if !old(e) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.old == nil {
		s.old = map[pay.Ref]bool{}
	}
	s.old[e.Ref] = true
}

func (s *session) kept(ref pay.Ref) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.old[ref]
}

// needFull refuses what a receiver may not.
func (h *Host) needFull(s *session) error {
	if h.full(s) {
		return nil
	}
	return text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
}

// by is who acts, for journals and logs: the operator, else the till. An operator who proved a PIN has the name that was set with it, and
// no other.
func (s *session) by() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := s.name
	if s.proved != "" {
		name = s.trueName
	}
	switch {
	case s.operator != "" && name != "":
		return s.operator + " " + name
	case s.operator != "" || name != "":
		return s.operator + name
	}
	return "till " + s.pos
}

func (s *session) operatorID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.operator
}

func (s *session) lang() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.language
}

// SetOption implements hostv1.HostServiceServer.
func (a *api) SetOption(ctx context.Context, in *hostv1.SetOptionRequest) (*hostv1.SetOptionResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	err = a.h.setOption(s, in.GetKey(), in.GetValue())
	return &hostv1.SetOptionResponse{Refusal: a.refuse(s, "set option", err, "key", shorten(in.GetKey(), 40))}, nil
}

func (h *Host) setOption(s *session, key, value string) error {
	if !utf8.ValidString(value) {
		return &pay.Error{Code: pay.ErrEncoding, Text: key + ": not UTF-8"}
	}
	if len(value) > 256 || strings.ContainsFunc(value, unicode.IsControl) {
		return &pay.Error{Code: pay.ErrArgument, Text: key + ": too long, or control characters"}
	}
	switch key {
	case "operator.pin":
		return h.prove(s, value)
	case "operator.new_pin":
		return h.newPIN(s, value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch key {
	case "operator.id":
		if s.operator != value {
			s.operator, s.proved = value, "" // somebody else works here now
		}
	case "operator.name":
		s.name = value
	case "operator.role":
		if value != "full" && value != "receiver" {
			return text.Refuse(pay.ErrArgument, "host.role", map[string]any{"Word": shorten(value, 40)}, nil)
		}
		s.asked = value == "full"
		if s.asked && s.proved == "" && s.caller.own && !h.pins.any() {
			h.log.Warn("the full role is taken without a PIN, because none is set", "program", s.program, "pid", s.caller.pid, "pos", s.pos)
		}
		if value == "receiver" {
			s.proved = ""
		}
	case "language":
		if value != "ru" && value != "en" {
			return text.Refuse(pay.ErrArgument, "refused.language", map[string]any{"Language": shorten(value, 40)}, nil)
		}
		s.language = value
	default:
		return text.Refuse(pay.ErrUnsupported, "refused.option", map[string]any{"Key": shorten(key, 40)}, nil)
	}
	return nil
}

// newPIN sets the PIN of the operator whom the session names.
func (h *Host) newPIN(s *session, pin string) error {
	if err := h.needFull(s); err != nil {
		return err
	}
	s.mu.Lock()
	id, name := s.operator, s.name
	if s.proved != "" && name == "" {
		name = s.trueName
	}
	s.mu.Unlock()
	if id == "" {
		return text.Refuse(pay.ErrArgument, "host.pin_operator", nil, nil)
	}
	if err := h.pins.set(id, name, pin); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proved == id {
		s.trueName = name
	}
	return nil
}

// prove checks a PIN. An empty one gives the full role back.
func (h *Host) prove(s *session, pin string) error {
	if pin == "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.proved = ""
		return nil
	}
	who, name, err := h.pins.prove(s.operatorID(), pin)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.proved = ""
		return err
	}
	s.proved, s.operator, s.trueName = who, who, name
	return nil
}

func languageOf(asked, standard string) string {
	if asked == "ru" || asked == "en" {
		return asked
	}
	return standard
}

// shorten cuts a text of a client's for a log.
func shorten(s string, limit int) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "..."
	}
	return s
}
