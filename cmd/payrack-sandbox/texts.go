package main

import (
	"errors"
	"net"
	"strings"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// catalogue is a language: "ru" or "en".
type catalogue string

func (c catalogue) text(name string) string {
	t, ok := texts[name]
	switch {
	case !ok:
		return name
	case c == "en":
		return t[1]
	}
	return t[0]
}

// failure says what went wrong and what to do next.
func (c catalogue) failure(err error) string {
	if usage, ok := errors.AsType[usageError](err); ok {
		return c.calledWrongly(usage.error)
	}
	_, dial := errors.AsType[*net.OpError](err)
	for _, known := range []struct {
		is   bool
		name string
	}{
		{errors.Is(err, errListen), "failed-listen"},
		{errors.Is(err, errNoSandbox), "failed-nobody"},
		{errors.Is(err, errTrouble), "failed-trouble"},
		{errors.Is(err, sdk.ErrNoBill), "failed-no-bill"},
		{errors.Is(err, sdk.ErrBillOver), "failed-bill-over"},
		{dial, "failed-dial"},
	} {
		if known.is {
			return strings.TrimRight(c.text(known.name)+"\n  "+strings.ReplaceAll(c.detail(err), "\n", "\n  "), "\n ")
		}
	}
	return err.Error()
}

// detail is what only the error itself knows: in English all of it, in another language what needs no words.
func (c catalogue) detail(err error) string {
	if c == "en" {
		return err.Error()
	}
	switch network, ok := errors.AsType[*net.OpError](err); {
	case ok && network.Addr != nil:
		return network.Addr.String()
	case errors.Is(err, errTrouble):
		return strings.TrimPrefix(err.Error(), errTrouble.Error()+":\n")
	case errors.Is(err, errListen):
		return err.Error()
	}
	return ""
}

// texts are what people read, in Russian and in English. It is never changed.
var texts = map[string][2]string{
	"root": {
		"Песочница платежной системы: сервер для проб без настоящих денег",
		"A payment provider's sandbox: a server to practise with, without real money"},
	"sendy":           {"запустить песочницу Sendy", "run the Sendy sandbox"},
	"kvell":           {"запустить песочницу KVELL: выплаты на карты", "run the sandbox of KVELL: payouts to cards"},
	"lombard":         {"запустить песочницу Lombard Payments: выплаты на карты с входом оператора", "run the sandbox of Lombard Payments: payouts to cards, with a login of the operator"},
	"socproc":         {"запустить песочницу социального процессинга: резерв, списание и возврат по социальным картам", "run the sandbox of Social processing: reservations, write-offs and returns by social cards"},
	"operations":      {"операции, которые приняла песочница социального процессинга", "the operations that the sandbox of Social processing accepted"},
	"cards":           {"социальные карты и сколько на них осталось: всего и в этом месяце", "the social cards and what is left on them: in all and this month"},
	"flag-ttl":        {"через сколько резерв снимается сам", "after how long a reservation frees itself"},
	"sms":             {"код из СМС, который пришел на телефон клиента или оператора", "the code that came to the client's or operator's phone by SMS"},
	"payouts":         {"заявки и выплаты, которые приняла песочница Lombard Payments", "the drafts and payouts that the sandbox of Lombard Payments took"},
	"end-sessions":    {"закончить все сессии операторов Lombard Payments", "end all sessions of the operators of Lombard Payments"},
	"orders":          {"выплаты, которые приняла песочница KVELL", "the payouts that the sandbox of KVELL took"},
	"flag-public-key": {"файл открытого ключа торговца: без него принимается только подпись варианта C", "file of the merchant's public key: without it only signatures of variant C are taken"},
	"flag-variant":    {"подпись выплат: A, B, C или any", "signature of payouts: A, B, C or any"},
	"flag-shape":      {"вид ответов: both, flat или nested", "shape of answers: both, flat or nested"},
	"flag-otp":        {"терминал спрашивает код из СМС", "the terminal asks for a code by SMS"},
	"flag-upper":      {"статусы прописными буквами", "statuses in capitals"},
	"sbp":             {"запустить песочницу СБП: Райффайзенбанк, Газпромбанк и Русский Стандарт", "run the SBP sandbox: Raiffeisenbank, Gazprombank and Russian Standard"},
	"scan":            {"покупатель открыл счет в приложении банка", "the customer opens a bill in the bank's app"},
	"start":           {"банк покупателя начал платеж", "the customer's bank begins the payment"},
	"access":          {"адреса банков, файлы сертификатов и кассовые ссылки СБП", "the banks' addresses, certificate files and cash links of the SBP"},
	"refunds":         {"возвраты СБП", "the refunds of the SBP"},
	"end-refund":      {"завершить возврат СБП, который еще в обработке", "end a refund of the SBP that is in progress"},
	"link":            {"выпустить кассовую ссылку: raiffeisen, gazprombank или rsb", "issue a cash link: raiffeisen, gazprombank or rsb"},
	"registry":        {"реестр Райффайзенбанка за день, как его присылает банк", "Raiffeisenbank's registry of a day, as the bank sends it"},
	"pay":             {"покупатель платит по счету", "the customer pays a bill"},
	"decline":         {"покупатель отказывается", "the customer declines a bill"},
	"expire":          {"срок счета истекает", "a bill's time runs out"},
	"hold":            {"автоматический покупатель не трогает счет", "the simulated customer leaves a bill alone"},
	"bills":           {"счета, которые ждут покупателя", "bills that wait for a customer"},
	"wallets":         {"кошельки покупателей", "the customers' wallets"},
	"wallet":          {"создать кошелек или изменить его остаток", "create a wallet or change its balance"},
	"code":            {"показать код покупателя для сканера", "show a customer's code to the scanner"},
	"fault":           {"испортить следующий подходящий запрос", "spoil the next request that matches"},
	"faults":          {"что еще будет испорчено", "what is going to be spoiled"},
	"ledger":          {"правда о деньгах; с ключом: об одной операции", "the truth about money; with a key: about one operation"},
	"clock":           {"часы песочницы", "the sandbox's clock"},
	"requests":        {"запросы, которые получил сервер", "requests that the server received"},
	"settings":        {"показать или изменить настройки", "show or change settings"},
	"terminals":       {"терминалы и их коды активации", "terminals and their activation codes"},
	"terminal":        {"создать терминал или выдать новый код активации", "make a terminal or issue a new activation code"},
	"close-shift":     {"закрыть смену терминала без ведома кассы", "close a terminal's shift behind the till's back"},
	"reset":           {"забыть все", "forget everything"},
	"stop":            {"остановить песочницу", "stop the sandbox"},

	"flag-control":     {"адрес песочницы", "the sandbox's address"},
	"flag-ready":       {"файл, в котором песочница пишет свой адрес", "file in which the sandbox writes its address"},
	"flag-json":        {"ответ в JSON, суммы в копейках", "answer in JSON, amounts in kopecks"},
	"flag-lang":        {"язык: ru или en", "language: ru or en"},
	"flag-help":        {"эта справка", "this help"},
	"flag-listen":      {"адрес сервера, только 127.0.0.1; порт 0: любой свободный", "the server's address, 127.0.0.1 only; port 0: any free one"},
	"flag-data":        {"папка, где песочница хранит состояние; без нее все забывается", "folder that keeps the state; without it all is forgotten"},
	"flag-terminal":    {"терминал и код активации, ID:CODE; можно повторять", "a terminal and its activation code, ID:CODE; may be repeated"},
	"flag-listen-tls":  {"адрес Русского Стандарта с TLS, только 127.0.0.1", "the address of Russian Standard with TLS, 127.0.0.1 only"},
	"flag-certs":       {"папка сертификатов Русского Стандарта; пусто: certs в папке --data", "folder of the certificates of Russian Standard; empty: certs in the folder --data"},
	"flag-decline":     {"банк отказывает в возврате", "the bank declines the refund"},
	"flag-day":         {"день, 2026-11-22; пусто: сегодня", "the day, 2026-11-22; empty: today"},
	"flag-out":         {"файл реестра; пусто: на стандартный вывод", "the registry's file; empty: the standard output"},
	"flag-retry":       {"заголовок Retry-After, секунды", "the header Retry-After, seconds"},
	"flag-auto":        {"автоматический покупатель: pay или decline", "the simulated customer: pay or decline"},
	"flag-auto-polls":  {"он решает, когда касса спросит столько раз", "he decides when the till has asked so many times"},
	"flag-auto-after":  {"он решает через это время", "he decides after this time"},
	"flag-with-stdin":  {"остановиться, когда закончится стандартный ввод", "stop when the standard input ends"},
	"flag-wait":        {"сколько ждать, пока счет появится", "how long to wait for a bill"},
	"flag-act-after":   {"сколько подождать, прежде чем действовать", "how long to wait before it is done"},
	"flag-bill-system": {"счет этой системы или этого банка", "the bill of this system or bank"},
	"flag-bill-open":   {"сколько таких счетов должно быть открыто; последний из них и нужен", "how many such bills have to be open; the last of them is meant"},
	"flag-all":         {"и завершенные", "finished ones too"},
	"flag-system":      {"платежная система: SENDY, WECHAT, ALIPAY", "payment system: SENDY, WECHAT, ALIPAY"},
	"flag-name":        {"имя", "name"},
	"flag-balance":     {"остаток в копейках", "balance in kopecks"},
	"flag-behaviour":   {"что сделает покупатель: confirm, refuse, soon, poor, declined, invalid, expired", "what the customer does: confirm, refuse, soon, poor, declined, invalid, expired"},
	"flag-method":      {"метод: GET или POST; пусто: любой", "method: GET or POST; empty: any"},
	"flag-path":        {"адрес, например /pos/payment/*; пусто: любой", "address, such as /pos/payment/*; empty: any"},
	"flag-skip":        {"сколько подходящих запросов пропустить", "how many matching requests pass unharmed"},
	"flag-count":       {"сколько запросов испортить; -1: все", "how many requests to spoil; -1: all"},
	"flag-work":        {"сервер сначала делает то, о чем просили", "the server first does what was asked"},
	"flag-delay":       {"задержка", "delay"},
	"flag-status":      {"код ответа HTTP", "status of the HTTP answer"},
	"flag-size":        {"размер ответа в байтах", "size of the answer in bytes"},
	"flag-set":         {"изменить поле ответа, поле=JSON", "change a field of the answer, field=JSON"},
	"flag-disarm":      {"убрать одну неисправность по ее номеру", "take one fault away by its id"},
	"flag-clear":       {"убрать все", "take all away"},
	"flag-advance":     {"перевести часы вперед", "move the clock ahead"},
	"flag-at":          {"поставить часы, RFC 3339", "set the clock, RFC 3339"},
	"flag-after":       {"только после этого номера", "only after this number"},
	"flag-code":        {"код активации; пусто: придумать", "activation code; empty: think of one"},
	"flag-deactivate":  {"сделать терминал неактивным", "make the terminal inactive"},

	"bill-open":       {"ждет", "open"},
	"bill-paid":       {"оплачен", "paid"},
	"bill-declined":   {"не оплачен", "not paid"},
	"bill-closed":     {"закрыт магазином", "closed by the shop"},
	"refund-draft":    {"черновик", "draft"},
	"refund-started":  {"в обработке", "in progress"},
	"refund-paid":     {"возвращен", "given back"},
	"refund-declined": {"отклонен", "declined"},
	"entry-payment":   {"оплата", "payment"},
	"entry-refund":    {"возврат", "refund"},
	"entry-reversal":  {"отмена", "reversal"},
	"entry-payout":    {"выплата", "payout"},
	"total":           {"всего", "total"},
	"net":             {"итог операции", "net of the operation"},
	"active":          {"активен", "active"},
	"inactive":        {"не активен", "not active"},
	"code-is":         {"код", "code"},
	"shift":           {"смена", "shift"},
	"next":            {"следующий номер", "next number"},

	"failed-listen":    {"Песочница не запустилась. Занятый порт: выберите другой (--listen 127.0.0.1:0 берет свободный).", "The sandbox did not start. If the port is in use, take another (--listen 127.0.0.1:0 takes a free one)."},
	"failed-nobody":    {"Неизвестно, где песочница. Укажите --control, --ready-file или переменную PAYRACK_SANDBOX.", "It is not known where the sandbox is. Use --control, --ready-file or the variable PAYRACK_SANDBOX."},
	"failed-trouble":   {"В книге денег есть то, чего быть не должно.", "The ledger holds what must never happen."},
	"failed-no-bill":   {"Такого счета нет. Список: payrack-sandbox bills", "There is no such bill. The list: payrack-sandbox bills"},
	"failed-bill-over": {"Этот счет уже завершен.", "This bill is over."},
	"failed-dial":      {"Песочница не отвечает. Запустите ее: payrack-sandbox sendy или sbp", "No sandbox answers. Start one: payrack-sandbox sendy or sbp"},

	"failed-usage": {"Неверный вызов", "Called wrongly"},

	"usage":            {"Вызов", "Usage"},
	"usage-command":    {"КОМАНДА", "COMMAND"},
	"usage-flags-word": {"[флаги]", "[flags]"},
	"usage-commands":   {"Команды", "Commands"},
	"usage-flags":      {"Флаги", "Flags"},
	"usage-common":     {"Общие флаги", "Common flags"},
	"usage-default":    {"по умолчанию", "default"},
	"usage-help":       {"Справка: payrack-sandbox КОМАНДА --help", "Help: payrack-sandbox COMMAND --help"},
	"ledger-empty":     {"пусто", "empty"},
}
