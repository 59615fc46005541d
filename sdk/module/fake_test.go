package module

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// TestMain makes this test's program a module when a host starts it.
func TestMain(m *testing.M) {
	if !Launched() {
		os.Exit(m.Run())
	}
	switch os.Getenv("FAKE_STRANGER") { // a program that is no module
	case "hello":
		fmt.Println("hello")
		os.Exit(0)
	case "silent":
		time.Sleep(time.Hour)
	}
	svc := &fake{marks: os.Getenv("FAKE_MARKS")}
	if os.Getenv("FAKE_PLAIN") != "" {
		Serve(svc)
	}
	log := hclog.New(&hclog.LoggerOptions{Output: os.Stderr, JSONFormat: true})
	os.Exit(serve(svc, &newer{server{service: svc, log: log}}, log))
}

// newer is a module of a later version: it says things that this host does not know, at random.
type newer struct{ server }

func (n *newer) Watch(in *modulev1.WatchRequest, stream grpc.ServerStreamingServer[modulev1.WatchResponse]) error {
	return n.server.Watch(in, chatty{stream})
}

func (n *newer) Begin(ctx context.Context, in *modulev1.BeginRequest) (*modulev1.BeginResponse, error) {
	out, err := n.server.Begin(ctx, in)
	if out != nil {
		out.ProtoReflect().SetUnknown(unknownField())
	}
	return out, err
}

type chatty struct {
	grpc.ServerStreamingServer[modulev1.WatchResponse]
}

func (c chatty) Send(m *modulev1.WatchResponse) error {
	for range rand.IntN(3) + 1 {
		strange := &modulev1.WatchResponse{Number: m.Number, Kind: 1000 + rand.Int32N(1000), Json: []byte(`[{"not":"an object"}]`)}
		if err := c.ServerStreamingServer.Send(strange); err != nil {
			return err
		}
	}
	var fields map[string]any
	if err := json.Unmarshal(m.Json, &fields); err != nil {
		return err
	}
	fields["field_of_next_year"] = map[string]any{"deep": []int{1, 2}}
	m.Json, _ = json.Marshal(fields)
	m.ProtoReflect().SetUnknown(unknownField())
	return c.ServerStreamingServer.Send(m)
}

func unknownField() []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, 900+protowire.Number(rand.IntN(100)), protowire.BytesType), []byte("later"))
}

// fake is a module that does what the name of a command says.
type fake struct {
	Service // what is not needed here panics, which is a test too
	marks   string
	busy    bool
}

func (f *fake) Describe(context.Context) (Description, error) {
	return Description{ID: "fake", Version: "1", JSON: json.RawMessage(`{"env":` + quote(strings.Join(os.Environ(), "\n")) + `}`)}, nil
}

func (f *fake) Begin(_ context.Context, r Request) (pay.Operation, bool, error) {
	switch r.Params.Name {
	case "panic":
		panic("card 4111111111111111")
	case "noise":
		fmt.Fprintln(os.Stderr, `{"@message":5}`)
		fmt.Fprintln(os.Stderr, "panic: secret value")
		fmt.Fprintln(os.Stderr, "\xff\xfe not utf-8")
		fmt.Fprintln(os.Stderr, strings.Repeat("long ", 100_000))
		fmt.Fprintln(os.Stderr, `{"@level":"error","@message":"plain"}`)
	case "busy":
		f.busy = true
	case "big":
		return pay.Operation{Ref: r.Ref, Result: json.RawMessage(`"` + strings.Repeat("x", 9<<20) + `"`)}, false, nil
	case "refuse":
		return pay.Operation{}, false, &pay.Error{Code: pay.ErrShift, Text: "смена закрыта", Hint: "откройте смену", MayHaveMoved: true}
	}
	return pay.Operation{Ref: r.Ref, Kind: r.Kind, Amount: r.Amount, Running: true, Text: string(r.Digest)}, true, nil
}

func (f *fake) Watch(ctx context.Context, ref pay.Ref, after int64, _ bool, emit func(pay.Event) error) error {
	if ref == "missing" {
		return pay.Refuse(pay.ErrNotFound, "no %s", ref)
	}
	for n := after + 1; n < 4; n++ {
		if err := emit(pay.Event{Number: n, Kind: pay.EvStatus, Text: "step"}); err != nil {
			return err
		}
	}
	return emit(pay.Event{Number: 4, Kind: pay.EvOutcome, Operation: &pay.Operation{Ref: ref, Outcome: pay.Approved}})
}

func (f *fake) Health(ctx context.Context, report func(Health) error) error {
	if err := report(Health{State: "degraded", Code: pay.ErrOffline, Busy: 2}); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// Drain of a busy module takes as long as the test wants: until a file appears.
func (f *fake) Drain(ctx context.Context, _ time.Duration) (int, error) {
	f.mark("draining")
	for f.busy && ctx.Err() == nil {
		if _, err := os.Stat(f.marks + "/finish"); err == nil {
			f.busy = false
		}
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Fprintln(os.Stderr, "a last word to nobody") // the host may be gone
	f.mark("drained")
	return 0, nil
}

func (f *fake) Close() error { f.mark("closed"); return nil }

func (f *fake) mark(name string) { _ = os.WriteFile(f.marks+"/"+name, nil, 0o600) }

func quote(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}
