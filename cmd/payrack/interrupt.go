package main

import "context"

// onInterrupt says what Ctrl-C does from now on; nil: it ends the command.
func (a *app) onInterrupt(do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.interrupted = do
}

// heed passes Ctrl-C on until the channel or ctx ends.
func (a *app) heed(ctx context.Context, stop context.CancelFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-a.Interrupts:
			if !open {
				return
			}
			a.mu.Lock()
			do := a.interrupted
			a.mu.Unlock()
			if do == nil {
				stop()
				return
			}
			do()
		}
	}
}
