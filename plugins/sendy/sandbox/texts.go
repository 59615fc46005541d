package sandbox

import (
	"net/http"
	"strings"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// language is that of the messages: Russian unless the till asks for English.
func language(r *http.Request) string {
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "en") {
		return "en"
	}
	return "ru"
}

type text struct{ ru, en string }

func (t text) in(lang string) string {
	if lang == "en" {
		return t.en
	}
	return t.ru
}

func reasonText(lang string, r wire.Reason) string {
	texts := map[wire.Reason]text{
		wire.ReasonNotEnough:    {"Недостаточно средств на кошельке.", "Not enough money in the wallet."},
		wire.ReasonCodeExpired:  {"Срок действия кода покупателя истек.", "The customer's code has expired."},
		wire.ReasonCodeInvalid:  {"Код покупателя не распознан.", "The customer's code is not valid."},
		wire.ReasonCodeUsed:     {"Код покупателя уже использован.", "The customer's code was used before."},
		wire.ReasonPayer:        {"Покупатель отказался от оплаты.", "The customer declined."},
		wire.ReasonExpired:      {"Покупатель не оплатил вовремя.", "The customer did not pay in time."},
		wire.ReasonSystemOff:    {"Платежная система не подключена.", "The payment system is not enabled."},
		wire.ReasonTooMuch:      {"Сумма больше разрешенной.", "The amount is above the limit."},
		wire.ReasonNoOriginal:   {"Оплата для возврата не найдена.", "There is no payment to refund."},
		wire.ReasonRefundExcess: {"Сумма возврата больше остатка оплаты.", "The refund is above what is left of the payment."},
		wire.ReasonCancelled:    {"Оплата отменена.", "The payment was cancelled."},
	}
	return texts[r].in(lang)
}

func codeText(lang string, c wire.Code) string {
	texts := map[wire.Code]text{
		wire.CodeUnauthorized:     {"Терминал не активирован или его ключ заменен.", "The terminal is not active, or its secret was replaced."},
		wire.CodeUnknownTerminal:  {"Терминал не зарегистрирован.", "The terminal is not registered."},
		wire.CodeBadCode:          {"Неверный код активации.", "The activation code is wrong."},
		wire.CodeBurnt:            {"Код активации недействителен. Получите новый в личном кабинете.", "The activation code is void. Get a new one in the merchant's cabinet."},
		wire.CodeAlreadyActivated: {"Терминал уже активирован.", "The terminal is active already."},
		wire.CodeConflict:         {"Под этим номером другая операция.", "The number belongs to another operation."},
		wire.CodeAlreadyCancelled: {"Операция с этим номером отменена.", "The operation of this number was cancelled."},
		wire.CodeHasRefunds:       {"По оплате были возвраты, отмена невозможна.", "Parts of the payment were refunded, it cannot be reversed."},
		wire.CodeShiftNotOpen:     {"Смена с таким номером не открывалась.", "No such shift was opened."},
		wire.CodeNotFound:         {"Операция с этим номером не поступала.", "No operation of this number was received."},
		wire.CodeNoSuchPath:       {"Нет такого адреса.", "No such address."},
	}
	return texts[c].in(lang)
}
