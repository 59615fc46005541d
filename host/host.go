package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"github.com/payrack/payrack/host/index"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/ini"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Options say which installation a host serves, and how.
type Options struct {
	Place   place.Place
	Version string
	// Foreground also writes the log's lines to standard error.
	Foreground bool
	// Service keeps the host when it is idle.
	Service bool
	// Ready is called once when clients are accepted. It may be nil.
	Ready func(place.Host)
	// Trial is for tests; nil in what ships.
	Trial *Trial

	pace      *pace // of tests
	idle      time.Duration
	moduleEnv []string
}

// Host serves one installation.
type Host struct {
	o        Options
	place    place.Place
	address  string
	pace     pace
	manifest bool // modules are checked against it
	started  time.Time

	settings atomic.Pointer[Settings]
	file     *ini.File  // nil where there is no payrack.ini
	filing   sync.Mutex // one change of the settings at a time
	logFile  *logs.Log
	log      hclog.Logger
	key      []byte
	pins     *pins
	index    *index.Index

	ids       []string
	residents map[string]*resident

	ctx     context.Context // of the modules and of everything that follows them
	end     context.CancelFunc
	tasks   sync.WaitGroup
	changed broadcast // sessions, modules' health, what is pending

	voiding sync.Mutex // a ref is marked as on its way, or is voided; held outside of mu

	mu       sync.Mutex
	sessions map[string]*session
	follows  map[pay.Ref]bool
	forwards map[pay.Ref]int // Begins on their way to a module
	unread   map[string]bool // modules whose journals a lost index has still to learn
	draining bool
	stopping chan struct{} // closed when somebody asked the host to stop
	grace    time.Duration // for running operations, at the end
}

// Run is a host's life: until ctx ends, a client stops it, or it was idle for long enough. Where another host serves the installation
// the error is ErrRunning, and comes at once.
func Run(ctx context.Context, o Options) error {
	harden()
	debug.SetTraceback("none") // a crash's text must not carry what was in memory
	tune()
	return run(ctx, o)
}

func run(ctx context.Context, o Options) (err error) {
	if err := guardPlace(o.Place); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Place.Data, 0o750); err != nil {
		return text.Refuse(pay.ErrConfig, "host.data_folder", map[string]any{"Path": o.Place.Data}, err)
	}
	lock, err := takeLock(o.Place)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	rememberData(o.Place)
	h, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	return h.serve(ctx, lock)
}

// tune keeps the host small: it has little to do, and its garbage is young.
func tune() {
	debug.SetGCPercent(40)
	debug.SetMemoryLimit(48 << 20) // a long report may pass through
	if runtime.GOMAXPROCS(0) > 4 {
		runtime.GOMAXPROCS(4)
	}
}

// open reads everything that a host needs. Nothing of it is shared with clients yet.
func open(ctx context.Context, o Options) (h *Host, err error) {
	h = &Host{o: o, place: o.Place, address: o.Place.Address(), pace: o.Trial.pace(), started: time.Now(),
		residents: map[string]*resident{}, sessions: map[string]*session{}, follows: map[pay.Ref]bool{}, forwards: map[pay.Ref]int{},
		stopping: make(chan struct{})}
	if o.pace != nil {
		h.pace = *o.pace
	}
	h.ctx, h.end = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			_ = h.close()
		}
	}()
	settings, file, err := LoadSettings(o.Place)
	if err != nil {
		return h, err
	}
	h.settings.Store(settings)
	h.file, h.manifest = file, settings.Manifest
	h.logFile, err = logs.Open(logs.Options{Dir: o.Place.Log(), Name: "payrack", Retention: settings.LogRetention,
		BOMCRLF: runtime.GOOS == "windows", Header: h.header})
	if err != nil {
		return h, &pay.Error{Code: pay.ErrConfig, Cause: err}
	}
	h.log = h.logFile.Logger()
	if o.Foreground {
		h.log = echo(h.log, h.logFile.Mask)
	}
	if h.key, err = installationKey(filepath.Join(o.Place.Data, "installation.key")); err != nil {
		return h, err
	}
	if h.pins, err = openPins(filepath.Join(o.Place.Data, "operators.json"), time.Now); err != nil {
		return h, err
	}
	if h.ids, err = o.Place.Modules(); err != nil {
		return h, &pay.Error{Code: pay.ErrConfig, Cause: err}
	}
	if err := h.openIndex(ctx); err != nil {
		return h, err
	}
	for _, id := range h.ids {
		h.residents[id] = newResident(h, id)
	}
	return h, nil
}

