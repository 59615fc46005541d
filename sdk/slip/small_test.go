package slip

import "testing"

func TestAHintAfterItsColonBeginsWithASmallLetter(t *testing.T) {
	for given, want := range map[string]string{"Попросите": "попросите", "Ask again.": "ask again.", "QR-код": "QR-код", "": "", "5 раз": "5 раз"} {
		if got := small(given); got != want {
			t.Errorf("%q: %q", given, got)
		}
	}
}
