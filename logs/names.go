package logs

import "strings"

// names says whether a field of this name holds a secret, or maybe does: then its value decides. before is the word in
// front of it ("activation code").
func names(word, before string) (secret, maybe bool) {
	name := strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(word, "_", ""), "-", ""))
	switch name {
	case "pin", "otp", "ss", "session", "pass", "pwd", "cvv", "cvc", "cvv2", "cvc2", "sms", "operatorpin",
		"networkkey", "customerkey", "passport", "пин", "сессия", "ключ", "паспорт":
		return true, false
	case "code", "код":
		switch strings.ToLower(before) {
		case "activation", "confirmation", "verification", "auth", "sms", "смс", "pin", "пин":
			return true, false
		}
		return false, true
	case "активации", "подтверждения":
		return strings.EqualFold(before, "код"), false
	}
	for _, ending := range []string{"password", "passwd", "passphrase", "secret", "secretkey", "privatekey", "apikey",
		"token", "signature", "signaturesha256", "authorization", "cookie", "sessionid", "smscode", "authcode",
		"activationcode", "confirmationcode", "verificationcode", "otpcode", "pincode", "пароль", "токен", "секрет"} {
		if strings.HasSuffix(name, ending) {
			return true, false
		}
	}
	return false, false
}

// looksLikeCode tells an activation code from the codes that providers give to errors: numbers of up to five digits,
// words, words with a number (ERROR.X, WX_500), NSPK's RQ00000.
func looksLikeCode(value string) bool {
	value = strings.TrimPrefix(value, "-")
	digits := 0
	for i := range len(value) {
		if isDigit(value[i]) {
			digits++
		}
	}
	switch {
	case digits == 0, digits == len(value) && digits <= 5, strings.ContainsAny(value, "_."):
		return false
	case len(value) == 7 && strings.HasPrefix(value, "RQ") && digits == 5:
		return false
	}
	return true
}

// isNothing knows values that say that there is no secret.
func isNothing(value string) bool {
	switch value {
	case "", "null", "nil", "<nil>", "true", "false", "{}", "[]", `\"\"`:
		return true
	}
	return false
}

// isHeader knows the HTTP headers whose values have spaces.
func isHeader(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "authorization") || strings.HasSuffix(name, "cookie")
}

func isScheme(word string) bool {
	switch strings.ToLower(word) {
	case "bearer", "basic", "digest", "token", "signature":
		return true
	}
	return false
}
