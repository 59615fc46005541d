package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// manifestSum is the SHA-256 that the installation's manifest gives for a module's program. The manifest is read anew for each start, so
// that an update needs no restart of the host.
func manifestSum(p place.Place, id string) ([]byte, error) {
	raw, err := os.ReadFile(p.Manifest())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, text.Refuse(pay.ErrConfig, "host.manifest_missing", map[string]any{"File": p.Manifest()}, err)
	}
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrConfig, Cause: fmt.Errorf("read the manifest: %w", err)}
	}
	sums, err := parseManifest(raw)
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrConfig, Cause: fmt.Errorf("read the manifest: %w", err)}
	}
	name, err := filepath.Rel(p.Home, p.Module(id))
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrConfig, Cause: err}
	}
	sum, ok := sums[filepath.ToSlash(name)]
	if !ok {
		return nil, text.Refuse(pay.ErrConfig, "host.manifest_wrong", map[string]any{"Module": id}, nil)
	}
	return sum, nil
}

// parseManifest reads the form of sha256sum: a sum, two spaces (or a space and an asterisk), and a path from the installation's folder.
func parseManifest(raw []byte) (map[string][]byte, error) {
	sums := map[string][]byte{}
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		digits, name, found := strings.Cut(text, " ")
		sum, err := hex.DecodeString(digits)
		if name = strings.TrimLeft(name, " *"); !found || err != nil || len(sum) != sha256.Size || name == "" {
			return nil, fmt.Errorf("line %d is no SHA-256 with a path", n)
		}
		sums[strings.TrimPrefix(filepath.ToSlash(name), "./")] = sum
	}
	return sums, nil
}
