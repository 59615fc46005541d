package shell

import (
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Customer is where QR codes are shown besides the till's own screen: a display, the receipt's tape, a file. Show and Hide are called with
// an operation's lock held: they note what is to be done and return at once.
type Customer interface {
	// Show puts up the code of an operation and says where it goes first.
	Show(ref pay.Ref, payload string) (place string)
	// Hide takes it down everywhere: it is paid, out of date or cancelled.
	Hide(ref pay.Ref)
	// NotPrinted says that the till could not print the code.
	NotPrinted(ref pay.Ref)
}

// paperID is the id of the prompt that asks a till to print a code. It is no prompt of the engine's: nothing about money waits for it.
const paperID = "qr-tape"

// ShowAt tells the till once more of the code that its customer can pay now, since it went to another place than was said before.
func (s *Shell) ShowAt(ref pay.Ref, place string) {
	o, _ := s.hold(ref)
	if o == nil {
		return
	}
	defer s.release(o)
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.events) - 1; i >= 0; i-- {
		switch e := o.events[i]; e.Kind {
		case pay.EvQRHide:
			return
		case pay.EvQRShow:
			e.Place = place
			o.numberLocked(&e)
			o.keepLocked(e)
			return
		}
	}
}

// Print asks the till to print the code of an operation, as text that is drawn already or by pr_slip. Without a code it does nothing.
func (s *Shell) Print(ref pay.Ref, tape string) {
	o, _ := s.hold(ref)
	if o == nil {
		return
	}
	defer s.release(o)
	if _, _, shown := s.Shown(ref); !shown {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	e := pay.Event{Kind: pay.EvPrint, ID: paperID, Reason: "qr", Text: tape}
	o.numberLocked(&e)
	o.paper = e.Number
	o.keepLocked(e)
}

// printed takes the till's word about the code on the tape; false: the number is of another prompt.
func (o *operation) printed(number int64, value string) (ours bool, err error) {
	o.mu.Lock()
	if number == 0 || number != o.paper {
		o.mu.Unlock()
		return false, nil
	}
	if value != "0" && value != "1" {
		o.mu.Unlock()
		return true, text.Refuse(pay.ErrArgument, "refused.answer_yes_no", nil, nil)
	}
	o.paperGoneLocked()
	o.mu.Unlock()
	if value == "0" && o.s.o.Customer != nil {
		o.s.o.Customer.NotPrinted(o.ref)
	}
	return true, nil
}

// paperGoneLocked takes back the question whether the code is printed, so that no till is asked that comes later.
func (o *operation) paperGoneLocked() {
	if o.paper == 0 {
		return
	}
	o.paper = 0
	gone := pay.Event{Kind: pay.EvPromptGone, ID: paperID}
	o.numberLocked(&gone)
	o.keepLocked(gone)
}

// Scanned answers the one prompt that waits for a scanned code. Where none waits, or several do, the code belongs to nobody, and it says
// false.
func (s *Shell) Scanned(code string) bool {
	var waits *operation
	var number int64
	for _, o := range s.live() {
		o.mu.Lock()
		p, n := o.state.Prompt(), o.prompt
		o.mu.Unlock()
		if p == nil || n == 0 || p.Kind != pay.EvInput || p.Input != "scan" {
			continue
		}
		if waits != nil {
			return false
		}
		waits, number = o, n
	}
	return waits != nil && s.Answer(s.ctx, waits.ref, number, code, "scanner") == nil
}
