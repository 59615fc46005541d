package wire

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Headers of a request [P].
const (
	HeaderKey       = "X-Api-Key"
	HeaderSignature = "X-Signature"
)

// Variant says how a request with a body is signed. Three are in public use (contract 2.3).
type Variant string

// The variants.
const (
	VariantA Variant = "A" // RSA over the body and the secret key
	VariantB Variant = "B" // RSA over the body
	VariantC Variant = "C" // SHA-256 over api key, body and secret key
)

// NeedsKey says whether a variant signs with the private key.
func (v Variant) NeedsKey() bool { return v != VariantC }

// Keys are what a merchant signs with. None of them is ever printed.
type Keys struct {
	APIKey  string
	Secret  string
	Private *rsa.PrivateKey // of variants A and B
}

// Body signs the exact bytes of a body that will be sent.
func (k Keys) Body(v Variant, body []byte) (string, error) {
	switch v {
	case VariantA:
		return k.rsa(body, []byte(k.Secret))
	case VariantB:
		return k.rsa(body)
	case VariantC:
		return sum([]byte(k.APIKey), body, []byte(k.Secret)), nil
	}
	return "", fmt.Errorf("there is no variant %.10q of the signature", string(v))
}

// Values signs a request without a body: what its address names, joined.
func (k Keys) Values(values ...string) string {
	return sum([]byte(k.APIKey), []byte(strings.Join(values, "")), []byte(k.Secret))
}

func (k Keys) rsa(parts ...[]byte) (string, error) {
	if k.Private == nil {
		return "", errors.New("there is no private key to sign with")
	}
	digest := digestOf(parts...)
	signature, err := rsa.SignPKCS1v15(nil, k.Private, crypto.SHA256, digest)
	if err != nil {
		return "", fmt.Errorf("sign with the private key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// Verify says whether a body is signed by one of the variants, as the service would.
func Verify(v Variant, public *rsa.PublicKey, apiKey, secret string, body []byte, signature string) bool {
	var digest []byte
	switch v {
	case VariantA:
		digest = digestOf(body, []byte(secret))
	case VariantB:
		digest = digestOf(body)
	case VariantC:
		return signature == sum([]byte(apiKey), body, []byte(secret))
	default:
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && public != nil && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, raw) == nil
}

func digestOf(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func sum(parts ...[]byte) string { return hex.EncodeToString(digestOf(parts...)) }

// Sizes of a key, in bits: the service's manual makes 4096.
const (
	KeyBits     = 4096
	fewestBits  = 2048
	mostBits    = 8192
	privateType = "PRIVATE KEY"
	publicType  = "PUBLIC KEY"
)

// ParsePrivate reads a private key in PEM, PKCS #1 as `openssl genrsa` wrote it or PKCS #8 as it does now. Its errors repeat nothing of the text.
func ParsePrivate(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("there is no key in the PEM text")
	}
	var key *rsa.PrivateKey
	if parsed, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		key = parsed
	} else if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		key, _ = parsed.(*rsa.PrivateKey)
	}
	switch {
	case key == nil:
		return nil, errors.New("the PEM text holds no private RSA key, or one with a password")
	case key.N.BitLen() < fewestBits || key.N.BitLen() > mostBits:
		return nil, fmt.Errorf("the key has %d bits, %d to %d are wanted", key.N.BitLen(), fewestBits, mostBits)
	}
	if err := key.Validate(); err != nil {
		return nil, errors.New("the private key does not fit together")
	}
	return key, nil
}

// WritePrivate writes a private key in PEM, PKCS #8.
func WritePrivate(key *rsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write the private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateType, Bytes: der}), nil
}

// WritePublic writes a public key in PEM, as `openssl rsa -pubout` does.
func WritePublic(key *rsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("write the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicType, Bytes: der}), nil
}

// ParsePublic reads a public key in PEM.
func ParsePublic(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("there is no key in the PEM text")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if key, ok := parsed.(*rsa.PublicKey); ok && err == nil {
		return key, nil
	}
	return nil, errors.New("the PEM text holds no public RSA key")
}

// Fingerprint names a public key: the first half of the SHA-256 of its DER form, in groups.
func Fingerprint(key *rsa.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	digest := sha256.Sum256(der)
	text := hex.EncodeToString(digest[:16])
	var groups []string
	for ; len(text) > 0; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, ":")
}
