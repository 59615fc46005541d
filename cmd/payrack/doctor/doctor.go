// Package doctor checks an installation and says of each finding what to do about it.
//
// It changes nothing but a file that it makes and removes to see whether a folder can be written, and asks providers only what moves no
// money. What needs the host is checked through the host; the rest also where no host starts.
package doctor

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Status is how bad a finding is.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Error   Status = "error"
)

// Finding is the result of one check. Its JSON is that of pr_selftest.
type Finding struct {
	ID     string   `json:"id"` // stable: host, manifest, sendy.activation...
	Status Status   `json:"status"`
	Detail string   `json:"detail"`
	Fix    string   `json:"fix,omitempty"`
	Code   pay.Code `json:"-"` // of an error: its class
}

// Host is what the doctor asks of the host; *client.Session is one.
type Host interface {
	HostVersion() string
	Info(ctx context.Context, module, what string) (json.RawMessage, error)
	Settings(ctx context.Context, module string, q client.Setting) (string, error)
	Pending(ctx context.Context, all bool) ([]pay.Operation, error)
}

// Installation is what is looked at.
type Installation struct {
	Place    place.Place
	Version  string // of this program
	Language string
	Now      func() time.Time
	Zone     *time.Location
	// Running says that a host ran before the doctor came.
	Running bool
	// Host may be nil: none could be reached, and HostErr says why.
	Host    Host
	HostErr error
	// Unchecked says that payrack.ini switches the check of the programs off.
	Unchecked bool
	// CheckSettings reads payrack.ini without a host; nil error: it is sound.
	CheckSettings func(place.Place) error
}

// examination is one visit.
type examination struct {
	Installation
	ctx      context.Context
	tell     func(Finding)
	findings []Finding
}

// Examine makes every check and tells each finding as it comes. ctx ends it early.
func Examine(ctx context.Context, in Installation, tell func(Finding)) []Finding {
	x := &examination{Installation: in, ctx: ctx, tell: tell}
	x.system()
	x.zone()
	x.folders()
	x.disk()
	x.settings()
	x.programs()
	x.host()
	if x.Host != nil {
		x.modules()
		x.pending()
	}
	return x.findings
}

// First is the class of the first error, CodeOK if there is none.
func First(findings []Finding) pay.Code {
	for _, f := range findings {
		if f.Status == Error {
			return f.Code
		}
	}
	return pay.CodeOK
}

// found records a finding. Its words are cli.doctor.<words>; those of anything but OK come with <words>.fix.
func (x *examination) found(id string, status Status, code pay.Code, words string, pairs ...any) {
	f := Finding{ID: id, Status: status, Code: code, Detail: x.say(words, pairs...)}
	if status != OK {
		f.Fix = x.say(words+".fix", pairs...)
	}
	x.record(f)
}

func (x *examination) record(f Finding) {
	x.findings = append(x.findings, f)
	x.tell(f)
}

// refused records an error that came from elsewhere, with its own words.
func (x *examination) refused(id string, status Status, err error) {
	e := text.Fill(err, x.Language)
	x.record(Finding{ID: id, Status: status, Code: e.Code, Detail: e.Text, Fix: e.Hint})
}

func (x *examination) say(id string, pairs ...any) string {
	data := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		data[pairs[i].(string)] = pairs[i+1]
	}
	return text.Say(x.Language, "cli.doctor."+id, data)
}

// zone: the day of logs, shifts and reports is that of the till's time zone.
func (x *examination) zone() {
	name, offset := x.Now().In(x.Zone).Zone()
	shown := x.Now().In(x.Zone).Format("2006-01-02 15:04 -07:00")
	if offset == 0 {
		x.found("time_zone", Warning, pay.CodeOK, "zone.utc", "Now", shown)
		return
	}
	x.found("time_zone", OK, pay.CodeOK, "zone", "Now", shown, "Zone", name)
}

// host: is it there, and of this version.
func (x *examination) host() {
	switch {
	case x.Host == nil:
		x.refused("host", Error, x.HostErr)
	case x.Host.HostVersion() != "" && x.Host.HostVersion() != x.Version:
		x.found("host", Warning, pay.CodeOK, "host.other_version", "Host", x.Host.HostVersion(), "Own", x.Version)
	case x.Running:
		x.found("host", OK, pay.CodeOK, "host.running", "Version", x.Host.HostVersion())
	default:
		x.found("host", OK, pay.CodeOK, "host.started", "Version", x.Host.HostVersion())
	}
}

// settings: payrack.ini, whether a host runs or not.
func (x *examination) settings() {
	if x.CheckSettings == nil {
		return
	}
	if err := x.CheckSettings(x.Place); err != nil {
		e := text.Fill(err, x.Language)
		x.record(Finding{ID: "payrack.ini", Status: Error, Code: pay.ErrConfig, Detail: e.Text, Fix: x.say("ini.fix", "File", x.Place.Settings())})
		return
	}
	x.found("payrack.ini", OK, pay.CodeOK, "ini", "File", x.Place.Settings())
}
