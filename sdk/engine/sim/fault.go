package sim

// Fault is a kind of trouble. Each is counted where it really happened, not where it was planned.
type Fault uint8

// The faults.
const (
	CrashModule Fault = iota
	CrashHost
	CrashTill
	CrashProvider
	RequestLost   // module to provider
	RequestLate   // after the driver gave up waiting
	RequestTwice  // delivered twice
	RequestUnsent // no connection
	AnswerLost
	AnswerLate
	AnswerTwice
	Reordered // delivered after one that was sent later
	Answer5xx
	AnswerGarbage
	AnswerWrongSum
	AnswerWrongKey
	AnswerLetterCase
	AnswerOdd // a verdict that does not belong there
	NotFoundYet
	Forgotten // the provider's list does not go back so far
	Refused   // the provider declines
	ProviderDown
	TillLost  // till to host or back, or host to module or back
	TillLate  // the same
	TillTwice // the same
	StreamCut
	DiskFull
	WriteUncertain // the write failed, and reached the disk all the same
	RecordGone     // written, not synced, and not there after the crash
	RecordTorn     // the same, half there
	RecordKept     // the same, and there all the same
	TimerRace      // a timer ran out as it was stopped
	CustomerLate
	CustomerTwice
	CustomerAfterCancel
	CashierCancels
	CashierRepeats
	CashierLeaves
	CashierReusesRef
	CashierReverses
	CashierErrs // an acknowledgement or answer that does not fit
	CashierSilent
	PersonErrs // a person's word about an Unknown operation is wrong
	ClockJump
	ShiftElsewhere
	CallerGone
	GivenElsewhere // part of a payment went back, and not through us
	DriverStuck    // a driver ignores the end of its call, and sends its request long after
	Faults         // how many there are
)

var faultNames = [Faults]string{"crash of the module", "crash of the host", "crash of the till", "restart of the provider", "request lost",
	"request late", "request doubled", "request not sent", "answer lost", "answer late", "answer doubled", "message reordered", "answer 5xx",
	"answer garbage", "answer with a wrong sum", "answer with a wrong key", "status in another letter case", "odd verdict", "not found, then found",
	"forgotten by the query", "refused by the provider", "provider down", "till message lost", "till message late", "till message doubled",
	"watch stream cut", "disk full", "failed write on the disk", "unsynced record gone", "unsynced record torn", "unsynced record kept",
	"timer ran out while stopped", "customer pays late", "customer pays twice", "customer pays after the cancel", "cashier cancels",
	"cashier repeats", "cashier walks away", "ref used again", "cashier reverses", "cashier errs", "cashier does not answer", "person errs",
	"clock jump", "shift closed elsewhere", "caller gone", "given back elsewhere",
	"driver stuck"}

func (f Fault) String() string { return faultNames[f] }
