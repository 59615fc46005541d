package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// The shop of a new sandbox.
const (
	EnterpriseID = "ENT-1"
	MerchantID   = "SHOP-1"
	TerminalNo   = "T-01"
	SPCode       = "FOOD"
)

// The hashes of the cards of a new sandbox, as a pin pad gives them. No card number belongs to them.
const (
	CardPlenty = "a1f0c0de00000000000000000000000000000000000000000000000000000001" // has enough
	CardPoor   = "a1f0c0de00000000000000000000000000000000000000000000000000000002" // 50.00 a month
	CardEmpty  = "a1f0c0de00000000000000000000000000000000000000000000000000000003" // nothing left
	CardHealth = "a1f0c0de00000000000000000000000000000000000000000000000000000004" // in the programme HEALTH only
)

// Barcodes of the goods of a new sandbox.
const (
	Milk     = "4600000000017" // FOOD, wholly
	Bread    = "4600000000024" // FOOD, wholly
	Cheese   = "4600000000031" // FOOD_HALF, by half
	Vitamins = "4600000000048" // HEALTH, wholly
	Beer     = "4600000000055" // no programme's
)

// Program is one of the social programmes.
type Program struct {
	Code    string   `json:"code"`
	Name    string   `json:"name"`
	Goods   []string `json:"goods"`   // barcodes; one that ends in * stands for all that begin so
	Percent int64    `json:"percent"` // how much of a position it pays, 1 to 100
}

// has says whether a programme pays for goods of a barcode.
func (p Program) has(barcode string) bool {
	return barcode != "" && slices.ContainsFunc(p.Goods, func(g string) bool {
		start, many := strings.CutSuffix(g, "*")
		return g == barcode || many && strings.HasPrefix(barcode, start)
	})
}

// Card is a social card. Limits are in kopecks, 0 is nothing.
type Card struct {
	Name     string   `json:"name"`
	Hash     string   `json:"hash"`
	PAR      string   `json:"par,omitempty"`
	Programs []string `json:"programs"` // codes
	Limit    int64    `json:"limit"`    // for all time
	Month    int64    `json:"month"`    // in each month of Moscow's calendar
}

// Settings of the sandbox. They can be changed while it runs.
type Settings struct {
	EnterpriseID string       `json:"enterprise_id"`
	MerchantID   string       `json:"merchant_id"`
	Terminals    []string     `json:"terminals"`
	Programs     []Program    `json:"programs"`
	Cards        []Card       `json:"cards"`
	TTL          sdk.Duration `json:"ttl_ms"` // of a reservation
	// HiddenPolls is how often an operation that was accepted is told to be not found: it is listed late.
	HiddenPolls int `json:"hidden_polls"`
}

// DefaultSettings are those of a new sandbox.
func DefaultSettings() Settings {
	return Settings{EnterpriseID: EnterpriseID, MerchantID: MerchantID, Terminals: []string{TerminalNo, "T-02"}, TTL: sdk.Duration(30 * time.Minute),
		Programs: []Program{
			{Code: SPCode, Name: "Продукты питания", Goods: []string{Milk, Bread, "2000001*"}, Percent: 100},
			{Code: "FOOD_HALF", Name: "Продукты наполовину", Goods: []string{Milk, Bread, Cheese}, Percent: 50},
			{Code: "HEALTH", Name: "Здоровье", Goods: []string{Vitamins}, Percent: 100},
		},
		Cards: []Card{
			{Name: "plenty", Hash: CardPlenty, PAR: "V00100000000000000000000000A1", Programs: []string{SPCode, "FOOD_HALF", "HEALTH"}, Limit: 100_000_000, Month: 50_000_000},
			{Name: "poor", Hash: CardPoor, PAR: "V00100000000000000000000000A2", Programs: []string{SPCode, "FOOD_HALF"}, Limit: 8_000, Month: 5_000},
			{Name: "empty", Hash: CardEmpty, Programs: []string{SPCode}},
			{Name: "health", Hash: CardHealth, Programs: []string{"HEALTH"}, Limit: 1_000_000, Month: 1_000_000},
		}}
}

// Validate reports what cannot be.
func (s Settings) Validate() error {
	switch {
	case s.EnterpriseID == "" || s.MerchantID == "" || len(s.Terminals) == 0:
		return errors.New("enterprise_id, merchant_id and terminals are not empty")
	case s.TTL <= 0 || s.HiddenPolls < 0:
		return errors.New("ttl_ms is above 0, hidden_polls not below")
	}
	codes := map[string]bool{}
	for _, p := range s.Programs {
		if p.Code == "" || p.Name == "" || p.Percent < 1 || p.Percent > 100 || codes[p.Code] {
			return fmt.Errorf("program %q: a code of its own, a name and 1 to 100 percent are needed", p.Code)
		}
		codes[p.Code] = true
	}
	seen := map[string]bool{}
	for _, c := range s.Cards {
		for _, id := range []string{c.Name, strings.ToLower(c.Hash), strings.ToUpper(c.PAR)} {
			if id != "" && seen[id] {
				return fmt.Errorf("card %q: another one has its name, hash or PAR", c.Name)
			}
			seen[id] = true
		}
		if c.Name == "" || c.Hash == "" || c.Limit < 0 || c.Month < 0 {
			return fmt.Errorf("card %q: a name, a hash and limits not below 0 are needed", c.Name)
		}
		for _, code := range c.Programs {
			if !codes[code] {
				return fmt.Errorf("card %q: there is no program %q", c.Name, code)
			}
		}
	}
	return nil
}

// program finds a programme by its code.
func (s Settings) program(code string) (Program, bool) {
	i := slices.IndexFunc(s.Programs, func(p Program) bool { return p.Code == code })
	if i < 0 {
		return Program{}, false
	}
	return s.Programs[i], true
}

// card finds a card by what a pin pad says of it. Where both hash and PAR are said, both have to be that card's.
func (s Settings) card(hash, par string) (Card, bool) {
	for _, c := range s.Cards {
		byHash, byPAR := hash != "" && strings.EqualFold(hash, c.Hash), par != "" && strings.EqualFold(par, c.PAR)
		if byHash && (par == "" || byPAR || c.PAR == "") || hash == "" && byPAR {
			return c, true
		}
	}
	return Card{}, false
}

// Settings implements sdk.Configurable.
func (f *fund) Settings() any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings
}

// Configure implements sdk.Configurable.
func (f *fund) Configure(data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := f.settings
	changed.Terminals, changed.Cards, changed.Programs = nil, nil, nil // so that nothing is read into the lists that others hold
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&changed); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if changed.Terminals == nil {
		changed.Terminals = f.settings.Terminals
	}
	if changed.Cards == nil {
		changed.Cards = f.settings.Cards
	}
	if changed.Programs == nil {
		changed.Programs = f.settings.Programs
	}
	if err := changed.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return f.commit(change{Settings: &changed})
}
