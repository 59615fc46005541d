// Package logs writes one log file for each local day and masks what must not stand in it.
//
// Files are named <name>-2026-11-22.log. When a day's file would pass its size, the day goes on in
// <name>-2026-11-22.1.log, then .2: nothing is renamed, so that a file may stay open in another program. Files past the
// retention are removed when a day begins; only names of this form are ever removed.
//
// A line is hclog's text with milliseconds and offset:
//
//	2026-11-22T10:03:38.123+03:00 [INFO]  sendy.http: answered: op=47 ref=R-1 status=200
//
// Card numbers, payment codes, passwords, tokens and registered secrets are replaced before the line exists, and
// control characters are escaped, so that one line stays one line. Whoever logs is never held up by a bad disk: lines
// that cannot be written are counted, the trouble is reported once, and the file says later how many are missing.
package logs
