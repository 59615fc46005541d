package books

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/pay"
)

// moved is one entry of a sandbox's ledger.
type moved struct {
	Time        time.Time    `json:"time"`
	Kind        string       `json:"kind"`
	Key         string       `json:"key"`
	Of          string       `json:"of"`
	Transaction string       `json:"transaction"`
	System      string       `json:"system"`
	Amount      pay.Amount   `json:"amount"`
	Currency    pay.Currency `json:"currency"`
}

func (m moved) movement() audit.Movement {
	return audit.Movement{Key: m.Key, Of: m.Of, Kind: m.Kind, Amount: m.Amount, Currency: m.Currency, System: m.System,
		Transaction: m.Transaction, Time: m.Time}
}

// Ledger reads a sandbox's ledger: what its control interface and `payrack-sandbox ledger --json` give, or the file that it keeps, one
// commit a line. A last line that a crash cut off never happened; anything else that cannot be read is an error.
func Ledger(in io.Reader) ([]audit.Movement, error) {
	raw, err := io.ReadAll(io.LimitReader(in, largest))
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	var view struct {
		Entries *[]moved `json:"entries"`
	}
	if json.Unmarshal(raw, &view) == nil && view.Entries != nil {
		return movements(*view.Entries)
	}
	var list []moved
	for n := 1; len(raw) > 0; n++ {
		text, rest, whole := bytes.Cut(raw, []byte("\n"))
		if !whole {
			break
		}
		var commit struct {
			Money []moved         `json:"money"`
			State json.RawMessage `json:"state"`
		}
		if err := json.Unmarshal(text, &commit); err != nil || commit.Money == nil && commit.State == nil {
			return nil, fmt.Errorf("read the ledger: line %d is no line of a ledger", n)
		}
		list = append(list, commit.Money...)
		raw = rest
	}
	return movements(list)
}

func movements(list []moved) ([]audit.Movement, error) {
	out := make([]audit.Movement, len(list))
	for i, m := range list {
		switch m.Kind {
		case audit.Payment, audit.Refund, audit.Reversal, audit.Payout:
		default:
			return nil, fmt.Errorf("read the ledger: entry %d is of no known kind", i+1)
		}
		if m.Key == "" || m.Amount <= 0 {
			return nil, fmt.Errorf("read the ledger: entry %d has no key or no amount", i+1)
		}
		out[i] = m.movement()
	}
	return out, nil
}

// LedgerAt asks a running sandbox's control interface at its address, with or without /control at its end.
func LedgerAt(ctx context.Context, client *http.Client, address string) ([]audit.Movement, error) {
	u, err := url.Parse(strings.TrimSuffix(strings.TrimSuffix(address, "/"), "/control"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("ask the sandbox for its ledger: not an address")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String()+"/control/ledger", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox for its ledger: %w", err)
	}
	answer, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox for its ledger: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask the sandbox for its ledger: it answers %s", answer.Status)
	}
	return Ledger(answer.Body)
}
