package driver

import (
	"time"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk"
)

// Settings are those of socproc.ini. Those of the service bear the names that the integrator gives them (S002), so that they can be taken over as they
// are; the terminal's own lifetime of a request, which is called qrTtl too, is TerminalQrTtl here.
type Settings struct {
	URL            string        `ini:"url" section:"Merchant" section_ru:"Магазин" section_en:"Merchant" as:"url" ru:"Адрес сервиса" en:"Service address" help_ru:"Выдается при регистрации в «Социальном процессинге»." help_en:"Given at the registration with Social processing."`
	EnterpriseID   string        `ini:"enterprise_id" max:"64" ru:"Идентификатор торгового предприятия" en:"Enterprise id"`
	MerchantID     string        `ini:"merchant_id" max:"64" ru:"Идентификатор магазина" en:"Merchant id"`
	SPCode         string        `ini:"sp_code" max:"32" ru:"Код социальной программы" en:"Code of the social programme"`
	QRTTL          time.Duration `ini:"qrTtl" default:"5" min:"1" max:"30" unit:"m" ru:"Время жизни запроса на оплату" en:"Lifetime of a request" help_ru:"Сколько ждать ответа кассира. Резерв сам снимается позже." help_en:"How long the cashier's answer is waited for. The reservation frees itself later."`
	Interval       time.Duration `ini:"interval" default:"5" min:"1" max:"60" unit:"s" ru:"Интервал повторения запроса" en:"Interval of asking again"`
	Timeout        time.Duration `ini:"timeout" default:"30" min:"5" max:"300" unit:"s" ru:"Время ожидания ответа сервиса" en:"How long the service's answer is waited for"`
	CancelLifetime time.Duration `ini:"cancel_lifetime" default:"0" min:"0" max:"8760" unit:"h" ru:"Сколько часов повторять отмену резерва" en:"Hours to repeat the cancel of a reservation" help_ru:"0: пока сервис не примет. Возврат списанных денег повторяется всегда, пока сервис не примет." help_en:"0: until the service has taken it. A return of money that was written off is always repeated until then."`

	TerminalNo    string        `ini:"TerminalNo" section:"Terminal" section_ru:"Терминал" section_en:"Terminal" max:"64" noexport:"true" ru:"Идентификатор терминала" en:"Terminal id"`
	TerminalQRTTL time.Duration `ini:"TerminalQrTtl" default:"0" min:"0" max:"30" unit:"m" noexport:"true" ru:"Время жизни запроса этого терминала" en:"Lifetime of this terminal's requests" help_ru:"qrTtl терминала. 0: как у магазина." help_en:"The terminal's qrTtl. 0: the merchant's."`

	sdk.Settings
}

// ttl is how long a request lives: the terminal's lifetime counts before the merchant's (S002).
func (s *Settings) ttl() time.Duration {
	if s.TerminalQRTTL > 0 {
		return s.TerminalQRTTL
	}
	return s.QRTTL
}

// aboveService is how much longer the till waits than the service [S002: strictly more, by 10 s].
const aboveService = 10 * time.Second

// Validate holds the chain of timers.
func (s *Settings) Validate() error {
	switch {
	case s.WaitTimeout < s.Timeout+aboveService:
		return ini.Invalid("WaitTimeout",
			ini.Text{RU: "касса перестанет ждать раньше, чем ответит сервис", EN: "the till stops waiting before the service answers"},
			ini.Text{RU: "нужно хотя бы на 10 с больше, чем timeout", EN: "it has to be at least 10 s above timeout"})
	case s.Interval > s.ttl():
		return ini.Invalid("interval",
			ini.Text{RU: "сервис опрашивается реже, чем живет запрос", EN: "the service is asked less often than a request lives"},
			ini.Text{RU: "нужно не больше, чем qrTtl", EN: "it has to be qrTtl at most"})
	}
	return nil
}
