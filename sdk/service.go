package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/secret"
	"github.com/payrack/payrack/sdk/shell"
	"github.com/payrack/payrack/sdk/text"
)

// Service is a module as its host sees it; it implements module.Service.
type Service struct {
	m       Module
	options options

	mu       sync.Mutex
	opening  module.Opening
	settings Configured
	file     *ini.File
	read     fileMark // the INI file as it was last read
	broken   error    // why the settings cannot be used: the module is blocked
	words    *text.Catalogue
	log      *logs.Log
	journal  *journal.Journal
	secrets  *secret.Store
	shell    *shell.Shell
	side     *side // of a module that shows codes; else nil
	opened   bool
}

var _ module.Service = (*Service)(nil)

// Option changes how a Service runs, in tests.
type Option func(*options)

type options struct {
	around func(point string)
	terms  func(*engine.Terms)
	now    func() time.Time
	lock   time.Duration
}

// Around has f called at each effect boundary, so that a test's main can kill the process there.
func Around(f func(point string)) Option { return func(o *options) { o.around = f } }

// Terms has change set the engine's times after the settings did, so that a test need not wait as long as a shop.
func Terms(change func(*engine.Terms)) Option { return func(o *options) { o.terms = change } }

// Clock gives the module a clock of its own, which a test can step.
func Clock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// New makes the service of a module without serving it. It touches nothing until Open.
func New(m Module, with ...Option) *Service {
	s := &Service{m: m, options: options{lock: 30 * time.Second, now: time.Now}}
	for _, o := range with {
		o(&s.options)
	}
	return s
}

// Describe implements module.Service.
func (s *Service) Describe(context.Context) (module.Description, error) {
	about := s.m.About
	raw, err := json.Marshal(about)
	return module.Description{ID: about.ID, Version: about.Version, JSON: raw}, err
}

// Open implements module.Service.
func (s *Service) Open(ctx context.Context, o module.Opening) ([]pay.Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opened {
		if err := s.open(ctx, o); err != nil {
			s.shut()
			return nil, err
		}
		s.opened = true
	}
	return s.shell.Pending(ctx)
}

func (s *Service) open(ctx context.Context, o module.Opening) (err error) {
	s.opening = o
	if s.words, err = text.Load(wordFiles(s.m)...); err != nil {
		return &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return text.Refuse(pay.ErrConfig, "refused.folder", map[string]any{"Path": o.Data}, err)
	}
	s.readSettings()
	common := s.settings.Common()
	s.log, err = logs.Open(logs.Options{Dir: filepath.Join(o.Data, "Log"), Name: s.m.About.ID, Retention: common.LogDays,
		Level: hclog.LevelFromString(common.LogLevel), BOMCRLF: runtime.GOOS == "windows", Header: s.header})
	if err != nil {
		return &pay.Error{Code: pay.ErrConfig, Cause: err}
	}
	if s.broken != nil {
		s.log.Logger().Error("the settings cannot be used", "error", s.broken)
	}
	if s.secrets, err = secret.Open(filepath.Join(o.Data, "secrets")); err != nil {
		return err
	}
	for _, path := range s.secrets.Repaired() {
		s.log.Logger().Warn("other users could read a secret until now: its rights are narrowed", "path", path)
	}
	if s.journal, err = journal.Open(ctx, filepath.Join(o.Data, s.m.About.ID+".db"), journal.Options{Lock: s.options.lock, Now: s.options.now}); err != nil {
		return err
	}
	return s.start(ctx)
}

// start makes the driver and the shell, and takes up what the journal holds.
func (s *Service) start(ctx context.Context) error {
	driver, err := s.newDriver()
	if err != nil {
		s.broken = errors.Join(s.broken, err)
		s.log.Logger().Error("the module cannot work", "error", err)
		driver = refusing{code: pay.ErrConfig, m: s.m}
	}
	common := s.settings.Common()
	var customer shell.Customer
	if _, ok := s.settings.(interface{ CustomerSide() *Customer }); ok {
		s.side = newSide(s.opening.Data, s.log.Logger())
		customer = s.side
	}
	s.shell = shell.New(shell.Options{
		Journal: s.journal, Driver: driver, About: s.m.About, Terms: s.terms(), Words: s.words, Language: common.Language,
		Slips: common.SlipCopies, DigestKey: s.opening.DigestKey, Log: s.log.Logger(), LogFile: s.log.Path, Mask: s.log.Mask, QRExtra: s.qrExtra,
		Customer: customer,
		Around:   s.options.around, Now: s.options.now, CallTimeout: 40 * time.Second,
	})
	s.addCommands(driver)
	if s.side != nil {
		s.side.shell = s.shell
	}
	s.faceCustomer()
	return s.shell.Resume(ctx)
}

