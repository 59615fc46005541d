//go:build !windows && !linux

package host

// undumpable: only Linux has such a switch.
func undumpable() {}
