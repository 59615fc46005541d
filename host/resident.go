package host

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// pace are the times of supervision. Tests shorten them.
type pace struct {
	first, most time.Duration // pauses between starts: doubled from first up to most
	healthy     time.Duration // a life as long as this starts the pauses anew
	window      time.Duration // this many crashes in it are too many
	crashes     int
	quarantine  time.Duration // how long a module that crashes too often is left alone
	starting    time.Duration // how long a Begin waits for a module that starts
	forward     time.Duration // how long a module may take to journal an operation
	absent      time.Duration // a module away as long as this makes its operations Unknown
	ping        time.Duration // between looks whether a module still answers, and how long one may take
	orphan      time.Duration // how long a ref that its module does not know waits for its till to repeat it
	look        time.Duration // between looks whether the host is idle
	settle      time.Duration // what need not be known at once is looked at so much later, so that no payment in hand pays for it
}

func standardPace() pace {
	return pace{first: 500 * time.Millisecond, most: 30 * time.Second, healthy: time.Minute, window: 10 * time.Minute, crashes: 5,
		quarantine: 10 * time.Minute, starting: 5 * time.Second, forward: forwardLimit, absent: 5 * time.Second, ping: 15 * time.Second, orphan: 30 * time.Second,
		look: time.Second, settle: 100 * time.Millisecond}
}

// States of a module that only the host can tell; the others are the module's own word.
const (
	stateStarting    = "starting"
	stateDown        = "down"
	stateQuarantined = "quarantined"
	stateDisabled    = "disabled"
	stateDraining    = "draining"
)

// life is one process of a module that has opened its journal.
type life struct {
	running *module.Running
	rpc     modulev1.ModuleServiceClient
	version string
}

func (l *life) over() <-chan struct{} { return l.running.Exited() }

// resident is one module of the installation, whether or not its process runs.
type resident struct {
	id   string
	host *Host
	log  hclog.Logger

	changed broadcast // life, health or pending

	mu      sync.Mutex
	wanted  bool // is to run
	life    *life
	health  module.Health // the module's word, or the host's while life is nil
	refused *pay.Error    // of Open: the process runs and cannot work
	about   json.RawMessage
	version string
	crashes []time.Time
	leaving bool // its next end is no crash
	wake    chan struct{}
	pending map[pay.Ref]pay.Operation // what wants attention
	notes   int                       // how often a single operation was heard of
	tried   bool                      // the first start has come to an end, good or bad
}

func newResident(h *Host, id string) *resident {
	return &resident{id: id, host: h, log: h.log.Named(id), health: module.Health{State: stateDisabled}, pending: map[pay.Ref]pay.Operation{},
		wake: make(chan struct{}, 1)}
}

// run keeps the module alive until ctx ends. A module that is switched off runs only while something of it is open.
func (r *resident) run(ctx context.Context) {
	pause := r.host.pace.first
	for ctx.Err() == nil {
		began := time.Now()
		err := r.live(ctx)
		if ctx.Err() != nil || r.goes() {
			return
		}
		if time.Since(began) > r.host.pace.healthy {
			pause = r.host.pace.first
		}
		wait := r.ended(err, pause)
		pause = min(2*pause, r.host.pace.most)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// ended notes the end of a life, or of a try, and says how long to wait.
func (r *resident) ended(err error, pause time.Duration) time.Duration {
	r.mu.Lock()
	defer r.changed.fire()
	defer r.host.changed.fire()
	defer r.mu.Unlock()
	p := r.host.pace
	busy := r.health.Busy
	r.life, r.refused, r.tried = nil, nil, true
	refusal := Fill(err, r.host.language())
	r.health = module.Health{State: stateDown, Text: refusal.Text, Code: refusal.Code, Busy: busy}
	if refusal.Code == pay.ErrConfig { // not started: that is no crash
		r.log.Error("module is not started", "error", err)
		return pause
	}
	now := time.Now()
	r.crashes = append(r.crashes, now)
	for len(r.crashes) > 0 && now.Sub(r.crashes[0]) > p.window {
		r.crashes = r.crashes[1:]
	}
	r.log.Error("module is down", "error", err, "crashes", len(r.crashes))
	if len(r.crashes) < p.crashes {
		return pause
	}
	// After the quarantine one more crash is enough: what is open there must be asked after, but not in a circle.
	r.crashes = r.crashes[len(r.crashes)-p.crashes+1:]
	for i := range r.crashes {
		r.crashes[i] = now.Add(p.quarantine)
	}
	r.health.State = stateQuarantined
	r.log.Error("module crashes too often: it is left alone", "for", p.quarantine)
	return p.quarantine
}

// live is one life: start, open, and watch until the process is gone. The error says why it ended.
func (r *resident) live(ctx context.Context) error {
	r.report(module.Health{State: stateStarting, Busy: r.busy()})
	running, err := r.launch(ctx)
	if err != nil {
		return err
	}
	defer running.Kill()
	l := &life{running: running, rpc: running.RPC}
	about, err := running.Service.Describe(ctx)
	if err != nil {
		return err
	}
	if about.ID != r.id {
		return text.Refuse(pay.ErrConfig, "host.other_program", map[string]any{"Module": r.id, "Other": shorten(about.ID, 40)}, nil)
	}
	l.version = about.Version
	r.mu.Lock()
	r.about, r.version = about.JSON, about.Version
	r.mu.Unlock()
	if err := r.open(ctx, l); err != nil {
		return err
	}
	within, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	r.host.spawn(&tasks, func() { r.follow(within, l) })
	r.host.spawn(&tasks, func() { r.ping(within, l) })
	r.host.spawn(&tasks, func() { r.readAll(within, l) })
	select {
	case <-l.over():
	case <-ctx.Done():
	}
	cancel()
	tasks.Wait()
	r.mu.Lock()
	r.life = nil
	r.mu.Unlock()
	r.changed.fire()
	return &pay.Error{Code: pay.ErrModuleDown, Cause: errors.New("its process ended: " + exitText(running))}
}

func exitText(r *module.Running) string {
	if s := r.ExitText(); s != "" {
		return s
	}
	return "exit status 0"
}

func (r *resident) launch(ctx context.Context) (*module.Running, error) {
	p := module.Program{Path: r.host.place.Module(r.id), Sockets: socketDir(r.host.address), Log: r.log.Named("stderr"), Env: r.host.o.moduleEnv}
	if r.host.manifest {
		sum, err := manifestSum(r.host.place, r.id)
		if err != nil {
			return nil, err
		}
		p.SHA256 = sum
	}
	began := time.Now()
	running, err := module.Launch(ctx, p)
	if errors.Is(err, module.ErrChecksum) {
		return nil, text.Refuse(pay.ErrConfig, "host.manifest_wrong", map[string]any{"Module": r.id}, err)
	}
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrModuleDown, Cause: err}
	}
	r.log.Info("module is started", "pid", running.PID(), "ms", time.Since(began).Milliseconds())
	return running, nil
}

