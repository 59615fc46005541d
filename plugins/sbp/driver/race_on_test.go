//go:build race

package driver

// raced says that the race detector watches, which makes every case several times as slow.
const raced = true
