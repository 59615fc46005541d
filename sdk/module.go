package sdk

import (
	"context"
	"io/fs"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/secret"
	"github.com/payrack/payrack/sdk/shell"
	"github.com/payrack/payrack/sdk/text"
)

// Module is what an author gives to Main.
type Module struct {
	About provider.Description
	// Settings makes a settings struct, a pointer, that embeds sdk.Settings.
	Settings func() Configured
	// New makes the driver. It touches no network. It is called again when settings changed, while no operation is running.
	New func(Parts) (provider.Driver, error)
	// Commands are run by kind command, besides those that the sdk adds itself (activate). It may be nil.
	Commands func(provider.Driver) map[string]shell.Command
	// Words are catalogue files of the module's own texts, <area>.ru.json and <area>.en.json; nil: none.
	Words fs.FS
	// SystemName says a payment system in the words of a slip: "кошелек WeChat". nil: as it is.
	SystemName func(system, language string) string
	// SystemTitle says it in the totals and lists of reports, where it stands without a sentence: "WeChat". nil: as it is.
	SystemTitle func(system, language string) string
	// PayerLabel stands before the masked payer on a slip: "Код кошелька". nil: a general word.
	PayerLabel func(op pay.Operation, language string) string
	// IDLabel stands before the provider's id of an operation on a slip, where that is no RRN: "ID операции СБП". nil: it is one.
	IDLabel func(language string) string
	// Terminal is the provider's terminal as slips name it, of a module that is set up and not activated. nil: none.
	Terminal func(Configured) string
}

// Parts are what the sdk hands to a driver.
type Parts struct {
	Settings Configured
	// HTTP makes a client that writes the request log, masks, and tells what was not sent. Record, Mask, Log, CAFile, Proxy and
	// ConnectTimeout are filled in.
	HTTP    func(exchange.Options) (*exchange.Client, error)
	Secrets *secret.Store
	// Attempts keeps the tries to activate.
	Attempts func(ctx context.Context, terminal, serial string, ok bool, code string, left int) error
	// Past reads the operations with money that were begun from a time on and before another, in that order.
	Past  func(ctx context.Context, from, to time.Time) ([]Past, error)
	Words *text.Catalogue
	Log   hclog.Logger
	// Hide keeps exact texts out of every log from now on: a session's token, a password. For those of one dialogue, a code of an SMS, say passing.
	Hide func(passing bool, secrets ...string)
	Now  func() time.Time
	Shop module.Shop
	// Data is the module's folder: a driver keeps there what a person may want to read or change, and nothing that decides about money.
	Data string
	// Computer names this computer, for the warning that it seems active already.
	Computer string
}
