package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/payrack/payrack/host/place"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// exitBusy is the exit code of a host that found another one running: that one is about to answer, or about to leave.
const exitBusy = 8

// newLink reaches a host, by starting it if need be, and opens the session's stream. A host that goes away meanwhile is looked for again.
func (s *Session) newLink(ctx context.Context) (*link, error) {
	ctx, cancel := limit(ctx, startLimit)
	defer cancel()
	var child *process
	defer func() { child.forget() }()
	pause := pauses()
	for {
		l, err := s.tryLink(ctx)
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, errAbsent) {
			return nil, err
		}
		if child, err = s.started(child, err); err != nil {
			return nil, err
		}
		if wait(ctx, s, min(pause.NextBackOff(), 100*time.Millisecond)) != nil {
			return nil, s.notStarted(child, "refused.host_silent", 0)
		}
	}
}

// errAbsent: no host listens, or it went away while it was spoken to.
var errAbsent = errors.New("no host runs")

// tryLink fails with errAbsent where another try may help.
func (s *Session) tryLink(ctx context.Context) (*link, error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	l, err := openLink(ctx, s.ctx, conn, &hostv1.SessionRequest{
		Abi: ABI, PosId: s.options.PosID, Flags: s.options.Flags, Program: s.options.Program, Pid: int64(os.Getpid()),
		Version: s.options.Version, Language: s.options.Language,
	}, s.pending)
	if e, ok := errors.AsType[*pay.Error](err); ok && e.Code == pay.ErrHostStart && e.Text == "" && ctx.Err() == nil {
		return nil, fmt.Errorf("%w: %w", errAbsent, err) // it was on its way out
	}
	return l, err
}

// Probe says whether a host of the installation listens and is ours to speak to. It starts none and opens no session.
// The error's code is ErrHostStart where none runs, ErrHostDenied where it is not ours.
func Probe(ctx context.Context, p place.Place) error {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	conn, err := (&Session{options: Options{Place: p}}).dial(ctx)
	if errors.Is(err, errAbsent) {
		return &pay.Error{Code: pay.ErrHostStart, Cause: err}
	}
	if err != nil {
		return err
	}
	return conn.Close()
}

// dial connects to where the host says that it listens, or to where it should.
func (s *Session) dial(ctx context.Context) (net.Conn, error) {
	addresses := []string{s.options.Place.Address()}
	if hint, err := s.options.Place.ReadHost(); err == nil && hint.Address != "" && hint.Address != addresses[0] {
		addresses = append([]string{hint.Address}, addresses...)
	}
	var failed error
	for _, address := range addresses {
		conn, err := dialAddress(ctx, address)
		if err == nil {
			if err = checkOwner(conn); err == nil {
				return conn, nil
			}
			conn.Close()
			err = fmt.Errorf("check who listens at %s: %w", address, err)
		}
		if !absent(err) && failed == nil {
			failed = &pay.Error{Code: pay.ErrHostDenied, Cause: err}
		}
	}
	if failed == nil {
		failed = errAbsent
	}
	return nil, failed
}

// started makes sure that a host is being started, where the options allow it, and says why if that cannot be.
func (s *Session) started(child *process, cause error) (*process, error) {
	if !s.options.StartHost {
		return child, &pay.Error{Code: pay.ErrHostStart, Cause: cause}
	}
	if child != nil {
		ended, code := child.ended()
		if !ended {
			return child, nil
		}
		if code != exitBusy && code != 0 {
			return child, s.notStarted(child, "refused.host_exit", code)
		}
		child.forget()
	}
	next, err := startHost(s.options.HostProgram, s.options.Place.Home)
	if err != nil {
		return nil, text.Refuse(pay.ErrHostStart, "refused.host_program", map[string]any{"Program": s.options.HostProgram}, err)
	}
	return next, nil
}

// notStarted is the refusal that says what the host said and where its log lies.
func (s *Session) notStarted(child *process, id string, code int) error {
	data := map[string]any{"Program": s.options.HostProgram, "Code": code, "Said": child.said(), "Log": s.options.Place.Log()}
	return text.Refuse(pay.ErrHostStart, id, data, nil)
}

// process is a host that this process started. It is not bound to us: it lives on when we end.
type process struct {
	done   chan struct{}
	code   int
	stderr *os.File // a file without a name, so that a host that dies at once can say why
}

// startHost starts the host apart from this process: its own session, no terminal, none of our files, the installation as its folder.
func startHost(program, home string) (*process, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	defer null.Close()
	p := &process{done: make(chan struct{})}
	stderr := null
	if p.stderr, err = namelessFile(); err == nil {
		stderr = p.stderr
	}
	proc, err := startDetached(program, []string{program, "host", "--home", home}, home, []*os.File{null, null, stderr})
	if err != nil {
		p.forget()
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	spawn(func() {
		defer close(p.done)
		p.code = -1
		if state, err := proc.Wait(); err == nil {
			p.code = state.ExitCode()
		}
	})
	return p, nil
}

func (p *process) ended() (bool, int) {
	select {
	case <-p.done:
		return true, p.code
	default:
		return false, 0
	}
}

// said is the first line of the host's stderr, which names what went wrong: hints come after it.
func (p *process) said() string {
	if p == nil || p.stderr == nil {
		return ""
	}
	head := make([]byte, 8192)
	n, err := p.stderr.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(head[:n]), "?")), "\n")
	return strings.TrimSpace(lines[0])
}

func (p *process) forget() {
	if p != nil && p.stderr != nil {
		p.stderr.Close()
		p.stderr = nil
	}
}
