package ini

import "strings"

// expected says in words what the setting takes, for error texts, the template and the reference page.
func (s Setting) expected(language string) string {
	in := func(ru, en string) string { return Text{ru, en}.In(language) }
	var what string
	switch s.Type {
	case TypeBool:
		return in("да или нет", "yes or no")
	case TypeChoice:
		return strings.Join(s.values(), ", ")
	case TypeInteger:
		what = in("целое число", "a whole number")
	case TypeMoney:
		what = in("сумма в рублях", "an amount in rubles")
	case TypeDuration:
		what = in("длительность", "a duration")
	case TypeURL:
		what = in("адрес http:// или https://", "an address with http:// or https://")
	case TypePath:
		what = in("имя файла", "a file name")
	case TypeList:
		what = in("список через запятую", "a list parted by commas")
		if len(s.Choices) > 0 {
			what += " (" + strings.Join(s.values(), ", ") + ")"
		}
	default:
		what = in("строка", "a text")
	}
	if s.Unit != "" {
		what += ", " + unitIn(s.Unit, language)
	}
	if s.Type == TypeString || s.Type == TypePath || s.Type == TypeURL {
		return what + s.bounds(language, in(", знаков", ", characters"))
	}
	return what + s.bounds(language, "")
}

func (s Setting) bounds(language, of string) string {
	switch {
	case s.Min != "" && s.Max != "":
		return of + " " + Text{"от " + s.Min + " до " + s.Max, "from " + s.Min + " to " + s.Max}.In(language)
	case s.Min != "":
		return of + " " + Text{"от " + s.Min, "at least " + s.Min}.In(language)
	case s.Max != "":
		return of + " " + Text{"до " + s.Max, "at most " + s.Max}.In(language)
	}
	return ""
}

func unitIn(unit, language string) string {
	switch unit {
	case "ms":
		return Text{"мс", "ms"}.In(language)
	case "s":
		return Text{"с", "s"}.In(language)
	case "m":
		return Text{"мин", "min"}.In(language)
	case "h":
		return Text{"ч", "h"}.In(language)
	case "d":
		return Text{"дн.", "days"}.In(language)
	}
	return unit
}

// nearest finds the word that was probably meant, or nothing.
func nearest(word string, words []string) string {
	best, limit := "", max(2, len([]rune(word))/4)+1
	for _, candidate := range words {
		if d := distance([]rune(strings.ToLower(word)), []rune(strings.ToLower(candidate)), limit); d < limit && d < len([]rune(candidate)) {
			best, limit = candidate, d
		}
	}
	return best
}

// distance counts the letters to change, add, drop or swap with their neighbour; from limit up it may stop counting.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
