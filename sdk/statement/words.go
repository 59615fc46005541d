package statement

import (
	"fmt"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// InWords writes a sum of roubles in Russian words, with kopecks in figures: "три тысячи четыреста пятьдесят рублей 00 копеек". Nouns are
// declined by the number before them. It takes every amount from 0 up.
func InWords(amount pay.Amount) string {
	if amount < 0 {
		return "минус " + inWords(uint64(-(amount+1))+1)
	}
	return inWords(uint64(amount))
}

func inWords(kopecks uint64) string {
	rubles, rest := kopecks/100, kopecks%100
	words := append(number(rubles), ruble.after(rubles), fmt.Sprintf("%02d", rest), kopeck.after(rest))
	return strings.Join(words, " ")
}

// noun is a word in the three forms that follow a number: 1, 2 to 4, 5 and more.
type noun struct {
	one, few, many string
	feminine       bool
}

var (
	ruble  = noun{one: "рубль", few: "рубля", many: "рублей"}
	kopeck = noun{one: "копейка", few: "копейки", many: "копеек", feminine: true}
	// scales are the thousands, millions and so on, from the least.
	scales = [...]noun{
		{}, {"тысяча", "тысячи", "тысяч", true}, {"миллион", "миллиона", "миллионов", false}, {"миллиард", "миллиарда", "миллиардов", false},
		{"триллион", "триллиона", "триллионов", false}, {"квадриллион", "квадриллиона", "квадриллионов", false},
		{"квинтиллион", "квинтиллиона", "квинтиллионов", false},
	}
	units = [...]string{"", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать", "двенадцать",
		"тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"}
	tens     = [...]string{"", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"}
	hundreds = [...]string{"", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"}
)

// after is the noun's form after a number.
func (n noun) after(count uint64) string {
	last, teen := count%10, count/10%10 == 1
	switch {
	case teen, last == 0, last > 4:
		return n.many
	case last == 1:
		return n.one
	}
	return n.few
}

// number is a whole number in words.
func number(n uint64) []string {
	if n == 0 {
		return []string{"ноль"}
	}
	var words []string
	for scale := len(scales) - 1; scale >= 0; scale-- {
		part := n
		for range scale {
			part /= 1000
		}
		part %= 1000
		if part == 0 {
			continue
		}
		words = append(words, below1000(part, scales[scale].feminine)...)
		if scale > 0 {
			words = append(words, scales[scale].after(part))
		}
	}
	return words
}

func below1000(n uint64, feminine bool) []string {
	var words []string
	add := func(word string) {
		if word != "" {
			words = append(words, word)
		}
	}
	add(hundreds[n/100])
	n %= 100
	if n >= 20 {
		add(tens[n/10])
		n %= 10
	}
	switch {
	case feminine && n == 1:
		add("одна")
	case feminine && n == 2:
		add("две")
	default:
		add(units[n])
	}
	return words
}
