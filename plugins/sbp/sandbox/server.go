package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Options of a [Server]. All may be left zero.
type Options struct {
	Data      string           // folder that keeps the state over restarts; empty: memory only
	Certs     string           // folder of the certificates for Russian Standard; empty: Data/certs, else one that Close removes
	ListenTLS string           // where Russian Standard listens; empty: a free port of 127.0.0.1
	Lang      string           // of the page: "ru" (default) or "en"
	Settings  *Settings        // nil: those of the data folder, else DefaultSettings
	Now       func() time.Time // nil: time.Now
}

// What the till needs to know besides addresses.
const (
	RaiffeisenMerchant   = "MA341037"
	RaiffeisenKey        = "sandbox-raiffeisen-key"
	RaiffeisenAccount    = "40702810000000000007"
	GazprombankLogin     = "LA0000000001"
	GazprombankPassword  = "sandbox-gpb-password"
	GazprombankMerchant  = "MB0000000001"
	GazprombankAccount   = "40702810000000000001"
	RSBLogin             = "payrack"
	RSBTerminal          = "10000014"
	RSBMerchant          = "MC0000000014"
	RSBAccount           = "40702810000000000014"
	raiffeisenMerchantID = 123
)

// Server is the sandbox of the three banks. See [sdk.Server] for URL, Clock, Ledger and the rest.
type Server struct {
	*sdk.Server
	centre    *centre
	authority *authority
	listenTLS string
	temporary string // folder that Close removes
	https     *http.Server
}

// New makes a sandbox. Close it, started or not.
func New(o Options) (*Server, error) {
	c, err := openCentre(o)
	if err != nil {
		return nil, fmt.Errorf("sbp sandbox: %w", err)
	}
	s := &Server{centre: c, listenTLS: o.ListenTLS}
	s.Server = sdk.New(c, sdk.Options{Clock: c.clock, Lang: o.Lang, Fields: sdk.Fields{
		Amount: "amount|amount ", Key: "order|id|refundId|sourceId|transactionId|paramsId|qrId|qrcId", Number: "operationId", // the transaction of a payment is news that nobody can compare
		Currency: "currency", Status: "paymentStatus|qrStatus|refundStatus|trxStatus|status|value",
	}})
	if err := s.openAuthority(o); err != nil {
		return nil, errors.Join(fmt.Errorf("sbp sandbox: %w", err), s.Close())
	}
	c.server = s
	return s, nil
}

func (s *Server) openAuthority(o Options) error {
	folder := o.Certs
	if folder == "" && o.Data != "" {
		folder = filepath.Join(o.Data, "certs")
	}
	if folder == "" {
		made, err := os.MkdirTemp("", "payrack-sbp-certs-*")
		if err != nil {
			return err
		}
		folder, s.temporary = made, made
	}
	var err error
	s.authority, err = openAuthority(folder)
	return err
}

