// Package sandbox stands in for the three banks of the SBP module, with one NSPK in their middle: payment links and cash
// links, their activation and expiry by the sandbox's clock, payments, refunds that take their time, and a ledger that knows
// where the money is.
//
// # Where the banks are
//
// One [Server] is all three, side by side. [Server.Base] is a bank's address as the module's settings want it:
//
//	http://HOST:PORT/raiffeisen/api                                      Raiffeisenbank
//	http://HOST:PORT/gazprombank                                         Gazprombank
//	https://HOST:PORT2/rsb/eis-app/eis-rs/businessPaymentService         Russian Standard, mutual TLS, a listener of its own
//	http://HOST:PORT/rsb/eis-app/eis-rs/businessPaymentService           the same without TLS, if the setting rsb_plain allows it
//
// The listener of Russian Standard asks for a client certificate of a throw-away authority, which is made at the first
// start; its files (ca.pem, client.pem, client.key) lie in the folder of the option Certs.
//
// # Where the wire formats come from
//
// Each bank is one file, and Raiffeisenbank, the largest, four. What its public documents leave open is this project's own
// proposal: how the cash links of Gazprombank and Russian Standard and the refund of the latter look (they follow the agent
// interface of NSPK), and the codes of refusals at these two. README.md lists it.
//
// # The ledger
//
// The Key of an entry is what the bank knows the operation by from us: the first run of 32 hexadecimal digits in order,
// orders.id, refundId, sourceId or paymentPurpose, and the whole of order or sourceId where there is no such run. Where the
// bank issues the id (a dynamic QR and a refund at Gazprombank), it is the bank's transactionId, or, of an activation without
// a purpose, its paramsId. Of is the Key of the payment that was given back. Transaction holds all ids that the bank issued
// for the operation (qrcId, paramsId, transactionId or operationId, trxId), as far as there are, with single spaces between
// them. System is the [Bank].
//
// # Control
//
// What a sandbox shares with others is sdk/sandbox. This package adds to its control interface:
//
//	GET  /control/sbp/access            Access: addresses, credentials and cash links
//	POST /control/sbp/bills/{action}    {"id":…} → Bill: scan (the customer's app has it open: an activation that is put out
//	                                    afterwards can still be paid), start (the bank says IN_PROGRESS until paid or declined)
//	GET  /control/sbp/refunds           []Refund
//	POST /control/sbp/refunds/{end}     {"id":…} → Refund: complete, decline
//	POST /control/sbp/links             {"bank":…} → Link: issues a cash link
//	GET  /control/sbp/registry?day=D    Raiffeisenbank's registry of the day 2026-11-22, as the bank sends it (CP1251, CSV)
//
// It links into cmd/payrack-sandbox and tests only, never into host, library or module.
package sandbox