// open has the module open its journal, until it can: a journal is held by a predecessor for a moment, settings are mended by hand.
func (r *resident) open(ctx context.Context, l *life) error {
	for {
		pending, err := r.ask(ctx, l)
		if err == nil {
			r.adopt(ctx, l, pending)
			return nil
		}
		refusal, ok := errors.AsType[*pay.Error](err)
		if !ok {
			return err
		}
		r.log.Error("module cannot work", "error", err)
		r.mu.Lock()
		r.refused, r.tried = Fill(refusal, r.host.language()), true
		r.life = l // its settings can be mended through it
		r.health = module.Health{State: "blocked", Text: r.refused.Text, Code: refusal.Code, Busy: r.health.Busy}
		r.mu.Unlock()
		r.changed.fire()
		r.host.changed.fire()
		timer := time.NewTimer(r.host.pace.starting)
		select {
		case <-timer.C:
		case <-r.wake:
		case <-l.over():
		case <-ctx.Done():
		}
		timer.Stop()
		select {
		case <-l.over():
			return errors.New("its process ended: " + exitText(l.running))
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
	}
}

// ask calls Open, which is harmless to repeat.
func (r *resident) ask(ctx context.Context, l *life) ([]pay.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s := r.host.settings.Load()
	return l.running.Service.Open(ctx, module.Opening{Home: dirOf(r.host.place.Module(r.id)), Data: r.host.place.ModuleData(r.id),
		Language: s.Language, Shop: s.shop(), DigestKey: r.host.key})
}

// adopt makes a life the one that calls go to, and takes its list of what wants attention.
func (r *resident) adopt(ctx context.Context, l *life, pending []pay.Operation) {
	r.learn(ctx, pending)
	r.mu.Lock()
	r.life, r.refused = l, nil
	r.health = module.Health{State: stateStarting, Busy: r.health.Busy} // until its first word
	r.mu.Unlock()
	r.changed.fire()
	r.host.changed.fire()
	for _, op := range pending {
		if op.Running || !op.Outcome.Final() {
			r.host.followRef(op.Ref, r)
		}
	}
}

// follow keeps the module's health, and looks at what is pending a moment after it changed.
func (r *resident) follow(ctx context.Context, l *life) {
	changed := make(chan struct{}, 1)
	var looking sync.WaitGroup
	defer looking.Wait()
	r.host.spawn(&looking, func() { r.lookAfter(ctx, l, changed) })
	for ctx.Err() == nil {
		err := l.running.Service.Health(ctx, func(h module.Health) error {
			r.report(h)
			select {
			case changed <- struct{}{}:
			default:
			}
			return nil
		})
		select {
		case <-l.over():
			return
		case <-ctx.Done():
			return
		case <-time.After(r.host.pace.first):
			r.log.Warn("module's health is asked for anew", "error", err)
		}
	}
}

// lookAfter asks for what is pending when changes have settled. What a payment itself needs is known without it, from Begin and Watch.
func (r *resident) lookAfter(ctx context.Context, l *life, changed <-chan struct{}) {
	for {
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(r.host.pace.settle):
		case <-ctx.Done():
			return
		}
		r.renew(ctx, l)
		r.host.changed.fire()
	}
}

// ping ends a process that does not answer any more: nobody else would.
func (r *resident) ping(ctx context.Context, l *life) {
	tick := time.NewTicker(r.host.pace.ping)
	defer tick.Stop()
	for missed := 0; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		once, cancel := context.WithTimeout(ctx, r.host.pace.ping)
		_, err := l.rpc.Describe(once, &modulev1.DescribeRequest{})
		cancel()
		if err == nil {
			missed = 0
		} else if missed++; missed == 3 && ctx.Err() == nil {
			r.log.Error("module does not answer: it is ended", "error", err)
			l.running.Kill()
			return
		}
	}
}

// stop ends the module's life in good order: grace for running operations, then a moment to journal and leave.
func (r *resident) stop(ctx context.Context, grace time.Duration) (left int) {
	r.mu.Lock()
	r.leaving = true
	l := r.life
	r.mu.Unlock()
	if l == nil {
		return 0
	}
	if grace > 0 {
		running, err := l.running.Drain(ctx, grace)
		if left = running; err != nil {
			r.log.Warn("draining failed", "error", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	if err := l.running.Stop(ctx); err != nil {
		r.log.Warn("module was ended", "error", err)
	}
	return left
}
