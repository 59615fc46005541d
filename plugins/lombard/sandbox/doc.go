// Package sandbox stands in for the server of Lombard Payments: sessions of operators, clients' cards, gateways with limits, payouts in two
// calls (a draft with its application, then the confirmation), the journal and the documents.
//
// A payout's external id is its name once and for all: confirmed twice, it is the same record. A clerk sees only today's operations, and the
// service's clock runs ahead, as in the log of the service's users [S000]. Everything that is not there is this project's proposal; the
// bodies are those of package wire. README.md has the operators and the cards that behave in a set way.
//
// What a sandbox shares with others (ledger, faults, the customer's phone, control interface) is sdk/sandbox. This package adds to its
// control interface:
//
//	GET  /control/payouts        []Payout: all drafts and payouts, cards masked
//	GET  /control/code?id=PHONE  Code: the code that an operator's phone shows; without id: of the only one that waits
//	POST /control/sessions/end   ends every session now
//
// It links into cmd/payrack-sandbox and tests only, never into host, library or module.
package sandbox