// header is the first line of a day's log.
func (h *Host) header() string {
	check := "on"
	if !h.manifest {
		check = "off"
	}
	return fmt.Sprintf("payrack host %s, %s %s/%s, pid %d, home %s, data %s, manifest check %s", h.o.Version, runtime.Version(),
		runtime.GOOS, runtime.GOARCH, os.Getpid(), h.place.Home, h.place.Data, check)
}

// serve accepts clients before the modules are up, and leaves when it is time to.
func (h *Host) serve(ctx context.Context, lock *single) error {
	listener, err := listen(h.address)
	if err != nil {
		return err
	}
	clearSockets(socketDir(h.address))
	announced := place.Host{PID: os.Getpid(), Address: h.address, Version: h.o.Version}
	if err := lock.announce(announced); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := h.server()
	served := make(chan error, 1)
	h.startModules() // before the first session, which waits for them
	go func() { served <- server.Serve(listener) }()
	h.log.Info("serving", "address", h.address, "modules", h.ids)
	if h.o.Ready != nil {
		h.o.Ready(announced)
	}
	why, err := h.await(ctx, served)
	h.log.Info("leaving", "why", why)
	return errors.Join(err, h.leave(server, listener))
}

func (h *Host) server() *grpc.Server {
	server := grpc.NewServer(
		grpc.Creds(userCredentials{group: groupOf(h.place.Data), program: h.place.Program()}),
		grpc.MaxRecvMsgSize(pay.MaxParams+64<<10), grpc.MaxSendMsgSize(module.MaxMessage),
		grpc.NumStreamWorkers(4), // whose stacks have grown
		grpc.MaxHeaderListSize(16<<10), grpc.ReadBufferSize(8<<10), grpc.WriteBufferSize(8<<10), grpc.SharedWriteBuffer(true),
		grpc.UnaryInterceptor(h.guardCall), grpc.StreamInterceptor(h.guardStream),
	)
	hostv1.RegisterHostServiceServer(server, &api{h: h})
	return server
}

// startModules starts, all at once, the modules that are switched on and those that have something open.
func (h *Host) startModules() {
	for _, id := range h.ids {
		r := h.residents[id]
		open, err := h.index.Wanting(h.ctx, id)
		h.learned(err)
		unsettled, err := h.index.Unsettled(h.ctx, id)
		h.learned(err)
		r.health.Busy = len(unsettled)
		if !h.settings.Load().Enabled(id) && len(open) == 0 && len(unsettled) == 0 && !h.isUnread(id) {
			continue
		}
		h.startModule(r)
		for _, e := range unsettled {
			h.followRef(e.Ref, r)
		}
	}
}

// startModule starts a module that does not run yet.
func (h *Host) startModule(r *resident) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wanted {
		return
	}
	r.wanted = true
	r.health.State = stateStarting
	h.spawn(&h.tasks, func() { r.run(h.ctx) })
}

// await returns when it is time to leave, and why.
func (h *Host) await(ctx context.Context, served <-chan error) (why string, err error) {
	tick := time.NewTicker(h.pace.look)
	defer tick.Stop()
	since := time.Now()
	trimmed := false
	for {
		select {
		case <-ctx.Done():
			return "told to end", nil
		case <-h.stopping:
			return "stopped by a client", nil
		case err := <-served:
			return "the listener failed", fmt.Errorf("serve clients: %w", err)
		case <-tick.C:
		}
		if busy := h.busyWith(); busy != "" || h.o.Service {
			since, trimmed = time.Now(), trimmed && busy == ""
			continue
		}
		if !trimmed {
			debug.FreeOSMemory()
			trimmed = true
		}
		if time.Since(since) >= h.idleLimit() && h.shutDoor() {
			return "idle", nil
		}
	}
}

// shutDoor has new sessions refused, unless one has just come in.
func (h *Host) shutDoor() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.sessions)+len(h.follows)+len(h.forwards) > 0 {
		return false
	}
	h.draining = true
	return true
}