// Start listens on addr for the banks without TLS, the page and the control interface, and at Options.ListenTLS for Russian Standard.
func (s *Server) Start(addr string) error {
	if err := s.Server.Start(addr); err != nil {
		return err
	}
	at := s.listenTLS
	if at == "" {
		at = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(at)
	if ip, bad := netip.ParseAddr(host); err != nil || bad != nil || !ip.IsLoopback() {
		return fmt.Errorf("listen on %q: a sandbox listens on loopback only, such as 127.0.0.1:0", at)
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", at, err)
	}
	s.centre.tlsAddress.Store(l.Addr().String())
	// Without HTTP/2 a fault that cuts the connection cuts it as everywhere.
	serving := &http.Server{Handler: onlyRSB(s.Server), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet(),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	s.https = serving
	go func() { _ = serving.Serve(tls.NewListener(l, s.authority.serverConfig())) }() // ends with Close
	return nil
}

// onlyRSB keeps the other banks, the page and the control interface away from the listener of Russian Standard.
func onlyRSB(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, rsbPrefix) {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Close ends both listeners and closes the ledger.
func (s *Server) Close() error {
	var errs []error
	if s.https != nil {
		errs = append(errs, s.https.Close())
	}
	errs = append(errs, s.Server.Close())
	if s.temporary != "" {
		errs = append(errs, os.RemoveAll(s.temporary))
	}
	return errors.Join(errs...)
}

// Base is a bank's address as the module's settings want it.
func (s *Server) Base(bank Bank) string {
	switch bank {
	case Raiffeisen:
		return s.URL() + raiffeisenPrefix
	case Gazprombank:
		return s.URL() + gazprombankPrefix
	}
	address, _ := s.centre.tlsAddress.Load().(string)
	return "https://" + address + rsbPrefix
}

// PlainRSB is the address of Russian Standard without TLS.
func (s *Server) PlainRSB() string { return s.URL() + rsbPrefix }

// CashLink is the text of the QR on the bank's first cash link.
func (s *Server) CashLink(bank Bank) string {
	s.centre.mu.Lock()
	defer s.centre.mu.Unlock()
	return s.centre.linkPayload(s.centre.links[firstLink(bank)])
}

func firstLink(bank Bank) string {
	return map[Bank]string{Raiffeisen: raiffeisenLink, Gazprombank: gazprombankLink, RSB: rsbLink}[bank]
}

// Control is a client of this sandbox.
func (s *Server) Control() *Control { return &Control{s.Server.Control()} }

// Control is a client of a running SBP sandbox.
type Control struct{ *sdk.Control }

// Access is what a till needs to reach the banks. All of it is play.
type Access struct {
	Raiffeisen  string          `json:"raiffeisen"`
	Gazprombank string          `json:"gazprombank"`
	RSB         string          `json:"rsb"`
	RSBPlain    string          `json:"rsb_plain"`
	CA          string          `json:"ca"` // files, PEM
	Certificate string          `json:"client_cert"`
	Key         string          `json:"client_key"`
	Links       map[Bank]string `json:"links"` // the text of each bank's first cash link
}

// Access tells where the banks are and which files prove the till to Russian Standard.
func (s *Server) Access() Access {
	a := Access{Raiffeisen: s.Base(Raiffeisen), Gazprombank: s.Base(Gazprombank), RSB: s.Base(RSB), RSBPlain: s.PlainRSB(), Links: map[Bank]string{}}
	files := s.CertFiles()
	a.CA, a.Certificate, a.Key = files.CA, files.Certificate, files.Key
	for _, bank := range Banks() {
		a.Links[bank] = s.CashLink(bank)
	}
	return a
}

// centre is the provider behind the server: NSPK and the state and rules of the banks.
type centre struct {
	server     *Server
	tlsAddress atomic.Value // string, once the listener is open
	clock      *sdk.Clock
	ledger     *sdk.Ledger
	mux        *http.ServeMux

	mu sync.Mutex // over the state, for the whole of a request
	state
}

func openCentre(o Options) (*centre, error) {
	c := &centre{clock: sdk.NewClock(o.Now), state: newState(DefaultSettings())}
	path := ""
	if o.Data != "" {
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			return nil, err
		}
		path = filepath.Join(o.Data, "sbp-sandbox.jsonl")
	}
	var err error
	if c.ledger, err = sdk.OpenLedger(path, c.replay); err != nil {
		return nil, err
	}
	if err := c.furnish(o.Settings); err != nil {
		return nil, errors.Join(err, c.ledger.Close())
	}
	c.mux = http.NewServeMux()
	c.routeRaiffeisen()
	c.routeOrders()
	c.routeGazprombank()
	c.routeRSB()
	c.mux.HandleFunc("/", http.NotFound)
	return c, nil
}

// furnish adds what the options ask for and the state lacks.
func (c *centre) furnish(s *Settings) error {
	t := c.begin()
	if s != nil {
		if err := s.Validate(); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		own := s.clone()
		t.change.Settings = &own
	}
	for _, bank := range Banks() {
		if id := firstLink(bank); c.links[id] == nil {
			t.change.Links = append(t.change.Links, &link{QrcID: id, Bank: bank, Created: t.now})
		}
	}
	return t.commit()
}

// Name implements sdk.Provider.
func (c *centre) Name() string { return "SBP" }

// Ledger implements sdk.Provider. What the clock has brought about is in it.
func (c *centre) Ledger() *sdk.Ledger {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.settle() // a ledger that cannot be written tells so to the next request
	return c.ledger
}

// Reset implements sdk.Resetter.
func (c *centre) Reset() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ledger.Reset(); err != nil {
		return err
	}
	c.state = newState(DefaultSettings())
	return c.furnish(nil)
}

// ServeHTTP implements sdk.Provider: the interfaces of the banks.
func (c *centre) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.settle(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.mux.ServeHTTP(w, r)
}

// NotFound implements sdk.Refuser: as if what the path or body names had never been received.
func (c *centre) NotFound(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, raiffeisenPrefix):
		raiffeisenUnknown(w, r)
	case strings.HasPrefix(path, gazprombankPrefix):
		gpbRefuse(w, http.StatusOK, gpbNotFound)
	case strings.HasPrefix(path, rsbPrefix):
		rsbRefuse(w, rsbNotFound)
	default:
		http.NotFound(w, r)
	}
}

