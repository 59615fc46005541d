//go:build !windows

package library

import "golang.org/x/sys/unix"

// freeSpace is how many bytes this user may still write to the disk of the folder.
func freeSpace(folder string) (uint64, error) {
	var s unix.Statfs_t
	err := unix.Statfs(folder, &s)
	return uint64(s.Bavail) * uint64(s.Bsize), err
}
