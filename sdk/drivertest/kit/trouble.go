package kit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// address is where requests of one sort go.
type address struct{ Method, Path string }

// String is the address as a part of a case's name: "POST:pos.payment.offline".
func (a address) String() string {
	return a.Method + ":" + strings.NewReplacer("/", ".", "*", "_").Replace(strings.Trim(a.Path, "/"))
}

// named are the parts of a path that name one operation: numbers, keys, and what is as long as either.
var named = regexp.MustCompile(`^([0-9]+|[0-9A-Fa-f-]{16,}|[A-Za-z0-9_~-]{24,})$`)

// addressOf is the pattern under which a request's like are found again.
func addressOf(r sandbox.Request) address {
	parts := strings.Split(r.Path, "/")
	for i, part := range parts {
		if named.MatchString(part) {
			parts[i] = "*"
		}
	}
	return address{r.Method, strings.Join(parts, "/")}
}

// asks says of an address that what goes there moves nothing and makes nothing.
func (k *Kit) asks(at address) bool {
	if at.Method == http.MethodGet {
		return true
	}
	return slices.ContainsFunc(k.subject.Asks, func(pattern string) bool {
		method, where, _ := strings.Cut(pattern, " ")
		fits, _ := path.Match(where, at.Path) // Open has read the patterns
		return method == at.Method && fits
	})
}

// trouble is what a case has the server do wrong, from a point of its play on.
type trouble struct {
	at      []address
	fault   sandbox.Fault
	general bool // the address speaks of no single operation
	lasting bool // until the till was told that nothing is known

	armed []string
	mark  int64 // of the requests, when it was armed
}

// met says of a request that this trouble spoiled it.
func (t *trouble) met(r sandbox.Request) bool {
	id, _, _ := strings.Cut(r.Fault, " ")
	return id != "" && slices.Contains(t.armed, id)
}

// harmless says of a fault that an answer so spoiled still tells the truth.
func (t *trouble) harmless() bool {
	return t == nil || slices.Contains([]sandbox.FaultKind{sandbox.FaultDelay, sandbox.FaultCase, sandbox.FaultExtra}, t.fault.Kind)
}

// irrelevant says of a fault that an outcome may rest on an answer that it spoiled: one that says the same twice, and another sum where
// none was paid.
func (t *trouble) irrelevant(op pay.Operation) bool {
	return t.fault.Kind == sandbox.FaultTwice || t.fault.Kind == sandbox.FaultSum && op.Outcome != pay.Approved
}

// spoil begins the case's trouble, or notes where it would begin.
func (w *world) spoil() {
	mark := w.now()
	w.learnt.mark = mark
	for _, at := range w.prelude {
		w.arm(at, sandbox.Fault{Kind: sandbox.FaultDrop, Work: true})
	}
	if w.fault == nil {
		return
	}
	w.fault.mark = mark
	for _, at := range w.fault.at {
		w.fault.armed = append(w.fault.armed, w.arm(at, w.fault.fault))
	}
}

// now is the number of the sandbox's last request.
func (w *world) now() int64 {
	requests, err := w.ctl.Requests(w.ctx, 0)
	w.must("read the sandbox's log", err)
	if n := len(requests); n > 0 {
		return requests[n-1].N
	}
	return 0
}

// arm has the next request to an address go wrong.
func (w *world) arm(at address, f sandbox.Fault) string {
	f.Method, f.Path = at.Method, at.Path
	armed, err := w.ctl.Arm(w.ctx, f)
	w.must("arm a fault", err)
	return armed.ID
}

// calm ends all trouble.
func (w *world) calm() { w.must("disarm the faults", w.ctl.Disarm(w.ctx, "")) }

// spoiled are the requests that went wrong so far.
func (w *world) spoiled() []sandbox.Request {
	list, err := w.ctl.Requests(w.ctx, w.learnt.mark)
	w.must("read the sandbox's log", err)
	return slices.DeleteFunc(list, func(r sandbox.Request) bool { return w.fault == nil || !w.fault.met(r) })
}

// settledServer waits until the server has done all that it still had to do.
func (w *world) settledServer() {
	w.until("the sandbox finishes", func() bool {
		list, err := w.ctl.Requests(w.ctx, 0)
		w.must("read the sandbox's log", err)
		return !slices.ContainsFunc(list, func(r sandbox.Request) bool { return !r.Done })
	})
}

// enoughTries is how often a lasting fault is met before it ends.
const enoughTries = 3

// want holds the outcome of an operation against what it is without trouble. Trouble before anything was sent may end the operation with
// nothing moved; any other must bring the same outcome in the end, and never by an answer that was spoiled.
func (w *world) want(f *follow, clean pay.Outcome, orElse ...pay.Outcome) pay.Operation {
	if w.fault != nil && w.fault.lasting {
		w.endure(f)
	}
	op := f.final()
	if op.Outcome != clean && !slices.Contains(orElse, op.Outcome) && !w.notBegun(op) && op.ResolvedBy == "" {
		w.fail("the outcome of %s is %s (%s %s); it is %s%s", f.r.Kind, op.Outcome, op.Code, op.Text, clean, w.fault.because())
	}
	part := op.Kind == pay.KindBasket && op.ApprovedAmount > 0 && op.ApprovedAmount < op.Amount
	if op.Outcome == pay.Approved && op.Kind.Money() && op.ApprovedAmount != op.Amount && !part {
		w.fail("approved are %s of %s", op.ApprovedAmount, op.Amount)
	}
	w.wantAskedAgain(op)
	return op
}