// addressOf is what the outside calls the sandbox, for links in answers.
func (c *centre) addressOf(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host
}

func (c *centre) offerPayload(o *offer) string {
	kind, kopecks := linkDynamic, o.Amount
	if o.Static || o.Cash {
		kind = linkStatic
	}
	if o.Cash {
		kopecks = 0
	}
	return payload(o.QrcID, kind, o.Bank, kopecks, c.settings.PlaceholderCRC)
}

func (c *centre) linkPayload(l *link) string {
	return payload(l.QrcID, linkStatic, l.Bank, 0, c.settings.PlaceholderCRC)
}

// Scan lets the customer's app open a bill, see [Server].
func (c *Control) Scan(ctx context.Context, id string) (sdk.Bill, error) {
	return c.customer(ctx, "scan", id)
}

// Start lets the payment of a bill begin: the bank says that it is in progress.
func (c *Control) Start(ctx context.Context, id string) (sdk.Bill, error) {
	return c.customer(ctx, "start", id)
}

func (c *Control) customer(ctx context.Context, action, id string) (sdk.Bill, error) {
	var bill sdk.Bill
	return bill, c.Call(ctx, http.MethodPost, "sbp/bills/"+action, named{ID: id}, &bill)
}

// Access tells where the banks are.
func (c *Control) Access(ctx context.Context) (Access, error) {
	var a Access
	return a, c.Call(ctx, http.MethodGet, "sbp/access", nil, &a)
}

// Refunds are all of them, the oldest first.
func (c *Control) Refunds(ctx context.Context) ([]Refund, error) {
	var list []Refund
	return list, c.Call(ctx, http.MethodGet, "sbp/refunds", nil, &list)
}

// EndRefund completes or declines the refund that id names: by its name at the bank or its key.
func (c *Control) EndRefund(ctx context.Context, id string, complete bool) (Refund, error) {
	action := refundsDecline
	if complete {
		action = refundsComplete
	}
	var r Refund
	return r, c.Call(ctx, http.MethodPost, "sbp/refunds/"+action, named{ID: id}, &r)
}

// IssueLink makes a cash link.
func (c *Control) IssueLink(ctx context.Context, bank Bank) (Link, error) {
	var l Link
	return l, c.Call(ctx, http.MethodPost, "sbp/links", Link{Bank: bank}, &l)
}

// named names a bill or a refund.
type named struct {
	ID string `json:"id"`
}
