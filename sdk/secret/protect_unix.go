//go:build !windows

package secret

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
)

const ourForm = formPlain

func protect(_ string, plain []byte) ([]byte, error)     { return bytes.Clone(plain), nil }
func unprotect(_ string, content []byte) ([]byte, error) { return bytes.Clone(content), nil }

// narrow takes away the rights of group and others, and says whether they had any. It follows no link to a file.
func narrow(path string, mode fs.FileMode) (repaired bool, err error) {
	stat := os.Lstat
	if mode&0o100 != 0 { // the folder may be reached by a link
		stat = os.Stat
	}
	info, err := stat(path)
	if err != nil {
		return false, err
	}
	if info.IsDir() != (mode&0o100 != 0) || !info.IsDir() && !info.Mode().IsRegular() {
		return false, errors.New("neither a folder nor a file of secrets")
	}
	if info.Mode().Perm()&0o077 == 0 {
		return false, nil
	}
	return true, os.Chmod(path, mode)
}

// syncDir makes a rename in the folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
