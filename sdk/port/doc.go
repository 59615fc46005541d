// Package port speaks to what hangs on a serial port of the till: a code scanner and a customer's display.
//
// The library behind it opens the port; nothing outside this package knows it. A device that is pulled out or not there yet is waited
// for, and never holds a payment up.
package port

import "time"

// Config names a port. Every device here speaks 8 data bits, no parity, one stop bit.
type Config struct {
	Name string // COM3, /dev/ttyUSB0, /dev/ttyACM0
	Baud int    // bits a second; 0: the device's usual
}

// idle is the silence after which a read returns.
const idle = 100 * time.Millisecond
