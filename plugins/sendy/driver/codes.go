package driver

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// The payment systems, as the till and the journal name them.
const (
	SystemSendy  = "sendy"
	SystemWeChat = "wechat"
	SystemAliPay = "alipay"
)

// longestCode is the most that a scanner may hand over, in bytes; the longest known code has 24 digits.
const longestCode = 64

// fault says why a scanned text is no customer's code: the id of its words. Empty: it is one.
type fault string

// The faults.
const (
	codeMissing fault = "sendy.code.missing"
	codeTooLong fault = "sendy.code.long"
	codeControl fault = "sendy.code.control"
	codeForeign fault = "sendy.code.foreign"
)

// recognise tells by its form whose code was scanned. Blanks and line ends around it, which scanners add, do not count.
func recognise(scanned string) (system, code string, why fault) {
	if len(scanned) > longestCode {
		return "", "", codeTooLong
	}
	code = strings.TrimSpace(scanned)
	switch {
	case code == "":
		return "", "", codeMissing
	case !utf8.ValidString(code) || strings.ContainsFunc(code, unicode.IsControl):
		return "", "", codeControl
	}
	found, ok := wire.SystemOf(code)
	if !ok {
		return "", "", codeForeign
	}
	return systemID(found), code, ""
}
