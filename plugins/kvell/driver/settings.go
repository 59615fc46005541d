package driver

import (
	"time"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/payout"
)

// Settings are those of kvell.ini: of one branch, whose tills share an installation, or have one each. Nothing of it is handed down to other branches.
type Settings struct {
	TestTerminal bool          `ini:"TestTerminal" section:"KVELL" section_ru:"KVELL" section_en:"KVELL" noexport:"true" default:"no" ru:"Тестовый терминал" en:"Test terminal" help_ru:"Запросы идут к тестовому серверу, деньги не переводятся. На слипах и экране стоит ТЕСТ." help_en:"Requests go to the test server, no money is paid. Slips and screen say TEST."`
	Server       string        `ini:"Server" as:"url" default:"https://api.pay.kvell.group" ru:"Адрес сервера" en:"Server address"`
	TestServer   string        `ini:"TestServer" as:"url" default:"https://api.pay.stage.kvell.group" ru:"Адрес тестового сервера" en:"Address of the test server"`
	APIKey       string        `ini:"APIKey" secret:"true" ru:"Идентификатор терминала (api-key)" en:"Terminal's id (api-key)" help_ru:"Из личного кабинета KVELL." help_en:"From the merchant's cabinet of KVELL."`
	SecretKey    string        `ini:"SecretKey" secret:"true" ru:"Секретный ключ терминала" en:"Terminal's secret key" help_ru:"Из личного кабинета KVELL." help_en:"From the merchant's cabinet of KVELL."`
	PrivateKey   string        `ini:"PrivateKey" secret:"true" ru:"Закрытый ключ RSA" en:"Private RSA key" help_ru:"Не вводится: payrack keys generate kvell, или keys import." help_en:"Not typed in: payrack keys generate kvell, or keys import."`
	Signature    string        `ini:"Signature" default:"A" choices:"A,B,C" choices_ru:"RSA тела и секретного ключа,RSA тела,SHA-256 тела и ключей" choices_en:"RSA of body and secret key,RSA of the body,SHA-256 of body and keys" ru:"Подпись запросов" en:"Signature of requests" help_ru:"Меняйте только по указанию KVELL." help_en:"Change it only if KVELL says so."`
	Statement    string        `ini:"Statement" default:"own" choices:"service,own,none" choices_ru:"сервиса,своё,нет" choices_en:"the service's,own,none" ru:"Заявление клиента" en:"Client's statement" help_ru:"У KVELL своего заявления нет: own или none." help_en:"KVELL has none of its own: own or none."`
	Codes        bool          `ini:"Codes" default:"no" ru:"Терминал спрашивает код из СМС" en:"The terminal asks for a code by SMS" help_ru:"Тогда выплата не начинается там, где на вопросы никто не отвечает." help_en:"A payout then does not begin where nobody answers questions."`
	Timeout      time.Duration `ini:"Timeout" default:"30" min:"5" max:"35" unit:"s" ru:"Время ожидания ответа сервиса" en:"How long the service's answer is waited for"`

	payout.Limits
	sdk.Settings
}

// The statements.
const (
	statementOwn     = "own"
	statementService = "service"
)

// Validate refuses a statement that the service does not have.
func (s *Settings) Validate() error {
	if s.Statement == statementService {
		return ini.Invalid("Statement", ini.Text{RU: "у KVELL нет своего заявления", EN: "KVELL has no statement of its own"},
			ini.Text{RU: "поставьте own (заявление печатает payrack) или none", EN: "set own (payrack makes the statement) or none"})
	}
	return nil
}

// server is where requests go.
func (s *Settings) server() string {
	if s.TestTerminal {
		return s.TestServer
	}
	return s.Server
}

func (s *Settings) variant() wire.Variant { return wire.Variant(s.Signature) }
