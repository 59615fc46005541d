// Package driver is the module of the Faster Payments System: payment by a dynamic QR code or by the till's cash link, and refunds, at three banks.
//
// The banks' protocols are in package bank. Here is what is the same for all: which bank serves a sale, when a code is shown, how an unpaid one is
// taken back, and what may be on a cash link. Two rules hold everywhere. A dynamic code is shown only after its id is journaled, so that one whose
// registration was lost is seen by nobody. And a cash link, which lies on the counter where anybody can pay it, is charged with one sale at a time: the
// next one has to wait until the last is settled, or has outlived its time (contract 3.2).
package driver
