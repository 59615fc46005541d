package host

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Settings are the installation's own, in payrack.ini. A file that is not there is one of defaults.
type Settings struct {
	Data         string        `ini:"Data" as:"path" noexport:"true" restart:"true" ru:"Папка данных" en:"Folder of the data" help_ru:"Журналы, настройки модулей, логи. Пусто: папка программы." help_en:"Journals, settings of the modules, logs. Empty: the program's folder."`
	Language     string        `ini:"Language" default:"ru" choices:"ru,en" choices_ru:"русский,английский" choices_en:"Russian,English" ru:"Язык сообщений" en:"Language of messages"`
	ShopName     string        `ini:"Name" section:"Organization" section_ru:"Организация (шапка слипов)" section_en:"Organization (the head of slips)" noexport:"true" ru:"Название" en:"Name"`
	ShopAddress  []string      `ini:"Address" noexport:"true" ru:"Адрес, строки через запятую" en:"Address, lines parted by commas"`
	ShopINN      string        `ini:"INN" noexport:"true" ru:"ИНН" en:"INN"`
	Limit        ini.Money     `ini:"LimitAmount" section:"Operations" section_ru:"Операции" section_en:"Operations" default:"10000000.00" min:"0.01" ru:"Наибольшая сумма одной операции, руб." en:"Largest amount of one operation, RUB"`
	Disabled     []string      `ini:"Disabled" noexport:"true" ru:"Выключенные модули" en:"Modules that are switched off" help_ru:"Скрыты и отвергаются; их незавершенные операции доводятся до конца." help_en:"Hidden and refused; their pending operations are still followed."`
	Idle         time.Duration `ini:"IdleMinutes" section:"Host" section_ru:"Хост" section_en:"Host" default:"5" min:"1" max:"1440" unit:"m" ru:"Через сколько минут простоя завершаться" en:"Minutes of idleness before it ends"`
	Manifest     bool          `ini:"ManifestCheck" default:"yes" restart:"true" ru:"Проверять контрольные суммы модулей" en:"Check the modules against the manifest" help_ru:"Выключает только разработчик." help_en:"Only a developer switches this off."`
	LogRetention int           `ini:"LogRetentionDays" default:"60" min:"1" max:"3660" restart:"true" ru:"Сколько дней хранить логи" en:"Days to keep logs"`
}

// Enabled says whether a module may begin operations.
func (s *Settings) Enabled(id string) bool {
	return !slices.ContainsFunc(s.Disabled, func(off string) bool { return strings.EqualFold(off, id) })
}

// shop is the head of every slip.
func (s *Settings) shop() module.Shop {
	return module.Shop{Name: s.ShopName, Address: s.ShopAddress, INN: s.ShopINN, Limit: pay.Amount(s.Limit)}
}

// CheckSettings says what is wrong with the text of a payrack.ini: nil, or ini.Problems.
func CheckSettings(text []byte) error {
	_, err := ini.Parse(text, new(Settings))
	return err
}

// Schema describes payrack.ini, for its template and its reference page.
func Schema() (ini.Schema, error) {
	schema, err := ini.Describe(new(Settings))
	schema.Title = ini.Text{RU: "Настройки payrack", EN: "Settings of payrack"}
	return schema, err
}

// LoadSettings reads an installation's payrack.ini; the file is nil where there is none. A broken one is pay.ErrConfig with every problem
// in its text.
func LoadSettings(p place.Place) (*Settings, *ini.File, error) {
	s := new(Settings)
	file, err := ini.Load(p.Settings(), s)
	if errors.Is(err, fs.ErrNotExist) {
		if err := ini.Defaults(s); err != nil {
			return nil, nil, &pay.Error{Code: pay.ErrInternal, Cause: err}
		}
		return s, nil, nil
	}
	if err != nil {
		return nil, nil, settingsError(err, "ru")
	}
	return s, file, nil
}

// settingsError is a refusal that says what is wrong in the user's language.
func settingsError(err error, language string) error {
	if refusal, ok := errors.AsType[*pay.Error](err); ok {
		return refusal
	}
	if problems, ok := errors.AsType[ini.Problems](err); ok {
		return &pay.Error{Code: pay.ErrConfig, Text: problems.Text(language), Cause: err}
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return text.Refuse(pay.ErrConfig, "settings.unwritable", map[string]any{"File": e.Path, "Folder": filepath.Dir(e.Path), "Error": e.Err.Error()}, err)
	}
	return &pay.Error{Code: pay.ErrConfig, Cause: err}
}
