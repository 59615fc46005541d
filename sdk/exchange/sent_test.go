package exchange_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
)

var quiet = log.New(io.Discard, "", 0)

func TestNothingWasSentWhereNoConnectionCameAbout(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, err = charge(t, newClient(t, exchange.Options{Base: "http://" + listener.Addr().String()}))
	expect(t, err, exchange.Dial, false, pay.ErrOffline)

	_, err = charge(t, newClient(t, exchange.Options{Base: "http://no..such..name", Plain: true}))
	expect(t, err, exchange.Dial, false, pay.ErrOffline)
	if refusal, ok := errors.AsType[*pay.Error](err); !ok || refusal.Code != pay.ErrOffline || refusal.MayHaveMoved {
		t.Errorf("the refusal is %+v", refusal)
	}
}

func TestNothingWasSentWhereTheServerCannotBeTrusted(t *testing.T) {
	past := time.Now().Add(-time.Hour)
	base, caFile, requests := secureServer(t, past, &tls.Config{})
	_, err := charge(t, newClient(t, exchange.Options{Base: base}))
	expect(t, err, exchange.TLS, false, pay.ErrTLS)

	_, err = charge(t, newClient(t, exchange.Options{Base: strings.Replace(base, "127.0.0.1", "localhost", 1), CAFile: caFile}))
	expect(t, err, exchange.TLS, false, pay.ErrTLS) // the certificate is for another name

	old, oldCA, oldRequests := secureServer(t, past, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	_, err = charge(t, newClient(t, exchange.Options{Base: old, CAFile: oldCA}))
	expect(t, err, exchange.TLS, false, pay.ErrTLS)

	future, futureCA, futureRequests := secureServer(t, time.Now().Add(time.Hour), &tls.Config{})
	_, err = charge(t, newClient(t, exchange.Options{Base: future, CAFile: futureCA}))
	expect(t, err, exchange.TLS, false, pay.ErrClock)

	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request reached a server without TLS") })
	_, err = charge(t, newClient(t, exchange.Options{Base: strings.Replace(plain, "http:", "https:", 1)}))
	expect(t, err, exchange.TLS, false, pay.ErrTLS)

	if n := requests.Load() + oldRequests.Load() + futureRequests.Load(); n != 0 {
		t.Errorf("%d requests reached servers that cannot be trusted", n)
	}
}

func TestACAFileIsTrustedBesidesTheSystemsRootsAndACertificateIsShown(t *testing.T) {
	certPEM, keyPEM := makeCertificate(t, time.Now().Add(-time.Hour))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	base, caFile, requests := secureServer(t, time.Now().Add(-time.Hour), &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool})

	_, err := charge(t, newClient(t, exchange.Options{Base: base, CAFile: caFile, CertificatePEM: certPEM, KeyPEM: keyPEM}))
	if err != nil || requests.Load() != 1 {
		t.Errorf("%d requests: %v", requests.Load(), err)
	}
	// Without the certificate the server ends TLS after our first bytes: they may have left.
	_, err = charge(t, newClient(t, exchange.Options{Base: base, CAFile: caFile}))
	failure, ok := errors.AsType[*exchange.Error](err)
	if !ok || requests.Load() != 1 || failure.Kind != exchange.TLS && failure.Kind != exchange.Broken {
		t.Errorf("%d requests: %v", requests.Load(), err)
	}
}

func TestAConnectionThatIsClosedAtOnceIsUnsentOnlyIfNothingArrived(t *testing.T) {
	arrived := make(chan int, 1)
	base := rawServer(t, func(conn *net.TCPConn, _ int) {
		_ = conn.CloseWrite()
		got, _ := io.ReadAll(conn)
		arrived <- len(got)
	})
	client := newClient(t, exchange.Options{Base: base})
	for range 50 {
		_, err := charge(t, client)
		if err == nil {
			t.Fatal("an answer out of nothing")
		}
		if n := <-arrived; n > 0 && exchange.NotSent(err) {
			t.Fatalf("%d bytes arrived: %v", n, err)
		}
	}
}

