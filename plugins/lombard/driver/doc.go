// Package driver is the module of Lombard Payments: paying a loan out to a client's bank card.
//
// The service lets in persons: whoever works signs in with a phone and a password, and the session that this gives lies in the secret store, one for
// each operator. A payout is a draft and its confirmation, both under the engine's key as the document's UUID, so that a confirmation which is sent
// again finds the same record. The service has no cancel: a payout whose answer was lost is asked after in the list of transactions, and is declined
// by the service's own word alone. That a session has ended is no word about a payout: it waits for a login. Package wire has everything that stands
// on the wire.
package driver
