package wire

import (
	"net/url"

	"github.com/payrack/payrack/sdk/pay"
)

// Paths beneath the service's address.
const (
	PathReservations = "v1/reservations"
	pathOperations   = "v1/operations/"
)

// PathConfirm is where a reservation is written off.
func PathConfirm(reservation string) string {
	return PathReservations + "/" + url.PathEscape(reservation) + "/confirm"
}

// PathCancel is where a reservation is let go, or what was written off is reversed.
func PathCancel(reservation string) string {
	return PathReservations + "/" + url.PathEscape(reservation) + "/cancel"
}

// PathOperation is where an operation is asked after.
func PathOperation(operation string) string { return pathOperations + url.PathEscape(operation) }

// PathReturn is where the whole of what was written off is returned.
func PathReturn(operation string) string { return PathOperation(operation) + "/return" }

// Reserve asks for a reservation of what public funds pay of a receipt. It moves no money. OperationID is the engine's key: the same one with the
// same content is the same reservation, with other content it is refused.
type Reserve struct {
	OperationID  string  `json:"operation_id"`
	EnterpriseID string  `json:"enterprise_id"`
	MerchantID   string  `json:"merchant_id"`
	SPCode       string  `json:"sp_code"`
	TerminalNo   string  `json:"terminal_no"`
	Card         Card    `json:"card"`
	Receipt      Receipt `json:"receipt"`
}

// Card is the customer's as a pin pad names it: never by its number.
type Card struct {
	PanHash string `json:"pan_hash,omitempty"`
	PAR     string `json:"par,omitempty"`
}

// Receipt is the whole receipt. Total is in kopecks.
type Receipt struct {
	ID    string `json:"id"`
	Total int64  `json:"total"`
	Items []Item `json:"items"`
}

// Item is a position of the receipt: quantity in thousandths, price and sum in kopecks.
type Item struct {
	Position int    `json:"pos"`
	Barcode  string `json:"barcode,omitempty"`
	Name     string `json:"name"`
	Quantity int64  `json:"qty_milli"`
	Price    int64  `json:"price"`
	Sum      int64  `json:"sum"`
}

// Items are the positions of a basket.
func Items(basket []pay.Item) []Item {
	list := make([]Item, len(basket))
	for i, b := range basket {
		list[i] = Item{Position: b.Position, Barcode: b.Barcode, Name: b.Name, Quantity: b.Quantity, Price: int64(b.Price), Sum: int64(b.Sum)}
	}
	return list
}

// Confirm writes a reservation off. Sum is in kopecks and has to be what was approved.
type Confirm struct {
	OperationID string `json:"operation_id"`
	Sum         int64  `json:"sum"`
}

// Expect is the state that a cancel is meant for.
type Expect string

// What a cancel may expect.
const (
	ExpectReserved  Expect = "RESERVED"  // a reservation is let go
	ExpectConfirmed Expect = "CONFIRMED" // what was written off goes back, all of it
)

// Cancel undoes what stands in the state that it expects, and nothing else. CancelID is a key of the engine's own.
type Cancel struct {
	CancelID string `json:"cancel_id"`
	Expect   Expect `json:"expect"`
}

// Return gives back all that was written off. Sum is in kopecks and has to be the whole confirmed sum.
type Return struct {
	CancelID string `json:"cancel_id"`
	Sum      int64  `json:"sum"`
}
