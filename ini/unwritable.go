package ini

import (
	"errors"
	"io/fs"
	"os"
)

// Unwritable says whether err is the system's refusal to read or write a settings file, and gives the system's reason alone.
func Unwritable(err error) (reason string, yes bool) {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error(), true
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err.Error(), true
	}
	return "", false
}
