package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	store, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestASecretOutlivesItsStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "secrets")
	store := open(t, dir)
	values := map[string][]byte{"terminal": []byte("s3cret"), "bank.password": {0, 255, '\n'}, "big": bytes.Repeat([]byte{7}, MaxSize)}
	for name, value := range values {
		for _, v := range [][]byte{[]byte("old"), value} {
			if err := store.Set(name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	store = open(t, dir)
	for name, value := range values {
		if got, err := store.Get(name); err != nil || !bytes.Equal(got.Reveal(), value) {
			t.Errorf("%s: %d bytes, %v", name, len(got.Reveal()), err)
		}
	}
	if err := errors.Join(store.Delete("big"), store.Delete("big")); err != nil {
		t.Error(err)
	}
	if names, err := store.List(); err != nil || !slices.Equal(names, []string{"bank.password", "terminal"}) {
		t.Errorf("%v %v", names, err)
	}
	if _, err := store.Get("big"); !errors.Is(err, ErrMissing) || pay.CodeOf(err) != pay.ErrConfig {
		t.Errorf("a deleted one: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestAValueIsPrintedNowhere(t *testing.T) {
	value := New([]byte("s3cret"))
	holder := struct {
		Open   Value
		hidden Value
		ptr    *Value
	}{value, value, &value}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
		for _, v := range []any{value, &value, holder, &holder, []Value{value}, map[string]Value{"k": value}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	asJSON, err := json.Marshal(map[string]any{"v": value, "holder": holder})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	hclog.New(&hclog.LoggerOptions{Output: &out}).Info("x", "value", value, "holder", holder)
	hclog.New(&hclog.LoggerOptions{Output: &out, JSONFormat: true}).Info("x", "value", value, "holder", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value, "holder", holder)
	printed := out.String()
	for _, form := range []string{"s3cret", fmt.Sprintf("%x", "s3cret"), fmt.Sprintf("%X", "s3cret"), "115 51", "0x73", "czNjcmV0"} {
		if at := strings.Index(printed, form); at >= 0 {
			t.Errorf("%q is printed: %s", form, printed[max(0, at-60):at+20])
		}
	}
	if fmt.Sprint(value) != "***" || value.Empty() || !(Value{}).Empty() || (Value{}).Reveal() != nil {
		t.Errorf("%v", value)
	}
}

func TestWhatIsRevealedIsACopy(t *testing.T) {
	given := []byte("s3cret")
	value := New(given)
	given[0] = 'X'
	value.Reveal()[1] = 'X'
	if got := value.Reveal(); string(got) != "s3cret" {
		t.Errorf("%s", got)
	}
}

func TestADamagedFileIsToldAndNotRead(t *testing.T) {
	dir := t.TempDir()
	store := open(t, dir)
	if err := errors.Join(store.Set("terminal", []byte("s3cret")), store.Set("other", []byte("another"))); err != nil {
		t.Fatal(err)
	}
	path := store.path("terminal")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(store.path("other"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{nil, []byte("{}"), other, append(bytes.Clone(whole), 0), bytes.Repeat([]byte{'x'}, maxFile+10)}
	for n := range whole {
		flipped := bytes.Clone(whole)
		flipped[n] ^= 1
		damaged = append(damaged, whole[:n], flipped)
	}
	for n, data := range damaged {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := store.Get("terminal")
		if filled := text.Fill(err, "en"); filled == nil || filled.Code != pay.ErrConfig || !strings.Contains(filled.Text, `"terminal" is damaged`) || filled.Hint == "" {
			t.Fatalf("case %d: %v", n, err)
		}
	}
	if err := store.Set("terminal", []byte("new")); err != nil {
		t.Errorf("a damaged secret cannot be set anew: %v", err)
	}
}

func TestASecretOfAnotherComputerIsToldAsOne(t *testing.T) {
	store := open(t, t.TempDir())
	if err := os.WriteFile(store.path("terminal"), encode("terminal", 'x', []byte("blob")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Get("terminal")
	if filled := text.Fill(err, "en"); filled == nil || !strings.Contains(filled.Text, "written on another computer") {
		t.Errorf("%v", err)
	}
}

func TestACrashInTheMiddleOfAWriteLeavesTheOldValue(t *testing.T) {
	dir := t.TempDir()
	store := open(t, dir)
	if err := store.Set("terminal", []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, newPrefix+"terminal"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	store = open(t, dir)
	if got, err := store.Get("terminal"); err != nil || string(got.Reveal()) != "old" {
		t.Errorf("%q %v", got.Reveal(), err)
	}
	if names, err := store.List(); err != nil || len(names) != 1 {
		t.Errorf("%v %v", names, err)
	}
	if err := store.Set("terminal", []byte("new")); err != nil {
		t.Errorf("after the crash: %v", err)
	}
	if got, err := store.Get("terminal"); err != nil || string(got.Reveal()) != "new" {
		t.Errorf("%q %v", got.Reveal(), err)
	}
}

func TestANameCannotLeaveTheFolder(t *testing.T) {
	store := open(t, t.TempDir())
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "A", "a b", "ключ", "a\x00", strings.Repeat("a", MaxName+1), ".a"} {
		_, getErr := store.Get(name)
		for _, err := range []error{getErr, store.Set(name, []byte("x")), store.Delete(name)} {
			if pay.CodeOf(err) != pay.ErrArgument {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	for _, value := range [][]byte{nil, {}, make([]byte, MaxSize+1)} {
		if err := store.Set("a", value); pay.CodeOf(err) != pay.ErrArgument {
			t.Errorf("%d bytes: %v", len(value), err)
		}
	}
}

func TestManyMayUseAStoreAtOnce(t *testing.T) {
	store := open(t, t.TempDir())
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			value := []byte(strings.Repeat(string(rune('a'+n)), 1000))
			if err := store.Set("shared", value); err != nil {
				t.Error(err)
			}
			got, err := store.Get("shared")
			if err != nil || len(got.Reveal()) != 1000 || len(bytes.Trim(got.Reveal(), string(got.Reveal()[:1]))) != 0 {
				t.Errorf("a mixture: %v", err)
			}
		})
	}
	group.Wait()
}

func FuzzDecode(f *testing.F) {
	whole := encode("terminal", formPlain, []byte("s3cret"))
	f.Add("terminal", whole)
	f.Add("other", whole)
	f.Add("terminal", whole[:header])
	f.Add("", []byte(magic))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		content, form, err := decode(name, data)
		if err != nil {
			return
		}
		if !bytes.Equal(encode(name, form, content), data) {
			t.Errorf("read as %q %q, and written otherwise", form, content)
		}
	})
}
