// Package exchange is the HTTP client that the sdk hands to a driver, and that always knows whether bytes may have left.
//
// It sends a request once. It never retries, follows no redirect, and lets the transport beneath it repeat nothing either: a request of
// which one byte was written to a connection is never written to another. What failed before the first byte was handed to the
// operating system is NotSent, whatever happened; everything else is MaybeSent (design §3.4, §4). That is decided where bytes are
// written, not by the kind of error.
//
// A request that moves money goes through Money, which refuses to send one that does not carry the operation's key, or the id under
// which the provider's draft was journaled (design §3.3). Track tells whether any such request may have left, so that the engine need
// not take a driver's word for it.
//
// Certificates are always verified, TLS is 1.2 or newer, a proxy comes from the settings only, HTTP is 1.1.
package exchange

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// Defaults of Options.
const (
	DefaultTimeout        = 30 * time.Second
	DefaultConnectTimeout = 10 * time.Second
	DefaultMaxAnswer      = 1 << 20

	// DefaultIdleTimeout is sooner than common servers drop a kept connection (5 s is the shortest), so that a request does not meet its end.
	DefaultIdleTimeout = 4 * time.Second

	maxHeader = 64 << 10
)

// Options say how a provider's server is reached. Zero values are the defaults.
type Options struct {
	// Base is the server's address, "https://server/path". http is allowed to this computer only, unless Plain is set.
	Base  string
	Plain bool
	// Timeout is for a whole exchange, ConnectTimeout for reaching the server, TLS included.
	Timeout        time.Duration
	ConnectTimeout time.Duration
	// IdleTimeout is how long a connection that nobody uses is kept; a client that asks at a steady pace keeps one longer than its pause.
	IdleTimeout time.Duration
	// CAFile names certificates in PEM that are trusted besides the system's.
	CAFile string
	// Certificate, a pair of PEM texts, tells the server who we are.
	CertificatePEM, KeyPEM []byte
	// Proxy is "http://proxy:3128"; the environment's is never taken.
	Proxy string
	// MaxAnswer is the size of the largest answer's body, in bytes.
	MaxAnswer int64
	// Header is sent with each request.
	Header http.Header
	// Sign may add headers to a request once its body is known; an error of it keeps the request from being sent. It must not keep req.
	Sign func(req *http.Request, body []byte) error
	// Explain reads the server's own words out of an answer that failed, for the request log: "20098, card number is…". It must be short, and
	// gets masked. nil: only the status is told.
	Explain func(*Answer) string
	// Record is told of each exchange, also of one that failed. It is called before the call returns.
	Record func(journal.Exchange)
	// Mask hides secrets and card numbers in a text. Without it bodies are not logged.
	Mask func(string) string
	// Log gets one line for each exchange, with bodies at debug level.
	Log hclog.Logger
}

// Client talks to one server. It may be used by several goroutines.
type Client struct {
	options Options
	base    *url.URL
	http    *http.Client
	close   func()

	mu    sync.Mutex
	clock ServerClock
}

// New makes a client. It touches no network; what is wrong with the options is a *pay.Error with ErrConfig.
func New(options Options) (*Client, error) {
	base, err := parseBase(options.Base, options.Plain)
	if err != nil {
		return nil, err
	}
	setDefaults(&options)
	tlsConfig, err := tlsConfig(options)
	if err != nil {
		return nil, err
	}
	proxy, err := parseProxy(options.Proxy)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: options.ConnectTimeout}
	transport := &http.Transport{
		Proxy: proxy,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &line{Conn: conn}, nil
		},
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    options.ConnectTimeout,
		DisableCompression:     true, // a small answer must not unfold into a large one
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        options.IdleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		Protocols:              new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(true) // one request a connection at a time, so that its bytes can be told from others'
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Client{options: options, base: base, http: client, close: transport.CloseIdleConnections}, nil
}

func setDefaults(o *Options) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = DefaultConnectTimeout
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = DefaultIdleTimeout
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = DefaultMaxAnswer
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
}

// Close drops the connections that nobody uses. The client may be used again.
func (c *Client) Close() { c.close() }

// Query makes an exchange that moves no money. path, relative to Base, may have a query; in is the body: nil, []byte, url.Values (a
// form) or what JSON can carry; out, unless nil, gets the answer's JSON, or its bytes where it is a *[]byte.
//
// Only an answer with a status of 2xx that fills out is no error. An error is always an *Error. Beside one of kind Status or Unreadable stands the
// answer as it came, for a driver that knows more.
func (c *Client) Query(ctx context.Context, method, path string, in, out any) (*Answer, error) {
	return c.exchange(ctx, call{method: method, path: path, in: in, out: out})
}

// Money makes an exchange that may move money, as Query does. It sends nothing, and answers with kind Refused, unless the URL, a header or the
// body carries what carrying names, and the context permits it (WithPermit).
func (c *Client) Money(ctx context.Context, carrying Carrying, method, path string, in, out any) (*Answer, error) {
	return c.exchange(ctx, call{method: method, path: path, in: in, out: out, money: true, carrying: carrying})
}

// call is what a driver asks for.
type call struct {
	method, path string
	in, out      any
	money        bool
	carrying     Carrying
}

// name is the call in the request log: without the query, which may hold secrets.
func (a call) name() string {
	path, _, _ := strings.Cut(strings.TrimPrefix(a.path, "/"), "?")
	return a.method + " " + path
}

func (c *Client) exchange(ctx context.Context, a call) (answer *Answer, err error) {
	req, body, err := c.request(ctx, a)
	if err != nil {
		failure := &Error{Kind: Refused, Money: a.money, Code: pay.CodeOf(err), Call: a.name(), Err: err}
		c.options.Log.Error("request not sent", "method", a.name(), "error", c.mask(failure.Error()))
		return nil, failure
	}
	tracker := trackerOf(ctx)
	money := a.mayMove(ctx)
	tracker.begin(money)
	sent := true // a panic below counts as sent
	defer func() { tracker.end(money, sent) }()

	started := time.Now()
	answer, failure := c.send(ctx, req, a)
	sent = failure == nil || failure.Sent
	c.tell(ctx, a, started, body, answer, failure)
	if failure != nil {
		return answer, failure
	}
	return answer, nil
}

// send writes the request once and reads its answer.
func (c *Client) send(ctx context.Context, req *http.Request, a call) (*Answer, *Error) {
	limited, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	once := &sending{}
	response, err := c.http.Do(req.WithContext(once.trace(limited)))
	if err != nil {
		failure := failureOf(err, ctx, limited, once.failed(), once)
		return nil, failure.of(a, 0)
	}
	defer response.Body.Close()
	c.see(response.Header)
	answer, err := c.read(response)
	if err != nil {
		failure := failureOf(err, ctx, limited, true, once)
		return nil, failure.of(a, response.StatusCode)
	}
	if failure := answer.judge(a.out); failure != nil {
		failure.RetryAfter = retryAfter(answer)
		failure.Sent = true // there is an answer, even one of status 000
		return answer, failure.of(a, response.StatusCode)
	}
	return answer, nil
}

// ServerClock is the server's time as its last answer gave it, beside ours at that moment. The server's has whole seconds.
type ServerClock struct {
	Server, Local time.Time
}

// Ahead is how far the server's clock is ahead of ours.
func (s ServerClock) Ahead() time.Duration { return s.Server.Sub(s.Local.Truncate(time.Second)) }

// Clock gives the server's time as last seen; false: it has not been seen.
func (c *Client) Clock() (ServerClock, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock, !c.clock.Server.IsZero()
}

func (c *Client) see(header http.Header) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = ServerClock{Server: date, Local: time.Now()}
}