func TestBytesMayHaveLeftWhereTheAnswerIsLostOrBroken(t *testing.T) {
	tests := map[string]struct {
		answer string
		kind   exchange.Kind
	}{
		"no answer":          {"", exchange.Broken},
		"half a header":      {"HTTP/1.1 200 OK\r\nContent-Le", exchange.Broken},
		"half a body":        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"sum\":100}", exchange.Broken},
		"half a chunk":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"sum\":100}", exchange.Broken},
		"body to the end":    {"HTTP/1.0 200 OK\r\n\r\n{\"sum\":10", exchange.Unreadable},
		"no HTTP":            {"SSH-2.0-x\r\n", exchange.Broken},
		"endless header":     {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), exchange.Broken},
		"HTML":               {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>", exchange.Unreadable},
		"empty":              {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", exchange.Unreadable},
		"null":               {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", exchange.Unreadable},
		"wrong type":         {"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"sum\":\"100\"}", exchange.Unreadable},
		"two answers in one": {"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"sum\":100}{\"sum\":200}", exchange.Unreadable},
		"too large":          {"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n" + strings.Repeat(" ", 5000), exchange.TooLarge},
		"status 000":         {"HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n", exchange.Status},
		"gateway":            {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", exchange.Status},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			base := rawServer(t, func(conn *net.TCPConn, _ int) {
				if readRequest(bufio.NewReader(conn)) == nil {
					requests.Add(1)
				}
				_, _ = io.WriteString(conn, test.answer)
				_ = conn.CloseWrite()
				_, _ = io.Copy(io.Discard, conn) // until the client leaves, so that no reset overtakes the answer
			})
			out := result{Sum: 7}
			client := newClient(t, exchange.Options{Base: base, MaxAnswer: 4096})
			_, err := client.Money(t.Context(), exchange.Key(key), "POST", "pay", order{key.String()}, &out)
			expect(t, err, test.kind, true, pay.ErrOffline)
			if refusal, ok := errors.AsType[*pay.Error](err); !ok || !refusal.MayHaveMoved {
				t.Errorf("the refusal is %+v", refusal)
			}
			if out.Sum != 7 || requests.Load() != 1 {
				t.Errorf("%d requests, out %+v", requests.Load(), out)
			}
		})
	}
}

func TestATimeoutOrAStopMidRequestMayHaveSent(t *testing.T) {
	arrived, release := make(chan struct{}, 2), make(chan struct{})
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-release
	})
	defer close(release)
	_, err := charge(t, newClient(t, exchange.Options{Base: base, Timeout: 50 * time.Millisecond}))
	expect(t, err, exchange.Timeout, true, pay.ErrOffline)
	<-arrived

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err = newClient(t, exchange.Options{Base: base}).Money(ctx, exchange.Key(key), "POST", "pay", order{key.String()}, nil)
	expect(t, err, exchange.Stopped, true, pay.ErrOffline)

	_, err = newClient(t, exchange.Options{Base: base}).Money(ctx, exchange.Key(key), "POST", "pay", order{key.String()}, nil)
	expect(t, err, exchange.Stopped, false, pay.ErrOffline) // cancelled before it began
}

// The transport may give up on a request while its writer still holds it; what was called unsent must not leave afterwards.
func TestWhatIsCalledUnsentNeverReachesTheServer(t *testing.T) {
	var seen sync.Map
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.URL.Path, true)
		_, _ = io.WriteString(w, `{"sum":100}`)
	})
	client := newClient(t, exchange.Options{Base: base})
	unsent := 0
	for i := range 600 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(300))*time.Microsecond)
		path := fmt.Sprintf("/pay/%d", i)
		_, err := client.Money(ctx, exchange.Key(key), "POST", path, order{key.String()}, nil)
		cancel()
		if err == nil {
			continue
		}
		if exchange.NotSent(err) {
			unsent++
			t.Cleanup(func() { // once the server has ended and nothing can arrive any more
				if _, arrived := seen.Load(path); arrived {
					t.Errorf("%s arrived, and was called unsent: %v", path, err)
				}
			})
		}
	}
	if unsent == 0 {
		t.Error("no request was cut off before it was sent: the test shows nothing")
	}
}

