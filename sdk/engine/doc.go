// Package engine is the life of one operation as a pure state machine: Step(state, event) gives the next state and what is to be done.
//
// It has no clock, no goroutine, no I/O and no randomness: time and identifiers come in with events. A shell around it performs the
// effects and feeds back what happened, so that the same engine runs in a module, in tests with virtual time, and in a simulator that
// crashes it between any two effects. The rules of design §3 are kept here and nowhere else.
//
// Effects of one step have a fixed order that cannot be got wrong: first at most one write to the journal (one sync), then everything
// else. If the write fails, the shell drops the new state and the rest, and feeds the same event again later: what is not written has not
// happened (§3.2).
//
//	phase      what holds                              left by
//	Prepared   nothing can be paid yet                 a write "committing" or "shown"  -> Committed
//	                                                   cancel, timeout, refusal, crash  -> Settled (Cancelled or Declined: proved by the journal)
//	Committed  a request may have left, or a QR code   proof of the provider            -> Settled (Approved, Declined, Cancelled)
//	           was shown; the outcome is Unknown       nothing ever left                -> Settled (Declined)
//	                                                   not found past the horizon       -> Settled (Declined, Cancelled)
//	                                                   an approval, when abandoned      -> Reversing, then Settled (Cancelled)
//	                                                   a person's word                  -> outcome final, inquiry goes on
//	Settled    the outcome is final                    pr_confirm: acknowledged; pr_reverse: Reversing -> Reversed
//	                                                   money found after all            -> Reversing -> Reversed, outcome stays
//
// Marks beside the phase: CancelAsked (a request, no proof, §3.6), Abandoned (an approval goes back, §3.6), Told (the till heard
// Unknown, §3.5), Charged (the provider proved that money moved, whatever was told), Reversal.
package engine
