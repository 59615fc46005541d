// Command gendoor writes from payrack.h door.c, one C function around each export of Go; stdcall_windows.c, its twin for callers that know
// only stdcall; and utf16_windows.c, its twin for those whose texts are UTF-16.
//
// It runs in the folder of payrack.h, by go generate; a test says when its output is stale.
package main

import (
	"fmt"
	"os"

	"github.com/payrack/payrack/abi/header"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gendoor:", err)
		os.Exit(1)
	}
}

func run() error {
	raw, err := os.ReadFile("payrack.h")
	if err != nil {
		return err
	}
	functions, err := header.Parse(string(raw))
	if err != nil {
		return err
	}
	for name, source := range header.Sources(functions) {
		if err := os.WriteFile(name, []byte(source), 0o644); err != nil {
			return err
		}
	}
	return nil
}
