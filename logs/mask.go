package logs

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const masked = "***"

// longestCode is how far the value of a field that may be a code is looked at, in bytes.
const longestCode = 80

// Mask replaces what must not be logged:
//
//   - card numbers (13 to 19 digits that pass Luhn's check, also in groups): 411111******1111
//   - codes from a customer's screen (18 digits of WeChat or AliPay): 13****68
//   - values of fields named like a secret (password, pin, otp, token, session, passport, authorization and so on) in key=value
//     text, JSON, URLs, headers and XML; Bearer tokens; names and passwords in URLs; private keys: ***
//
// A field named code is a secret if its value looks like an activation code; the providers' error codes stay. Where it
// is unsure where a value ends, it hides more. Masking again shows no more, and hides more at most in a code beyond longestCode.
func Mask(s string) string {
	s = maskFields(maskPrivateKeys(s))
	for {
		digits := maskDigits(s)
		if digits == s {
			return s
		}
		s = maskFields(digits) // what is left of a number may look like a code, or like another number with its neighbour
	}
}

// maskPrivateKeys hides PEM blocks of private keys; one without an end hides the rest.
func maskPrivateKeys(s string) string {
	const begin, kind, end = "-----BEGIN ", "PRIVATE KEY-----", "-----END "
	from := strings.Index(s, begin)
	if from < 0 {
		return s
	}
	var b strings.Builder
	for ; from >= 0; from = strings.Index(s, begin) {
		b.WriteString(s[:from])
		s = s[from:]
		label := strings.Index(s[len(begin):], "-----")
		if label < 0 || !strings.HasSuffix(s[:len(begin)+label+5], kind) {
			b.WriteString(begin)
			s = s[len(begin):]
			continue
		}
		b.WriteString(masked)
		s = s[len(begin)+label+5:]
		if i := strings.Index(s, end); i < 0 {
			s = ""
		} else if j := strings.Index(s[i+len(end):], "-----"); j < 0 {
			s = ""
		} else {
			s = s[i+len(end)+j+5:]
		}
	}
	b.WriteString(s)
	return b.String()
}

// maskFields hides the values of fields that are named like secrets, and what stands before the @ of a URL.
func maskFields(s string) string {
	var b strings.Builder
	done := 0 // up to here s is in b
	replace := func(start, end int) {
		if s[start:end] != masked {
			b.WriteString(s[done:start])
			b.WriteString(masked)
			done = end
		}
	}
	before := "" // the word in front, if only a space parts it
	for i := 0; i < len(s); {
		if end := userinfo(s, i); end > 0 {
			replace(i+3, end)
			i = end
			continue
		}
		end := wordEnd(s, i)
		if end == i {
			_, size := utf8.DecodeRuneInString(s[i:])
			if s[i] != ' ' {
				before = ""
			}
			i += size
			continue
		}
		word := s[i:end]
		start, stop := secretValue(s, i, end, before)
		if stop > start {
			replace(start, stop)
			end = stop
		}
		before, i = word, end
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// secretValue finds the value that belongs to the word s[at:end], if the word names a secret.
func secretValue(s string, at, end int, before string) (start, stop int) {
	word := s[at:end]
	if strings.EqualFold(word, "bearer") && end < len(s) && s[end] == ' ' {
		start = skipBlanks(s, end)
		return start, bareEnd(s, start, " \t,\"'\\")
	}
	start, separator, quotedKey := afterName(s, at, end)
	if separator == 0 {
		return 0, 0
	}
	secret, maybe := names(word, before)
	if !secret && !maybe {
		return 0, 0
	}
	if maybe { // a code is short; looking no further keeps the time linear
		s = s[:min(len(s), start+longestCode)]
	}
	start, stop = valueSpan(s, start, separator, quotedKey, word)
	if value := s[start:stop]; isNothing(value) || (maybe && !looksLikeCode(value)) {
		return 0, 0
	}
	return start, stop
}

// afterName steps from the end of a name to the start of its value. The separator is 0 if there is none.
func afterName(s string, at, end int) (start int, separator byte, quoted bool) {
	i := end
	for i < len(s) && s[i] == '\\' {
		i++
	}
	switch {
	case i < len(s) && (s[i] == '"' || s[i] == '\''):
		i, quoted = i+1, true
	case i > end:
		return 0, 0, false
	}
	if i = skipBlanks(s, i); i >= len(s) {
		return 0, 0, false
	}
	switch c := s[i]; {
	case c == '=' || c == ':':
		separator = c
		for i++; i < len(s) && (s[i] == '=' || s[i] == '>'); i++ {
		}
	case c == '>' && at > 0 && s[at-1] == '<':
		return i + 1, '>', false
	default:
		return 0, 0, false
	}
	return skipBlanks(s, i), separator, quoted
}

// valueSpan finds where the value from start on begins, without its quote, and ends.
func valueSpan(s string, start int, separator byte, quotedKey bool, name string) (int, int) {
	slashes := 0
	for start+slashes < len(s) && s[start+slashes] == '\\' {
		slashes++
	}
	if open := start + slashes; open < len(s) && strings.IndexByte("\"'`", s[open]) >= 0 {
		return open + 1, closingQuote(s, open+1, s[open], slashes)
	}
	from := start // from here on the value goes to its first stop
	if start < len(s) && (s[start] == '{' || s[start] == '[') {
		from = bracketEnd(s, start)
	}
	switch {
	case separator == '>':
		return start, bareEnd(s, from, "<")
	case separator == ':' && quotedKey:
		return start, bareEnd(s, from, " \t,}]\"'")
	case separator == ':' && isHeader(name):
		return start, lineEnd(s, from)
	}
	stop := bareEnd(s, from, " \t&\"'")
	if isHeader(name) && isScheme(s[start:stop]) && stop < len(s) && s[stop] == ' ' {
		stop = bareEnd(s, skipBlanks(s, stop), " \t&\"'")
	}
	return start, stop
}

// closingQuote finds the end of a quoted value. Inside a quoted text quotes are escaped, once for each level: the
// number of backslashes tells which level a quote belongs to.
func closingQuote(s string, i int, quote byte, slashes int) int {
	run := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			run++
			continue
		case quote:
			if run%(2*(slashes+1)) == slashes {
				return i - slashes
			}
		}
		run = 0
	}
	return len(s)
}

// bracketEnd finds the end of a JSON object or array.
func bracketEnd(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

func bareEnd(s string, i int, stops string) int {
	for i < len(s) && s[i] >= ' ' && strings.IndexByte(stops, s[i]) < 0 {
		i++
	}
	return i
}

// lineEnd finds the end of a header's line, also where the line break is written \n or \r.
func lineEnd(s string, i int) int {
	for ; i < len(s); i++ {
		if s[i] < ' ' || s[i] == '"' || (s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`nr"\`, s[i+1]) >= 0) {
			break
		}
	}
	return i
}

func skipBlanks(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}

// userinfo finds the @ of a URL whose :// stands at i; 0 if there is none.
func userinfo(s string, i int) int {
	if !strings.HasPrefix(s[i:], "://") {
		return 0
	}
	host := i + 3
	at := strings.LastIndexByte(s[host:bareEnd(s, host, " /?#\"'<>\\")], '@')
	if at <= 0 {
		return 0
	}
	return host + at
}

func wordEnd(s string, i int) int {
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		i += size
	}
	return i
}
