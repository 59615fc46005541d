// Package sim runs the real engine in a world of models, with faults, and holds every step against the rules about money.
//
// Real is engine.Step: every decision about money is its own. The rest are models, state machines in one goroutine with a virtual clock
// and one seeded source of chance, so that a seed is a run and a run can be repeated event by event:
//
//   - the module does what package shell does, in its order: a queue of events for each operation; step, write with one sync, then the
//     effects from first to last, then the reversal that the write began, then the word to the payment that a reversal belongs to. A
//     write that fails leaves the operation where it was. It can die at every boundary between two of these.
//   - the journal keeps rows as package journal does (numbers, what is left of a payment, what may never change). A write may fail before
//     or after it reached the disk; where the module dies between writing and syncing, the last record is there, gone or torn.
//   - the host takes a ref into its index, synced, before it forwards Begin, and relays the rest.
//   - the till is a cashier program with a book of its own, which reads the list of what is pending too, and a cashier who cancels, repeats,
//     walks away, errs and comes back.
//   - the provider is a server with a ledger of the truth, and customers. A driver stands between it and the module, written as package
//     provider asks of a driver and as the provider's contract says; there is one for each family of providers. Now and then it is stuck,
//     ignores the end of its call, and sends its request when nobody waits for it any more.
//
// Where the real parts speak JSON, gRPC and HTTP, messages here are values; the engine's state alone goes through JSON, at each revival
// of an operation. Text, slips, settings, secrets, reports and the request log are not modelled.
//
// After each event the rules are held against what that event changed (rules.go), and at the end, once the faults have stopped, everything
// has to be settled within a bounded virtual time, and all books must agree.
package sim
