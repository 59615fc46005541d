package exchange

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// longestLogged is how much of a body a log line shows, in bytes.
const longestLogged = 4096

// tell writes an exchange to the request log and to the log file.
func (c *Client) tell(ctx context.Context, a call, started time.Time, body []byte, answer *Answer, failure *Error) {
	row := journal.Exchange{Time: started, Method: c.mask(a.name()), OK: failure == nil, Duration: time.Since(started)}
	row.Ref, _ = ctx.Value(refKey).(pay.Ref)
	row.Initiator, _ = ctx.Value(initiatorKey).(string)
	if answer != nil {
		row.Status = answer.Status
	}
	if failure != nil {
		said := ""
		if c.options.Explain != nil && answer != nil {
			said = c.options.Explain(answer)
		}
		if said != "" {
			said += "; "
		}
		row.Status, row.Error = failure.Status, c.mask(said+failure.Error())
	}
	c.log(row, body, answer, failure)
	if c.options.Record != nil {
		c.options.Record(row)
	}
}

func (c *Client) log(row journal.Exchange, body []byte, answer *Answer, failure *Error) {
	level := hclog.Info
	fields := []any{"method", row.Method, "status", row.Status, "ms", row.Duration.Milliseconds()}
	if row.Ref != "" {
		fields = append(fields, "ref", string(row.Ref))
	}
	if failure != nil {
		level = hclog.Warn
		fields = append(fields, "sent", failure.Sent, "error", row.Error)
	}
	if c.options.Mask != nil && c.options.Log.IsDebug() {
		if failure == nil {
			level = hclog.Debug
		}
		fields = append(fields, "request", c.shown(body))
		if answer != nil {
			fields = append(fields, "answer", c.shown(answer.Body))
		}
	}
	c.options.Log.Log(level, "exchange", fields...)
}

// shown is a body as a log line may hold it. It is masked before it is cut, so that no half of a secret stays.
func (c *Client) shown(body []byte) string {
	text := c.mask(strings.ToValidUTF8(string(body), "?"))
	if len(text) <= longestLogged {
		return text
	}
	end := longestLogged
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

func (c *Client) mask(text string) string {
	if c.options.Mask == nil {
		return text
	}
	return c.options.Mask(text)
}
