package sandbox

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
)

// Bank names one of the banks.
type Bank string

// The banks.
const (
	Raiffeisen  Bank = "raiffeisen"
	Gazprombank Bank = "gazprombank"
	RSB         Bank = "rsb"
)

// Banks are all of them.
func Banks() []Bank { return []Bank{Raiffeisen, Gazprombank, RSB} }

// member is a bank's number at NSPK. They are made up, so that no link leads to a real bank.
func (b Bank) member() string {
	return map[Bank]string{Raiffeisen: "100000000907", Gazprombank: "100000000901", RSB: "100000000914"}[b]
}

// The cash links that a new sandbox has.
const (
	raiffeisenLink  = "AS1R0000000000000000000000RAIF01"
	gazprombankLink = "AS1R00000000000000000000000GPB01"
	rsbLink         = "AS1R00000000000000000000000RSB01"
)

// Types of a payment link.
const (
	linkStatic  = "01"
	linkDynamic = "02"
)

// placeholderCRC is what the banks' own samples carry instead of a checksum.
const placeholderCRC = "C08B"

// payload is the text of a payment link. Kopecks are left out when they are 0.
func payload(qrcID, kind string, bank Bank, kopecks int64, placeholder bool) string {
	link := "https://qr.nspk.ru/" + qrcID + "?type=" + kind + "&bank=" + bank.member()
	if kopecks > 0 {
		link += "&sum=" + strconv.FormatInt(kopecks, 10) + "&cur=" + currency
	}
	crc := checksum(link)
	if placeholder {
		crc = placeholderCRC
	}
	return link + "&crc=" + crc
}

// checksum is CRC-16/CCITT-FALSE over the link, as four capital digits.
func checksum(link string) string {
	crc := uint16(0xFFFF)
	for _, c := range []byte(link) {
		crc ^= uint16(c) << 8
		for range 8 {
			high := crc&0x8000 != 0
			crc <<= 1
			if high {
				crc ^= 0x1021
			}
		}
	}
	return fmt.Sprintf("%04X", crc)
}

// newID is an identifier of 32 characters as NSPK makes them: digits and the letters A to V.
func newID(prefix string) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
	var random [32]byte
	_, _ = rand.Read(random[:]) // does not fail
	for i := range random {
		random[i] = letters[random[i]%32]
	}
	return prefix + string(random[len(prefix):])
}

// newNumber is a bank's own number of an operation. It is not counted from 1, so that a sandbox that was started afresh does not
// issue the numbers of the one before it.
func newNumber() int64 {
	var random [8]byte
	_, _ = rand.Read(random[:])
	n := int64(0)
	for _, b := range random {
		n = n<<8 | int64(b)
	}
	return 1e11 + (n&0x7FFFFFFFFFFFFFFF)%9e11
}

// keyIn is the key of an operation that a text carries: its first run of 32 hexadecimal digits. Without one it is otherwise.
func keyIn(text, otherwise string) string {
	const size = 32
	run := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && isHex(text[i]) {
			run++
			continue
		}
		if run == size {
			return strings.ToLower(text[i-size : i])
		}
		run = 0
	}
	return otherwise
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
