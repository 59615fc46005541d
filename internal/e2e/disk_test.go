//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// onSmallDisk runs the test again in a view of the disks of its own, where it may mount one. It returns the folder in which it may, or ""
// in the process that only started it.
func onSmallDisk(t *testing.T) (folder string) {
	t.Helper()
	const envDisk = "PAYRACK_E2E_DISK"
	if folder := os.Getenv(envDisk); folder != "" {
		if err := syscall.Mount("none", folder, "tmpfs", 0, "size=6m"); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	t.Parallel()
	if out, err := exec.Command("unshare", "-Urm", "true").CombinedOutput(); err != nil {
		t.Skipf("a full disk cannot be had here: unshare -Urm: %v %s", err, out)
	}
	self, err := os.Executable()
	must(t, err)
	again := exec.Command("unshare", "-Urm", self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=3m")
	folder, err = os.MkdirTemp("", "pr-disk-")
	must(t, err)
	defer os.RemoveAll(folder)
	again.Env = append(os.Environ(), envDisk+"="+folder, envPrograms+"="+programs)
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("on the small disk: %v\n%s", err, out)
	}
	return ""
}

// diskShop is an installation whose data lies on the small disk: all of it, or the module's only.
func diskShop(t *testing.T, disk string, all bool) *shop {
	s := bareShop(t)
	data, module := filepath.Join(disk, "data"), filepath.Join(disk, "data", "modules", "sendy")
	if !all {
		data = filepath.Join(s.data, "..", "data")
		module = filepath.Join(data, "modules", "sendy")
	}
	must(t, os.WriteFile(filepath.Join(s.home, "payrack.ini"), []byte("Data="+data+"\n"), 0o644))
	must(t, os.MkdirAll(filepath.Dir(module), 0o755))
	if all {
		must(t, os.Mkdir(module, 0o755))
	} else {
		must(t, os.Symlink(disk, module))
	}
	var err error
	s.place, err = place.Find(s.home)
	must(t, err)
	ini, err := os.ReadFile(s.settingsFile())
	must(t, err)
	must(t, os.WriteFile(filepath.Join(s.place.ModuleData("sendy"), "sendy.ini"), ini, 0o644))
	s.activate()
	return s
}

// fill leaves no byte on the disk; the returned function gives all back.
func fill(t *testing.T, disk string) (free func()) {
	t.Helper()
	ballast := filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	must(t, err)
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	must(t, f.Close())
	return func() { must(t, os.Remove(ballast)) }
}

func TestOnAFullDiskNothingIsSentThatIsNotWritten(t *testing.T) {
	disk := onSmallDisk(t)
	if disk == "" {
		return
	}
	s := diskShop(t, disk, true)
	k := s.till("4")
	var orders []client.Order
	next := func() (client.Order, pay.Code) {
		o := k.offline(100, "")
		op, err := k.try(o)
		if err == nil {
			orders = append(orders, o)
			k.until(op.Ref, func(op pay.Operation) bool { return !op.Running })
		}
		return o, pay.CodeOf(err)
	}
	next()
	free := fill(t, disk)
	var refused client.Order
	for range 2000 { // what was set aside for the journal is used up first
		sent := len(s.requests("POST", paying))
		o, code := next()
		if code == pay.ErrJournal {
			if now := len(s.requests("POST", paying)); now != sent {
				t.Fatalf("refused, and sent all the same")
			}
			refused = o
			break
		}
		if code != 0 {
			t.Fatalf("%s: %s", o.Ref, code)
		}
	}
	if refused.Ref == "" {
		t.Fatal("the disk never was full")
	}
	free()
	var told pay.Amount
	s.eventually("payments go on", func() bool { op, err := k.try(refused); return err == nil && k.final(op.Ref).Outcome == pay.Approved })
	for _, o := range append(orders, refused) {
		told += k.final(o.Ref).ApprovedAmount
	}
	s.agrees(told)
	t.Logf("%d payments fitted", len(orders))
}

func TestAPaymentThatCannotBeWrittenDownAfterSendingIsUnknownUntilItCan(t *testing.T) {
	disk := onSmallDisk(t)
	if disk == "" {
		return
	}
	s := diskShop(t, disk, false)
	k, other := s.till("4"), s.till("5")
	s.arm(sandbox.Fault{Kind: "delay", Path: paying, Delay: sandbox.Duration(3 * time.Second), Work: true})
	op := k.begin(k.offline(100, ""))
	s.received(1, "POST", paying)
	free := fill(t, disk)
	var told pay.Amount
	var begun []pay.Ref
	for { // what was set aside for the journal is used up first
		small, err := other.try(other.offline(1, ""))
		if pay.CodeOf(err) == pay.ErrJournal {
			break
		}
		must(t, err)
		begun = append(begun, small.Ref)
		if !other.until(small.Ref, func(op pay.Operation) bool { return !op.Running }).Outcome.Final() {
			break
		}
	}
	if now := k.until(op.Ref, func(op pay.Operation) bool { return !op.Running }); now.Outcome != pay.Unknown || now.Text == "" || now.Hint == "" {
		t.Fatalf("%+v", now)
	}
	free()
	for _, ref := range append(begun, op.Ref) {
		done := k.final(ref)
		told += done.ApprovedAmount
	}
	if done := k.now(op.Ref); done.Outcome != pay.Approved {
		t.Fatalf("%+v", done)
	}
	s.agrees(told)
}

func TestOnAReadOnlyDiskNothingIsSent(t *testing.T) {
	disk := onSmallDisk(t)
	if disk == "" {
		return
	}
	s := diskShop(t, disk, false)
	s.stop()
	remount := func(flags uintptr) { must(t, syscall.Mount("none", disk, "", syscall.MS_REMOUNT|flags, "")) }
	remount(syscall.MS_RDONLY)
	k := s.till("4")
	e := k.refused(k.offline(100, ""), pay.ErrJournal)
	if h := k.health("sendy"); h.State != "blocked" || h.Code != pay.ErrJournal.String() || e.Hint == "" {
		t.Fatalf("%+v %+v", h, e)
	}
	remount(0)
	s.eventually("the module takes the journal when it can be written again", func() bool { return k.health("sendy").State == "ok" })
	if op := k.run(k.offline(100, "")); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	s.agrees(100)
}
