package module

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
)

// MaxMessage is the size of the largest message between host and module and between host and its clients, in bytes: a report may be long.
const MaxMessage = 64 << 20

const (
	protocol   = 1 // of the handshake; the services are versioned as packages
	pluginName = "module"
)

// handshake tells a module that a host started it. It is no secret and protects nothing.
func handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{MagicCookieKey: "PAYRACK_MODULE", MagicCookieValue: "5f0b7a61c7d94a1e"}
}

// glue is the go-plugin side of the service: the module's end has a server, the host's end gets a client.
type glue struct {
	plugin.NetRPCUnsupportedPlugin
	server modulev1.ModuleServiceServer
}

// GRPCServer registers the service in the module.
func (g *glue) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	modulev1.RegisterModuleServiceServer(s, g.server)
	return nil
}

// GRPCClient makes the host's end.
func (g *glue) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return modulev1.NewModuleServiceClient(conn), nil
}
