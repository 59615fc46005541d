package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

func dialAddress(ctx context.Context, address string) (net.Conn, error) {
	return winio.DialPipeContext(ctx, address)
}

// absent says that no pipe of that name is there: a host may be started. Anything else is a door that is shut for us.
func absent(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, winio.ErrTimeout) || errors.Is(err, windows.ERROR_PIPE_NOT_CONNECTED) ||
		errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// checkOwner refuses a pipe that another user made: the names of pipes are open to all. The system and administrators are no strangers.
func checkOwner(conn net.Conn) error {
	pipe, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return errors.New("the pipe has no handle")
	}
	sd, err := windows.GetSecurityInfo(windows.Handle(pipe.Fd()), windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("ask the pipe for its owner: %w", err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("ask the pipe for its owner: %w", err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("ask who this user is: %w", err)
	}
	if owner.Equals(user.User.Sid) || owner.IsWellKnown(windows.WinLocalSystemSid) || owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) {
		return nil
	}
	return fmt.Errorf("the host there belongs to %s, and this is %s", owner, user.User.Sid)
}

// namelessFile is a file that vanishes with its last user.
func namelessFile() (*os.File, error) {
	name := filepath.Join(os.TempDir(), "payrack-host-"+strconv.Itoa(os.Getpid())+"-"+strconv.FormatInt(time.Now().UnixNano(), 36))
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(path, windows.GENERIC_READ|windows.GENERIC_WRITE|windows.DELETE,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, windows.CREATE_NEW,
		windows.FILE_ATTRIBUTE_TEMPORARY|windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), name), nil
}

// startDetached gives the child no console, and takes it out of the caller's job where that job lets it go. Go hands over no handles but files.
func startDetached(program string, args []string, dir string, files []*os.File) (*os.Process, error) {
	const apart = windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP
	start := func(flags uint32) (*os.Process, error) {
		return os.StartProcess(program, args, &os.ProcAttr{Dir: dir, Files: files,
			Sys: &syscall.SysProcAttr{HideWindow: true, CreationFlags: flags}})
	}
	proc, err := start(apart | windows.CREATE_BREAKAWAY_FROM_JOB)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return start(apart)
	}
	return proc, err
}
