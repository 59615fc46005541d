// Package module joins a module to its host: go-plugin, mutual TLS over a pipe of bootstrap data, and the protobuf service of design §5.
//
// A module calls Serve with what it can do, a host calls Launch and gets the same Service back from the other side of the process border.
// Refusals (pay.Error) come out as they went in.
package module

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Service is what a module does for its host. All calls may be made from several goroutines. Errors are *pay.Error; any other error is
// a broken connection or a fault of ours, and says nothing about money.
type Service interface {
	Describe(ctx context.Context) (Description, error)
	Open(ctx context.Context, o Opening) (pending []pay.Operation, err error)
	// Health calls report with the present state at once and with each change, until ctx ends.
	Health(ctx context.Context, report func(Health) error) error
	Begin(ctx context.Context, r Request) (op pay.Operation, existed bool, err error)
	// Watch calls emit with each event after the number, and returns nil after the final outcome's.
	Watch(ctx context.Context, ref pay.Ref, after int64, attend bool, emit func(pay.Event) error) error
	Answer(ctx context.Context, ref pay.Ref, number int64, value, by string) error
	Cancel(ctx context.Context, ref pay.Ref, reason, by string) error
	Acknowledge(ctx context.Context, ref pay.Ref, ack pay.Ack, reason, by string) (pay.Operation, error)
	Resolve(ctx context.Context, ref pay.Ref, charged bool, whoAndWhy string) (pay.Operation, error)
	Settings(ctx context.Context, r SettingsRequest) (string, error)
	Find(ctx context.Context, query json.RawMessage) (json.RawMessage, error)
	Info(ctx context.Context, what, language string) (json.RawMessage, error)
	Slip(ctx context.Context, r SlipRequest) ([]byte, error)
	Drain(ctx context.Context, grace time.Duration) (running int, err error)
}

// Description is what a module is, as its host needs it; JSON holds all of it.
type Description struct {
	ID      string
	Version string
	JSON    json.RawMessage // an sdk.Description
}

// Opening is what a module is told at its start.
type Opening struct {
	Home, Data string
	Language   string
	Shop       Shop
	DigestKey  []byte
}

// Shop is the head of every slip.
type Shop struct {
	Name    string   `json:"name"`
	Address []string `json:"address"`
	INN     string   `json:"inn"`
	// Limit is the largest amount of one operation, in minor units; 0: none.
	Limit pay.Amount `json:"limit,omitempty"`
}

// Request is a pay.Request with its parameters and digest.
type Request struct {
	pay.Request
	Digest []byte
}

// Health is the state of a module.
type Health struct {
	State string          `json:"state"` // ok, degraded, blocked, draining; the host adds starting, down, quarantined, disabled
	Text  string          `json:"text,omitempty"`
	Code  pay.Code        `json:"code,omitempty"`
	Busy  int             `json:"busy"` // operations that are running, unknown or being reversed
	JSON  json.RawMessage `json:"detail,omitempty"`
}

// SettingsRequest reads or changes settings; actions are those of module.proto.
type SettingsRequest struct {
	Action, Key, Value, By, Language string
}

// SlipRequest asks for paper; fields are those of pr_slip.
type SlipRequest struct {
	Ref      pay.Ref
	Copy     int
	Format   string
	Encoding string
	Width    int
	Language string
}
