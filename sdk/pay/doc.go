// Package pay is the vocabulary of payrack: the words that the C library, the host, the modules and the journal share.
//
// It holds no behaviour that needs a clock, a file or a network, and imports nothing of ours, so that every part can speak it.
// Codes are those of payrack.h, and come out of every border as they went in. Zero values are the safe ones: an Outcome that nobody
// set is Unknown, never approved and never declined.
package pay
