package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/plugins/sendy/sandbox"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// ready is the line that says that a sandbox serves.
type ready struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Control string `json:"control"`
	Phone   string `json:"phone"`
	PID     int    `json:"pid"`
	// Banks is where the banks of the SBP sandbox are, and what a till needs to reach them.
	Banks any `json:"banks,omitempty"`
}

// server is a sandbox that can be run: that of any provider.
type server interface {
	Start(addr string) error
	URL() string
	ShutdownAsked() <-chan struct{}
	Close() error
}

// serveFlags are those of every command that runs a sandbox.
type serveFlags struct {
	listen, data, auto string
	polls              int
	after              time.Duration
	withStdin          bool
}

func (a *app) addServeFlags(c *cobra.Command, f *serveFlags) {
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", a.say.text("flag-listen"))
	c.Flags().StringVar(&f.data, "data", "", a.say.text("flag-data"))
	c.Flags().StringVar(&f.auto, "auto", "", a.say.text("flag-auto"))
	c.Flags().IntVar(&f.polls, "auto-polls", 0, a.say.text("flag-auto-polls"))
	c.Flags().DurationVar(&f.after, "auto-after", 0, a.say.text("flag-auto-after"))
	c.Flags().BoolVar(&f.withStdin, "with-stdin", false, a.say.text("flag-with-stdin"))
}

// customer is what the flags say of the simulated customer; ok is false if they say nothing.
func (f serveFlags) customer() (auto string, ok bool) {
	if f.auto == "" && f.polls == 0 && f.after == 0 {
		return "", false
	}
	return cmp.Or(f.auto, "pay"), true
}

// errListen marks a sandbox that found no place to listen.
var errListen = errors.New("the sandbox did not start")

func (a *app) sendy() *cobra.Command {
	var f serveFlags
	var terminals []string
	c := &cobra.Command{Use: "sendy", Short: a.say.text("sendy"), Args: cobra.NoArgs}
	a.addServeFlags(c, &f)
	c.Flags().StringArrayVar(&terminals, "terminal", nil, a.say.text("flag-terminal"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, err := sendyOptions(f, terminals, a.lang)
		if err != nil {
			return usageError{err}
		}
		s, err := sandbox.New(o)
		if err != nil {
			return fmt.Errorf("%w: %w", errListen, err)
		}
		return a.serve(c.Context(), "sendy", s, f, func() any { return nil })
	}
	return c
}

func sendyOptions(f serveFlags, terminals []string, lang string) (sandbox.Options, error) {
	o := sandbox.Options{Data: f.data, Lang: lang}
	if auto, ok := f.customer(); ok {
		s := sandbox.DefaultSettings()
		s.Auto, s.AutoPolls, s.AutoAfter = auto, f.polls, sdk.Duration(f.after)
		if err := s.Validate(); err != nil {
			return o, err
		}
		o.Settings = &s
	}
	for _, text := range terminals {
		id, code, _ := strings.Cut(text, ":")
		if id == "" {
			return o, fmt.Errorf("--terminal %q is not ID:CODE", text)
		}
		o.Terminals = append(o.Terminals, sandbox.TerminalWish{ID: id, Code: code})
	}
	return o, nil
}

// serve runs a sandbox until it is told to stop. Once it listens, banks is asked where its banks are.
func (a *app) serve(ctx context.Context, name string, s server, f serveFlags, banks func() any) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Start(f.listen); err != nil {
		return fmt.Errorf("%w: %w", errListen, err)
	}
	r := ready{Name: name, URL: s.URL(), Control: s.URL() + "/control", Phone: s.URL() + "/phone", PID: os.Getpid(), Banks: banks()}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // a script reads links out of it
	if err := enc.Encode(r); err != nil {
		return err
	}
	line := bytes.TrimSpace(text.Bytes())
	if a.ready != "" {
		if err := writeReady(a.ready, line); err != nil {
			return fmt.Errorf("%w: %w", errListen, err)
		}
		defer os.Remove(a.ready)
	}
	if _, err := fmt.Fprintf(a.out, "%s\n", line); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-s.ShutdownAsked():
	case <-a.stdinEnds(f.withStdin):
	}
	return nil
}

// stdinEnds is closed when the standard input ends, so that a sandbox does not outlive the script that started it.
func (a *app) stdinEnds(watch bool) <-chan struct{} {
	if !watch {
		return nil
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, a.in)
		close(ended)
	}()
	return ended
}

// writeReady puts the line at path in one step, so that who waits for the file never reads half of it.
func writeReady(path string, line []byte) error {
	part, err := os.CreateTemp(filepath.Dir(path), ".ready-*")
	if err != nil {
		return err
	}
	_, err = part.Write(append(line, '\n'))
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return nil
}

func readReady(path string) (ready, error) {
	var r ready
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	return r, err
}
