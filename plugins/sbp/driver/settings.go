package driver

import (
	"time"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/nspk"
	"github.com/payrack/payrack/sdk"
)

// Settings are those of sbp.ini. Keys begin with the bank's name, because a till may have all of them.
type Settings struct {
	Raiffeisen  bool   `ini:"Raiffeisen" section:"SBP" section_ru:"Модуль оплаты" section_en:"Payment module" default:"no" ru:"Райффайзенбанк" en:"Raiffeisenbank" help_ru:"Какие банки обслуживают кассу. Если их несколько, кассир выбирает." help_en:"Which banks serve the till. With several the cashier chooses."`
	Gazprombank bool   `ini:"Gazprombank" default:"no" ru:"Газпромбанк" en:"Gazprombank"`
	RSB         bool   `ini:"RSB" default:"no" ru:"Банк Русский Стандарт" en:"Russian Standard Bank"`
	DefaultBank string `ini:"DefaultBank" default:"raiffeisen" choices:"raiffeisen,gazprombank,rsb" choices_ru:"Райффайзенбанк,Газпромбанк,Русский Стандарт" choices_en:"Raiffeisenbank,Gazprombank,Russian Standard" ru:"Банк, если кассир не выбрал" en:"Bank if the cashier does not choose"`

	QRTTL          time.Duration `ini:"QRTTL" section:"Timers" section_ru:"Таймеры" section_en:"Timers" default:"300" min:"60" max:"1200" unit:"s" ru:"Срок действия QR-кода" en:"Lifetime of a QR code" help_ru:"Потом запрос аннулируется в банке. WaitTimeout должен быть больше хотя бы на 10 с." help_en:"Then the request is annulled at the bank. WaitTimeout must be at least 10 s longer."`
	Interval       time.Duration `ini:"Interval" default:"5" min:"1" max:"30" unit:"s" ru:"Интервал опроса банка" en:"Interval of asking the bank" help_ru:"Первый опрос через секунду, дальше все реже, до этого интервала." help_en:"The first look comes after a second, the others less and less often, down to this interval."`
	Timeout        time.Duration `ini:"Timeout" default:"30" min:"5" max:"35" unit:"s" ru:"Время ожидания ответа банка" en:"How long the bank's answer is waited for"`
	CancelLifetime int           `ini:"CancelLifetime" default:"0" const:"true" unit:"h" ru:"Сколько часов повторять возврат, который банк не принял" en:"Hours to repeat a return that the bank did not take" help_ru:"0: пока банк не вернет деньги." help_en:"0: until the bank has given the money back."`

	CRCCheck       string `ini:"CRCCheck" section:"Link" section_ru:"Ссылки СБП" section_en:"Links" default:"strict" choices:"strict,warn" choices_ru:"отказывать,только предупреждать" choices_en:"refuse,warn only" ru:"Если контрольная сумма ссылки неверна" en:"If the checksum of a link is wrong" help_ru:"Ссылки тестовых серверов бывают с неверной суммой." help_en:"Links of test servers may have a wrong one."`
	VerifyLinkRole string `ini:"VerifyLinkRole" default:"receiver" choices:"receiver,full" choices_ru:"любой кассир,с полными правами" choices_en:"any cashier,the full role" ru:"Кто может проверять кассовую ссылку" en:"Who may check the cash link"`
	PosKind        string `ini:"PosKind" default:"till" choices:"till,kiosk" choices_ru:"касса,киоск" choices_en:"till,kiosk" ru:"Что это за касса" en:"What this till is" help_ru:"На киоске возвратов нет." help_en:"A kiosk makes no refunds."`

	RaiffeisenServer   string `ini:"RaiffeisenServer" section:"Raiffeisenbank" section_ru:"Райффайзенбанк" section_en:"Raiffeisenbank" as:"url" default:"https://pay.raif.ru/api" ru:"Адрес сервера" en:"Server address" help_ru:"Для проверки: https://pay-test.raif.ru/api" help_en:"For tests: https://pay-test.raif.ru/api"`
	RaiffeisenMerchant string `ini:"RaiffeisenMerchant" max:"12" ru:"Идентификатор партнера в СБП" en:"Merchant's id in the system" help_ru:"sbpMerchantId из личного кабинета, начинается с MA." help_en:"sbpMerchantId from the bank's account page; begins with MA."`
	RaiffeisenKey      string `ini:"RaiffeisenKey" secret:"true" ru:"Секретный ключ" en:"Secret key" help_ru:"Из личного кабинета банка, раздел «Прием платежей»." help_en:"From the bank's account page."`
	RaiffeisenAccount  string `ini:"RaiffeisenAccount" max:"20" ru:"Счет" en:"Account" help_ru:"20 цифр. Пусто: счет по договору." help_en:"20 digits. Empty: the account of the contract."`
	RaiffeisenVersion  string `ini:"RaiffeisenVersion" default:"v2" choices:"v1,v2" choices_ru:"старая,новая" choices_en:"old,new" ru:"Версия регистрации QR-кода" en:"Version of the registration of QR codes"`
	RaiffeisenMode     string `ini:"RaiffeisenMode" default:"dynamic" choices:"dynamic,link" choices_ru:"динамический QR-код,кассовая ссылка" choices_en:"dynamic QR code,cash link" ru:"Как платит покупатель" en:"How the customer pays"`
	RaiffeisenCashLink string `ini:"RaiffeisenCashLink" noexport:"true" ru:"Кассовая ссылка этой кассы" en:"Cash link of this till" help_ru:"Вся ссылка, https://qr.nspk.ru/..." help_en:"The whole link, https://qr.nspk.ru/..."`

	GazprombankServer   string `ini:"GazprombankServer" section:"Gazprombank" section_ru:"Газпромбанк" section_en:"Gazprombank" as:"url" ru:"Адрес сервера" en:"Server address" help_ru:"Выдает банк при подключении." help_en:"Given by the bank."`
	GazprombankLogin    string `ini:"GazprombankLogin" ru:"Имя входа" en:"Login" help_ru:"Идентификатор юридического лица, начинается с LA." help_en:"The legal person's id; begins with LA."`
	GazprombankPassword string `ini:"GazprombankPassword" secret:"true" ru:"Пароль" en:"Password"`
	GazprombankMerchant string `ini:"GazprombankMerchant" ru:"Идентификатор торговой точки" en:"Merchant's id"`
	GazprombankAccount  string `ini:"GazprombankAccount" max:"20" ru:"Счет" en:"Account"`
	GazprombankMode     string `ini:"GazprombankMode" default:"dynamic" choices:"dynamic,link" choices_ru:"динамический QR-код,кассовая ссылка" choices_en:"dynamic QR code,cash link" ru:"Как платит покупатель" en:"How the customer pays"`
	GazprombankCashLink string `ini:"GazprombankCashLink" noexport:"true" ru:"Кассовая ссылка этой кассы" en:"Cash link of this till"`

	RSBServer      string `ini:"RSBServer" section:"RussianStandard" section_ru:"Русский Стандарт" section_en:"Russian Standard" as:"url" ru:"Адрес сервера" en:"Server address" help_ru:"Выдает банк: до businessPaymentService включительно." help_en:"Given by the bank: up to and with businessPaymentService."`
	RSBLogin       string `ini:"RSBLogin" ru:"Имя пользователя" en:"User" help_ru:"Для заголовка x-User-login." help_en:"For the header x-User-login."`
	RSBTerminal    string `ini:"RSBTerminal" ru:"Номер терминала" en:"Terminal"`
	RSBMerchant    string `ini:"RSBMerchant" ru:"Идентификатор торговой точки" en:"Merchant's id"`
	RSBAccount     string `ini:"RSBAccount" max:"20" ru:"Счет" en:"Account"`
	RSBCertificate string `ini:"RSBCertificate" as:"path" ru:"Файл сертификата кассы" en:"File of the till's certificate" help_ru:"PEM. Ключ в том же файле, в RSBKeyFile или в секрете RSBKey." help_en:"PEM. The key is in the same file, in RSBKeyFile or in the secret RSBKey."`
	RSBKeyFile     string `ini:"RSBKeyFile" as:"path" ru:"Файл ключа" en:"File of the key"`
	RSBKey         string `ini:"RSBKey" secret:"true" ru:"Ключ сертификата" en:"Key of the certificate" help_ru:"PEM, если ключ не в файле." help_en:"PEM, if the key is in no file."`
	RSBMode        string `ini:"RSBMode" default:"link" choices:"dynamic,link" choices_ru:"динамический QR-код,кассовая ссылка" choices_en:"dynamic QR code,cash link" ru:"Как платит покупатель" en:"How the customer pays"`
	RSBCashLink    string `ini:"RSBCashLink" noexport:"true" ru:"Кассовая ссылка этой кассы" en:"Cash link of this till"`

	sdk.Customer
	sdk.Settings
}

