package exchange

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func parseBase(base string, plain bool) (*url.URL, error) {
	bad := func(shown string, cause error) (*url.URL, error) {
		return nil, text.Refuse(pay.ErrConfig, "exchange.base", map[string]any{"URL": shown}, cause)
	}
	u, err := url.Parse(base)
	if err != nil {
		return bad("***", errors.New("not a URL")) // the error repeats the text, a password included
	}
	switch {
	case u.User != nil:
		return bad(u.Redacted(), errors.New("a password does not belong into the address"))
	case u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return bad(base, errors.New("neither server nor path only"))
	case u.Scheme == "https", u.Scheme == "http" && (plain || loopback(u.Hostname())):
		return u, nil
	case u.Scheme == "http":
		return bad(base, errors.New("without encryption"))
	}
	return bad(base, errors.New("neither https nor http"))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// parseProxy gives the transport its proxy: none unless the settings name one.
func parseProxy(proxy string) (func(*http.Request) (*url.URL, error), error) {
	if proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, text.Refuse(pay.ErrConfig, "exchange.proxy", nil, nil)
	}
	return http.ProxyURL(u), nil
}

func tlsConfig(o Options) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		bad := func(cause error) (*tls.Config, error) {
			return nil, text.Refuse(pay.ErrConfig, "exchange.ca", map[string]any{"Path": o.CAFile}, cause)
		}
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return bad(err)
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(pem) {
			return bad(errors.New("it holds no certificate"))
		}
		config.RootCAs = roots
	}
	if len(o.CertificatePEM) > 0 || len(o.KeyPEM) > 0 {
		pair, err := tls.X509KeyPair(o.CertificatePEM, o.KeyPEM)
		if err != nil {
			return nil, text.Refuse(pay.ErrConfig, "exchange.certificate", nil, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
