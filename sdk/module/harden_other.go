//go:build !windows && !linux

package module

// undumpable: only Linux has such a switch.
func undumpable() {}
