package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Settings of the sandbox. They can be changed while it runs.
type Settings struct {
	// RegisterRepeat is what a registration under the same order or sourceId gives before it is paid: "new" another QR code
	// beside the first, "same" the first again. The banks do not say; new is the dangerous one, and the default.
	RegisterRepeat string `json:"register_repeat"`
	// SecondActivation is what a cash link does when it is activated again before the first is paid: "replace" puts the first
	// out, "refuse" keeps it.
	SecondActivation map[Bank]string `json:"second_activation"`

	QRLifetime      sdk.Duration `json:"qr_lifetime_ms"`       // of a dynamic QR without one of its own
	CashLifetime    sdk.Duration `json:"cash_lifetime_ms"`     // of an activation without one of its own
	CashLifetimeMax sdk.Duration `json:"cash_lifetime_max_ms"` // a longer one is refused

	// A refund is in progress first. It ends when it was asked about RefundPolls times or after RefundAfter, whichever is
	// first, as RefundEnd says: "complete", "decline", or "wait" for the control interface.
	RefundPolls int          `json:"refund_polls"`
	RefundAfter sdk.Duration `json:"refund_after_ms"`
	RefundEnd   string       `json:"refund_end"`

	// Auto is what the simulated customer does with every bill that is not held: "" nothing, "pay" or "decline". It does so
	// once the till has asked AutoPolls times, or AutoAfter has passed, whichever is first; with neither set, at the first
	// time that the till asks.
	Auto      string       `json:"auto"`
	AutoPolls int          `json:"auto_polls"`
	AutoAfter sdk.Duration `json:"auto_after_ms"`

	PlaceholderCRC bool `json:"placeholder_crc"` // links carry C08B, as in the banks' samples, and not their checksum
	RSBPlain       bool `json:"rsb_plain"`       // Russian Standard answers without TLS too
}

// Words of the settings.
const (
	repeatNew        = "new"
	repeatSame       = "same"
	activateReplace  = "replace"
	activateRefuse   = "refuse"
	refundsComplete  = "complete"
	refundsDecline   = "decline"
	refundsWait      = "wait"
	autoPay          = "pay"
	autoDecline      = "decline"
	maxLifetime      = 90 * 24 * time.Hour // 129600 minutes [contract 3.2]
	defaultQRLife    = 72 * time.Hour      // three days [contract 1.3]
	defaultCashLife  = 5 * time.Minute     // [contract 3.2]
	longestCashLife  = 20 * time.Minute    // [contract 3.2]
	defaultLastLooks = 2
)

// DefaultSettings are those of a new sandbox: nobody pays by himself.
func DefaultSettings() Settings {
	return Settings{
		RegisterRepeat:   repeatNew,
		SecondActivation: map[Bank]string{Raiffeisen: activateReplace, Gazprombank: activateRefuse, RSB: activateReplace},
		QRLifetime:       sdk.Duration(defaultQRLife),
		CashLifetime:     sdk.Duration(defaultCashLife),
		CashLifetimeMax:  sdk.Duration(longestCashLife),
		RefundPolls:      defaultLastLooks,
		RefundEnd:        refundsComplete,
		RSBPlain:         true,
	}
}

// Validate reports what cannot be.
func (o Settings) Validate() error {
	for _, bank := range Banks() {
		if rule := o.SecondActivation[bank]; rule != activateReplace && rule != activateRefuse {
			return fmt.Errorf("second_activation of %s is %q, not replace or refuse", bank, rule)
		}
	}
	switch {
	case len(o.SecondActivation) != len(Banks()):
		return errors.New("second_activation names a bank that is not there")
	case o.RegisterRepeat != repeatNew && o.RegisterRepeat != repeatSame:
		return fmt.Errorf("register_repeat is %q, not new or same", o.RegisterRepeat)
	case o.QRLifetime <= 0 || o.CashLifetime <= 0 || o.CashLifetimeMax < o.CashLifetime || time.Duration(max(o.QRLifetime, o.CashLifetimeMax)) > maxLifetime:
		return errors.New("lifetimes are above 0, at most 90 days, and cash_lifetime_ms is not above cash_lifetime_max_ms")
	case o.RefundEnd != refundsComplete && o.RefundEnd != refundsDecline && o.RefundEnd != refundsWait:
		return fmt.Errorf("refund_end is %q, not complete, decline or wait", o.RefundEnd)
	case o.RefundPolls < 0 || o.RefundAfter < 0 || o.AutoPolls < 0 || o.AutoAfter < 0:
		return errors.New("counts and times are not below 0")
	case o.RefundPolls == 0 && o.RefundAfter == 0 && o.RefundEnd != refundsWait:
		return errors.New("refunds would never end: refund_polls or refund_after_ms is above 0")
	case o.Auto != "" && o.Auto != autoPay && o.Auto != autoDecline:
		return fmt.Errorf("auto is %q, not empty, pay or decline", o.Auto)
	}
	return nil
}

// Settings implements sdk.Configurable.
func (c *centre) Settings() any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings.clone()
}

func (o Settings) clone() Settings {
	o.SecondActivation = maps.Clone(o.SecondActivation) // a decoder writes into what it finds
	return o
}

// Configure implements sdk.Configurable.
func (c *centre) Configure(data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := c.settings.clone()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&changed); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if err := changed.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	t := c.begin()
	t.change.Settings = &changed
	return t.commit()
}
