package logs

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Register makes the log hide these exact texts from now on, also as they look in JSON, in a URL or in base64: a
// terminal's secret, a code that was just typed in. Texts under four characters are not hidden, since that would spoil
// every number; those under eight only where they stand alone.
func (l *Log) Register(secrets ...string) {
	for {
		old := l.known.Load()
		var known []string
		if old != nil {
			known = slices.Clone(*old)
		}
		for _, secret := range secrets {
			if utf8.RuneCountInString(secret) >= 4 {
				known = append(known, forms(secret)...)
			}
		}
		// The longest first, so that no part of one is left beside a shorter one.
		slices.SortFunc(known, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
		known = slices.Compact(known)
		if l.known.CompareAndSwap(old, &known) {
			return
		}
	}
}

// Mask is the package's Mask, and hides the registered secrets before.
func (l *Log) Mask(s string) string {
	if known := l.known.Load(); known != nil {
		for _, secret := range *known {
			if strings.Contains(s, secret) {
				s = hideKnown(s, secret)
			}
		}
	}
	return Mask(s)
}

func forms(secret string) []string {
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), escape(secret)}
	if quoted, err := json.Marshal(secret); err == nil {
		all = append(all, strings.Trim(string(quoted), `"`))
	}
	if len(secret) >= 8 {
		all = append(all, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="),
			strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func hideKnown(s, secret string) string {
	if utf8.RuneCountInString(secret) >= 8 {
		return strings.ReplaceAll(s, secret, masked)
	}
	var b strings.Builder
	for {
		i := strings.Index(s, secret)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(secret):])
		b.WriteString(s[:i])
		if partOfWord(before) || partOfWord(after) {
			b.WriteString(secret)
		} else {
			b.WriteString(masked)
		}
		s = s[i+len(secret):]
	}
}

func partOfWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
