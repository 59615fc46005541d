package logs

import "strings"

// group is a run of digits in a text.
type group struct{ start, end int }

func (g group) size() int { return g.end - g.start }

// maskDigits hides card numbers and payment codes. It looks at runs of digits, alone and joined by single spaces,
// dashes or pluses, and hides whatever lies in the middle of any run that could be a card number, so that overlapping
// readings never show more than the strictest of them.
func maskDigits(s string) string {
	var out []byte
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		groups := chain(s, i)
		end := groups[len(groups)-1].end
		if end-i >= 13 {
			out = hide(s, groups, out)
		}
		i = end
	}
	if out == nil {
		return s
	}
	return collapse(s, string(out))
}

// chain finds the runs of digits from i on that single separators join.
func chain(s string, i int) []group {
	var groups []group
	for {
		g := group{i, i}
		for g.end < len(s) && isDigit(s[g.end]) {
			g.end++
		}
		groups = append(groups, g)
		if g.end+1 >= len(s) || !isJoint(s[g.end]) || !isDigit(s[g.end+1]) {
			return groups
		}
		i = g.end + 1
	}
}

// hide puts * over digits in out, a copy of s that is made when it is needed.
func hide(s string, groups []group, out []byte) []byte {
	for first := range groups {
		var digits [19]byte
		var places [19]int
		n := 0
		for last := first; last < len(groups); last++ {
			g := groups[last]
			if n+g.size() > 19 || !joins(s, groups[first:last+1]) {
				break
			}
			for at := g.start; at < g.end; at++ {
				digits[n], places[n] = s[at], at
				n++
			}
			head, tail := 0, 0
			switch {
			case isPaymentCode(digits[:n]):
				head, tail = 2, 2
			case isCard(digits[:n]):
				head, tail = 6, 4
			default:
				continue
			}
			if out == nil {
				out = []byte(s)
			}
			for _, at := range places[head : n-tail] {
				out[at] = '*'
			}
		}
	}
	return out
}

// joins says whether groups may be parts of one number: the same separator, and parts of three digits or more before
// the last. Dates and lists of small numbers are not joined.
func joins(s string, groups []group) bool {
	if len(groups) == 1 {
		return true
	}
	if groups[len(groups)-2].size() < 3 {
		return false
	}
	return s[groups[0].end] == s[groups[len(groups)-2].end]
}

// isCard says whether digits could be a card number: 13 to 19 of them, passing Luhn's check. No issuer's numbers begin
// with 0; 13 digits from 1 on are a time in milliseconds.
func isCard(digits []byte) bool {
	if len(digits) < 13 || digits[0] == '0' || (len(digits) == 13 && digits[0] == '1') {
		return false
	}
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// isPaymentCode knows the code on a customer's screen: 18 digits, from 10 to 15 WeChat's, from 25 to 30 AliPay's.
func isPaymentCode(digits []byte) bool {
	if len(digits) != 18 {
		return false
	}
	prefix := int(digits[0]-'0')*10 + int(digits[1]-'0')
	return prefix >= 10 && prefix <= 15 || prefix >= 25 && prefix <= 30
}

// collapse shortens the stars of a payment code to four. No card number has so many; stars of s itself are left.
func collapse(s, hidden string) string {
	const long = "**************"
	if !strings.Contains(hidden, long) {
		return hidden
	}
	var b strings.Builder
	for i := 0; i < len(hidden); {
		if s[i] != '*' && strings.HasPrefix(hidden[i:], long) {
			b.WriteString("****")
			i += len(long)
			continue
		}
		b.WriteByte(hidden[i])
		i++
	}
	return b.String()
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isJoint(c byte) bool { return c == ' ' || c == '-' || c == '+' }

// CardNumber says whether digits, which are nothing else, could be a card number: 13 to 19 of them that pass Luhn's check. It is what the masking
// goes by.
func CardNumber(digits string) bool {
	if len(digits) > 19 {
		return false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return false
		}
	}
	return isCard([]byte(digits))
}
