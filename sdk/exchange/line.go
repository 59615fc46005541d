package exchange

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
)

var (
	errRepeat = errors.New("a request of which bytes may have left is not sent again")
	errEnded  = errors.New("the request has ended before its first byte")
)

// line is a connection that counts what is written to it and can be closed to further writing.
type line struct {
	net.Conn
	mu      sync.Mutex
	written int64
	sealed  error
}

// Write counts before it writes: what a failed write handed over cannot be known.
func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	if l.sealed != nil {
		defer l.mu.Unlock()
		return 0, l.sealed
	}
	l.written += int64(len(p))
	l.mu.Unlock()
	return l.Conn.Write(p)
}

func (l *line) count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written
}

func (l *line) seal(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sealed = why
}

// sealUnless seals the line if nothing was written since the count was base, and says whether something was.
func (l *line) sealUnless(base int64) (written bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written > base {
		return true
	}
	l.sealed = errEnded
	return false
}

// sending watches one request on the connections that the transport gives it. The transport may take a second one when the first, a kept
// one, turns out to be closed; that is allowed as long as nothing was written.
type sending struct {
	mu      sync.Mutex
	tries   []try
	got     bool  // a connection was there
	tlsFail error // why no secure one came about
}

// try is one connection given to the request; written is the line's count at that moment. A nil line is one that cannot be watched.
type try struct {
	line    *line
	written int64
}

func (s *sending) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { s.take(lineOf(info.Conn)) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.tlsFail = err
		},
	})
}

// take runs before the transport writes to the connection.
func (s *sending) take(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, earlier := range s.tries {
		if l != nil && earlier.left() {
			l.seal(errRepeat)
		}
	}
	next := try{line: l}
	if l != nil {
		next.written = l.count()
	}
	s.tries = append(s.tries, next)
	s.got = true
}

func (t try) left() bool { return t.line == nil || t.line.count() > t.written }

// failed ends a request that got no answer, and says whether bytes of it may have left. Where none did, none can any more: the
// transport's writer may still hold the request.
func (s *sending) failed() (sent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tries {
		if t.line == nil || t.line.sealUnless(t.written) {
			sent = true
		}
	}
	return sent
}

// reached says whether there was a connection, and why TLS failed if it did.
func (s *sending) reached() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got, s.tlsFail
}

// lineOf finds the line beneath the layers of TLS.
func lineOf(conn net.Conn) *line {
	for {
		switch c := conn.(type) {
		case *line:
			return c
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil
		}
	}
}
