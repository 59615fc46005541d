package logs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/logs"
)

// cardNumbers draws different numbers of 13 to 19 digits that pass Luhn's check.
func cardNumbers(rng *rand.Rand, n int) []string {
	seen := map[string]bool{}
	var list []string
	for len(list) < n {
		digits := []byte{byte('2' + rng.IntN(8))}
		for size := 13 + rng.IntN(7); len(digits) < size-1; {
			digits = append(digits, byte('0'+rng.IntN(10)))
		}
		for last := byte('0'); last <= '9'; last++ {
			if number := string(digits) + string(last); logs.CardNumber(number) && !seen[number] {
				seen[number] = true
				list = append(list, number)
				break
			}
		}
	}
	return list
}

// grouped writes a number as it is printed on a card.
func grouped(number, joint string) string {
	var parts []string
	for ; len(number) > 4; number = number[4:] {
		parts = append(parts, number[:4])
	}
	return strings.Join(append(parts, number), joint)
}

// TestTenThousandCardNumbersAreMasked writes each number into a real log in the ways in which one may come there, and searches the files for any of
// them. The seed is printed.
func TestTenThousandCardNumbersAreMasked(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	numbers := cardNumbers(rand.New(rand.NewPCG(seed, 1)), 10_000)
	dir := t.TempDir()
	l, err := logs.Open(logs.Options{Dir: dir, Name: "cards", Level: hclog.Debug})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range numbers {
		text := [...]string{n, "card " + n + ".", grouped(n, " "), grouped(n, "-"), `{"recipient_pan":"` + n + `","amount":100}`, "pan=" + n + "&x=1",
			`"{\"recipient_pan\":\"` + n + `\"}"`, "№1: 20098 card number " + n + " is not valid", "https://x/y?account=" + n, "a" + n + "b"}[i%10]
		if masked := l.Mask(text); strings.Contains(strings.NewReplacer(" ", "", "-", "").Replace(masked), n) {
			t.Fatalf("%d digits stay as they are in the form %d", len(n), i%10)
		}
		l.Logger().Info("exchange "+text, "body", text, "error", fmt.Errorf("it failed: %s", text))
	}
	l.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no log was written", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		squeezed := strings.NewReplacer(" ", "", "-", "").Replace(string(data))
		for i, n := range numbers {
			if strings.Contains(squeezed, n) {
				t.Fatalf("number %d (form %d) stands in %s", i, i%10, file)
			}
		}
	}
}
