// Package clienttest is a host for tests of its clients: it speaks the host's API over a real socket and moves no money.
//
// What an operation does is a script that the test writes; what it remembers outlives its death, as a journal would, so that a test can
// kill it at any moment and start it again. It also sends what no client knows, so that the rule about unknown events is exercised.
package clienttest

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/payrack/payrack/host/place"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// Host is a host whose operations follow a script.
type Host struct {
	// Script runs in a goroutine of its own for each operation that is begun. Set it before Start.
	Script func(*Operation)
	// Refuse may refuse a Begin, before its ref is taken; nil: none.
	Refuse func(*hostv1.BeginRequest) *pay.Error
	// Around, if set, is asked for each unary call: it calls next, and may do harm before or after.
	Around func(method string, next func() (any, error)) (any, error)
	// Infos are the documents of Info, by what.
	Infos map[string]string
	// Drafts are the bytes of Slip, by format.
	Drafts map[string][]byte
	// OpenRefusal refuses sessions; nil: none.
	OpenRefusal *pay.Error

	place  place.Place
	mu     sync.Mutex
	server *grpc.Server
	served chan struct{}
	life   int

	sessions   map[string]*hostv1.SessionRequest
	options    map[string][]string // every value that was told, by key
	operations map[pay.Ref]*Operation
	order      []pay.Ref
	acks       []string
	settings   map[string]string
	log        []string
	changed    chan struct{}
}

// New makes a host for the installation.
func New(p place.Place) *Host {
	return &Host{place: p, sessions: map[string]*hostv1.SessionRequest{}, options: map[string][]string{}, operations: map[pay.Ref]*Operation{},
		settings: map[string]string{}, changed: make(chan struct{}), Infos: map[string]string{}, Drafts: map[string][]byte{}}
}

// Start listens. After Kill it may be called again: sessions are gone then, operations are not.
func (h *Host) Start() error {
	address := h.place.Address()
	l, err := listen(address)
	if err != nil {
		return err
	}
	hint, err := json.Marshal(place.Host{PID: os.Getpid(), Address: address, Version: "test"})
	if err != nil {
		return err
	}
	if err := os.WriteFile(h.place.HostFile(), hint, 0o600); err != nil {
		return err
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(h.intercept))
	hostv1.RegisterHostServiceServer(server, &service{h: h})
	served := make(chan struct{})
	h.mu.Lock()
	h.server, h.served = server, served
	h.life++
	h.mu.Unlock()
	go h.serve(server, l, served)
	return nil
}

func (h *Host) serve(server *grpc.Server, l net.Listener, served chan struct{}) {
	defer close(served)
	_ = server.Serve(l) // ends with Kill
}

// Kill breaks every connection at once, as a death would, and forgets the sessions.
func (h *Host) Kill() {
	h.mu.Lock()
	server, served := h.server, h.served
	h.server = nil
	h.mu.Unlock()
	if server == nil {
		return
	}
	server.Stop()
	<-served
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.sessions)
}

func (h *Host) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if _, err := h.caller(ctx); err != nil {
		return nil, err
	}
	next := func() (any, error) { return handler(ctx, req) }
	if h.Around != nil {
		return h.Around(info.FullMethod[len("/payrack.host.v1.HostService/"):], next)
	}
	return next()
}

// caller is the session that a call names.
func (h *Host) caller(ctx context.Context) (*hostv1.SessionRequest, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range md.Get("payrack-session") {
		if s := h.sessions[id]; s != nil {
			return s, nil
		}
	}
	return nil, status.Error(codes.Unauthenticated, "no such session")
}

// Told lists the values that clients told for an option, over all lives of the host.
func (h *Host) Told(key string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.options[key]...)
}

// Acks lists the acknowledgements, as "ref ack", in their order.
func (h *Host) Acks() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.acks...)
}

// Logged lists the lines of Log.
func (h *Host) Logged() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.log...)
}

// Sessions is how many sessions are open.
func (h *Host) Sessions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sessions)
}

// Operation is the operation of that ref, nil if none was begun.
func (h *Host) Operation(ref pay.Ref) *Operation {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.operations[ref]
}

// Begun lists the refs in the order of their beginning.
func (h *Host) Begun() []pay.Ref {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]pay.Ref(nil), h.order...)
}

// Await blocks until the condition holds; it is looked at again after each change of the host.
func (h *Host) Await(ctx context.Context, condition func() bool) error {
	for {
		h.mu.Lock()
		changed := h.changed
		h.mu.Unlock()
		if condition() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// touch tells those who wait that something changed. h.mu is held.
func (h *Host) touch() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// Place is the installation that the host serves.
func (h *Host) Place() place.Place { return h.place }
