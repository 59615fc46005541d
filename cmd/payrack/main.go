// Command payrack is the technician's command line: a client of the payrack host, and the program that the host itself is.
//
// Results go to standard output, everything else to standard error; exit codes stand in `payrack help exit-codes`.
package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	os.Exit(realMain())
}

// realMain runs the command line of this process and gives its exit code.
func realMain() int {
	interrupts := make(chan os.Signal, 4)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupts)
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	a := &app{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Env: os.Getenv, Now: time.Now, Program: program, Interrupts: interrupts,
	}
	return a.run(os.Args[1:])
}
