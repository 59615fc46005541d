package pay

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// FuzzMoment: no text of a person or a till stops the reader, and the end of a day lies behind its beginning.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{"2026-11-22", "22.11.2026 10:00", "2026-11-22T10:00:00+03:00", "2026-02-30", "0000-01-01", "9999-12-31", ""} {
		f.Add(text)
	}
	zone := time.FixedZone("MSK", 3*60*60)
	f.Fuzz(func(t *testing.T, text string) {
		from, err := ParseMoment(text, false, zone)
		to, again := ParseMoment(text, true, zone)
		switch {
		case (err == nil) != (again == nil):
			t.Fatalf("%q: %v, as an end %v", text, err, again)
		case err != nil && CodeOf(err) != ErrArgument:
			t.Fatalf("%q: %v", text, err)
		case err == nil && to.Before(from):
			t.Fatalf("%q: %v to %v", text, from, to)
		}
	})
}

// FuzzAmount: what is read as a sum is written as the same sum.
func FuzzAmount(f *testing.F) {
	for _, text := range []string{"123.45", "123,4", "-0.01", "92233720368547758.07", "92233720368547758.08", "1e3", " 7 ", "1.", "+5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sum, err := ParseAmount(text)
		if err != nil {
			if CodeOf(err) != ErrArgument {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if again, err := ParseAmount(sum.String()); err != nil || again != sum {
			t.Fatalf("%q is %s, read again %s, %v", text, sum, again, err)
		}
		whole, _, _ := strings.Cut(strings.Replace(strings.TrimSpace(text), ",", ".", 1), ".")
		if strings.HasPrefix(whole, "-") && sum > 0 {
			t.Fatalf("%q is %s", text, sum)
		}
	})
}

// FuzzRef: what is a till's ref is none of a reversal, and a reversal's leads back to it.
func FuzzRef(f *testing.F) {
	f.Add("R-157")
	f.Add("R-157~1")
	f.Add("~~-1")
	f.Fuzz(func(t *testing.T, text string) {
		parent, n := Ref(text).Parent()
		if len(parent) > len(text) {
			t.Fatal(parent, n)
		}
		ref, err := ParseRef(text)
		if err != nil {
			return
		}
		if parent, n := ref.Parent(); parent != ref || n != 0 {
			t.Fatal(parent, n)
		}
		if parent, n := ref.Reversal(3).Parent(); parent != ref || n != 3 {
			t.Fatal(parent, n)
		}
		raw, err := json.Marshal(Operation{Ref: ref})
		var op Operation
		if err != nil || json.Unmarshal(raw, &op) != nil || op.Ref != ref {
			t.Fatal(op, err)
		}
	})
}
