package driver

import (
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/payout"
)

// Settings are those of lombard.ini: of one branch, whose tills share an installation, or have one each [S000].
type Settings struct {
	Server     string        `ini:"Server" section:"Lombard" section_ru:"Lombard Payments" section_en:"Lombard Payments" ru:"Сервер" en:"Server" help_ru:"Адрес, который дал сервис, например api.example.ru или api.example.ru:8443/pay." help_en:"The address that the service gave, for example api.example.ru or api.example.ru:8443/pay."`
	HTTPS      bool          `ini:"HTTPS" default:"yes" ru:"Защищенное соединение" en:"Secure connection" help_ru:"Без него допускается только этот компьютер." help_en:"Without it only this computer is allowed."`
	NetworkKey string        `ini:"NetworkKey" secret:"true" ru:"Ключ сети" en:"Network key" help_ru:"Его дает сервис." help_en:"The service gives it."`
	NetworkID  int64         `ini:"NetworkID" default:"0" min:"0" max:"999999999" ru:"ID сети" en:"Network ID" help_ru:"Номер организации, его дает сервис." help_en:"The organization's number, the service gives it."`
	BranchID   int64         `ini:"BranchID" default:"0" min:"0" max:"999999999" noexport:"true" ru:"ID подразделения" en:"Branch ID" help_ru:"Номер филиала, его дает сервис." help_en:"The branch's number, the service gives it."`
	Lifetime   time.Duration `ini:"SessionLifetime" default:"45" min:"20" max:"1440" unit:"m" ru:"Время жизни сессии" en:"Session lifetime" help_ru:"Потом вход запрашивается снова. Если сессия может кончиться, пока идет одна выплата, вход запрашивается до нее." help_en:"Then the login is asked for again. Where the session may end within one payout, it is asked for before."`
	Statement  string        `ini:"Statement" default:"service" choices:"service,own,none" choices_ru:"сервиса,своё,нет" choices_en:"the service's,own,none" ru:"Заявление клиента" en:"Client's statement" help_ru:"service: форму делает сервис." help_en:"service: the service makes the form."`
	Timeout    time.Duration `ini:"Timeout" default:"30" min:"5" max:"35" unit:"s" ru:"Время ожидания ответа сервиса" en:"How long the service's answer is waited for"`

	payout.Limits
	sdk.Settings
}

// The statements.
const (
	statementService = "service"
	statementOwn     = "own"
	statementNone    = "none"
)

// server is where requests go. The flag counts, whatever the address begins with.
func (s *Settings) server() string {
	address := s.Server
	for _, scheme := range []string{"https://", "http://"} {
		address = strings.TrimPrefix(address, scheme)
	}
	if s.HTTPS {
		return "https://" + address
	}
	return "http://" + address
}

// place is network and branch as the history of logins has them: "11/21" [S000].
func (s *Settings) place() string {
	return strconv.FormatInt(s.NetworkID, 10) + "/" + strconv.FormatInt(s.BranchID, 10)
}
