// Package callers plays the cashier at the example programs of abi/examples: the same scenario at each, whatever language it is written in.
//
// A scenario is a text of steps, scripts/demo.txt and scripts/callers.txt. The till is a process whose console this package reads and types
// into; the provider is the Sendy sandbox on loopback, whose ledger knows the truth about money. After the scenario the till's own record
// is held against the ledger, and against the journals by payrack check. Nothing of it ships.
package callers
