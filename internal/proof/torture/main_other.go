//go:build !linux

// Command torture kills real processes of an installation; it runs on Linux only.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "torture: runs on Linux only")
	os.Exit(3)
}