// terms are the engine's times under the present settings.
func (s *Service) terms() engine.Terms {
	t := s.settings.Common().terms()
	if p, ok := s.settings.(Payable); ok {
		t.LateLook = max(t.LateLook, p.PayableFor()+engine.LongestCall)
	}
	if s.options.terms != nil {
		s.options.terms(&t)
	}
	return t
}

func (s *Service) newDriver() (provider.Driver, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	computer, err := os.Hostname()
	if err != nil {
		computer = "unknown"
	}
	return s.m.New(Parts{
		Settings: s.settings, HTTP: s.client, Secrets: s.secrets, Words: s.words, Log: s.log.Logger(), Now: s.options.now, Shop: s.opening.Shop,
		Data: s.opening.Data, Computer: computer, Past: s.past, Hide: s.hide,
		Attempts: func(ctx context.Context, terminal, serial string, ok bool, code string, left int) error {
			return s.journal.Attempt(ctx, journal.Attempt{Time: s.options.now(), TerminalID: terminal, Serial: serial, OK: ok, Code: code, AttemptsLeft: int64(left)})
		},
	})
}

// hide keeps texts out of the log.
func (s *Service) hide(passing bool, secrets ...string) {
	if passing {
		s.log.RegisterPassing(secrets...)
		return
	}
	s.log.Register(secrets...)
}

// client makes a driver's HTTP client with everything that belongs to it.
func (s *Service) client(o exchange.Options) (*exchange.Client, error) {
	common := s.settings.Common()
	o.Record, o.Mask, o.Log = s.journal.Note, s.log.Mask, s.log.Logger()
	o.CAFile, o.Proxy = first(o.CAFile, common.CAFile), first(o.Proxy, common.Proxy)
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = common.ConnectTimeout
	}
	return exchange.New(o)
}

// readSettings reads the INI file, making it where there is none. A broken one is kept as it is, and blocks the module.
func (s *Service) readSettings() {
	s.settings, s.broken = s.m.Settings(), nil
	schema, err := ini.Describe(s.settings)
	if err != nil {
		s.broken = err
		return
	}
	schema.Title = ini.Text{RU: "Настройки модуля " + s.m.About.ID, EN: "Settings of the module " + s.m.About.ID}
	path := s.settingsPath()
	if _, err := ini.Ensure(path, schema, first(s.opening.Language, "ru")); err != nil {
		s.broken = err
	}
	s.read = markOf(path) // before it is read: what changes meanwhile is seen next time
	file, err := ini.Load(path, s.settings)
	if err != nil {
		s.broken = err
		s.settings = s.m.Settings()
		if err := ini.Defaults(s.settings); err != nil {
			s.broken = errors.Join(s.broken, err)
		}
		return
	}
	s.file = file
}

func (s *Service) settingsPath() string { return filepath.Join(s.opening.Data, s.m.About.ID+".ini") }

// header is the first line of a day's log: what runs, from where, with which trust.
func (s *Service) header() string {
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	roots := "system"
	if file := s.settings.Common().CAFile; file != "" {
		roots += " + " + file
	}
	return fmt.Sprintf("payrack module %s %s, %s %s/%s, program %s, data %s, TLS roots: %s", s.m.About.ID, s.m.About.Version, runtime.Version(),
		runtime.GOOS, runtime.GOARCH, exe, s.opening.Data, roots)
}

// shut lets go of what open took.
func (s *Service) shut() {
	if s.shell != nil {
		s.shell.Close()
	}
	if s.side != nil {
		s.side.close()
		s.side = nil
	}
	if s.journal != nil {
		s.journal.Close()
	}
	if s.log != nil {
		s.log.Close()
	}
}

// Close ends everything that Open began. What was on its way stays Unknown in the journal, and is taken up at the next start.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut()
	s.opened = false
}

// running is the shell of an open module.
func (s *Service) running() (*shell.Shell, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opened {
		return nil, text.Refuse(pay.ErrModuleDown, "refused.not_open", nil, nil)
	}
	return s.shell, nil
}

// refuse makes an error what a till is told: code, cause and hint in its language.
func (s *Service) refuse(err error, language string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*pay.Error](err); !ok && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	if s.words == nil {
		return text.Fill(err, language)
	}
	return s.words.Fill(err, first(language, s.language()))
}

func (s *Service) language() string {
	if s.settings == nil {
		return "ru"
	}
	return s.settings.Common().Language
}

func (s *Service) qrExtra(e *pay.Event, _ pay.Operation) { drawQR(e) }

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
