package ini

import "os"

// keepOwner has nothing to do: a file takes the access list of its folder.
func keepOwner(string, os.FileInfo) {}

// syncDir has nothing to do: Windows refuses to flush a folder.
func syncDir(string) error { return nil }
