// Package wire is what goes over the line to Social processing: requests, answers, states and errors, as module and sandbox speak them.
//
// Nothing of the service's interface is public. Its order is known (S002: the whole receipt is reserved, the answer lists the social goods and the
// available sum, a confirmation writes it off, a return is whole), and so are the names of its settings. Paths, fields, states and codes are a proposal
// of this project [D] after contract §4, and stand in this one package, so that the real ones take their place here alone.
//
// Two things are added to that contract. A cancel carries what it expects to undo, RESERVED or CONFIRMED: the service refuses it with its own
// state where that differs, so that the release of a reservation never undoes a confirmation silently, and no reversal is taken for a
// release (docs/decisions/0009). And each answer is the whole operation, with the ids of the cancels and returns that it has heard of and what it
// did about each: what became of a request whose answer was lost is asked for in one place.
//
// Every sum is a whole number of kopecks; quantities are thousandths. The same operation_id is the same operation for ever, the same cancel_id answers
// its own first result for ever, a refusal too.
package wire
