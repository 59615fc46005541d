// Package journal keeps what a module must not lose: operations, their events, shifts, the request log and activation attempts.
//
// It is one SQLite file beside the module, in WAL mode with synchronous=FULL: each transaction is one sync, and what a call has
// returned survives kill -9 and a power cut. A torn end of the write-ahead log loses nothing that was promised, since a commit is
// promised only after it was synced.
//
// One process holds a journal at a time, by a lock on <path>.lock; a successor waits for it. Inside the process any goroutine may call
// anything at any time: writes go one after another, reads do not wait for them.
//
// The journal guards the rules about money that need its own knowledge (design §3): a through number is never given twice, refunds and
// reversals never exceed the payment, a final outcome never changes, money that was proved is never forgotten, and totals are a query
// over the operations, never a counter beside them.
//
// Errors are pay.Error. pay.ErrJournal says that the disk or the file failed: nothing was promised, though the last write may be found
// after a restart, so the caller repeats it; the next call works again as soon as the disk does. pay.ErrInternal is a guard: the caller
// asked for what must never be written.
package journal
