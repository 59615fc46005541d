package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// request is one row of the request log [seeds 000, 001]: time, success, method, initiator, error.
type request struct {
	Module    string    `json:"module"`
	Ref       pay.Ref   `json:"ref,omitempty"`
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	OK        bool      `json:"ok"`
	Initiator string    `json:"initiator,omitempty"`
	Status    int       `json:"status,omitempty"`
	Error     string    `json:"error,omitempty"`
	Millis    int64     `json:"duration_ms"`
}

// requestsCommand lists what was sent to the providers.
func (a *app) requestsCommand() *cobra.Command {
	var module, date, from, to, ref, method, initiator, contains, out string
	var failed, ok, asCSV bool
	var limit int
	cmd := a.command("requests", "requests", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		for _, pair := range [][2]string{{"date", "from"}, {"date", "to"}, {"failed", "ok"}, {"csv", "json"}} {
			if err := a.oneOf(cmd, pair[0], pair[1]); err != nil {
				return err
			}
		}
		if limit < 1 {
			return a.usageErrorf("cli.usage.flag_wrong", "Flag", "--limit", "Value", fmt.Sprint(limit))
		}
		q := map[string]any{"what": "exchanges", "limit": limit, "newest": true}
		if date != "" {
			from, to = date, date
		}
		if err := a.period(q, from, to); err != nil {
			return err
		}
		for name, value := range map[string]string{"ref": ref, "method": method, "initiator": initiator, "contains": contains} {
			if value != "" {
				q[name] = value
			}
		}
		if failed || ok {
			q["ok"] = ok
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		modules := []string{module}
		if module == "" {
			if modules, err = a.moduleIDs(cmd.Context(), s); err != nil {
				return err
			}
		}
		list := []request{}
		var failure error
		for _, id := range modules {
			raw, err := s.Find(cmd.Context(), id, query(q))
			if err != nil && (module != "" || pay.CodeOf(err) == pay.ErrHostDenied) {
				return err
			}
			if err != nil {
				failure = err
				fmt.Fprintln(a.Stderr, a.say("cli.module_silent", "Module", id, "Error", a.describe(err).Text))
				continue
			}
			var rows []request
			if err := json.Unmarshal(raw, &rows); err != nil {
				return fmt.Errorf("read what %s found: %w", id, err)
			}
			for i := range rows {
				rows[i].Module = id
			}
			list = append(list, rows...)
		}
		if failure != nil && len(list) == 0 {
			return failure // where nobody could answer, no list is not an empty list
		}
		slices.SortStableFunc(list, func(x, y request) int { return cmp.Compare(x.Time.UnixMicro(), y.Time.UnixMicro()) })
		stopped := len(list) >= limit
		list = list[max(len(list)-limit, 0):]
		if err := a.showRequests(list, asCSV, out); err != nil {
			return err
		}
		if stopped {
			fmt.Fprintln(a.Stderr, a.say("cli.ops.limit", "Limit", limit))
		}
		return nil
	})
	f := cmd.Flags()
	f.StringVar(&module, "module", "", a.say("cli.flag.module"))
	f.StringVar(&date, "date", "", a.say("cli.flag.date"))
	f.StringVar(&from, "from", "", a.say("cli.flag.from"))
	f.StringVar(&to, "to", "", a.say("cli.flag.to"))
	f.StringVar(&ref, "ref", "", a.say("cli.requests.flag.ref"))
	f.StringVar(&method, "method", "", a.say("cli.requests.flag.method"))
	f.StringVar(&initiator, "initiator", "", a.say("cli.requests.flag.initiator"))
	f.StringVar(&contains, "contains", "", a.say("cli.requests.flag.contains"))
	f.BoolVar(&failed, "failed", false, a.say("cli.requests.flag.failed"))
	f.BoolVar(&ok, "ok", false, a.say("cli.requests.flag.ok"))
	f.BoolVar(&asCSV, "csv", false, a.say("cli.requests.flag.csv"))
	f.StringVar(&out, "out", "", a.say("cli.flag.out"))
	f.IntVar(&limit, "limit", 200, a.say("cli.flag.limit"))
	return cmd
}

func (a *app) showRequests(list []request, asCSV bool, out string) error {
	if !asCSV {
		return a.result(map[string]any{"requests": list}, func() { a.requestTable(list) })
	}
	if out == "" {
		return a.requestCSV(a.Stdout, list)
	}
	var b strings.Builder
	if err := a.requestCSV(&b, list); err != nil {
		return err
	}
	if err := writeBeside(out, []byte(b.String())); err != nil {
		return err
	}
	fmt.Fprintln(a.Stderr, a.say("cli.written", "File", out))
	return nil
}

// requestColumns are the columns of the table; the file has more.
var requestColumns = []string{"time", "ok", "module", "method", "initiator", "ref", "error"}

func (a *app) requestTable(list []request) {
	var head []string
	for _, column := range requestColumns {
		head = append(head, a.say("cli.requests.col."+column))
	}
	var rows [][]string
	for _, r := range list {
		mark := ""
		if r.OK {
			mark = "+"
		}
		rows = append(rows, []string{r.Time.Local().Format("02.01.2006 15:04:05"), mark, r.Module, clean(r.Method), clean(r.Initiator), clean(string(r.Ref)), clean(r.Error)})
	}
	a.table(head, rows)
}

// requestCSV writes the rows for a spreadsheet: fields parted by semicolons, as one with Russian settings reads them, after a mark of UTF-8.
func (a *app) requestCSV(w io.Writer, list []request) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	rows := [][]string{{"time", "ok", "module", "method", "initiator", "ref", "status", "error", "duration_ms"}}
	for _, r := range list {
		rows = append(rows, []string{r.Time.Local().Format("2006-01-02 15:04:05.000"), strconv.FormatBool(r.OK), r.Module, cell(r.Method), cell(r.Initiator),
			cell(string(r.Ref)), strconv.Itoa(r.Status), cell(r.Error), strconv.FormatInt(r.Millis, 10)})
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write the rows: %w", err)
	}
	return nil
}

// cell keeps a spreadsheet from taking a text of others for a formula.
func cell(s string) string {
	s = clean(s)
	if s != "" && strings.ContainsRune("=+-@\t", rune(s[0])) {
		return "'" + s
	}
	return s
}
