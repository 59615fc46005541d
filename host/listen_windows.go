package host

import (
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// listen makes the pipe, which admits the user who runs the host, administrators and the system. The user owns it, by name: clients look at
// the owner, and a token may own what it makes by a group.
func listen(address string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, text.Refuse(pay.ErrConfig, "host.listen", map[string]any{"Address": address}, err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fail(err)
	}
	l, err := winio.ListenPipe(address, &winio.PipeConfig{
		SecurityDescriptor: "O:" + user.User.Sid.String() + "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;" + user.User.Sid.String() + ")",
		InputBufferSize:    64 << 10, OutputBufferSize: 64 << 10,
	})
	if err != nil {
		return fail(err)
	}
	takeFirst(address)
	return l, nil
}

// takeFirst connects to the pipe and hangs up. Windows makes a listener's first instance so that nobody can connect to it, and refuses.
// Wine lets the first client in, and that one would wait for ever: nobody serves the first instance.
func takeFirst(address string) {
	name, err := windows.UTF16PtrFromString(address)
	if err != nil {
		return
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, 0, 0)
	if err == nil {
		windows.CloseHandle(h)
	}
}

func socketDir(string) string { return "" }

func groupOf(string) int { return -1 }