// A server that closes a kept connection just as the next request arrives is what makes net/http send a request again.
func TestARequestThatMetAClosedConnectionIsNotSentAgain(t *testing.T) {
	idempotent := func(req *http.Request, _ []byte) error {
		req.Header.Set("Idempotency-Key", key.UUID())
		return nil
	}
	tests := map[string]func(*exchange.Client) error{
		"POST with a body": func(c *exchange.Client) error {
			_, err := c.Money(t.Context(), exchange.Key(key), "POST", "pay", order{key.String()}, nil)
			return err
		},
		"POST without a body": func(c *exchange.Client) error {
			_, err := c.Money(t.Context(), exchange.Key(key), "POST", "pay", nil, nil)
			return err
		},
		"GET that moves money": func(c *exchange.Client) error {
			_, err := c.Money(t.Context(), exchange.Key(key), "GET", "pay", nil, nil)
			return err
		},
		"query": func(c *exchange.Client) error {
			_, err := c.Query(t.Context(), "GET", "state", nil, nil)
			return err
		},
	}
	for name, send := range tests {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			base := rawServer(t, func(conn *net.TCPConn, _ int) {
				reader := bufio.NewReader(conn)
				if readRequest(reader) != nil { // a connection that nothing is written to is allowed
					return
				}
				requests.Add(1)
				_, _ = io.WriteString(conn, okAnswer)
				if readRequest(reader) == nil {
					requests.Add(1)
				}
			})
			client := newClient(t, exchange.Options{Base: base, Sign: idempotent})
			if _, err := client.Query(t.Context(), "GET", "first", nil, nil); err != nil {
				t.Fatal(err)
			}
			err := send(client)
			if err == nil {
				t.Fatal("a request without an answer was no error: it was sent again")
			}
			expect(t, err, exchange.Broken, true, pay.ErrOffline)
			if n := requests.Load(); n != 2 {
				t.Errorf("%d requests arrived, not the first and one more", n)
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		base := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other+"/pay", status) })
		client := newClient(t, exchange.Options{Base: base})
		_, err := charge(t, client)
		expect(t, err, exchange.Unreadable, true, pay.ErrOffline)
		_, err = client.Query(t.Context(), "GET", "state", nil, nil)
		expect(t, err, exchange.Unreadable, true, pay.ErrOffline)
	}
}

func TestAProxyComesFromTheSettingsOnly(t *testing.T) {
	var through atomic.Int64
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		through.Add(1)
		_, _ = io.WriteString(w, `{"sum":1}`)
	})
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy)
	}
	os.Unsetenv("NO_PROXY")
	_, err := charge(t, newClient(t, exchange.Options{Base: "http://no..such..name", Plain: true}))
	expect(t, err, exchange.Dial, false, pay.ErrOffline)
	if through.Load() != 0 {
		t.Error("the environment's proxy was taken")
	}
	if _, err := charge(t, newClient(t, exchange.Options{Base: "http://no..such..name", Plain: true, Proxy: proxy})); err != nil || through.Load() != 1 {
		t.Errorf("%d requests through the proxy: %v", through.Load(), err)
	}
}

func TestAnErrorSaysForHowLongTheServerWantsToBeLeftAlone(t *testing.T) {
	c := newClient(t, exchange.Options{Base: serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	})})
	_, err := c.Query(t.Context(), http.MethodGet, "x", nil, nil)
	failure, ok := errors.AsType[*exchange.Error](err)
	if !ok || failure.RetryAfter != 7*time.Second {
		t.Fatalf("%v", err)
	}
}
