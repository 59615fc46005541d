package payout

import "github.com/payrack/payrack/ini"

// Limits are the settings of every module that pays out. A module's settings struct embeds them.
type Limits struct {
	MaxPayout    ini.Money `ini:"MaxPayout" section:"Payout" section_ru:"Выплаты" section_en:"Payouts" default:"100000.00" min:"0.00" ru:"Наибольшая выплата, руб." en:"Largest payout, RUB" help_ru:"0: без предела. Больше отклоняется до отправки." help_en:"0: no limit. Above it a payout is refused before anything is sent."`
	MaxPayoutDay ini.Money `ini:"MaxPayoutDay" default:"1000000.00" min:"0.00" ru:"Наибольшая сумма выплат за день, руб." en:"Most that is paid out in a day, RUB" help_ru:"0: без предела. Считаются и выплаты, результат которых еще неизвестен." help_en:"0: no limit. Payouts whose result is not known yet count too."`
	Branch       string    `ini:"Branch" noexport:"true" ru:"Филиал, для заявления" en:"Branch, for the statement"`
}
