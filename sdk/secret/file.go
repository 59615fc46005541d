package secret

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
)

// A file is the magic, one byte that says how the content is protected, SHA-256 over that byte, the name and the content, and the content.
const (
	magic     = "PRSECRT1"
	header    = len(magic) + 1 + sha256.Size
	overhead  = 4 << 10 // what DPAPI adds is less
	maxFile   = header + MaxSize + overhead
	formPlain = 'p' // the file's rights protect it
	formDPAPI = 'd' // Windows protects it, for this computer
)

var errDamaged = errors.New("the file is damaged")

func encode(name string, form byte, content []byte) []byte {
	sum := checksum(name, form, content)
	return bytes.Join([][]byte{[]byte(magic), {form}, sum[:], content}, nil)
}

// decode reads a file. One that was cut, changed, or renamed from another secret's is damaged.
func decode(name string, data []byte) (content []byte, form byte, err error) {
	if len(data) <= header || len(data) > maxFile || string(data[:len(magic)]) != magic {
		return nil, 0, errDamaged
	}
	form, content = data[len(magic)], data[header:]
	if sum := checksum(name, form, content); !bytes.Equal(sum[:], data[len(magic)+1:header]) {
		return nil, 0, errDamaged
	}
	return content, form, nil
}

func checksum(name string, form byte, content []byte) [sha256.Size]byte {
	return sha256.Sum256(bytes.Join([][]byte{{form}, []byte(name), {0}, content}, nil))
}

// replace writes a file durably in the place of an old one; temp lies in the same folder, and may be left over from a crash.
func replace(path, temp string, data []byte) error {
	if err := gone(os.Remove(temp)); err != nil {
		return err
	}
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, gone(os.Remove(temp)))
	}
	return syncDir(filepath.Dir(path))
}
