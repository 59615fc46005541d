// Package driver is the module of KVELL: paying a loan out to a client's bank card.
//
// The service knows an order by the merchant's transaction, which is the engine's key, and refuses a second order under it. It has no cancel. So a
// payout whose answer was lost is only asked after, or sent again under the same transaction; it is declined by the service's own word alone. Package
// wire has everything that stands on the wire.
package driver
