//go:build !windows

package host

import (
	"context"
	"net"
)

func dialAddress(ctx context.Context, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", address)
}
