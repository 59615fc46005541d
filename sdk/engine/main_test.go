package engine

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain lets chance try more than rapid does by itself; -rapid.checks says otherwise.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "2000"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
