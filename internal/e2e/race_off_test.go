//go:build linux && !race

package e2e

// raced says that hosts and modules are built with the race detector, because the tests are.
const raced = false
