//go:build !linux

package journal_test

import "errors"

func onBadDisks(string) error { return errors.New("small disks are mounted on Linux only") }
