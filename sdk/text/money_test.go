package text_test

import (
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func TestASumInWordsIsWrittenAsTheLanguageDoes(t *testing.T) {
	refusal := text.Refuse(pay.ErrLimit, "refused.too_much", map[string]any{"Ref": "s", "Left": text.Money(300, ""), "Approved": text.Money(600, pay.RUB), "Asked": text.Money(400, pay.RUB)}, nil)
	if ru := text.Fill(refusal, "ru"); !strings.Contains(ru.Text, "3,00 RUB из 6,00 RUB") {
		t.Error(ru.Text)
	}
	if en := text.Fill(refusal, "en"); !strings.Contains(en.Text, "3.00 RUB of 6.00 RUB") {
		t.Error(en.Text)
	}
	if _, err := pay.ParseKind("foo"); text.Fill(err, "ru").Text != "Неизвестный вид операции «foo»." {
		t.Error(text.Fill(err, "ru").Text)
	}
}

func TestARefundOrPayoutThatFailedNeverSpeaksOfAPayment(t *testing.T) {
	for _, kind := range []string{"refund", "payout"} {
		for _, code := range []pay.Code{pay.CodeDeclined, pay.CodeCancelled, pay.ErrOffline, pay.ErrTLS} {
			id := "ended." + kind + "." + code.String()
			if words := text.Say("ru", id+".cause", nil); words == id+".cause" || strings.Contains(words, "не списаны") {
				t.Errorf("%s: %s", id, words)
			}
		}
	}
}
