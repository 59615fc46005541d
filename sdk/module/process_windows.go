package module

import (
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// container is a job object: whatever the module starts is in it too. 0 where an old outer job forbids nesting.
type container struct{ job windows.Handle }

// openProgram opens the file so that nobody can write, rename or delete it while it is held.
func openProgram(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	handle, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}

func prepare(cmd *exec.Cmd, _ *os.File) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP}
}

// contain puts the child into a job before it gets its credentials, so before it can do anything that counts. The job does not kill
// on close: when the host dies, the lifeline lets the module finish.
func contain(cmd *exec.Cmd) (container, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return container{}, err
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))); err != nil {
		_ = windows.CloseHandle(job)
		return container{}, err
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(cmd.Process.Pid))
	if err != nil {
		_ = windows.CloseHandle(job)
		return container{}, err
	}
	defer windows.CloseHandle(process)
	if err := windows.AssignProcessToJobObject(job, process); err != nil {
		_ = windows.CloseHandle(job)
		return container{}, nil // the lifeline still holds
	}
	return container{job}, nil
}

func (c container) kill(cmd *exec.Cmd) {
	if c.job == 0 || windows.TerminateJobObject(c.job, 1) != nil {
		_ = cmd.Process.Kill()
	}
}

func (c container) close() {
	if c.job != 0 {
		_ = windows.CloseHandle(c.job)
	}
}

// waitable returns when the process has ended. The handle in cmd keeps its number from being given away.
func waitable(cmd *exec.Cmd) bool {
	process, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(cmd.Process.Pid))
	if err != nil {
		return false
	}
	defer windows.CloseHandle(process)
	_, err = windows.WaitForSingleObject(process, windows.INFINITE)
	return err == nil
}

// baseEnv is what Windows programs need to start at all.
func baseEnv() []string {
	var env []string
	for _, name := range []string{"SystemRoot", "SystemDrive", "TEMP", "TMP", "PATH", "ProgramData", "USERPROFILE", "LOCALAPPDATA", "APPDATA"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
