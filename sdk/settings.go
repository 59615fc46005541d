package sdk

import (
	"time"

	"github.com/payrack/payrack/sdk/engine"
)

// Settings are what every module has. A module's own settings struct embeds it, first or last, as the sections of its INI file shall stand.
type Settings struct {
	Language       string        `ini:"Language" section:"Till" section_ru:"Касса" section_en:"Till" default:"ru" choices:"ru,en" choices_ru:"русский,английский" choices_en:"Russian,English" ru:"Язык сообщений" en:"Language of messages"`
	WaitTimeout    time.Duration `ini:"WaitTimeout" default:"310" min:"310" max:"3600" unit:"s" ru:"Время ожидания кассы" en:"How long the till waits" help_ru:"Не меньше 310 с и на 10 с больше времени ожидания процессинга." help_en:"At least 310 s, and 10 s above the processing's own."`
	OrphanGrace    time.Duration `ini:"OrphanGrace" default:"30" min:"5" max:"600" unit:"s" ru:"Сколько ждать кассу, которая пропала" en:"How long a till that is gone is waited for" help_ru:"Потом QR-код снимается, и запрашивается отмена." help_en:"Then the QR code is taken down and a cancel is asked for."`
	SlipCopies     int           `ini:"SlipCopies" section:"Slip" section_ru:"Слипы" section_en:"Slips" default:"1" min:"1" max:"5" ru:"Количество слипов" en:"Number of slips" help_ru:"Сколько копий слипа печатается до кассового чека." help_en:"How many copies are printed before the receipt."`
	SlipWidth      int           `ini:"SlipWidth" default:"32" min:"24" max:"64" ru:"Ширина слипа, знаков" en:"Width of a slip, columns"`
	DetailedClose  bool          `ini:"DetailedClose" default:"no" ru:"Детальный отчет о закрытии дня" en:"Detailed report at close of day"`
	ConnectTimeout time.Duration `ini:"ConnectTimeout" section:"Connection" section_ru:"Связь" section_en:"Connection" default:"5" min:"1" max:"60" unit:"s" ru:"Время соединения с сервером" en:"Connect timeout"`
	CAFile         string        `ini:"CAFile" as:"path" ru:"Файл доверенных сертификатов" en:"File of trusted certificates" help_ru:"PEM, в дополнение к системным." help_en:"PEM, besides the system's."`
	Proxy          string        `ini:"Proxy" ru:"Прокси-сервер" en:"Proxy server" help_ru:"Например http://192.168.1.1:3128. Пусто: без прокси." help_en:"For example http://192.168.1.1:3128. Empty: none."`
	LogDays        int           `ini:"LogDays" section:"Log" section_ru:"Логи" section_en:"Logs" default:"60" min:"1" max:"3660" ru:"Сколько дней хранить логи" en:"Days to keep logs"`
	LogLevel       string        `ini:"LogLevel" default:"info" choices:"error,warn,info,debug" choices_ru:"ошибки,предупреждения,события,все" choices_en:"errors,warnings,events,everything" ru:"Подробность лога" en:"Log level"`
}

// Common gives the settings that every module has; embedding Settings is enough to have it.
func (s *Settings) Common() *Settings { return s }

// Configured is a pointer to a settings struct that embeds Settings.
type Configured interface{ Common() *Settings }

// Payable is implemented by settings that say for how long a customer may pay by a code, or by what a link was charged with. After an end without money
// the provider is asked once more when that time is over, counted from the end, and a request that was on its way is too.
type Payable interface{ PayableFor() time.Duration }

// terms are the engine's times under these settings.
func (s *Settings) terms() engine.Terms {
	t := engine.DefaultTerms()
	t.Wait, t.OrphanGrace = s.WaitTimeout, s.OrphanGrace
	return t
}