func (h *Host) idleLimit() time.Duration {
	if h.o.idle > 0 {
		return h.o.idle
	}
	return h.settings.Load().Idle
}

// busyWith names what keeps the host from being idle (design §1): a session, something running, unknown or being reversed. It is empty
// when nothing does.
func (h *Host) busyWith() string {
	h.mu.Lock()
	sessions, following, forwards := len(h.sessions), len(h.follows), len(h.forwards)
	h.mu.Unlock()
	switch {
	case sessions > 0:
		return "sessions"
	case following+forwards > 0:
		return "operations"
	}
	for _, id := range h.ids {
		r := h.residents[id]
		if r.busy() > 0 || r.state() == stateStarting {
			return id
		}
	}
	return ""
}

// leave ends the host in good order: nobody new is accepted, modules drain and journal, clients are let go, and only then the lock.
func (h *Host) leave(server *grpc.Server, listener net.Listener) error {
	h.mu.Lock()
	h.draining = true
	grace := h.grace
	h.mu.Unlock()
	closed := listener.Close() // removes the socket; calls that are under way go on
	if errors.Is(closed, net.ErrClosed) {
		closed = nil
	}
	var stops sync.WaitGroup
	for _, id := range h.ids {
		h.spawn(&stops, func() { h.residents[id].stop(context.Background(), grace) })
	}
	stops.Wait()
	h.end()
	for _, s := range h.allSessions() {
		s.close()
	}
	gone := make(chan struct{})
	go func() { server.GracefulStop(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(2 * time.Second):
		server.Stop()
	}
	return closed
}

// close gives everything back that open took.
func (h *Host) close() error {
	h.end()
	h.tasks.Wait()
	var err error
	if h.index != nil {
		err = h.index.Close()
	}
	if h.logFile != nil {
		err = errors.Join(err, h.logFile.Close())
	}
	return err
}

// stop has the host leave; with a grace, running operations may reach an outcome first. Only the first call counts.
func (h *Host) stop(grace time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.stopping:
	default:
		h.grace = grace
		close(h.stopping)
	}
}

// spawn starts a goroutine whose panic ends only itself.
func (h *Host) spawn(tasks *sync.WaitGroup, f func()) {
	tasks.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				h.log.Error("internal error", "kind", fmt.Sprintf("%T", r), "where", module.Where(3))
			}
		}()
		f()
	})
}

// learned logs that the index could not be written with what a module said. The module's journal still knows it.
func (h *Host) learned(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		h.log.Error("the index of refs cannot be written", "error", err)
	}
}

func (h *Host) language() string { return h.settings.Load().Language }

func (h *Host) isDraining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}

func (h *Host) allSessions() []*session {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*session, 0, len(h.sessions))
	for _, s := range h.sessions {
		list = append(list, s)
	}
	return list
}

// enabled lists the modules that may begin operations.
func (h *Host) enabled() []*resident {
	var list []*resident
	for _, id := range h.ids {
		if h.settings.Load().Enabled(id) {
			list = append(list, h.residents[id])
		}
	}
	return list
}

// pending lists what wants attention, of one till or ("") of all, the oldest first. Of a module that is away the index tells.
func (h *Host) pending(ctx context.Context, pos string) []pay.Operation {
	var list []pay.Operation
	for _, id := range h.ids {
		list = append(list, h.residents[id].wanting(ctx)...)
	}
	list = slices.DeleteFunc(list, func(op pay.Operation) bool { return pos != "" && op.PosID != pos })
	slices.SortStableFunc(list, func(a, b pay.Operation) int { return a.Begun.Compare(b.Begun) })
	return list
}

// wanting is what wants attention of one module.
func (r *resident) wanting(ctx context.Context) []pay.Operation {
	var list []pay.Operation
	up := r.up()
	if !up || r.host.following() {
		entries, err := r.host.index.Wanting(ctx, r.id)
		r.host.learned(err)
		for _, e := range entries {
			if !up || !e.Known { // nobody can tell yet whether the module ever heard of it
				list = append(list, e.View())
			}
		}
	}
	if !up {
		return list
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, op := range r.pending {
		list = append(list, op)
	}
	return list
}

func (h *Host) following() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.follows) > 0
}

func dirOf(path string) string { return filepath.Dir(path) }
