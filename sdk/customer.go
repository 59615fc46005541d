package sdk

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/port"
	"github.com/payrack/payrack/sdk/shell"
	"github.com/payrack/payrack/sdk/slip"
	"github.com/payrack/payrack/sdk/slip/qr"
)

// Customer are the settings of what stands between till and customer: where a QR code is shown, and the scanner. The settings of a module
// that shows codes embed it beside Settings.
type Customer struct {
	QRPlace     string `ini:"QRPlace" section:"Customer" section_ru:"Покупатель" section_en:"Customer" default:"screen" choices:"screen,display,tape,file" choices_ru:"экран кассы,дисплей покупателя,чековая лента,файл" choices_en:"screen of the till,customer's display,receipt tape,file" ru:"Куда выводить QR-код" en:"Where the QR code goes"`
	QRFallback  string `ini:"QRFallback" default:"tape" choices:"screen,display,tape,file" choices_ru:"экран кассы,дисплей покупателя,чековая лента,файл" choices_en:"screen of the till,customer's display,receipt tape,file" ru:"Куда, если туда не удалось" en:"Where, if that fails" help_ru:"Если и туда не удалось, код остается на экране кассы." help_en:"If that fails too, the code stays on the screen of the till."`
	DisplayPort string `ini:"DisplayPort" ru:"Порт дисплея QR-кодов" en:"Port of the QR display" help_ru:"Например COM5 или /dev/ttyACM0. Протокол MERTECH QR-PAY." help_en:"For example COM5 or /dev/ttyACM0. Protocol of MERTECH QR-PAY."`
	DisplayBaud int    `ini:"DisplayBaud" default:"115200" min:"1200" max:"921600" ru:"Скорость порта дисплея" en:"Speed of the display's port"`
	QRFile      string `ini:"QRFile" as:"path" ru:"Файл QR-кода" en:"File of the QR code" help_ru:"PNG. Пусто: qr.png в папке модуля. Снятый код удаляется." help_en:"PNG. Empty: qr.png in the module's folder. It is removed with the code."`
	ScannerPort string `ini:"ScannerPort" ru:"Порт сканера кодов" en:"Port of the code scanner" help_ru:"Например COM3 или /dev/ttyUSB0. Пусто: сканера нет, или его читает кассовая программа." help_en:"For example COM3 or /dev/ttyUSB0. Empty: no scanner, or the cashier program reads it."`
	ScannerBaud int    `ini:"ScannerBaud" default:"9600" min:"1200" max:"921600" ru:"Скорость порта сканера" en:"Speed of the scanner's port"`
}

// CustomerSide gives the settings; embedding Customer is enough to have it.
func (c *Customer) CustomerSide() *Customer { return c }

// Reachable refuses a display without a port: the code would stay away from the customer without a word. The Validate of a module's settings
// calls it.
func (c *Customer) Reachable() error {
	if (c.QRPlace == onDisplay || c.QRFallback == onDisplay) && c.DisplayPort == "" {
		return ini.Invalid("DisplayPort", ini.Text{RU: "QR-код должен выводиться на дисплей, а порт дисплея не указан", EN: "the QR code is to go to a display whose port is not given"},
			ini.Text{RU: "укажите порт, например COM5, или другое место в QRPlace и QRFallback", EN: "name the port, such as COM5, or another place in QRPlace and QRFallback"})
	}
	return nil
}

// The places of a QR code.
const (
	onScreen  = "screen"
	onDisplay = "display"
	onTape    = "tape"
	inFile    = "file"
)

// side is the customer's side of a module: it puts codes up and takes them down, one thing after another, and listens to the scanner. It
// implements shell.Customer.
type side struct {
	folder string
	log    hclog.Logger
	shell  *shell.Shell // set once, before the first use

	mu      sync.Mutex
	c       Customer
	tape    printing
	jobs    []func()
	working bool

	// What follows is touched by jobs only.
	left map[pay.Ref][]string // where else a code may go that is up
	up   map[string]showing   // by place

	hush    context.CancelFunc // ends the scanner
	scanner sync.WaitGroup
}

// printing gives the code of an operation as it is printed on the receipt's tape. It takes no lock of the service.
type printing func(context.Context, pay.Ref) (string, error)

// showing is a code that is up, and by which settings it is taken down.
type showing struct {
	ref pay.Ref
	c   Customer
}

func newSide(folder string, log hclog.Logger) *side {
	return &side{folder: folder, log: log, left: map[pay.Ref][]string{}, up: map[string]showing{}, hush: func() {}}
}

// use takes settings into use: at the start, and when they change. A code that is up stays there until its payment has ended; what an
// earlier life left is taken down. The scanner is listened to anew where its port changed.
func (d *side) use(c Customer, tape printing) {
	d.mu.Lock()
	before := d.c
	d.c, d.tape = c, tape
	d.mu.Unlock()
	for _, place := range d.places() {
		d.do(func() {
			if _, up := d.up[place]; !up {
				d.clear(place, c)
			}
		})
	}
	if c.ScannerPort != before.ScannerPort || c.ScannerBaud != before.ScannerBaud {
		d.listen(c)
	}
}

