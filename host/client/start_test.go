//go:build !windows

package client_test

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/client/clienttest"
	"github.com/payrack/payrack/sdk/pay"
)

// openFiles lists what this process has open, as JSON; empty where the system does not tell.
func openFiles() string {
	var links []string
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			links = append(links, to)
		}
	}
	doc, _ := json.Marshal(links)
	return string(doc)
}

func starting(t *testing.T, mode string) client.Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PAYRACK_TEST_HOST", mode)
	return client.Options{Place: installation(t), PosID: "4", StartHost: true, HostProgram: self}
}

// endHost ends the host that the session started, and waits until it is gone.
func endHost(t *testing.T, s *client.Session) {
	t.Helper()
	pid := int(s.HostPID())
	if pid == os.Getpid() || pid == 0 {
		t.Fatalf("the host's pid is %d", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("end the host: %v", err)
	}
}

func TestAHostIsStartedWhereNoneRunsAndAgainAfterItsDeath(t *testing.T) {
	s, err := client.Open(t.Context(), starting(t, "serve"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first := s.HostPID()
	if group, err := syscall.Getpgid(int(first)); err != nil || group != int(first) {
		t.Errorf("the host is in the group %d of its starter (%v)", group, err)
	}
	endHost(t, s)
	if _, _, err := s.Begin(t.Context(), online("r1", clienttest.Approve)); err != nil {
		t.Fatal(err)
	}
	defer endHost(t, s)
	if s.HostPID() == first {
		t.Error("no new host")
	}
}

func TestAHostInheritsNoneOfTheCallersFiles(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("the system does not tell what a process has open")
	}
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil { // without close-on-exec, as C programs open their files
		t.Fatal(err)
	}
	defer syscall.Close(pipe[0])
	defer syscall.Close(pipe[1])
	s, err := client.Open(t.Context(), starting(t, "serve"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer endHost(t, s)
	doc, err := s.Info(t.Context(), "", "files")
	if err != nil || strings.Contains(string(doc), "pipe:") {
		t.Errorf("the host has open: %s, %v", doc, err)
	}
}

func TestAHostThatEndsAtOnceIsReportedWithItsReasonAndItsLog(t *testing.T) {
	o := starting(t, "broken")
	_, err := client.Open(t.Context(), o)
	if pay.CodeOf(err) != pay.ErrHostStart {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "What to do") {
		t.Errorf("%q tells the hint of the cause", err)
	}
	for _, part := range []string{"did you mean SlipWidth?", o.Place.Log(), "exit code 3"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
}

func TestAHostThatFindsAnotherOneIsWaitedFor(t *testing.T) {
	o := starting(t, "busy")
	h := clienttest.New(o.Place)
	defer h.Kill()
	started := make(chan error, 1)
	opened := make(chan error, 1)
	go func() {
		s, err := client.Open(t.Context(), o)
		if err == nil {
			s.Close()
		}
		opened <- err
	}()
	go func() { started <- h.Start() }()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestAHostProgramThatIsMissingIsReported(t *testing.T) {
	o := starting(t, "serve")
	o.HostProgram = ""
	if _, err := client.Open(t.Context(), o); pay.CodeOf(err) != pay.ErrHostStart || !strings.Contains(err.Error(), o.Place.Program()) {
		t.Errorf("got %v", err)
	}
}
