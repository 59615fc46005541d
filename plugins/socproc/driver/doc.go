// Package driver is the module of Social processing: the part of a receipt that public funds pay is reserved, shown, and written off.
//
// The whole receipt is reserved first, which moves no money; the cashier sees which goods are paid and how much, and only his yes has the service write
// that sum off. The reservation is known by the engine's key, its cancel by the engine's cancel key, a return by the key of the reversal or refund. A
// cancel always says whether it undoes a reservation or a confirmation (docs/decisions/0009). Package wire has everything that stands on the wire.
package driver
