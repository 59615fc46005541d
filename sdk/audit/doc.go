// Package audit says from the books alone whether the rules about money of design §3 held.
//
// It stands apart from the engine: it knows the vocabulary of sdk/pay, and nothing of how a module comes to its decisions. The books are
// what the modules' journals say, what the provider says moved, and what the tills heard. Whoever writes one of them cannot talk the
// other two into agreeing, so that a mistake of the engine shows as a disagreement here.
//
// Check is a pure function, linear in the operations, movements and outcomes told. Each rule cites the paragraph of design §3 that it
// holds; docs/en/money.md says what the paragraphs mean.
package audit
