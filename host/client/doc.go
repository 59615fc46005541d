// Package client is the one Go client of the host's API: the C library and the command line speak through it, and nothing else does.
//
// It finds the host of an installation, starts one if none runs, and finds it again after it died: each call does so by itself, opens
// the session anew with everything that the host had been told, and repeats itself where that is harmless. What is not harmless is never
// repeated. Once a Begin may have left, no lost connection becomes a refusal: the answer is then "unknown", and the same ref is asked for
// again as long as the caller waits.
//
// Errors are *pay.Error with code, text and hint; context errors stand as their causes.
package client
