// Package sandbox stands in for the Sendy server: terminals and their activation, numbers and shifts, wallets with
// balances, payments by both ways, refunds, reversals, closing the day and reports, in the format of package wire.
//
// The real POS API is not public; server and module share this project's own format. README.md describes the customers,
// the codes that behave in a set way, and the settings.
//
// What a sandbox shares with others (ledger, faults, the customer's phone, control interface) is sdk/sandbox. This package
// adds to its control interface:
//
//	GET  /control/terminals              []Terminal
//	POST /control/terminals              TerminalWish → Terminal: a terminal or a new activation code for it
//	POST /control/terminals/close-shift  {"id":…} → wire.ShiftTotals: the shift is closed elsewhere
//
// It links into cmd/payrack-sandbox and tests only, never into host, library or module.
package sandbox
