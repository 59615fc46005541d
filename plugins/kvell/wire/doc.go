// Package wire is the interface of KVELL as module and sandbox speak it: requests, answers in all their public shapes, errors and signatures.
//
// What the service's public pages and clients say is marked [P] in the contract (§2), what its manual in the pawnshop's program shows [S001]. They
// differ from each other in the signature of a payout and in the shape of an answer, so both are read in every form that is known. What nobody
// documents is a proposal of this project: the lifetime and the tries of a one-time code, the error of a wrong one, and the statuses of HTTP beside
// the error codes. All of it is in this package.
package wire
