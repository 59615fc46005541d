package exchange_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
)

var key = pay.Key{0xab, 0xcd, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// order is a money request's body; result is what comes back.
type order struct {
	Key string `json:"key"`
}

type result struct {
	Sum int64 `json:"sum"`
}

func newClient(t *testing.T, options exchange.Options) *exchange.Client {
	t.Helper()
	client, err := exchange.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// charge makes a usual money request.
func charge(t *testing.T, client *exchange.Client) (*exchange.Answer, error) {
	t.Helper()
	var out result
	return client.Money(t.Context(), exchange.Key(key), "POST", "pay", order{key.String()}, &out)
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// rawServer gives each connection to handle, with its number from 0, and closes it afterwards.
func rawServer(t *testing.T, handle func(conn *net.TCPConn, number int)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for number := 0; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer conn.Close()
				handle(conn.(*net.TCPConn), number)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		group.Wait()
	})
	return "http://" + listener.Addr().String()
}

// readRequest takes one whole request off a connection.
func readRequest(reader *bufio.Reader) error {
	req, err := http.ReadRequest(reader)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"sum\":100}"

// secureServer speaks TLS with a certificate of its own; it gives its address, the file of its certificate and the number of requests.
func secureServer(t *testing.T, notBefore time.Time, config *tls.Config) (url, caFile string, requests *atomic.Int64) {
	t.Helper()
	certPEM, keyPEM := makeCertificate(t, notBefore)
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	requests = new(atomic.Int64)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_, _ = io.WriteString(w, `{"sum":100}`)
	}))
	config.Certificates = []tls.Certificate{pair}
	server.TLS = config
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, certPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL, caFile, requests
}

func makeCertificate(t *testing.T, notBefore time.Time) (certPEM, keyPEM []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: notBefore, NotAfter: time.Now().AddDate(1, 0, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// expect holds the error of an exchange against a kind, and whether something may have left.
func expect(t *testing.T, err error, kind exchange.Kind, sent bool, code pay.Code) {
	t.Helper()
	failure, ok := errors.AsType[*exchange.Error](err)
	if !ok {
		t.Fatalf("not an exchange error: %v", err)
	}
	if failure.Kind != kind || failure.Sent != sent || failure.Code != code {
		t.Errorf("kind %s, sent %v, code %v; want %s, %v, %v: %v", failure.Kind, failure.Sent, failure.Code, kind, sent, code, err)
	}
	if exchange.NotSent(err) == sent {
		t.Errorf("NotSent contradicts Sent: %v", err)
	}
}
