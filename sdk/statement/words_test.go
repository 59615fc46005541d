package statement

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/payrack/payrack/sdk/pay"
)

// TestSumsInWordsReadAsPeopleWriteThem are sums whose words somebody has checked by eye.
func TestSumsInWordsReadAsPeopleWriteThem(t *testing.T) {
	for sum, want := range map[pay.Amount]string{
		0:                "ноль рублей 00 копеек",
		1:                "ноль рублей 01 копейка",
		102:              "один рубль 02 копейки",
		211:              "два рубля 11 копеек",
		2_100:            "двадцать один рубль 00 копеек",
		11_100:           "сто одиннадцать рублей 00 копеек",
		345_000:          "три тысячи четыреста пятьдесят рублей 00 копеек",
		100_000:          "одна тысяча рублей 00 копеек",
		200_204:          "две тысячи два рубля 04 копейки",
		1_200_000:        "двенадцать тысяч рублей 00 копеек",
		2_200_100:        "двадцать две тысячи один рубль 00 копеек",
		100_000_000:      "один миллион рублей 00 копеек",
		100_100_101:      "один миллион одна тысяча один рубль 01 копейка",
		200_000_000_021:  "два миллиарда рублей 21 копейка",
		math.MaxInt64:    "девяносто два квадриллиона двести тридцать три триллиона семьсот двадцать миллиардов триста шестьдесят восемь миллионов пятьсот сорок семь тысяч семьсот пятьдесят восемь рублей 07 копеек",
		-150:             "минус один рубль 50 копеек",
		4_000_000_000_50: "четыре миллиарда рублей 50 копеек",
	} {
		if got := InWords(sum); got != want {
			t.Errorf("%s: %q, want %q", sum, got, want)
		}
	}
}

// read is the sum that words say, or -1. It was written from the grammar, and shares nothing with what it reads.
func read(words string) int64 {
	values := map[string]int64{"ноль": 0, "один": 1, "одна": 1, "два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8,
		"девять": 9, "десять": 10, "одиннадцать": 11, "двенадцать": 12, "тринадцать": 13, "четырнадцать": 14, "пятнадцать": 15, "шестнадцать": 16,
		"семнадцать": 17, "восемнадцать": 18, "девятнадцать": 19, "двадцать": 20, "тридцать": 30, "сорок": 40, "пятьдесят": 50, "шестьдесят": 60,
		"семьдесят": 70, "восемьдесят": 80, "девяносто": 90, "сто": 100, "двести": 200, "триста": 300, "четыреста": 400, "пятьсот": 500,
		"шестьсот": 600, "семьсот": 700, "восемьсот": 800, "девятьсот": 900}
	stems := []struct {
		stem  string
		value int64
	}{{"тысяч", 1e3}, {"миллион", 1e6}, {"миллиард", 1e9}, {"триллион", 1e12}, {"квадриллион", 1e15}, {"квинтиллион", 1e18}}
	var sum, part, kopecks int64
	for _, word := range strings.Fields(words) {
		switch {
		case word[0] >= '0' && word[0] <= '9':
			kopecks = int64(word[0]-'0')*10 + int64(word[1]-'0')
			continue
		case strings.HasPrefix(word, "рубл"), strings.HasPrefix(word, "копе"):
			continue
		}
		if value, ok := values[word]; ok {
			part += value
			continue
		}
		known := false
		for i := len(stems) - 1; i >= 0 && !known; i-- {
			if strings.HasPrefix(word, stems[i].stem) {
				sum, part, known = sum+part*stems[i].value, 0, true
			}
		}
		if !known {
			return -1
		}
	}
	return (sum+part)*100 + kopecks
}

// form is the ending that a number of things wants, by the rule of the grammar.
func form(n int64, one, few, many string) string {
	switch {
	case n%100 >= 11 && n%100 <= 14:
		return many
	case n%10 == 1:
		return one
	case n%10 >= 2 && n%10 <= 4:
		return few
	}
	return many
}

func amounts() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64Range(0, math.MaxInt64), rapid.Int64Range(0, 1_000_000_00), rapid.Int64Range(0, 3_000_00))
}

// TestASumInWordsSaysTheSumAndNothingElse reads the words back.
func TestASumInWordsSaysTheSumAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := amounts().Draw(t, "kopecks")
		if got := read(InWords(pay.Amount(n))); got != n {
			t.Fatalf("%d is written as %q, which says %d", n, InWords(pay.Amount(n)), got)
		}
	})
}

// TestNounsAreDeclinedByTheNumberBeforeThem holds the endings of roubles, kopecks and thousands, and the gender of the number before thousands.
func TestNounsAreDeclinedByTheNumberBeforeThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := amounts().Draw(t, "kopecks")
		words := InWords(pay.Amount(n))
		if want := " " + form(n/100, "рубль", "рубля", "рублей") + " "; !strings.Contains(words, want) {
			t.Fatalf("%d: %q lacks %q", n, words, want)
		}
		if want := " " + form(n%100, "копейка", "копейки", "копеек"); !strings.HasSuffix(words, want) {
			t.Fatalf("%d: %q does not end with %q", n, words, want)
		}
		thousands := n / 100 / 1000 % 1000
		if thousands == 0 {
			return
		}
		if want := " " + form(thousands, "тысяча", "тысячи", "тысяч") + " "; !strings.Contains(" "+words, want) {
			t.Fatalf("%d: %q lacks %q", n, words, want)
		}
		for _, wrong := range []string{"один тысяча", "два тысячи", "одна рубль", "две рубля", "одна миллион", "две миллиона"} {
			if strings.Contains(words, wrong) {
				t.Fatalf("%d: %q has %q", n, words, wrong)
			}
		}
	})
}

// TestWordsOfASumAreParted holds that no blank is doubled or missing.
func TestWordsOfASumAreParted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := InWords(pay.Amount(amounts().Draw(t, "kopecks")))
		if strings.Join(strings.Fields(words), " ") != words {
			t.Fatalf("%q", words)
		}
	})
}