// endure waits until a lasting fault was met often enough, and ends it. What cannot be known must not have ended by then.
func (w *world) endure(f *follow) {
	final := func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.latest.Outcome.Final()
	}
	w.until("the fault is met", func() bool { return len(w.spoiled()) >= enoughTries || final() })
	if f.r.Kind.Money() {
		f.wait("told as unknown", func() bool { return f.unknown || f.latest.Outcome.Final() })
	}
	list := w.spoiled()
	altered := !edits(w.fault.fault.Kind) || slices.ContainsFunc(list, func(r sandbox.Request) bool { return r.Altered })
	f.mu.Lock()
	early := f.latest
	f.mu.Unlock()
	if early.Outcome.Final() && altered && !w.fault.irrelevant(early) && !w.notBegun(early) {
		w.fail("the outcome was %s (%s %s) while every answer was spoiled%s", early.Outcome, early.Code, early.Text, w.fault.because())
	}
	w.calm()
}

func (t *trouble) because() string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf(" (fault: %s%s)", t.fault.Kind, map[bool]string{true: ", worked"}[t.fault.Work])
}

// notBegun says of an operation that ended without money that trouble met it before anything could move.
func (w *world) notBegun(op pay.Operation) bool {
	if w.fault == nil || op.Outcome != pay.Declined && op.Outcome != pay.Cancelled {
		return false
	}
	if !op.Kind.Money() && op.Kind != pay.KindCloseDay {
		return true
	}
	for _, name := range w.story(op.Ref) {
		if name == "committing" || name == "shown" {
			return false
		}
	}
	return true
}

// story are the names of an operation's transitions.
func (w *world) story(ref pay.Ref) []string {
	var story struct {
		Events []struct {
			Name string `json:"name"`
		} `json:"events"`
	}
	w.find(map[string]any{"what": "story", "ref": ref}, &story)
	var names []string
	for _, e := range story.Events {
		names = append(names, e.Name)
	}
	return names
}

// find asks the module's journal.
func (w *world) find(query any, out any) {
	raw, err := json.Marshal(query)
	w.must("ask the journal", err)
	raw, err = w.service().Find(w.ctx, raw)
	w.must("ask the journal", err)
	w.must("ask the journal", json.Unmarshal(raw, out))
}

// wantAskedAgain holds that no outcome rests on an answer that was spoiled: after it the provider was asked once more.
func (w *world) wantAskedAgain(op pay.Operation) {
	if w.fault == nil || w.fault.general || w.fault.harmless() || w.fault.irrelevant(op) || w.notBegun(op) || op.ResolvedBy != "" {
		return
	}
	list, err := w.ctl.Requests(w.ctx, w.fault.mark)
	w.must("read the sandbox's log", err)
	last := slices.IndexFunc(list, w.fault.met)
	if last < 0 || edits(w.fault.fault.Kind) && !list[last].Altered {
		return
	}
	if last == len(list)-1 {
		w.fail("the outcome %s rests on an answer that was spoiled%s", op.Outcome, w.fault.because())
	}
}

// edits says of a fault that it changes fields, which this provider's answers may lack.
func edits(k sandbox.FaultKind) bool {
	return slices.Contains([]sandbox.FaultKind{sandbox.FaultEdit, sandbox.FaultSum, sandbox.FaultKey, sandbox.FaultNumber,
		sandbox.FaultCurrency, sandbox.FaultNewStatus}, k)
}

// wrong is one way in which a server goes wrong, and its part of a case's name.
type wrong struct {
	name    string
	fault   sandbox.Fault
	lasting bool
}

// soon is a pause that a fault makes.
const soon = sandbox.Duration(20 * time.Millisecond)

// tooLarge is more than any answer of a provider, in bytes.
const tooLarge = 4 << 20

// wrongs are all faults of the sandbox, with the work done and without.
func wrongs(edits []map[string]json.RawMessage) []wrong {
	var list []wrong
	add := func(name string, f sandbox.Fault) { list = append(list, wrong{name: name, fault: f}) }
	for _, kind := range sandbox.FaultKinds() {
		f := sandbox.Fault{Kind: kind}
		switch kind {
		case sandbox.FaultEdit:
			for i, set := range edits {
				add(fmt.Sprintf("edit-%d", i+1), sandbox.Fault{Kind: kind, Set: set})
			}
			continue
		case sandbox.FaultLate:
			f.Delay = soon
			add(string(kind), f)
			continue
		case sandbox.FaultHalf, sandbox.FaultTwice, sandbox.FaultNotFound, sandbox.FaultSum, sandbox.FaultKey, sandbox.FaultNumber,
			sandbox.FaultCurrency, sandbox.FaultCase, sandbox.FaultNewStatus, sandbox.FaultExtra:
			add(string(kind), f)
			continue
		case sandbox.FaultDelay:
			f.Delay = soon
		case sandbox.FaultHuge:
			f.Size = tooLarge
		}
		worked := f
		worked.Work = true
		add(string(kind), f)
		add(string(kind)+"+work", worked)
	}
	for _, status := range []int{401, 404, 409, 503} {
		add(fmt.Sprintf("status-%d+work", status), sandbox.Fault{Kind: sandbox.FaultStatus, Status: status, Work: true})
	}
	for _, kind := range []sandbox.FaultKind{sandbox.FaultDrop, sandbox.FaultGarbage, sandbox.FaultSum, sandbox.FaultKey} {
		list = append(list, wrong{name: "lasting-" + string(kind), lasting: true,
			fault: sandbox.Fault{Kind: kind, Count: -1, Work: true}})
	}
	return list
}

// worst are the faults that an address meets again in a play that is not the first to go there.
func worst(all []wrong) []wrong {
	names := []string{"drop", "drop+work", "status", "garbage+work", "not-found", "wrong-key"}
	return slices.DeleteFunc(slices.Clone(all), func(x wrong) bool { return !slices.Contains(names, x.name) })
}