var _ sdk.Payable = (*Settings)(nil)

// aboveProcessing is how much longer the till waits than the processing [seed 004: strictly greater; its successors: always 10 s].
const aboveProcessing = 10 * time.Second

// Validate holds the chain of timers, and that a cash link is one.
func (s *Settings) Validate() error {
	if err := s.Reachable(); err != nil {
		return err
	}
	switch {
	case s.WaitTimeout < s.QRTTL+aboveProcessing:
		return ini.Invalid("WaitTimeout",
			ini.Text{RU: "касса перестанет ждать раньше, чем истечет QR-код", EN: "the till stops waiting before the QR code has expired"},
			ini.Text{RU: "нужно хотя бы на 10 с больше, чем QRTTL", EN: "it has to be at least 10 s above QRTTL"})
	case s.Timeout >= s.QRTTL:
		return ini.Invalid("Timeout",
			ini.Text{RU: "ответа банка ждут дольше, чем действует QR-код", EN: "the bank's answer is waited for longer than a QR code lives"},
			ini.Text{RU: "нужно меньше, чем QRTTL", EN: "it has to be below QRTTL"})
	case s.Interval > s.Timeout:
		return ini.Invalid("Interval",
			ini.Text{RU: "банк опрашивается реже, чем ждут его ответа", EN: "the bank is asked less often than its answer is waited for"},
			ini.Text{RU: "нужно не больше, чем Timeout", EN: "it has to be Timeout at most"})
	}
	for key, link := range map[string]string{"RaiffeisenCashLink": s.RaiffeisenCashLink, "GazprombankCashLink": s.GazprombankCashLink, "RSBCashLink": s.RSBCashLink} {
		if link == "" {
			continue
		}
		l, err := nspk.Parse(link)
		if err == nil && s.CRCCheck == "strict" {
			err = l.Check()
		}
		if err != nil {
			return ini.Invalid(key, ini.Text{RU: "это не ссылка СБП, или в ней ошибка", EN: "this is no link of the system, or there is an error in it"},
				ini.Text{RU: "перенесите ее целиком из письма банка или со считанного QR-кода кассы", EN: "copy all of it from the bank's letter, or scan the till's code"})
		}
	}
	return nil
}

// PayableFor implements sdk.Payable.
func (s *Settings) PayableFor() time.Duration { return s.QRTTL }

// enabled lists the banks that serve the till, the default one first.
func (s *Settings) enabled() []string {
	var list []string
	for _, b := range []struct {
		id string
		on bool
	}{{bank.RaiffeisenID, s.Raiffeisen}, {bank.GazprombankID, s.Gazprombank}, {bank.RSBID, s.RSB}} {
		switch {
		case b.on && b.id == s.DefaultBank:
			list = append([]string{b.id}, list...)
		case b.on:
			list = append(list, b.id)
		}
	}
	return list
}
