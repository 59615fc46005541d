//go:build linux

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
)

// orders are what a cashier program of its own process is to do.
type orders struct {
	Home  string
	PosID string
	Order client.Order
}

// runCashier is the whole of a cashier program: it begins, watches, and says on stdout what it sees.
func runCashier(text string) int {
	err := func() error {
		var o orders
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return err
		}
		p, err := place.Find(o.Home)
		if err != nil {
			return err
		}
		ctx := context.Background()
		session, err := client.Open(ctx, client.Options{Place: p, PosID: o.PosID, Program: "cashier", Language: "en", StartHost: true, Flags: 4})
		if err != nil {
			return err
		}
		defer session.Close()
		op, _, err := session.Begin(ctx, o.Order)
		if err != nil {
			return err
		}
		fmt.Println("begun")
		return session.Watch(ctx, op.Ref, 0, func(e pay.Event) error {
			fmt.Println("event", e.Kind)
			return nil
		})
	}()
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	return 0
}

// cashier is a cashier program that can be killed.
type cashier struct {
	t       testing.TB
	process *exec.Cmd
	lines   *bufio.Scanner
}

// cashier starts a cashier program at a till.
func (s *shop) cashier(pos string, o client.Order) *cashier {
	s.t.Helper()
	o.Module = "sendy"
	text, err := json.Marshal(orders{Home: s.home, PosID: pos, Order: o})
	must(s.t, err)
	self, err := os.Executable()
	must(s.t, err)
	c := &cashier{t: s.t, process: exec.Command(self)}
	c.process.Env = append(os.Environ(), envCashier+"="+string(text))
	c.process.Stderr = os.Stderr
	out, err := c.process.StdoutPipe()
	must(s.t, err)
	c.lines = bufio.NewScanner(out)
	must(s.t, c.process.Start())
	s.t.Cleanup(c.kill)
	return c
}

// says waits until the program has said something.
func (c *cashier) says(want string) {
	c.t.Helper()
	var said []string
	for c.lines.Scan() {
		said = append(said, c.lines.Text())
		if c.lines.Text() == want {
			return
		}
	}
	c.t.Fatalf("the cashier program never said %q, but %s", want, strings.Join(said, ", "))
}

// shows waits until the program was told of an event.
func (c *cashier) shows(kind pay.EventKind) {
	c.t.Helper()
	c.says(fmt.Sprint("event ", int32(kind)))
}

// kill ends the program as a crash does.
func (c *cashier) kill() {
	if c.process.ProcessState == nil {
		_ = c.process.Process.Kill()
		_ = c.process.Wait() // says that it was killed
	}
}
