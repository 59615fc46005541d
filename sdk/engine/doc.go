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
//	           was shown; the outcome is Unknown       nothing ever left                -> Settled (Declined, Cancelled)
//	                                                   not found past the horizon       -> Settled (Declined, Cancelled)
//	                                                   an approval, when abandoned      -> Settled, Reversing, then Cancelled
//	                                                   a person's word                  -> outcome final, inquiry goes on
//	Settled    the outcome is final                    pr_confirm: acknowledged; pr_reverse: Reversing -> Reversed
//	                                                   money found after all            -> Reversing -> Reversed, outcome stays
//
// What each event does in each phase; "-" changes nothing:
//
//	event                Prepared                      Committed                          Settled
//	Begun                counters, Prepare or Commit   -                                  -
//	Recovered            Cancelled; what persists      inquire (cancel, if asked for);    the late look's timer
//	                     begins again                  QR shown again; no money: Declined
//	Replied Approved     believed, as in Committed     Approved; abandoned: Reversing     not charged before: Reversing
//	  Declined/Cancelled Declined                      Declined/Cancelled; against a      look is over
//	                                                   person's word: listed, once more
//	                                                   looked at if it was payable
//	  Ready              next: Prepare, Commit; of a   ask again                          -
//	                     basket with nothing reserved:
//	                     Prepare again
//	  ShowQR             shown -> Committed            ask again                          -
//	  Ask                prompt, default, or Declined  prompt; cancelled or told: ask on  -
//	  Waiting            Prepare again                 customer's turn, ask again         look again
//	  NotDone            Prepare again                 send again, if nobody cancelled    look again
//	  NotFound           Prepare again                 past the horizon: proof; else send look is over (a person's word: past the horizon)
//	                                                   again where duplicates are refused
//	  Unknown            Prepare again, a while        not sent in any try: Declined;     look again
//	                                                   else ask on, Unknown told in time
//	Fired wait           -                             ask to stop; else Unknown told     -
//	  cancel             -                             Unknown told; the till's cancel:   -
//	                                                   abandoned
//	  orphan             Cancelled                     customer's turn: abandoned         -
//	  unknown            what persists: Unknown told   Unknown told                       -
//	  next               the same call again           inquire, cancel or (unsent) Commit let a draft go
//	  prompt             default, or Cancelled         default, or ask to stop            -
//	  look, reverse      -                             -                                  inquire; the next reversal
//	CancelRequested      Cancelled, after the call     QR down, Cancel call, CancelWait   -
//	Attached, Detached   OrphanGrace stops, runs       the same in the customer's turn    -
//	Answered             Answer call                   written, then Answer call          -
//	Rejoined             -                             secrets are back: may send again   -
//	Seen                 -                             -                                  acknowledged; a contradiction was noticed
//	ConfirmRequested     -                             -                                  of Approved, first of the two: confirmed
//	ReverseRequested     Cancelled                     abandoned, asked to stop           of Approved, first of the two: Reversing
//	ResolveRequested     (told) Settled                (told) outcome final; abandoned    -
//	                                                   and charged: Reversing
//	ReversalEnded        -                             -                                  approved: Reversed; else again, for the
//	                                                                                     rest, under a new key
//	CameBack             goes on                       asked at once; horizon anew        not charged: looked at once more
//
// A payment whose Unknown was told by WaitTimeout alone is not abandoned: the till may still cancel it (then it is, after CancelWait) or
// reverse it. Where no money is at stake (test, report, command, verify_link), no word is Declined and nothing is ever Unknown.
//
// Times of one life of the module are the engine's own; across a restart only the machine's clock says how long it took, and it may have
// been set. So a horizon and the wait for a late look count anew from the restart.
//
// Marks beside the phase: CancelAsked (a request, no proof, §3.6), Abandoned (an approval goes back, §3.6), Told (the till heard
// Unknown, §3.5), Charged (the provider proved that money moved, whatever was told), Reversal.
package engine
