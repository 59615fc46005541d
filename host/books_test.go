package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
)

// moved has payrack.ini name a data folder, as a technician does by hand.
func (i *installation) moved(data string) {
	i.t.Helper()
	i.write(i.place.Settings(), "Data="+data+"\n")
	p, err := place.Find(i.place.Home)
	if err != nil {
		i.t.Fatal(err)
	}
	i.place = p
}

// refusesToStart wants a refusal that names both folders, with nothing written into the new one.
func (i *installation) refusesToStart(old string) {
	i.t.Helper()
	err := run(i.t.Context(), Options{Place: i.place, Version: "test"})
	said := Fill(err, "ru")
	if pay.CodeOf(err) != pay.ErrConfig || !strings.Contains(said.Text, old) || !strings.Contains(said.Text, i.place.Data) || said.Hint == "" {
		i.t.Errorf("a host with its books in %s and its data in %s: %v", old, i.place.Data, err)
	}
	if _, err := os.Stat(i.place.Index()); !errors.Is(err, os.ErrNotExist) {
		i.t.Errorf("there are new books: %v", err)
	}
}

func TestNoClientMovesTheBooksAwayFromARunningHost(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	c := i.till("1", technician)
	for action, value := range map[string][2]string{"set": {"Data", t.TempDir()}, "import": {"", `{"data":"/elsewhere"}`}} {
		_, err := c.setting("", action, value[0], value[1])
		if e, ok := errors.AsType[*pay.Error](err); !ok || e.Code != pay.ErrConfig || !strings.Contains(e.Text, i.place.Data) || !strings.Contains(e.Hint, "--drain") {
			t.Errorf("%s: %v", action, err)
		}
	}
	if _, err := c.setting("", "set", "Language", "en"); err != nil {
		t.Error(err)
	}
	if p, err := place.Find(i.place.Home); err != nil || p.Data != i.place.Data {
		t.Errorf("the data folder is %s now (%v)", p.Data, err)
	}
}

func TestAHostDoesNotBeginWithEmptyBooksWhereOldOnesStayed(t *testing.T) {
	i := install(t, "fake")
	s := i.serve()
	i.till("1").must("fake", "r1", 100, "approve")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	home, away, further := i.place.Home, filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	i.moved(away)
	i.refusesToStart(home)

	if err := os.Mkdir(away, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"payrack.db", "modules", "installation.key"} { // the technician moves the books
		if err := os.Rename(filepath.Join(home, name), filepath.Join(away, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(home, "modules"), os.DirFS(filepath.Join(away, "modules"))); err != nil {
		t.Fatal(err)
	}
	if journals, err := filepath.Glob(filepath.Join(home, "modules", "*", "*.db")); err != nil || len(journals) > 0 {
		for _, journal := range journals {
			if err := os.Remove(journal); err != nil {
				t.Fatal(err)
			}
		}
	}
	s = i.serve()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	i.moved(further)
	i.refusesToStart(away)
	i.moved("")
	i.refusesToStart(away)
	i.moved(away)
	i.serve()
	i.till("1").refused(pay.ErrRefReused, "fake", "r1", 101, "approve")
}

func TestAFolderWithoutAnInstallationIsNotServed(t *testing.T) {
	i := &installation{t: t}
	p, err := place.Find(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	i.place = p
	if err := run(t.Context(), Options{Place: p, Version: "test"}); pay.CodeOf(err) != pay.ErrConfig || Fill(err, "ru").Hint == "" {
		t.Errorf("a host of any folder: %v", err)
	}
	if left, err := os.ReadDir(p.Home); err != nil || len(left) > 0 {
		t.Errorf("it left %v there (%v)", left, err)
	}
}
