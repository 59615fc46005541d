package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/drivertest"
	"github.com/payrack/payrack/sdk/sandbox"
)

func TestTheDriverPassesTheKit(t *testing.T) {
	drivertest.Run(t, drivertest.Case{
		Module:     module(),
		Sandbox:    newStand,
		Settings:   map[string]string{"Server": "{sandbox}"},
		Behaviours: map[string]string{"decline": "poor", "confirm": ""},
	})
}

// stand makes a sandbox of the bank: what sdk/sandbox asks for besides HTTP is its ledger and a phone that shows codes. A module of yours has
// it in a folder of its own, see plugins/sendy/sandbox.
type stand struct {
	*bank
	ledger *sandbox.Ledger
}

func newStand() (drivertest.Sandbox, error) {
	ledger, err := sandbox.OpenLedger("", nil)
	s := &stand{bank: &bank{keeps: ledger}, ledger: ledger}
	s.forget()
	return sandbox.New(s, sandbox.Options{Fields: sandbox.Fields{Amount: "amount", Key: "key", Currency: "currency", Status: "status"}}), err
}

func (s *stand) forget() {
	s.known, s.money, s.shown = map[string]record{}, map[string]int64{}, map[string]bool{}
}

// enter writes what moved into the ledger.
func (b *bank) enter(in request) {
	e := sandbox.Entry{Time: time.Now(), Kind: sandbox.EntryPayment, Key: in.Key, Transaction: in.Key, Amount: in.Amount, Currency: in.Currency}
	if in.Payment != "" {
		e.Kind, e.Of = sandbox.EntryRefund, in.Payment
	}
	_ = b.keeps.Commit(nil, e) // a ledger in memory does not fail
}

func (s *stand) Name() string            { return "example" }
func (s *stand) Ledger() *sandbox.Ledger { return s.ledger }

// Reset implements sandbox.Resetter.
func (s *stand) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	return s.ledger.Reset()
}

// NotFound implements sandbox.Refuser.
func (s *stand) NotFound(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }

// ShowCode and the rest implement sandbox.Phone. Nobody has to do anything after the scan, so there are no bills.
func (s *stand) ShowCode(_, behaviour string) (sandbox.Code, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := fmt.Sprintf("code-%06d-%s", len(s.shown)+1, behaviour)
	s.shown[code] = true
	return sandbox.Code{Text: code, Wallet: "anybody"}, nil
}

func (s *stand) Wallets() []sandbox.Wallet {
	return []sandbox.Wallet{{ID: "anybody", System: "example", Balance: 1 << 60}}
}
func (s *stand) SetWallet(w sandbox.Wallet) (sandbox.Wallet, error) { return w, nil }
func (s *stand) Bills(bool) []sandbox.Bill                          { return nil }
func (s *stand) Pay(string) (sandbox.Bill, error)                   { return sandbox.Bill{}, sandbox.ErrNoBill }
func (s *stand) Decline(string) (sandbox.Bill, error)               { return sandbox.Bill{}, sandbox.ErrNoBill }
func (s *stand) Expire(string) (sandbox.Bill, error)                { return sandbox.Bill{}, sandbox.ErrNoBill }
func (s *stand) Hold(string) (sandbox.Bill, error)                  { return sandbox.Bill{}, sandbox.ErrNoBill }
