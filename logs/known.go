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

// passingKept is how many passing secrets a log knows. It is far more than there are payments under way at one time.
const passingKept = 32

// registered are the secrets that a log knows, in all the forms that they may take.
type registered struct {
	lasting []string
	passing [][]string // those of one secret together, the newest last
	hidden  []string   // all of them, the longest first, so that no part of one is left beside a shorter one
}

// Register makes the log hide these exact texts from now on, also as they look in JSON, in a URL or in base64: a
// terminal's secret, a password. Texts under four characters are not hidden, since that would spoil every number; those
// under eight only where they stand alone.
func (l *Log) Register(secrets ...string) {
	l.register(func(k *registered) {
		for _, secret := range secrets {
			k.lasting = append(k.lasting, forms(secret)...)
		}
		slices.Sort(k.lasting)
		k.lasting = slices.Compact(k.lasting)
	})
}

// RegisterPassing is Register for secrets that come with each payment and mean nothing an hour later: a customer's code,
// a password for one time. The last few dozen are hidden, so that a log that is open for months does not slow down.
func (l *Log) RegisterPassing(secrets ...string) {
	l.register(func(k *registered) {
		for _, secret := range secrets {
			k.passing = append(k.passing, forms(secret))
		}
		k.passing = k.passing[max(len(k.passing)-passingKept, 0):]
	})
}

func (l *Log) register(add func(*registered)) {
	for {
		old := l.known.Load()
		var known registered
		if old != nil {
			known.lasting, known.passing = slices.Clone(old.lasting), slices.Clone(old.passing)
		}
		add(&known)
		known.hidden = slices.Concat(append(known.passing, known.lasting)...)
		slices.SortFunc(known.hidden, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
		known.hidden = slices.Compact(known.hidden)
		if l.known.CompareAndSwap(old, &known) {
			return
		}
	}
}

// Mask is the package's Mask, and hides the registered secrets before.
func (l *Log) Mask(s string) string {
	if known := l.known.Load(); known != nil {
		for _, secret := range known.hidden {
			if strings.Contains(s, secret) {
				s = hideKnown(s, secret)
			}
		}
	}
	return Mask(s)
}

// forms are a secret as it looks in several notations; none of a text that is too short to be hidden.
func forms(secret string) []string {
	if utf8.RuneCountInString(secret) < 4 {
		return nil
	}
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
