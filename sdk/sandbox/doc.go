// Package sandbox is what the stand-ins for the providers' servers share: a ledger that knows the truth about money,
// scripted faults, the customer's phone, a clock that can be moved, and a control interface over all of it.
//
// A provider's sandbox implements [Provider], its HTTP interface, and as many of [Phone], [Configurable], [Resetter] and
// [Router] as it can. [New] puts it behind one listener on loopback:
//
//	/…          the provider's own interface, through the log of requests and the faults
//	/phone      the customer's phone: a page for people, in Russian and with ?lang=en in English
//	/control/…  the control interface: JSON for tests, demos and the command line; [Control] is its client in Go
//
// # Control interface
//
// Requests with a body, and all POST, PATCH and DELETE, carry Content-Type: application/json. A refusal is a status from
// 400 up with {"error":{"code":…,"message":…}}; its codes are no_bill, bill_over, bad_request, unsupported, failed.
//
//	GET    /control/info                 Info: name, time, languages
//	GET    /control/ledger?key=K         LedgerView: entries, sums by kind, what must never happen; with key: its net
//	GET    /control/faults               []Fault: what is armed
//	POST   /control/faults               Fault → Fault with its id: arms it behind those armed before
//	DELETE /control/faults[/{id}]        disarms one, or all
//	GET    /control/bills?all=1          []Bill: what waits for a customer; with all: what is over too
//	POST   /control/bills/{action}       {"id":…} → Bill: pay, decline, expire, hold (the simulated customer leaves it)
//	GET    /control/wallets              []Wallet
//	POST   /control/wallets              Wallet → Wallet: creates one or changes its balance
//	POST   /control/wallets/code         {"wallet":…,"behaviour":…} → Code: a code on the phone's screen
//	GET    /control/requests?after=N     []Request: all that the provider's interface received, secrets included
//	GET    /control/requests/counts      {"POST /pos/payment/offline":3,"GET /pos/payment/{n}":7}
//	DELETE /control/requests             forgets them
//	GET    /control/clock                ClockView
//	POST   /control/clock                {"advance_ms":N}, {"offset_ms":N} or {"at":"2026-11-22T10:00:00+03:00"}
//	GET    /control/settings             the provider's settings
//	PATCH  /control/settings             changes those that the body names
//	POST   /control/reset                forgets money, requests, faults and time
//	POST   /control/shutdown             asks the process to end
//
// A sandbox has no users and no password. It listens on loopback only, /phone and /control take requests only under the
// exact host name and port on which they came in (so that no page in a browser can reach them under a name of its own), and
// everything in it is play money.
package sandbox
