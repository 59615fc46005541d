package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// The network and branch of a new sandbox, and what opens it.
const (
	NetworkKey = "sandbox-lombard-network-key"
	NetworkID  = 11
	BranchID   = 21
)

// The operators of a new sandbox: a clerk, a head of the branch, who sees everything, and a clerk who is sent a code.
const (
	ClerkPhone    = "79000000001"
	HeadPhone     = "79000000002"
	SMSPhone      = "79000000003"
	ClerkPassword = "clerk-pass"
	HeadPassword  = "head-pass"
	SMSPassword   = "sms-pass"
)

// Operator is somebody who may sign in.
type Operator struct {
	Phone    string `json:"phone"`
	Password string `json:"password"`
	Account  string `json:"account"`
	SMS      bool   `json:"sms"` // a code is asked for besides
	All      bool   `json:"all"` // sees more than today's operations
}

// Gateway is a bank through which payouts may go. Limit is in kopecks.
type Gateway struct {
	ID    string `json:"id"`
	Bank  string `json:"bank"`
	Limit int64  `json:"limit"`
}

// Settings of the sandbox. They can be changed while it runs.
type Settings struct {
	NetworkKey string     `json:"network_key"`
	NetworkID  int64      `json:"network_id"`
	BranchID   int64      `json:"branch_id"`
	Operators  []Operator `json:"operators"`
	Gateways   []Gateway  `json:"gateways"`

	SessionLifetime sdk.Duration `json:"session_lifetime_ms"`
	SMSCode         string       `json:"sms_code"` // the code of each login; empty: another one each time

	// WorkPolls is how often a payout that was confirmed is asked after before it is done; 0: it is at once.
	WorkPolls int `json:"work_polls"`
	// HiddenPolls is how often a payout that was confirmed is missing in the list.
	HiddenPolls int `json:"hidden_polls"`
	// DocumentPolls is how often an application is asked for before it is ready.
	DocumentPolls int `json:"document_polls"`
	// Ahead is by how much the clock of the journal is ahead [S000: 73 to 84 s].
	Ahead sdk.Duration `json:"ahead_ms"`
	// Rubles has the journal write sums as "1 400,00".
	Rubles bool `json:"rubles"`
	// Closed is a service that is being worked on: it answers everything with an error.
	Closed bool `json:"closed"`
}

// DefaultSettings are those of a new sandbox.
func DefaultSettings() Settings {
	return Settings{NetworkKey: NetworkKey, NetworkID: NetworkID, BranchID: BranchID,
		Operators:       []Operator{{ClerkPhone, ClerkPassword, "78472", false, false}, {HeadPhone, HeadPassword, "78401", false, true}, {SMSPhone, SMSPassword, "78473", true, false}},
		Gateways:        []Gateway{{"1", "Русский Стандарт", 6_000_000}, {"2", "Открытие", 1_500_000}},
		SessionLifetime: sdk.Duration(45 * time.Minute), Ahead: sdk.Duration(78 * time.Second)}
}

// Validate reports what cannot be.
func (s Settings) Validate() error {
	switch {
	case s.NetworkKey == "" || s.NetworkID <= 0 || s.BranchID <= 0:
		return errors.New("network_key, network_id and branch_id are not empty")
	case s.SessionLifetime <= 0:
		return errors.New("session_lifetime_ms is above 0")
	case s.WorkPolls < 0 || s.HiddenPolls < 0 || s.DocumentPolls < 0:
		return errors.New("counts are not below 0")
	}
	phones := map[string]bool{}
	for _, o := range s.Operators {
		if o.Phone == "" || o.Password == "" || o.Account == "" || phones[o.Phone] {
			return fmt.Errorf("operator %q has no phone, password or account, or is there twice", o.Phone)
		}
		phones[o.Phone] = true
	}
	for _, g := range s.Gateways {
		if g.ID == "" || g.Bank == "" || g.Limit < 0 {
			return fmt.Errorf("gateway %q has no id or bank, or its limit is below 0", g.ID)
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
	changed.Operators, changed.Gateways = nil, nil // a list that is named takes the place of the former one
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&changed); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if changed.Operators == nil {
		changed.Operators = b.settings.Operators
	}
	if changed.Gateways == nil {
		changed.Gateways = b.settings.Gateways
	}
	if err := changed.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return b.commit(change{Settings: &changed})
}
