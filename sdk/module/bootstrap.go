package module

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// bootstrap is the first line that a host writes to a module's standard input, which then stays open as long as the host lives.
// It holds one end's credentials for one launch.
type bootstrap struct {
	Cert []byte `json:"cert"` // DER
	Key  []byte `json:"key"`  // PKCS #8
	CA   []byte `json:"ca"`   // DER
}

// maxBootstrap is more than any bootstrap line needs, in bytes.
const maxBootstrap = 64 << 10

// readBootstrap reads the line; the rest of the reader is the lifeline.
func readBootstrap(r *bufio.Reader) (bootstrap, error) {
	var b bootstrap
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxBootstrap {
			return b, errors.New("read the host's first line: too long")
		}
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return b, fmt.Errorf("read the host's first line: %w", err)
		}
	}
	if err := json.Unmarshal(line, &b); err != nil {
		return b, errors.New("read the host's first line: not a bootstrap") // the cause would quote the key
	}
	return b, nil
}

// pair makes the credentials of both ends for one launch. The authority's key is forgotten at once, so nobody else gets any.
func pair() (host, module bootstrap, err error) {
	caPublic, caKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return host, module, fmt.Errorf("make credentials: %w", err)
	}
	// Registers run for months, and their clocks are set by hand: the credentials live as long as two pipes, not by dates.
	from, until := time.Now().AddDate(-20, 0, 0), time.Now().AddDate(50, 0, 0)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caPublic, caKey)
	if err != nil {
		return host, module, fmt.Errorf("make credentials: %w", err)
	}
	leaf := func(serial int64, use x509.ExtKeyUsage) (bootstrap, error) {
		public, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return bootstrap{}, fmt.Errorf("make credentials: %w", err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{serverName}, NotBefore: from, NotAfter: until,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}}
		cert, err := x509.CreateCertificate(rand.Reader, template, ca, public, caKey)
		if err != nil {
			return bootstrap{}, fmt.Errorf("make credentials: %w", err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return bootstrap{}, fmt.Errorf("make credentials: %w", err)
		}
		return bootstrap{Cert: cert, Key: der, CA: caDER}, nil
	}
	if host, err = leaf(2, x509.ExtKeyUsageClientAuth); err != nil {
		return host, module, err
	}
	module, err = leaf(3, x509.ExtKeyUsageServerAuth)
	return host, module, err
}

const serverName = "localhost"

// tls makes the configuration of mutual TLS 1.3 that both ends use.
func (b bootstrap) tls() (*tls.Config, error) {
	key, err := x509.ParsePKCS8PrivateKey(b.Key)
	if err != nil {
		return nil, errors.New("read credentials: not a key")
	}
	ca, err := x509.ParseCertificate(b.CA)
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{b.Cert}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool, RootCAs: pool,
		ServerName: serverName, MinVersion: tls.VersionTLS13,
		SessionTicketsDisabled: true,
	}, nil
}
