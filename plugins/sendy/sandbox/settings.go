package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// Settings of the sandbox. They can be changed while it runs.
type Settings struct {
	Systems   []wire.System `json:"systems"`    // what counters offer
	MaxAmount int64         `json:"max_amount"` // kopecks; a payment above is declined

	QRLifetime        sdk.Duration `json:"qr_lifetime_ms"`        // of an online payment
	CodeLifetime      sdk.Duration `json:"code_lifetime_ms"`      // of a code that a phone showed
	ProcessingTimeout sdk.Duration `json:"processing_timeout_ms"` // of an offline payment that waits for its customer

	// Auto is what the simulated customer does with every bill that is not held: "" nothing, "pay" or "decline". It does
	// so once the till has asked AutoPolls times, or AutoAfter has passed, whichever is first; with neither set, at the
	// first time that the till asks.
	Auto      string       `json:"auto"`
	AutoPolls int          `json:"auto_polls"`
	AutoAfter sdk.Duration `json:"auto_after_ms"`

	// BusyCancels is how many of the next cancels of a payment that can be cancelled get recall and do nothing.
	BusyCancels int `json:"busy_cancels"`
}

// DefaultSettings are those of a new sandbox: all systems, nobody pays by himself.
func DefaultSettings() Settings {
	return Settings{
		Systems:           []wire.System{wire.Sendy, wire.WeChat, wire.Alipay},
		MaxAmount:         1_000_000_000,
		QRLifetime:        sdk.Duration(5 * time.Minute),
		CodeLifetime:      sdk.Duration(time.Minute),
		ProcessingTimeout: sdk.Duration(5 * time.Minute),
	}
}

// Validate reports what cannot be.
func (o Settings) Validate() error {
	switch {
	case !slices.Contains(o.Systems, wire.Sendy):
		return errors.New("systems lack SENDY, which is always served")
	case slices.ContainsFunc(o.Systems, func(s wire.System) bool { return s != wire.Sendy && s != wire.WeChat && s != wire.Alipay }):
		return errors.New("systems are SENDY, WECHAT and ALIPAY")
	case o.MaxAmount <= 0:
		return errors.New("max_amount is not above 0")
	case o.QRLifetime <= 0 || o.CodeLifetime <= 0 || o.ProcessingTimeout <= 0:
		return errors.New("lifetimes are not above 0")
	case o.Auto != "" && o.Auto != autoPay && o.Auto != autoDecline:
		return fmt.Errorf("auto is %q, not empty, pay or decline", o.Auto)
	case o.AutoPolls < 0 || o.AutoAfter < 0 || o.BusyCancels < 0:
		return errors.New("counts and times are not below 0")
	}
	return nil
}

// What the simulated customer does.
const (
	autoPay     = "pay"
	autoDecline = "decline"
)

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
	changed.Systems = slices.Clone(changed.Systems) // the decoder writes into what it finds
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&changed); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if err := changed.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	t := b.begin()
	t.change.Settings = &changed
	return t.commit()
}
