package host

import "golang.org/x/sys/windows"

// harden keeps Windows from writing a dump, or showing a window, when the process crashes.
func harden() {
	windows.SetErrorMode(windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX | windows.SEM_NOOPENFILEERRORBOX)
}

// syncFolder has nothing to do: Windows does not flush folders.
func syncFolder(string) error { return nil }
