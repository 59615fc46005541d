package port_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/payrack/payrack/sdk/port"
	"github.com/payrack/payrack/sdk/port/porttest"
)

// scanning starts a scanner and gives what it says: that it is there or not, and codes.
func scanning(t *testing.T, name string) (codes chan string, there chan error) {
	t.Helper()
	codes, there = make(chan string, 16), make(chan error, 16)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		port.Scanner(ctx, port.Config{Name: name}, func(c string) { codes <- c }, func(err error) { there <- err })
	}()
	t.Cleanup(func() { stop(); <-ended })
	return codes, there
}

func TestAScannedCodeArrivesWithoutWhatTheScannerPutsAroundIt(t *testing.T) {
	device, name := porttest.Terminal(t)
	codes, there := scanning(t, name)
	if err := <-there; err != nil {
		t.Fatal(err)
	}
	for sent, want := range map[string]string{
		"134567890123456768\r\n":                   "134567890123456768",
		"\x02]Q1https://qr.nspk.ru/AS10\x03\n":     "https://qr.nspk.ru/AS10",
		"\r\n  https://qr.nspk.ru/BS1A?type=01 \r": "https://qr.nspk.ru/BS1A?type=01",
		"without an end":                           "without an end",
	} {
		if _, err := device.WriteString(sent); err != nil {
			t.Fatal(err)
		}
		if got := <-codes; got != want {
			t.Errorf("%q came as %q, want %q", sent, got, want)
		}
	}
}

func TestAScannerThatIsPutInAgainIsFoundAgain(t *testing.T) {
	device, name := porttest.Terminal(t)
	link := filepath.Join(t.TempDir(), "scanner")
	codes, there := scanning(t, link)
	if err := <-there; err == nil {
		t.Fatal("a scanner that is not there was found")
	}
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	if err := <-there; err != nil {
		t.Fatal(err)
	}
	_, _ = device.WriteString("1\r")
	if got := <-codes; got != "1" {
		t.Errorf("came %q", got)
	}
	other, second := porttest.Terminal(t)
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(second, link); err != nil {
		t.Fatal(err)
	}
	_ = device.Close() // pulled out
	if err := <-there; err == nil {
		t.Error("nobody heard that the scanner is gone")
	}
	if err := <-there; err != nil {
		t.Error(err)
	}
	_, _ = other.WriteString("2\r")
	if got := <-codes; got != "2" {
		t.Errorf("came %q", got)
	}
}

func TestAPortWhoseDeviceWasPulledOutIsNotTakenForASilentOne(t *testing.T) {
	device, name := porttest.Terminal(t)
	p, err := port.Open(port.Config{Name: name, Baud: port.ScannerBaud})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	one := make([]byte, 1)
	if n, err := p.Read(one); n != 0 || err != nil {
		t.Fatalf("a silence is %d bytes, %v", n, err)
	}
	if err := device.Close(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := p.Read(one); err == nil {
			t.Fatal("a device that is gone counts as silent")
		}
	}
}

func TestADisplayIsSentTheCodeAndItsEnd(t *testing.T) {
	device, name := porttest.Terminal(t)
	d := port.Display{Config: port.Config{Name: name}}
	payload := "https://qr.nspk.ru/AS10003P3RH0LJ2A9ROO038L6NT5RU1M?type=01&bank=000000000001&sum=10000&cur=RUB&crc=F3D0"
	keep, err := os.OpenFile(name, os.O_RDWR, 0) // while nobody has the other side, a pseudo-terminal loses what waits
	if err != nil {
		t.Fatal(err)
	}
	defer keep.Close()
	if err := d.Show(payload); err != nil {
		t.Fatal(err)
	}
	want := "\x02\xf2\x02\x00" + string(rune(len(payload))) + payload + "\x02\xf2\x03"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(device, got); err != nil || string(got) != want {
		t.Errorf("sent %q, %v\nwant %q", got, err, want)
	}
	if err := d.Clear(); err != nil {
		t.Fatal(err)
	}
	got = make([]byte, 7)
	if _, err := io.ReadFull(device, got); err != nil || string(got) != "\x02\xf0\x03CLS\x03" {
		t.Errorf("sent %q, %v", got, err)
	}
	if d.Show("") == nil || (port.Display{Config: port.Config{Name: name + "-gone"}}).Clear() == nil {
		t.Error("what cannot be shown is no error")
	}
}

func TestADisplayThatHoldsTheLineUpIsGivenUp(t *testing.T) {
	_, name := porttest.Terminal(t)
	keep, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer keep.Close()
	if err := unix.IoctlSetInt(int(keep.Fd()), unix.TCXONC, unix.TCOOFF); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- port.Display{Config: port.Config{Name: name}}.Show("https://qr.nspk.ru/AS10") }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("what was never taken counts as shown")
		}
	case <-time.After(10 * time.Second):
		t.Error("it is waited for without end")
	}
	if err := unix.IoctlSetInt(int(keep.Fd()), unix.TCXONC, unix.TCOON); err != nil { // lets the writer go
		t.Fatal(err)
	}
}
