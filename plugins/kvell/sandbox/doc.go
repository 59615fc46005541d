// Package sandbox stands in for the server of KVELL: payouts to cards and by the SBP, confirmation by a one-time code, orders, certificates, balance and
// banks, with the shapes of answers and the signatures of each public client of the service.
//
// Its default is what each of them can read: an order flat and within "order" at once. Settings take one of the shapes alone, a letter case of the
// statuses, a variant of the signature, and a terminal that asks for a code. The code comes to the customer's phone (/phone). README.md has the cards
// that behave in a set way.
//
// What a sandbox shares with others (ledger, faults, the customer's phone, control interface) is sdk/sandbox. This package adds to its control interface:
//
//	GET /control/orders       []Order: all that were taken, cards masked
//	GET /control/code?id=T    Code: the one-time code of an order, as the customer's phone shows it; without id: of the only one that waits
//
// It links into cmd/payrack-sandbox and tests only, never into host, library or module.
package sandbox
