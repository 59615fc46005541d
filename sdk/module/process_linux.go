package module

import (
	"os"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// pathOf names an open file by its descriptor: nobody can put another file in its place. It is empty where there is no /proc.
func pathOf(file *os.File) string {
	path := "/proc/self/fd/" + strconv.Itoa(int(file.Fd()))
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

// waitable returns when the process has ended but is not reaped, so that its number still is its own.
func waitable(cmd *exec.Cmd) bool {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err == nil
		}
	}
}
