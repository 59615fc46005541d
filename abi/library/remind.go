package library

import "time"

// remind repeats Begin, under the same ref, while an operation with a secret among its parameters (a scanned code, a card) runs. A module
// that died meanwhile has lost the secret, and only asks after the operation until it hears it again; neither the host nor the module
// keeps it anywhere. To one that did not die the repetition says nothing new.
func (o *operation) remind() {
	first := o.s.l.options.Remind
	for begun := time.Now(); ; {
		select {
		case <-time.After(min(max(first, time.Since(begun)/6), time.Minute)):
		case <-o.ctx.Done():
			return
		}
		order := o.again()
		if order.Params == "" {
			return
		}
		if o.hasBegun() { // else follow repeats it
			_, _, _ = o.s.begins(o.ctx, order) // what became of it, the watch tells
		}
	}
}

// forgetSecrets forgets the parameters once nothing is sent for the operation any more. o.mu is held.
func (o *operation) forgetSecrets() {
	if o.begun && (o.view.OtherTender || o.view.Outcome.Final() && !o.view.Running) {
		o.order.Params = ""
	}
}
