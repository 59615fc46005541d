package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// quiet swallows what a listener says about clients without a certificate: the client hears it.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// CertFiles are the PEM files with which a till proves itself to Russian Standard.
type CertFiles struct{ CA, Certificate, Key string }

// CertFiles are in the folder of Options.Certs.
func (s *Server) CertFiles() CertFiles {
	return CertFiles{
		CA: filepath.Join(s.authority.folder, caFile), Certificate: filepath.Join(s.authority.folder, "client.pem"),
		Key: filepath.Join(s.authority.folder, "client.key"),
	}
}

// Issue makes another client certificate that is good until a moment, which may be past. It is written nowhere.
func (s *Server) Issue(until time.Time) (certPEM, keyPEM []byte, err error) {
	return s.authority.issue("payrack till", until, false)
}

const (
	caFile    = "ca.pem"
	caKeyFile = "ca.key"
	// caLife is how long the authority lives; the certificate of the till ends before it.
	caLife     = 10 * 365 * 24 * time.Hour
	clientLife = 365 * 24 * time.Hour
)

// authority is the throw-away certificate authority of Russian Standard's sandbox.
type authority struct {
	folder string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	server tls.Certificate
}

// openAuthority takes up the authority in the folder, or makes one, with a certificate for a till.
func openAuthority(folder string) (*authority, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	a := &authority{folder: folder}
	err := a.load()
	if errors.Is(err, fs.ErrNotExist) {
		err = a.make()
	}
	if err != nil {
		return nil, fmt.Errorf("certificates in %s: %w", folder, err)
	}
	certPEM, keyPEM, err := a.issue("127.0.0.1", time.Now().Add(caLife), true)
	if err != nil {
		return nil, err
	}
	a.server, err = tls.X509KeyPair(certPEM, keyPEM)
	return a, err
}

func (a *authority) load() error {
	pair, err := tls.LoadX509KeyPair(filepath.Join(a.folder, caFile), filepath.Join(a.folder, caKeyFile))
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return errors.New("the authority's key is not one of ours")
	}
	a.cert, a.key = pair.Leaf, key
	return nil
}

func (a *authority) make() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "payrack sandbox, not a bank"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(caLife), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	a.key = key
	certPEM, keyPEM, err := encode(der, key)
	if err != nil {
		return err
	}
	till, tillKey, err := a.issue("payrack till", now.Add(clientLife), false)
	if err != nil {
		return err
	}
	// The authority's certificate comes last: with it the folder is complete.
	for _, f := range []struct {
		name string
		data []byte
	}{{"client.pem", till}, {"client.key", tillKey}, {caKeyFile, keyPEM}, {caFile, certPEM}} {
		if err := os.WriteFile(filepath.Join(a.folder, f.name), f.data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// issue makes a certificate for the listener or for a till.
func (a *authority) issue(name string, until time.Time, listener bool) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	from := time.Now().Add(-time.Hour)
	if until.Before(from) {
		from = until.Add(-time.Hour)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if listener {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		template.DNSNames = []string{"localhost"}
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	return encode(der, key)
}

// serverConfig asks for a certificate of the authority.
func (a *authority) serverConfig() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{a.server}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return n.Add(n, big.NewInt(1))
}

func encode(der []byte, key *ecdsa.PrivateKey) (certPEM, keyPEM []byte, err error) {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), nil
}
