// Package sandbox stands in for the server of Social processing: programmes with their goods, cards with their limits, reservations that free themselves,
// write-offs, cancels, whole returns, and a ledger that knows what public funds paid.
//
// Its wire format is this project's own (package wire). README.md has the programmes, goods and cards of a new sandbox.
//
// What a sandbox shares with others (ledger, faults, page, control interface) is sdk/sandbox. Its bills are the reservations: "decline" lets one go as
// the service itself would, "expire" lets its time run out. Its wallets are the cards. This package adds to the control interface:
//
//	GET /control/operations   []Operation: all that were accepted
//	GET /control/cards        []CardLeft: what each card has left
//
// It links into cmd/payrack-sandbox and tests only, never into host, library or module.
package sandbox
