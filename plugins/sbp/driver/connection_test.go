package driver

import (
	"io"
	sockets "net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/provider"
)

// plainWire passes connections on to an address, and counts them.
func plainWire(t *testing.T, to string, count *atomic.Int32) (address string) {
	t.Helper()
	l, err := sockets.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			far, err := sockets.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				return
			}
			for _, ends := range [][2]sockets.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(ends[0], ends[1])
					_ = ends[0].Close()
				}()
			}
		}
	}()
	return l.Addr().String()
}

func TestOneConnectionIsKeptForAPaymentAndItsInquiries(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			var count atomic.Int32
			c := newCounter(t, w.mode, func(s *Settings) {
				server := map[string]*string{bank.RaiffeisenID: &s.RaiffeisenServer, bank.GazprombankID: &s.GazprombankServer, bank.RSBID: &s.RSBServer}[w.bank]
				u, err := url.Parse(*server)
				if err != nil {
					t.Fatal(err)
				}
				u.Host = plainWire(t, u.Host, &count)
				*server = u.String()
			})
			op := c.shown(w, 500)
			for range 5 {
				c.want(provider.Waiting)(c.Inquire(t.Context(), op))
			}
			c.phone(c.box.Control().Pay, op)
			c.want(provider.Approved)(c.Inquire(t.Context(), op))
			if n := count.Load(); n != 1 {
				t.Errorf("%d connections were opened", n)
			}
		})
	}
}
