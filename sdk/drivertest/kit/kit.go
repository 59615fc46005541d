package kit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/sandbox"
)

// Kit knows a module, and the cases that it must pass.
type Kit struct {
	subject Subject
	about   provider.Description
	able    []string
	seen    map[string][]address // by play: where its requests went, in the order of the first of each
	general []address            // where requests go that speak of no single operation
	probed  []address            // those, and where a question about an operation goes as well
	absent  map[string]string    // by play: why it cannot be played
	cases   []Case
}

// Case is one thing that a module must get right. Make none: Cases gives them.
type Case struct {
	Name string
	// Why says why the case is not applicable to the module; empty: it is.
	Why string

	pace     Pace
	inactive bool // begins before the terminal is activated
	prelude  []address
	fault    *trouble
	run      func(w *world)
}

// Open plays each operation once without trouble, to learn where the module's requests go, and makes the cases from that. An error says that
// the module does not do in fair weather what it declares; nothing else can be tried then.
func Open(ctx context.Context, s Subject) (*Kit, error) {
	for _, pattern := range s.Asks {
		if method, where, ok := strings.Cut(pattern, " "); !ok || method == "" {
			return nil, fmt.Errorf("%q is no method and path of requests that ask", pattern)
		} else if _, err := path.Match(where, ""); err != nil {
			return nil, fmt.Errorf("requests that ask %q: %w", pattern, err)
		}
	}
	k := &Kit{subject: s, seen: map[string][]address{}, absent: map[string]string{}}
	if err := k.learnModule(ctx); err != nil {
		return nil, err
	}
	for _, p := range plays() {
		if why := k.lacks(p.needs); why != "" {
			k.absent[p.name] = why
			continue
		}
		if err := k.learn(ctx, p); err != nil {
			return nil, err
		}
	}
	k.makeCases()
	return k, nil
}

// Cases are all of them, in the order of their making.
func (k *Kit) Cases() []Case { return slices.Clone(k.cases) }

// About is what the module says it is.
func (k *Kit) About() provider.Description { return k.about }

// Do runs one case.
func (k *Kit) Do(ctx context.Context, c Case) Result {
	begun := time.Now()
	r := Result{Case: c.Name, Verdict: NotApplicable, Why: c.Why}
	if c.Why == "" {
		r.Verdict, r.Why, r.Problems = k.play(ctx, c, nil)
	}
	r.Took = time.Since(begun)
	return r
}

// play runs a case in a world of its own; learn looks at what was sent, before that world goes.
func (k *Kit) play(ctx context.Context, c Case, learn func(w *world)) (v Verdict, why string, problems []string) {
	ctx, end := context.WithTimeout(ctx, k.subject.patience())
	defer end()
	url, release, err := k.subject.Sandbox(ctx)
	if err != nil {
		return Failed, "", []string{fmt.Sprintf("the sandbox does not start: %v", err)}
	}
	defer release()
	w := &world{k: k, s: &k.subject, ctx: ctx, rng: chance(k.subject.Seed, c.Name), url: url, prelude: c.prelude,
		ctl: &sandbox.Control{URL: url}, follows: map[pay.Ref]*follow{},
		scanned: map[string]bool{}, secrets: slices.Clone(k.subject.Secrets)}
	if c.fault != nil {
		own := *c.fault
		w.fault = &own
	}
	defer func() {
		r := recover()
		if _, ok := r.(stuck); r != nil && !ok {
			if a, ok := r.(absent); ok {
				v, why = NotApplicable, a.why
			} else {
				end()
				w.leave()
				panic(r)
			}
		}
		end()
		w.leave()
		w.mu.Lock()
		defer w.mu.Unlock()
		if problems = w.problems; len(problems) > 0 {
			v = Failed
		}
	}()
	w.enter()
	if !c.inactive {
		w.activated()
	}
	if c.pace != Brisk { // only now: an activation may take its time
		w.pace = c.pace
		w.restart()
	}
	c.run(w)
	if learn != nil {
		learn(w)
	}
	w.close()
	return Passed, "", nil
}

