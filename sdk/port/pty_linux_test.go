package port_test

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a pair of a pseudo-terminal: what the device does on one side, and the name of the port on the other.
func terminal(t *testing.T) (device *os.File, name string) {
	t.Helper()
	device, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = device.Close() })
	var number int
	raw, err := device.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	control := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if control != nil || err != nil {
		t.Fatal(control, err)
	}
	return device, fmt.Sprintf("/dev/pts/%d", number)
}
