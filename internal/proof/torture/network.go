//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// wire is the connection between module and sandbox.
type wire struct {
	proxy *toxiproxy.Proxy
	to    string
	n     int
}

// lay lays a wire to an address.
func lay(to string) (*wire, error) {
	w := &wire{to: to}
	return w, w.start("127.0.0.1:0")
}

func (w *wire) start(listen string) error {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	w.proxy = toxiproxy.NewProxy(server, "provider", listen, w.to)
	return w.proxy.Start()
}

func (w *wire) url() string { return "http://" + w.proxy.Listen }

// sicken has something go wrong with the wire, from now on.
func (w *wire) sicken(t toxic) error {
	if t.Type == "cut" {
		w.proxy.Stop()
		return nil
	}
	w.n++
	text := fmt.Sprintf(`{"name":"t%d","type":%q,"stream":%q,"toxicity":1,"attributes":{%s}}`, w.n, t.Type, t.Stream, t.Attributes)
	_, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(text))
	return err
}

// heal lays the wire anew, at the same address. What was on it is lost. Some connection of somebody else may have got its port meanwhile,
// for a moment.
func (w *wire) heal() (err error) {
	listen := w.proxy.Listen
	w.proxy.Stop()
	awaits(context.Background(), starting, func() bool {
		err = w.start(listen)
		return err == nil
	})
	return err
}

// toxic is what goes wrong. The streams are as seen from the module: upstream is what it sends.
type toxic struct {
	Type       string `json:"type"` // cut, latency, timeout, reset_peer, limit_data, slicer, slow_close, bandwidth
	Stream     string `json:"stream,omitempty"`
	Attributes string `json:"attributes,omitempty"`
}

func (t toxic) String() string { return strings.TrimSpace(t.Type + " " + t.Stream) }

// toxics are all that can happen to the wire: cut, lost halfway, cut off after some bytes, half-closed late, slow.
func toxics() []toxic {
	return []toxic{
		{Type: "cut"},
		{Type: "timeout", Stream: "upstream", Attributes: `"timeout":150`},   // what was sent is lost, then the connection is closed
		{Type: "timeout", Stream: "downstream", Attributes: `"timeout":150`}, // what was answered is lost, then the connection is closed
		{Type: "reset_peer", Stream: "upstream", Attributes: `"timeout":20`},
		{Type: "reset_peer", Stream: "downstream", Attributes: `"timeout":20`},
		{Type: "limit_data", Stream: "upstream", Attributes: `"bytes":200`}, // half a request
		{Type: "limit_data", Stream: "downstream", Attributes: `"bytes":60`},
		{Type: "slow_close", Stream: "downstream", Attributes: `"delay":300`}, // half-closed for a while
		{Type: "slow_close", Stream: "upstream", Attributes: `"delay":300`},
		{Type: "latency", Stream: "downstream", Attributes: `"latency":200,"jitter":100`},
		{Type: "slicer", Stream: "downstream", Attributes: `"average_size":20,"size_variation":10,"delay":2000`},
	}
}
