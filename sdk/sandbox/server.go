package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Provider is a stand-in for a provider's server. Its ServeHTTP is the provider's own interface; requests come one by one
// or together, each with its whole body, and are worked on to the end even when the client has gone.
//
// It may also be a [Phone], [Configurable], [Resetter], [Router], [Refuser].
type Provider interface {
	http.Handler
	Name() string
	Ledger() *Ledger
}

// Configurable is a provider with settings, which travel as JSON.
type Configurable interface {
	Settings() any
	// Configure changes the settings that the JSON object names, or none of them.
	Configure(json []byte) error
}

// Resetter is a provider that keeps more than its ledger.
type Resetter interface {
	// Reset forgets everything, the ledger too.
	Reset() error
}

// Router is a provider with control routes of its own. Their patterns begin with /control/.
type Router interface{ Routes(mux *http.ServeMux) }

// Refuser is a provider that has an answer of its own for what it never received.
type Refuser interface {
	NotFound(w http.ResponseWriter, r *http.Request)
}

// Options of a [Server].
type Options struct {
	Clock  *Clock // shared with the provider; nil is the computer's time
	Lang   string // of the page, where the browser does not say: "ru" (default) or "en"
	Fields Fields // what the provider's answers call things
}

// Server is a provider's sandbox behind one listener. It is an [http.Handler] too, for a listener of the caller's, which
// must be on loopback.
type Server struct {
	provider Provider
	clock    *Clock
	lang     string
	fields   Fields
	faults   Faults
	requests requestLog
	mux      *http.ServeMux
	token    string // of the page's forms

	closing  chan struct{} // closed when the sandbox closes
	shutdown chan struct{} // closed when somebody asked it to
	ask      sync.Once
	closed   sync.Once
	late     sync.WaitGroup
	http     *http.Server
	url      string
}

// New makes a sandbox of p. Close it.
func New(p Provider, o Options) *Server {
	s := &Server{
		provider: p, clock: o.Clock, lang: o.Lang, fields: o.Fields, token: rand.Text(),
		mux: http.NewServeMux(), closing: make(chan struct{}), shutdown: make(chan struct{}),
	}
	if s.clock == nil {
		s.clock = &Clock{}
	}
	if s.lang == "" {
		s.lang = "ru"
	}
	s.mux.HandleFunc("/", s.serveAPI)
	s.routeControl()
	s.routePage()
	return s
}

// ServeHTTP implements [http.Handler]. A request that did not come in on loopback is refused; so is one to /control or
// /phone under another host name. (The provider's own interface may be reached through a proxy.)
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, err := loopback(r)
	if _, pattern := s.mux.Handler(r); err == nil && pattern != "/" {
		err = exactHost(r, at)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusMisdirectedRequest)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// loopback is where the request came in.
func loopback(r *http.Request) (netip.AddrPort, error) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return netip.AddrPort{}, errors.New("this sandbox answers on a socket only")
	}
	at, err := netip.ParseAddrPort(local.String())
	if err != nil || !at.Addr().Unmap().IsLoopback() {
		return netip.AddrPort{}, errors.New("this sandbox answers on loopback only")
	}
	return at, nil
}

// exactHost holds that the request names the place at which it came in. A page that a browser reached under another name,
// which an attacker's DNS then moved to 127.0.0.1, names that one.
func exactHost(r *http.Request, at netip.AddrPort) error {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = r.Host, "80"
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || ip != at.Addr().Unmap()) || port != strconv.Itoa(int(at.Port())) {
		return fmt.Errorf("this sandbox is %s, not %s", at, r.Host)
	}
	return nil
}

// Start listens on addr, host and port; port 0 takes a free one. Only loopback addresses are accepted.
func (s *Server) Start(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", addr, err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return fmt.Errorf("listen on %q: a sandbox listens on loopback only, such as 127.0.0.1:0", addr)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	s.url = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: nil}
	go func() { _ = s.http.Serve(l) }() // ends with Close
	return nil
}

// URL is where the provider's interface is, without a slash at its end; "" before Start.
func (s *Server) URL() string { return s.url }

// Control is a client of this sandbox.
func (s *Server) Control() *Control { return &Control{URL: s.url} }

// Clock is the sandbox's time.
func (s *Server) Clock() *Clock { return s.clock }

// Faults are what is armed.
func (s *Server) Faults() *Faults { return &s.faults }

// Ledger is the truth about money.
func (s *Server) Ledger() *Ledger { return s.provider.Ledger() }

// ShutdownAsked is closed when the control interface asked the process to end.
func (s *Server) ShutdownAsked() <-chan struct{} { return s.shutdown }

// Close ends the listener, cuts off what waits, and closes the ledger. What is at work is finished.
func (s *Server) Close() error {
	var errs []error
	s.closed.Do(func() {
		close(s.closing)
		if s.http != nil {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if s.http.Shutdown(ctx) != nil { // a client that keeps its connection busy is cut off
				errs = append(errs, s.http.Close())
			}
		}
		s.late.Wait()
		errs = append(errs, s.provider.Ledger().Close())
	})
	return errors.Join(errs...)
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	if p, ok := s.provider.(Refuser); ok {
		p.NotFound(w, r)
		return
	}
	http.NotFound(w, r)
}

func (s *Server) reset() error {
	s.faults.Disarm("")
	s.requests.clear()
	s.clock.SetOffset(0)
	if p, ok := s.provider.(Resetter); ok {
		return p.Reset()
	}
	return s.provider.Ledger().Reset()
}

// language is the one that ?lang= or the browser asks for.
func (s *Server) language(r *http.Request) string {
	asked := r.FormValue("lang")
	if asked == "" {
		asked = r.Header.Get("Accept-Language")
	}
	for _, lang := range []string{"ru", "en"} {
		if strings.HasPrefix(strings.ToLower(asked), lang) {
			return lang
		}
	}
	return s.lang
}
