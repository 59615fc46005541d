// Package wire is what goes over the line to Lombard Payments, API v2.
//
// The names of the methods, their order, the session's parameter ss, error 1241 and status 2 are the service's own, as its users' program logs
// them [S000]. Nobody has published the bodies: they are a proposal of this project [D], and stand in this one package, so that the real
// ones take their place here alone.
//
// Every request is a POST with a JSON object; the session goes in the body, never in an address, since addresses are logged. An answer is
// {"error":0,"message":"","data":…}; a document is its bytes. Amounts are whole kopecks; the journal of a service that shows rubles writes
// them as text with two decimals ("1 400,00"), which is told apart exactly.
package wire
