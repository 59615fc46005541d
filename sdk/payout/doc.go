// Package payout is what every module has that pays out to a client's card: the number of the card, what a till says before a payout, the limits of
// the technician, and the statement that the client signs.
//
// A payout cannot be taken back. So everything that can be refused is refused before anything is sent, and what two tills do at once is decided by the
// order in which the journal took it.
package payout
