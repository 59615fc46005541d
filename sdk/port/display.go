package port

import (
	"errors"
	"fmt"
	"time"
)

// DisplayBaud is the speed of the displays that speak the protocol of MERTECH's QR-PAY, by cable or by the port that their USB makes.
const DisplayBaud = 115200

// longestShown is the longest text that such a display takes, in bytes.
const longestShown = 1000

// Display is a small graphic display on a serial port that draws QR codes itself. It speaks the protocol of MERTECH's QR-PAY, which
// other makers took over: the text between 02 F2 02 with its length in two bytes, high one first, and 02 F2 03; words of its own
// between 02 F0 03 and 03.
type Display struct{ Config }

var (
	showHead = []byte{0x02, 0xf2, 0x02}
	showTail = []byte{0x02, 0xf2, 0x03}
	cls      = []byte("\x02\xf0\x03CLS\x03")
)

// Show draws payload as a QR code. The port is open only meanwhile, so that a display may be pulled out and put in again.
func (d Display) Show(payload string) error {
	if payload == "" || len(payload) > longestShown {
		return fmt.Errorf("show a QR code on the display: %d bytes, it takes 1 to %d", len(payload), longestShown)
	}
	frame := append([]byte{}, showHead...)
	frame = append(frame, byte(len(payload)>>8), byte(len(payload)))
	frame = append(frame, payload...)
	return d.send(append(frame, showTail...))
}

// Clear takes down what is shown.
func (d Display) Clear() error { return d.send(cls) }

// patience is how long a display may take. One that holds the line up for ever is given up, so that the code can go elsewhere.
const patience = 3 * time.Second

func (d Display) send(frame []byte) error {
	sent := make(chan error, 1)
	go func() { sent <- d.write(frame) }()
	select {
	case err := <-sent:
		return err
	case <-time.After(patience):
		return fmt.Errorf("send to the display on %s: it takes nothing", d.Name)
	}
}

func (d Display) write(frame []byte) error {
	c := d.Config
	if c.Baud == 0 {
		c.Baud = DisplayBaud
	}
	p, err := Open(c)
	if err != nil {
		return err
	}
	_, err = p.Write(frame)
	if err = errors.Join(err, p.Close()); err != nil {
		return fmt.Errorf("send to the display on %s: %w", c.Name, err)
	}
	return nil
}