// listen listens to the scanner, and to none that was listened to before.
func (d *side) listen(c Customer) {
	d.hush()
	d.scanner.Wait()
	d.hush = func() {}
	if c.ScannerPort == "" {
		return
	}
	var ctx context.Context
	ctx, d.hush = context.WithCancel(context.Background())
	d.scanner.Go(func() {
		port.Scanner(ctx, port.Config{Name: c.ScannerPort, Baud: c.ScannerBaud}, func(code string) {
			if !d.shell.Scanned(code) {
				d.log.Info("a scanned code was not waited for", "length", len(code))
			}
		}, func(err error) {
			if err != nil {
				d.log.Warn("the scanner is not there", "error", err)
				return
			}
			d.log.Info("the scanner is there", "port", c.ScannerPort)
		})
	})
}

// close takes every code down and ends.
func (d *side) close() {
	d.hush()
	d.scanner.Wait()
	over := make(chan struct{})
	d.do(func() {
		for place, code := range d.up {
			d.clear(place, code.c)
		}
		close(over)
	})
	<-over
}

func (d *side) settings() (Customer, printing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.c, d.tape
}

// places are where codes go, in their order.
func (d *side) places() (list []string) {
	c, _ := d.settings()
	for _, p := range []string{c.QRPlace, c.QRFallback, onScreen} {
		if p != "" && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// Show implements shell.Customer.
func (d *side) Show(ref pay.Ref, payload string) string {
	places := d.places()
	d.do(func() {
		d.left[ref] = places
		d.next(ref, payload, places[0])
	})
	return places[0]
}

// next puts a code up at the first place that takes it. told is where the till was told that it is.
func (d *side) next(ref pay.Ref, payload, told string) {
	for len(d.left[ref]) > 0 {
		place := d.left[ref][0]
		d.left[ref] = d.left[ref][1:]
		err := d.put(ref, payload, place)
		if err == nil {
			if place != told {
				d.shell.ShowAt(ref, place)
			}
			return
		}
		d.log.Warn("the QR code cannot be shown there", "place", place, "error", err)
	}
}

func (d *side) put(ref pay.Ref, payload, place string) (err error) {
	c, print := d.settings()
	switch place {
	case onDisplay:
		err = display(c).Show(payload)
	case inFile:
		err = write(d.file(c), payload)
	case onTape:
		var tape string
		if tape, err = print(context.Background(), ref); err == nil {
			d.shell.Print(ref, tape)
		}
		return err
	default:
		return nil
	}
	if err == nil {
		d.up[place] = showing{ref, c}
	}
	return err
}

func display(c Customer) port.Display {
	return port.Display{Config: port.Config{Name: c.DisplayPort, Baud: c.DisplayBaud}}
}

func (d *side) file(c Customer) string { return cmp.Or(c.QRFile, filepath.Join(d.folder, "qr.png")) }

// write puts the picture under its name at once, so that nobody reads half of it.
func write(file, payload string) error {
	code, err := qr.Encode(payload)
	if err != nil {
		return err
	}
	png, err := code.PNG(8)
	if err != nil {
		return err
	}
	part := file + ".part"
	if err := os.WriteFile(part, png, 0o644); err != nil {
		return err
	}
	return os.Rename(part, file)
}

// NotPrinted implements shell.Customer.
func (d *side) NotPrinted(ref pay.Ref) {
	d.do(func() {
		if payload, _, shown := d.shell.Shown(ref); shown {
			d.next(ref, payload, onTape)
		}
	})
}

// Hide implements shell.Customer.
func (d *side) Hide(ref pay.Ref) {
	d.do(func() {
		delete(d.left, ref)
		for place, code := range d.up {
			if code.ref == ref {
				d.clear(place, code.c)
			}
		}
	})
}

// clear takes down what is at a place by these settings.
func (d *side) clear(place string, c Customer) {
	var err error
	switch place {
	case onDisplay:
		err = display(c).Clear()
	case inFile:
		if err = os.Remove(d.file(c)); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	delete(d.up, place)
	if err != nil {
		d.log.Warn("the QR code cannot be taken down there", "place", place, "error", err)
	}
}

// do has a job done after those before it.
func (d *side) do(job func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.jobs = append(d.jobs, job)
	if !d.working {
		d.working = true
		go d.work()
	}
}

func (d *side) work() {
	for {
		d.mu.Lock()
		if len(d.jobs) == 0 {
			d.working = false
			d.mu.Unlock()
			return
		}
		job := d.jobs[0]
		d.jobs = d.jobs[1:]
		d.mu.Unlock()
		job()
	}
}

// tapeOf prints by the given settings.
func (s *Service) tapeOf(settings *Settings) printing {
	paper := slip.Paper{Width: settings.SlipWidth, Language: slip.Language(settings.Language), Encoding: slip.UTF8}
	return func(ctx context.Context, ref pay.Ref) (string, error) {
		op, err := s.shell.Operation(ctx, ref)
		if err != nil {
			return "", err
		}
		document, err := s.document(ctx, s.shell, op, string(paper.Language))
		if err != nil {
			return "", err
		}
		tape, err := slip.Render(document, paper, slip.Templates{Dir: filepath.Join(s.opening.Data, "slips")})
		if err != nil {
			return "", err
		}
		drawn, err := tape.Text(slip.QRDrawn)
		return string(drawn), err
	}
}

// faceCustomer has the customer's side use the present settings, where the module has one.
func (s *Service) faceCustomer() {
	c, ok := s.settings.(interface{ CustomerSide() *Customer })
	if !ok || s.side == nil {
		return
	}
	s.side.use(*c.CustomerSide(), s.tapeOf(s.settings.Common()))
}
