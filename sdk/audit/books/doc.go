// Package books reads what an installation and its provider have written about money, for package audit.
//
//   - Journal: a module's journal, beside the module or without it
//   - Till: what a cashier program was told, if it keeps that (its form stands at Till)
//   - Ledger: the ledger of a sandbox, as its file or as its control interface gives it
//   - Registry: a provider's registry, a table of text whose columns the caller names
//
// What cannot be read is never passed over: it comes as a Problem with its place, and the rest is read all the same. No text of a
// Problem holds anything of what stands in the book, which may be secret.
package books

import (
	"fmt"

	"github.com/payrack/payrack/sdk/pay"
)

// Problem is something in a book that could not be read.
type Problem struct {
	Ref  pay.Ref // of an operation; empty: Line says where
	Line int     // from 1
	What string  // in English: "not JSON", "column amount"
}

// String names the place, then what is wrong.
func (p Problem) String() string {
	if p.Ref != "" {
		return fmt.Sprintf("operation %s: %s", p.Ref, p.What)
	}
	if p.Line > 0 {
		return fmt.Sprintf("line %d: %s", p.Line, p.What)
	}
	return p.What
}

// largest is how much of a book is read, in bytes: above it the file is something else.
const largest = 256 << 20
