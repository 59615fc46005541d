//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/payrack/payrack/internal/proof/torture/book"
	"github.com/payrack/payrack/internal/proof/torture/point"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// plan is what is to happen in a cycle. It is a matter of the seed and of the cycle's number alone, but for the payments that a refund may
// return.
type plan struct {
	Recipe   string
	Orders   []book.Order
	Customer customer
	Faults   []sandbox.Fault
	Toxic    *toxic
	Sicken   time.Duration // when the toxic begins
	Heal     time.Duration // when faults and toxic end while the tills still wait; 0: once they do not
	Clock    time.Duration // of a module that starts from now on; 0: as before
	Victim   string        // who is struck at a boundary: "module" or "host"
	Strike   point.Order
	Kills    []kill
	Linger   time.Duration // before the tills go on
}

// kill ends processes at a moment.
type kill struct {
	Who   []string // till, host, module, sandbox
	After time.Duration
}

// customer is what the customer does with what is shown or scanned.
type customer struct {
	Does  string // pay, decline, nothing
	After time.Duration
}

// The provider's addresses, for faults.
const (
	paying    = "/pos/payment/o*"
	opening   = "/pos/payment/online"
	asking    = "/pos/payment/*"
	cancelled = "/pos/payment/*/cancel"
	refunding = "/pos/refund"
	closing   = "/pos/shift/close"
	counting  = "/pos/counters"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// chance makes the plans of a world.
type chance struct {
	*rand.Rand
	world string
	cycle int
	n     int
	paid  []payment // what can be refunded
}

func (c *chance) up(most int) time.Duration { return ms(c.IntN(most)) }

func (c *chance) one(of int) bool { return c.IntN(of) == 0 }

func pick[T any](c *chance, list ...T) T { return list[c.IntN(len(list))] }

// amount is mostly small; the sums of a world must tell payments apart.
func (c *chance) amount() pay.Amount { return pay.Amount(100 + c.IntN(900_000)) }

func (c *chance) order(kind pay.Kind) book.Order {
	c.n++
	o := book.Order{ID: fmt.Sprintf("%s-%d-%d", c.world, c.cycle, c.n), PosID: pick(c, "4", "4", "5"), Kind: kind, Ack: pick(c, pay.AckConfirm, pay.AckConfirm, pay.AckSeen)}
	if kind.Money() {
		o.Amount = c.amount()
	}
	return o
}

// offline is a payment by a scanned code. The code's last digits say what its customer does.
func (c *chance) offline(tail string) book.Order {
	o := c.order(pay.KindOffline)
	o.Params = params("code", fmt.Sprintf("SENDY-%08d%06d%s", c.cycle, c.n, tail))
	return o
}

func (c *chance) online() book.Order {
	o := c.order(pay.KindOnline)
	o.Params = params("system", "sendy")
	return o
}

// chosen is an online payment whose payment system the cashier chooses.
func (c *chance) chosen() book.Order {
	o := c.order(pay.KindOnline)
	o.Answer = pick(c, "wechat", "sendy")
	return o
}

// refund returns a part or all of a payment; without one it is a payment.
func (c *chance) refund() book.Order {
	if len(c.paid) == 0 {
		return c.offline("99")
	}
	p := pick(c, c.paid...)
	o := c.order(pay.KindRefund)
	o.PosID, o.Amount = p.pos, p.amount
	if c.one(2) {
		o.Amount = 1 + pay.Amount(c.Int64N(int64(p.amount)))
	}
	o.Params = params("original_ref", string(p.ref))
	return o
}

func params(name, value string) json.RawMessage {
	raw, err := json.Marshal(map[string]string{name: value})
	if err != nil {
		panic(err) // of two strings: it never happens
	}
	return raw
}

// recipes are lives of operations that lead to known boundaries.
func recipes() map[string]func(*chance, *plan) {
	return map[string]func(*chance, *plan){
		"offline":  func(c *chance, p *plan) { p.Orders = []book.Order{c.offline("99")} },
		"declined": func(c *chance, p *plan) { p.Orders = []book.Order{c.offline(pick(c, "05", "51", "14", "54"))} },
		"scanned": func(c *chance, p *plan) {
			p.Orders = []book.Order{c.offline(pick(c, "11", "12", "13"))}
			p.Customer = customer{pick(c, "pay", "pay", "decline"), c.up(300)}
		},
		"online": func(c *chance, p *plan) {
			p.Orders = []book.Order{c.online()}
			p.Customer = customer{"pay", c.up(300)}
		},
		"chosen": func(c *chance, p *plan) {
			p.Orders = []book.Order{c.chosen()}
			p.Customer = customer{"pay", c.up(200)}
		},
		"refused": func(c *chance, p *plan) {
			p.Orders = []book.Order{c.online()}
			p.Customer = customer{"decline", c.up(200)}
		},
		"look": func(c *chance, p *plan) { // the late look after a QR code that nobody paid
			p.Orders = []book.Order{c.online()}
			p.Customer = customer{"decline", c.up(50)}
			p.Linger = ms(900)
		},
		"cancelled": func(c *chance, p *plan) {
			o := c.online()
			o.Cancel = ms(60) + c.up(200)
			p.Orders = []book.Order{o}
			p.Customer = customer{pick(c, "nothing", "nothing", "pay"), c.up(300)}
		},
		"tidied": func(c *chance, p *plan) { // cancelled while the provider prepares
			o := c.online()
			o.Cancel = ms(80) + c.up(100)
			p.Orders = []book.Order{o}
			p.Faults = []sandbox.Fault{{Kind: sandbox.FaultDelay, Path: opening, Delay: sandbox.Duration(ms(400)), Work: true}}
		},
		"reversed": func(c *chance, p *plan) {
			o := c.offline("99")
			o.Ack = pay.AckReverse
			p.Orders = []book.Order{o}
		},
		"refund": func(c *chance, p *plan) { p.Orders = []book.Order{c.refund()} },
		"close": func(c *chance, p *plan) {
			p.Orders = []book.Order{c.order(pay.KindCloseDay)}
		},
		"report": func(c *chance, p *plan) {
			p.Orders = []book.Order{c.order(pay.KindReport)}
		},
		"lost": func(c *chance, p *plan) {
			p.Orders = []book.Order{c.offline("99")}
			p.Faults = []sandbox.Fault{{Kind: sandbox.FaultDrop, Path: paying, Work: c.one(2)}}
		},
		"deaf": func(c *chance, p *plan) { // nobody knows for a while
			p.Orders = []book.Order{c.offline("99")}
			deaf(p)
			p.Faults = append(p.Faults, sandbox.Fault{Kind: sandbox.FaultDrop, Path: paying, Work: true})
			p.Heal = ms(700) + c.up(300)
		},
		"late": func(c *chance, p *plan) { // given up, and paid after all
			o := c.offline("99")
			o.Cancel = ms(150) + c.up(50)
			if c.one(2) {
				o.Cancel, o.Reverse, o.Ack = 0, o.Cancel, pay.AckReverse
			}
			p.Orders = []book.Order{o}
			deaf(p)
			p.Faults = append(p.Faults, sandbox.Fault{Kind: sandbox.FaultLate, Path: paying, Delay: sandbox.Duration(ms(700))})
			p.Heal = ms(1200)
		},
		"orphan": func(c *chance, p *plan) { // the till dies in the customer's turn
			p.Orders = []book.Order{c.online()}
			p.Customer = customer{pick(c, "nothing", "pay"), ms(300) + c.up(600)}
			p.Kills = append(p.Kills, kill{[]string{"till"}, ms(150) + c.up(200)})
			p.Linger = ms(800)
		},
		"unprepared": func(c *chance, p *plan) {
			p.Orders = []book.Order{c.online()}
			p.Toxic = &toxic{Type: "cut"}
		},
		"cut off": func(c *chance, p *plan) { // the module dies while nothing can be paid yet, and again when it takes that up
			p.Orders = []book.Order{c.online()}
			p.Faults = []sandbox.Fault{{Kind: sandbox.FaultDelay, Path: pick(c, opening, counting), Delay: sandbox.Duration(ms(500)), Work: c.one(2)}}
			p.Kills = append(p.Kills, kill{[]string{"module"}, ms(150) + c.up(200)})
		},
		"resolved": func(c *chance, p *plan) {
			o := c.offline("99")
			o.Resolve = pick(c, "charged", "not")
			p.Orders = []book.Order{o}
			deaf(p)
			p.Faults = append(p.Faults, sandbox.Fault{Kind: sandbox.FaultDrop, Path: paying, Work: true})
			p.Heal = ms(900)
		},
		"anything": anything,
	}
}

// deaf has every look at what became of a payment, and every cancel, be lost.
func deaf(p *plan) {
	p.Faults = append(p.Faults, sandbox.Fault{Kind: sandbox.FaultDrop, Method: "GET", Path: asking, Count: -1},
		sandbox.Fault{Kind: sandbox.FaultDrop, Path: cancelled, Count: -1})
}

// anything is one operation or several, of any kind, of a till that does anything, at a provider that does anything.
func anything(c *chance, p *plan) {
	for range 1 + c.IntN(2) {
		o := pick(c, func() book.Order { return c.offline(pick(c, "99", "99", "99", "05", "11", "12", "13", "51")) }, c.online, c.chosen, c.refund,
			func() book.Order { return c.order(pick(c, pay.KindCloseDay, pay.KindReport)) })()
		if o.Kind.Payment() {
			o.Twice, o.Leave = c.one(4), c.one(6)
			if c.one(4) {
				o.Cancel = c.up(500)
			}
			if c.one(5) {
				o.Ack = pay.AckReverse
				if c.one(2) {
					o.Reverse = c.up(500)
				}
			}
		}
		p.Orders = append(p.Orders, o)
	}
	p.Customer = customer{pick(c, "pay", "pay", "decline", "nothing"), c.up(500)}
	for range c.IntN(3) {
		p.Faults = append(p.Faults, anyFault(c))
	}
}

// anyFault is something that the provider does wrong once or twice.
func anyFault(c *chance) sandbox.Fault {
	f := sandbox.Fault{Kind: pick(c, sandbox.FaultDrop, sandbox.FaultDrop, sandbox.FaultLate, sandbox.FaultDelay, sandbox.FaultStatus, sandbox.FaultHTML,
		sandbox.FaultGarbage, sandbox.FaultHalf, sandbox.FaultTwice, sandbox.FaultNotFound, sandbox.FaultSum, sandbox.FaultKey, sandbox.FaultNumber,
		sandbox.FaultCurrency, sandbox.FaultCase, sandbox.FaultNewStatus, sandbox.FaultExtra),
		Path: pick(c, paying, asking, cancelled, refunding, closing, counting), Count: 1 + c.IntN(2), Skip: c.IntN(2), Work: c.one(2)}
	if f.Kind == sandbox.FaultDelay || f.Kind == sandbox.FaultLate {
		f.Delay = sandbox.Duration(c.up(400))
	}
	return f
}

// draw makes the plan of a cycle: two of three strike at a boundary, the third kills at random moments.
func (c *chance) draw(at *boundary) plan {
	p := plan{}
	if at != nil {
		p.Recipe = at.recipes[c.IntN(len(at.recipes))]
	} else {
		p.Recipe = "anything"
	}
	recipes()[p.Recipe](c, &p)
	if c.one(5) {
		p.Clock = pick(c, -time.Hour, time.Hour, -24*time.Hour, 26*time.Hour, -3*time.Second, 7*time.Second)
	}
	if at != nil {
		p.Victim = at.victim
		p.Strike = point.Order{ID: int64(c.cycle) + 1, Point: at.name}
		if at.often && c.one(2) {
			p.Strike.Skip = c.IntN(4)
		}
		if at.victim == "module" && at.writes() && c.one(6) {
			p.Strike.Full = ms(200) + c.up(600)
		}
		return p
	}
	switch c.IntN(12) {
	case 0: // something on the wire only
		p.Toxic, p.Sicken = anyToxic(c), c.up(200)
	case 1, 2:
		p.Toxic, p.Sicken = anyToxic(c), c.up(200)
		p.Kills = append(p.Kills, anyKill(c))
	case 3: // two deaths, one after the other
		p.Kills = append(p.Kills, anyKill(c), anyKill(c))
	default:
		p.Kills = append(p.Kills, anyKill(c))
	}
	return p
}

// inShop is the plan of a cycle with the programs as they ship, which take their time: nothing waits for long in it.
func (c *chance) inShop() plan {
	p := plan{Recipe: pick(c, "offline", "offline", "declined", "online", "reversed", "refund", "close", "lost")}
	recipes()[p.Recipe](c, &p)
	p.Kills = []kill{{pick(c, []string{"till"}, []string{"host"}, []string{"module"}, []string{"host", "module"}, []string{"sandbox"},
		[]string{"till", "host", "module", "sandbox"}), c.up(20 + c.IntN(300))}}
	return p
}

func anyToxic(c *chance) *toxic {
	t := pick(c, toxics()...)
	return &t
}

func anyKill(c *chance) kill {
	who := pick(c, []string{"till"}, []string{"host"}, []string{"module"}, []string{"module"}, []string{"sandbox"}, []string{"host", "module"},
		[]string{"module", "sandbox"}, []string{"till", "host"}, []string{"till", "host", "module", "sandbox"})
	return kill{who, c.up(20 + c.IntN(400))}
}
