package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/payrack/payrack/plugins/kvell/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// The merchant of a new sandbox.
const (
	APIKey    = "7f0c1f9e-0000-4000-8000-000000000001"
	SecretKey = "sandbox-kvell-secret"
	AccountID = "acc-1"
)

// The shapes of an answer with an order.
const (
	ShapeBoth   = "both" // flat, and within "order" once more: every public client reads it
	ShapeFlat   = "flat"
	ShapeNested = "nested"
)

// Settings of the sandbox. They can be changed while it runs.
type Settings struct {
	APIKey    string `json:"api_key"`
	SecretKey string `json:"secret_key"`
	// PublicKey is the merchant's, in PEM; without one no payout signed with a private key is taken.
	PublicKey string `json:"public_key"`
	// Variant of the signature of a payout: A, B, C, or "any" of them.
	Variant string `json:"variant"`

	Shape string `json:"shape"` // both, flat, nested
	Upper bool   `json:"upper"` // statuses in capitals, as the log of S001 has some

	OTP         bool         `json:"otp"`             // the terminal asks for a code
	OTPStatus   string       `json:"otp_status"`      // wait_confirm or pending_otp
	OTPBare     bool         `json:"otp_bare"`        // its answer is {"status":…} alone, as one client knows it
	OTPCode     string       `json:"otp_code"`        // the code of each order; empty: another one each time
	OTPTries    int          `json:"otp_tries"`       // wrong codes that an order survives less one
	OTPLifetime sdk.Duration `json:"otp_lifetime_ms"` // then the order is canceled

	// WorkPolls is how often an order is asked after before it is completed; 0: it is at once.
	WorkPolls int `json:"work_polls"`
	// HiddenPolls is how often an order that was taken is told to be not found: it is listed late.
	HiddenPolls int `json:"hidden_polls"`

	Balance    int64 `json:"balance"`    // kopecks
	Limit      int64 `json:"limit"`      // kopecks; a payout above it is refused with 20019
	Commission int64 `json:"commission"` // kopecks, of each payout
}

// DefaultSettings are those of a new sandbox.
func DefaultSettings() Settings {
	return Settings{APIKey: APIKey, SecretKey: SecretKey, Variant: string(wire.VariantA), Shape: ShapeBoth, OTPStatus: "wait_confirm", OTPTries: 3,
		OTPLifetime: sdk.Duration(5 * time.Minute), Balance: 100_000_000_000, Limit: 1_000_000_000}
}

const anyVariant = "any"

// Validate reports what cannot be.
func (s Settings) Validate() error {
	switch {
	case !slices.Contains([]string{"A", "B", "C", anyVariant}, s.Variant):
		return fmt.Errorf("variant is %q, not A, B, C or any", s.Variant)
	case !slices.Contains([]string{ShapeBoth, ShapeFlat, ShapeNested}, s.Shape):
		return fmt.Errorf("shape is %q, not both, flat or nested", s.Shape)
	case s.OTPStatus != "wait_confirm" && s.OTPStatus != "pending_otp":
		return fmt.Errorf("otp_status is %q, not wait_confirm or pending_otp", s.OTPStatus)
	case s.APIKey == "" || s.SecretKey == "":
		return errors.New("api_key and secret_key are not empty")
	case s.OTPTries < 1 || s.OTPLifetime <= 0:
		return errors.New("otp_tries and otp_lifetime_ms are above 0")
	case s.WorkPolls < 0 || s.HiddenPolls < 0 || s.Balance < 0 || s.Limit < 0 || s.Commission < 0:
		return errors.New("counts and sums are not below 0")
	}
	if s.PublicKey != "" {
		if _, err := wire.ParsePublic([]byte(s.PublicKey)); err != nil {
			return fmt.Errorf("public_key: %w", err)
		}
	}
	return nil
}

// Settings implements sdk.Configurable.
func (b *bank) Settings() any {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.settings
}

// Configure implements sdk.Configurable.
func (b *bank) Configure(data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed := b.settings
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&changed); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if err := changed.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return b.commit(change{Settings: &changed})
}
