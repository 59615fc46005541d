// Package driver speaks with the Sendy server for one terminal: payments with a QR code or a scanned code, refunds, reversals, numbers,
// shifts and activation.
//
// What the module does is described by the provider's manual of ShSendy.dll. How it is said over the wire is this project's own proposal,
// for the provider's POS API is not public; all of it stands in package wire, and what is made of it in record.go and call.go here.
//
// The driver decides nothing about money. An answer counts only if it names the number, key, amount and currency that were asked about;
// anything else, and any silence, is an error, which the engine takes for Unknown.
package driver
