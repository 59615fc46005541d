package books

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/pay"
)

// hearing is one line of a till's record.
type hearing struct {
	Time        time.Time    `json:"time"`
	Pos         string       `json:"pos"`
	Ref         pay.Ref      `json:"ref"`
	Outcome     outcome      `json:"outcome"`
	Amount      pay.Amount   `json:"amount"`
	OtherTender truth        `json:"other_tender"`
	Reversal    pay.Reversal `json:"reversal"`
	ResolvedBy  string       `json:"resolved_by"`
}

// longestLine is the longest line of a till's record, in bytes.
const longestLine = 64 << 10

// Till reads what a cashier program wrote down of what it was told: one JSON object a line, in the order in which it heard.
//
//	{"time":"2026-11-22T12:01:05+03:00","pos":"4","ref":"R-157","outcome":"approved","amount":12300}
//
// "ref" and "outcome" must be there. "outcome" is a name (approved, declined, cancelled, unknown) or the number that pr_outcome gave.
// "amount" is pr_int "approved_amount", in minor units; "other_tender" and "reversal" are pr_int of these names, "resolved_by" is pr_str.
// Other names are skipped. A last line that a crash cut off never happened.
func Till(in io.Reader) ([]audit.Told, []Problem, error) {
	var list []audit.Told
	var problems []Problem
	lines := bufio.NewReaderSize(io.LimitReader(in, largest), longestLine)
	for n := 1; ; n++ {
		text, err := lines.ReadSlice('\n')
		whole := err == nil
		for errors.Is(err, bufio.ErrBufferFull) {
			text = nil
			_, err = lines.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		told, what := heard(text)
		switch {
		case what == "":
			list = append(list, told)
		case len(bytes.TrimSpace(text)) == 0 && (whole || err != nil):
		case whole || err == nil:
			problems = append(problems, Problem{Line: n, What: what})
		}
		if err != nil {
			return list, problems, nil
		}
	}
}

// heard reads one line, or says what is wrong with it.
func heard(text []byte) (told audit.Told, what string) {
	var h hearing
	if err := json.Unmarshal(text, &h); err != nil {
		return told, "it is not a JSON object of the form that is asked for"
	}
	parent, _ := h.Ref.Parent()
	if _, err := pay.ParseRef(string(parent)); err != nil {
		return told, "it names no ref"
	}
	if !h.Outcome.given {
		return told, "it names no outcome"
	}
	return audit.Told{Till: h.Pos, Ref: h.Ref, Outcome: h.Outcome.Outcome, OtherTender: bool(h.OtherTender), Amount: h.Amount,
		Reversal: h.Reversal, ResolvedBy: h.ResolvedBy, Time: h.Time}, ""
}

// outcome is an outcome by its name, or by its number in payrack.h.
type outcome struct {
	pay.Outcome
	given bool
}

// UnmarshalJSON refuses what is neither: a till's record is evidence.
func (o *outcome) UnmarshalJSON(raw []byte) error {
	text := strings.ToLower(strings.Trim(string(raw), `"`))
	for _, known := range []pay.Outcome{pay.Unknown, pay.Approved, pay.Declined, pay.Cancelled} {
		number, err := json.Marshal(known.Code())
		if err != nil {
			return err
		}
		if text == known.String() || string(raw) == string(number) {
			o.Outcome, o.given = known, true
			return nil
		}
	}
	return errors.New("no outcome")
}

// truth is true or false, as JSON or as a number of pr_int.
type truth bool

// UnmarshalJSON reads either.
func (t *truth) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true", "1", `"1"`:
		*t = true
	case "false", "0", `"0"`, `""`, "null":
		*t = false
	default:
		return errors.New("neither true nor false")
	}
	return nil
}
