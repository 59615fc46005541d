package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/windows"
)

const ourForm = formDPAPI

// localMachine: any account of this computer may unprotect, so that service and cashier can; the folder's access list says which.
const localMachine = windows.CRYPTPROTECT_LOCAL_MACHINE | windows.CRYPTPROTECT_UI_FORBIDDEN

func protect(name string, plain []byte) ([]byte, error) {
	var out windows.DataBlob
	if err := windows.CryptProtectData(blob(plain), nil, entropy(name), 0, nil, localMachine, &out); err != nil {
		return nil, fmt.Errorf("protect: %w", err)
	}
	return take(&out)
}

func unprotect(name string, content []byte) ([]byte, error) {
	var out windows.DataBlob
	if err := windows.CryptUnprotectData(blob(content), nil, entropy(name), 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		return nil, fmt.Errorf("unprotect: %w", err)
	}
	return take(&out)
}

// entropy ties what is protected to payrack and to its name.
func entropy(name string) *windows.DataBlob { return blob([]byte("payrack secret\x00" + name)) }

func blob(b []byte) *windows.DataBlob {
	if len(b) == 0 {
		return &windows.DataBlob{}
	}
	return &windows.DataBlob{Size: uint32(len(b)), Data: &b[0]}
}

// take copies what Windows allocated, and frees it.
func take(out *windows.DataBlob) ([]byte, error) {
	if out.Data == nil {
		return nil, errors.New("Windows gave nothing back")
	}
	b := unsafe.Slice(out.Data, out.Size)
	copied := bytes.Clone(b)
	clear(b)
	_, err := windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return copied, err
}

// narrow has nothing to do: the folder's access list is the installer's.
func narrow(string, fs.FileMode) (bool, error) { return false, nil }

// syncDir has nothing to do: Windows refuses to flush a folder.
func syncDir(string) error { return nil }
