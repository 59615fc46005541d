package driver

import (
	"testing"

	"github.com/payrack/payrack/sdk/text"
)

// TestEveryWordIsThereInBothLanguages holds that no text lacks its twin.
func TestEveryWordIsThereInBothLanguages(t *testing.T) {
	c, err := text.Load(words)
	if err != nil {
		t.Fatal(err)
	}
	for _, gap := range c.Gaps() {
		t.Error(gap)
	}
}
