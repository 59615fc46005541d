//go:build !windows

package module

import (
	"os"
	"os/exec"
	"syscall"
)

// container is the process group that the module leads.
type container struct{}

func openProgram(path string) (*os.File, error) { return os.Open(path) }

// prepare gives the child a process group of its own, so that a terminal's Ctrl-C reaches the host only, and has the system run the
// very file that was hashed, where it can be named by its descriptor.
func prepare(cmd *exec.Cmd, held *os.File) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if path := pathOf(held); path != "" {
		cmd.Path = path
	}
}

func contain(*exec.Cmd) (container, error) { return container{}, nil }

func (container) kill(cmd *exec.Cmd) {
	if syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) != nil {
		_ = cmd.Process.Kill()
	}
}

func (container) close() {}

// baseEnv is what every program needs; proxies and locale belong to the module's own settings.
func baseEnv() []string {
	env := []string{"TMPDIR=" + os.TempDir()}
	for _, name := range []string{"PATH", "HOME", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
