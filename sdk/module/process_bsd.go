//go:build !windows && !linux

package module

import (
	"os"
	"os/exec"
)

func pathOf(*os.File) string { return "" }

// waitable: what a module left behind is not looked for here, since its number may be another's by then.
func waitable(*exec.Cmd) bool { return false }
