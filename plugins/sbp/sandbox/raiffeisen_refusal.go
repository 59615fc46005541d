package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// success is the code of the old methods when all went well.
const success = "SUCCESS"

// The refusals of Raiffeisenbank, by the codes that it documents [contract 1.5].
type raiffeisenCode int

const (
	codeMissing raiffeisenCode = iota
	codeBadSum
	codeRefundTooSmall
	codeNoAmount
	codeBadExpiration
	codeAccountUnknown
	codeMerchantUnknown
	codeMerchantMissing
	codeBadOrder
	codeOrderTaken
	codeNoQR
	codeNoBill
	codeTooMuch
	codeNoRefund
	codeWrongStatus
	codeNoOrder
	codeOrderFinal
	codeOrderExists
	codeNoDraft
	codeLinkBusy
)

// raiffeisenError is a refusal. It marshals into the bank's body.
type raiffeisenError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	missing bool   // 404 at the new methods
}

// Error implements error.
func (e *raiffeisenError) Error() string { return e.Code + ": " + e.Message }

// raiffeisenRefusal words a refusal exactly as the bank does.
func raiffeisenRefusal(code raiffeisenCode, args ...any) error {
	known := map[raiffeisenCode]raiffeisenError{
		codeMissing:         {"ERROR.INVALID_REQUEST", "Не передан обязательный параметр", false},
		codeBadSum:          {"ERROR.INVALID_REQUEST", "Передана некорректная сумма платежа", false},
		codeRefundTooSmall:  {"ERROR.INVALID_REQUEST", "Сумма возврата не может быть меньше 1 копейки", false},
		codeNoAmount:        {"ERROR.DYNAMIC_QR_WITHOUT_AMOUNT", "Не передана сумма для динамического QR-кода", false},
		codeBadExpiration:   {"ERROR.QR_EXPIRATION_DATE_NOT_VALID", "Неверная дата истечения QR-кода", false},
		codeAccountUnknown:  {"ERROR.ACCOUNT_IS_NOT_REGISTERED", "Указан неверный счет. Проверьте его или удалите. Параметр является необязательным", false},
		codeMerchantUnknown: {"ERROR.MERCHANT_NOT_REGISTERED", "Партнер с ID %s не зарегистрирован", false},
		codeMerchantMissing: {"ERROR.SBP_MERCHANT_ID_IS_MISSING", "SbpMerchantId партнера не указан", false},
		codeBadOrder:        {"ERROR.INVALID_ORDER", "В номере заказа поддерживаются A-z09_-.", false},
		codeOrderTaken:      {"ERROR.ORDER_NUMBER_ALREADY_REGISTERED", "QR-код с номером заказа %s, партнера %s и успешными платежами уже зарегистрирован", false},
		codeNoQR:            {"ERROR.NOT_FOUND", "QR-код не найден у данного партнера", true},
		codeNoBill:          {"ERROR.NOT_FOUND", "Счет не найден у данного партнера", true},
		codeTooMuch:         {"ERROR.REFUND_INSUFFICIENT_FUNDS", "Сумма возврата больше суммы остатка по платежу", false},
		codeNoRefund:        {"ERROR.REFUND_NOT_FOUND", "Возврат с refundId %s не найден", true},
		codeWrongStatus:     {"ERROR.ERROR_WRONG_QR_STATUS", "Нельзя сменить статус QR-кода с %s на CANCELLED", false},
		codeNoOrder:         {"ORDER_NOT_FOUND", "Заказ с идентификатором %s не найден у данного партнера", true},
		codeOrderFinal:      {"ORDER_HAS_FINAL_STATUS", "Заказ с идентификатором %s имеет статус %s", false},
		codeOrderExists:     {"ORDER_ALREADY_EXISTS", "Заказ с идентификатором %s уже существует", false},
		codeNoDraft:         {"ERROR.NOT_FOUND", "QR-draft с qrId: %s не зарегистрирован", true},
		codeLinkBusy:        {"ERROR.QR_ALREADY_ACTIVATED", "Кассовая ссылка на текущий момент недоступна для повторной активации", false},
	}
	e := known[code]
	if len(args) > 0 {
		e.Message = fmt.Sprintf(e.Message, args...)
	}
	return &e
}

func missingParameter() error { return raiffeisenRefusal(codeMissing) }
func badSum() error           { return raiffeisenRefusal(codeBadSum) }
func noCode() error           { return raiffeisenRefusal(codeNoQR) }

func sayRaiffeisen(w http.ResponseWriter, v version, err error) {
	e, ok := errors.AsType[*raiffeisenError](err)
	switch {
	case !ok:
		say(w, http.StatusInternalServerError, &raiffeisenError{Code: "ERROR.INTERNAL", Message: err.Error()})
	case v == v1:
		say(w, http.StatusOK, e)
	case e.missing:
		say(w, http.StatusNotFound, e)
	default:
		say(w, http.StatusBadRequest, e)
	}
}

// spring is the body that the bank's framework makes itself: it has no code.
func spring(w http.ResponseWriter, r *http.Request, status int) {
	say(w, status, map[string]any{
		"timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000-07:00"), "status": status, "error": http.StatusText(status),
		"message": "", "path": r.URL.Path,
	})
}

// raiffeisenUnknown answers as if nothing of what the path names had ever been received.
func raiffeisenUnknown(w http.ResponseWriter, r *http.Request) {
	rest := strings.TrimPrefix(r.URL.Path, raiffeisenPrefix)
	last := rest[strings.LastIndexByte(rest, '/')+1:]
	switch {
	case strings.HasPrefix(rest, "/payment/v1/orders/"):
		sayRaiffeisen(w, v2, raiffeisenRefusal(codeNoOrder, clip(last)))
	case strings.HasPrefix(rest, "/payments/") && r.Method == http.MethodGet:
		sayRaiffeisen(w, v2, raiffeisenRefusal(codeNoRefund, clip(last)))
	case strings.HasPrefix(rest, "/payments/"):
		sayRaiffeisen(w, v2, raiffeisenRefusal(codeNoBill))
	case strings.HasPrefix(rest, "/sbp/v1/refund/"):
		sayRaiffeisen(w, v1, raiffeisenRefusal(codeNoRefund, clip(last)))
	case strings.HasPrefix(rest, "/sbp/v1/refund"):
		sayRaiffeisen(w, v1, raiffeisenRefusal(codeNoBill))
	case strings.HasPrefix(rest, "/sbp/v1/"):
		sayRaiffeisen(w, v1, noCode())
	default:
		sayRaiffeisen(w, v2, noCode())
	}
}