// learnModule asks the module what it is and can do, and where it asks for what belongs to no operation.
func (k *Kit) learnModule(ctx context.Context) error {
	v, why, problems := k.play(ctx, Case{Name: "fair weather: the module", inactive: true, run: func(w *world) {
		d, err := w.service().Describe(w.ctx)
		w.must("describe", err)
		w.must("read the description", json.Unmarshal(d.JSON, &k.about))
		var c struct {
			Abilities []string `json:"abilities"`
		}
		w.info("capabilities", &c)
		k.able = c.Abilities
		w.activated()
		w.learnt.mark = w.now()
		for _, what := range []string{"counters", "link"} {
			_, _ = w.service().Info(w.ctx, what, "en") // a module may have neither
		}
		k.probed = w.went(w.learnt)
		// Where a bank has one address for all questions, its trouble is about the operation that asks there.
		k.general = slices.DeleteFunc(slices.Clone(k.probed), func(at address) bool { return at.Method != http.MethodGet && k.asks(at) })
	}}, nil)
	return weather("the module", v, why, problems)
}

// learn plays once without trouble.
func (k *Kit) learn(ctx context.Context, p play) error {
	c := Case{Name: "fair weather: " + p.name, inactive: p.needs.signed, prelude: k.first(p.after), run: p.run}
	v, why, problems := k.play(ctx, c, func(w *world) { k.seen[p.name] = w.went(w.learnt) })
	if v == NotApplicable {
		k.absent[p.name] = why
		return nil
	}
	if p.after != "" {
		return nil // it has trouble of its own, and is a case
	}
	return weather(p.name, v, why, problems)
}

func weather(what string, v Verdict, why string, problems []string) error {
	if v == Passed {
		return nil
	}
	return fmt.Errorf("without any trouble, %s: %s", what, strings.TrimSpace(why+" "+strings.Join(problems, "; ")))
}

// first is where a play's first request goes that speaks of its operation and does not only ask.
func (k *Kit) first(name string) []address {
	var asked []address
	for _, at := range k.seen[name] {
		switch {
		case k.isGeneral(at):
		case !k.asks(at):
			return []address{at}
		case asked == nil:
			asked = []address{at}
		}
	}
	return asked
}

// went are the addresses of the requests between two marks.
func (w *world) went(l learnt) []address {
	list, err := w.ctl.Requests(w.ctx, l.mark)
	w.must("read the sandbox's log", err)
	var found []address
	for _, r := range list {
		if l.end != 0 && r.N > l.end {
			break
		}
		if at := addressOf(r); !slices.Contains(found, at) {
			found = append(found, at)
		}
	}
	return found
}

// info asks the module.
func (w *world) info(what string, out any) {
	raw, err := w.service().Info(w.ctx, what, "en")
	w.must("ask for "+what, err)
	w.must("read "+what, json.Unmarshal(raw, out))
}

// lacks says what of the needs the module does not have; empty: nothing.
func (k *Kit) lacks(n needs) string {
	for _, kind := range n.kinds {
		if !slices.Contains(k.about.Kinds, kind) {
			return fmt.Sprintf("the module does not declare %s", kind)
		}
		if _, given := k.subject.Params[kind]; !given && (kind == pay.KindBasket || kind == pay.KindPayout) {
			return fmt.Sprintf("no parameters were given for %s", kind)
		}
	}
	for _, ability := range n.able {
		if !slices.Contains(k.able, ability) {
			return fmt.Sprintf("the module does not declare the ability %q", ability)
		}
		if ability == "activate" && k.subject.Activate == nil {
			return "no arguments were given for activate"
		}
	}
	if (n.pays || slices.Contains(n.able, "reverse") || slices.Contains(n.able, "refund")) && k.simplest() == "" {
		return "the module takes no payments"
	}
	if why := k.subject.Limits.lack(n); why != "" {
		return why
	}
	if n.pace != Brisk && !k.subject.Paced {
		return "it would take minutes: it is played on the driver in a test only"
	}
	return ""
}

// simplest is the kind by which a case makes a payment that it is not about; empty: none.
func (k *Kit) simplest() pay.Kind {
	for _, kind := range movingKinds {
		if slices.Contains(k.about.Kinds, kind) && k.absent[short(kind)] == "" {
			return kind
		}
	}
	return ""
}

// provable says that a request which the provider never received can be made again under its key, so that everything settles by itself.
func (k *Kit) provable() bool { return k.about.Traits.RefusesDuplicates }
