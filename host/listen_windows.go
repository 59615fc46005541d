package host

import (
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// listen makes the pipe, which admits the user who runs the host, administrators and the system.
func listen(address string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, text.Refuse(pay.ErrConfig, "host.listen", map[string]any{"Address": address}, err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fail(err)
	}
	l, err := winio.ListenPipe(address, &winio.PipeConfig{
		SecurityDescriptor: "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;" + user.User.Sid.String() + ")",
		InputBufferSize:    64 << 10, OutputBufferSize: 64 << 10,
	})
	if err != nil {
		return fail(err)
	}
	return l, nil
}

func socketDir(string) string { return "" }

func groupOf(string) int { return -1 }
