package driver

import (
	"testing"

	"github.com/payrack/payrack/sdk/text"
)

func TestTheWordsAreWhole(t *testing.T) {
	if _, err := text.Load(words); err != nil {
		t.Fatal(err)
	}
}
