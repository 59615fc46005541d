package driver

import (
	"slices"
	"time"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk"
)

// Settings are those of sendy.ini.
type Settings struct {
	Server string `ini:"Server" section:"Sendy" section_ru:"Платежная система" section_en:"Payment system" as:"url" ru:"Адрес сервера" en:"Server address" help_ru:"Выдает платежная система, например https://сервер/путь." help_en:"Given by the payment system, for example https://server/path."`
	Mode   string `ini:"Mode" default:"online" choices:"online,offline" choices_ru:"покупатель сканирует QR-код кассы,касса сканирует код покупателя" choices_en:"the customer scans the till's QR code,the till scans the customer's code" ru:"Режим оплаты" en:"Mode of payment" help_ru:"Какой режим касса предлагает первым. Доступны оба." help_en:"Which one the till offers first. Both work."`

	Sendy         bool   `ini:"Sendy" section:"Service" section_ru:"Сервис" section_en:"Service" default:"yes" const:"true" ru:"Sendy" en:"Sendy" help_ru:"Всегда включена." help_en:"Always on."`
	WeChat        bool   `ini:"WeChat" default:"no" ru:"WeChat" en:"WeChat" help_ru:"Только для онлайн-оплаты. Если систем больше одной, кассир выбирает." help_en:"For online payment only. With more than one system the cashier chooses."`
	AliPay        bool   `ini:"AliPay" default:"no" ru:"AliPay" en:"AliPay" help_ru:"Только для онлайн-оплаты и только если ее предлагает сервер." help_en:"For online payment only, and only if the server offers it."`
	DefaultSystem string `ini:"DefaultSystem" default:"sendy" choices:"sendy,wechat,alipay" choices_ru:"Sendy,WeChat,AliPay" choices_en:"Sendy,WeChat,AliPay" ru:"Система, если кассир не выбрал" en:"System if the cashier does not choose"`

	sdk.Settings
}

// Validate holds what one tag cannot say.
func (s *Settings) Validate() error {
	if !slices.Contains(s.enabled(), s.DefaultSystem) {
		return ini.Invalid("DefaultSystem",
			ini.Text{RU: "эта система выключена", EN: "this system is off"},
			ini.Text{RU: "включите ее или выберите другую", EN: "switch it on or choose another"})
	}
	return nil
}

// enabled lists the payment systems that may be offered for an online payment, Sendy first.
func (s *Settings) enabled() []string {
	list := []string{SystemSendy}
	if s.WeChat {
		list = append(list, SystemWeChat)
	}
	if s.AliPay {
		list = append(list, SystemAliPay)
	}
	return list
}

// aboveProcessing is how much longer the till waits than the provider's processing [seed 003 and its successors: 310 s, always 10 s more].
const aboveProcessing = 10 * time.Second

// outwait is the least time that a till may wait for a processing that takes so long.
func outwait(processing time.Duration) time.Duration { return processing + aboveProcessing }
