package sandbox

import (
	"errors"
	"time"
)

// Errors of a [Phone].
var (
	ErrNoBill      = errors.New("no such bill")
	ErrBillOver    = errors.New("the bill is over")
	ErrUnsupported = errors.New("this sandbox cannot do that")
)

// BillState says what became of a bill.
type BillState string

// The states of a bill.
const (
	BillOpen     BillState = "open"
	BillPaid     BillState = "paid"
	BillDeclined BillState = "declined" // by the customer, for lack of money, or by time
	BillClosed   BillState = "closed"   // by the shop, paid and reversed ones too
)

// Bill is a payment that waits, or waited, for its customer.
type Bill struct {
	ID       string    `json:"id"`     // the token of its QR, or the code that was scanned
	Number   string    `json:"number"` // the provider's number
	Key      string    `json:"key"`
	Scanned  bool      `json:"scanned"` // the customer's code was scanned; else the customer scans a QR
	QR       string    `json:"qr,omitempty"`
	Amount   int64     `json:"amount"` // minor units
	Currency string    `json:"currency"`
	System   string    `json:"system"`
	Merchant string    `json:"merchant"`
	Payer    string    `json:"payer,omitempty"` // the wallet
	State    BillState `json:"state"`
	Held     bool      `json:"held,omitempty"` // the simulated customer leaves it alone
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
}

// Wallet is a customer's account.
type Wallet struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	System  string `json:"system"`
	Balance int64  `json:"balance"`        // minor units
	Code    *Code  `json:"code,omitempty"` // the latest that can still be scanned
}

// Code is what a customer's phone shows to a cashier's scanner.
type Code struct {
	Text    string    `json:"text"`
	Wallet  string    `json:"wallet"`
	Expires time.Time `json:"expires"`
}

// Phone is the customer. An id names a bill by its token, scanned code, key, number or QR; an empty id means the only open
// bill. Errors are [ErrNoBill], [ErrBillOver] and [ErrUnsupported], wrapped.
type Phone interface {
	// Bills are those that wait, the oldest first; with all, those that are over too.
	Bills(all bool) []Bill
	// Pay pays a bill. What ends without money (a poor wallet) is no error: the bill says so.
	Pay(id string) (Bill, error)
	Decline(id string) (Bill, error)
	// Expire lets the bill's time run out now.
	Expire(id string) (Bill, error)
	// Hold keeps the simulated customer away from a bill.
	Hold(id string) (Bill, error)

	Wallets() []Wallet
	// SetWallet creates a wallet or changes its name and balance.
	SetWallet(w Wallet) (Wallet, error)
	// ShowCode makes a code that is good for one scan. Behaviours are the provider's; an empty one pays at once.
	ShowCode(wallet, behaviour string) (Code, error)
}
