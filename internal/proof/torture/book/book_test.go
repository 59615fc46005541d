package book

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

func TestALineThatDeathCutOffNeitherCountsNorSpoilsTheNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(l Line) {
		t.Helper()
		if err := Write(f, l); err != nil {
			t.Fatal(err)
		}
	}
	write(Line{ID: "a", Order: &Order{ID: "a", Kind: pay.KindOffline, Amount: 5}})
	if _, err := f.WriteString(`{"id":"b","do`); err != nil {
		t.Fatal(err)
	}
	lines, next, err := Read(path, 0)
	if err != nil || len(lines) != 1 || lines[0].Order == nil || lines[0].Order.Amount != 5 {
		t.Fatalf("%+v %v", lines, err)
	}
	if err := Mend(f); err != nil {
		t.Fatal(err)
	}
	write(Line{ID: "c", Done: true})
	if lines, _, err = Read(path, next); err != nil || len(lines) != 1 || lines[0].ID != "c" || !lines[0].Done {
		t.Fatalf("%+v %v", lines, err)
	}
}

func TestABookThatNobodyHasBegunIsEmpty(t *testing.T) {
	lines, next, err := Read(filepath.Join(t.TempDir(), "none"), 0)
	if err != nil || len(lines) != 0 || next != 0 {
		t.Fatalf("%v %d %v", lines, next, err)
	}
}
