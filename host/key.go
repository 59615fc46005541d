package host

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// keySize is the length of the installation's key, in bytes.
const keySize = 32

// installationKey reads the key under which secret parameters are hashed, making it where there is none. A key of the wrong size is
// refused: another one would make every earlier ref look reused.
func installationKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, keySize)
		_, _ = rand.Read(key) // never fails
		err = createFile(path, key)
	}
	if err == nil && len(key) != keySize {
		err = fmt.Errorf("%d bytes, %d are wanted", len(key), keySize)
	}
	if err != nil {
		return nil, text.Refuse(pay.ErrConfig, "host.key_file", map[string]any{"Path": path}, err)
	}
	return key, nil
}

// createFile puts a file of ours alone into its place whole, and on the disk, or not at all.
func createFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// digest identifies what an operation is asked to do, without its secrets: those enter by HMAC under the installation's key. Who asks is
// not part of it, which till is. Of a close of day only module and kind count: it is the same close from any till, on any paper.
func digest(key []byte, r pay.Request) ([]byte, error) {
	canonical, err := r.Params.Canonical()
	if err != nil {
		return nil, err
	}
	var all, public map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(canonical, &all), json.Unmarshal(r.Params.Public(), &public)); err != nil {
		return nil, err
	}
	for name, value := range all {
		if _, open := public[name]; !open {
			sum := hmac.New(sha256.New, key)
			sum.Write([]byte(name + "\x00"))
			sum.Write(value)
			all[name] = json.RawMessage(`"hmac:` + hex.EncodeToString(sum.Sum(nil)) + `"`)
		}
	}
	till := r.PosID
	if r.Kind == pay.KindCloseDay {
		delete(all, "detailed")
		till = ""
	}
	if canonical, err = json.Marshal(all); err != nil {
		return nil, err
	}
	sum := sha256.New()
	for _, field := range [][]byte{[]byte(r.Module), []byte(r.Kind), binary.BigEndian.AppendUint64(nil, uint64(r.Amount)),
		[]byte(r.Currency), []byte(till), canonical} {
		sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
		sum.Write(field)
	}
	return sum.Sum(nil), nil
}
