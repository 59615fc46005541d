package host

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/payrack/payrack/host/index"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// What a receiver may not (design §8): force an activation, replace the keys by which a module signs, see other days (so also compare one with the provider's registry). Resolving
// and changing settings are refused where they are asked for.

// mayBegin refuses a receiver's request that needs the full role.
func (h *Host) mayBegin(ctx context.Context, s *session, r *resident, request pay.Request) error {
	if h.full(s) {
		return nil
	}
	p := request.Params
	switch request.Kind {
	case pay.KindCommand:
		if p.Name == "activate" && forced(p.Args) || p.Name == "reconcile" || p.Name == "keys" && !shows(p.Args) { // a registry is of another day
			return text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
		}
	case pay.KindReport:
		if p.From != "" || p.To != "" {
			if from, err := pay.ParseMoment(p.From, false, time.Local); err != nil || from.Before(today()) {
				return text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
			}
		}
		if p.Shift != 0 {
			now, err := h.shiftOf(ctx, r)
			if err != nil {
				return err
			}
			if p.Shift != now.Shift {
				return text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
			}
		}
	}
	return nil
}

// overMidnight is for how long a receiver still sees what was begun on the day before.
const overMidnight = 2 * time.Hour

// mayRead refuses a receiver an operation of another day, unless it is open or pending. What a session was shown, or named itself with all
// its parameters, it may go on to read.
func (h *Host) mayRead(s *session, e index.Entry) error {
	if h.full(s) || !old(e) || s.kept(e.Ref) {
		return nil
	}
	if e.Pending == "" && e.State.Final() {
		return text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
	}
	s.keep(e)
	return nil
}

// old says whether an operation is of another day.
func old(e index.Entry) bool { return e.Begun.Before(today()) && time.Since(e.Begun) > overMidnight }

// shows says whether the arguments of a command about keys ask to show the public one only. What cannot be read counts as asking for more.
func shows(args json.RawMessage) bool {
	var all map[string]json.RawMessage
	if json.Unmarshal(args, &all) != nil {
		return false
	}
	for name := range all { // in another letter case a module may read another action
		if name != "action" && name != "replace" {
			return false
		}
	}
	return string(all["action"]) == `"show-public"`
}

// forced says whether the arguments of an activation ask to go on where the terminal seems active already. What cannot be read counts
// as asking.
func forced(args json.RawMessage) bool {
	if len(args) == 0 {
		return false
	}
	var a map[string]json.RawMessage
	if json.Unmarshal(args, &a) != nil {
		return true
	}
	for name, value := range a {
		if !strings.EqualFold(name, "force") { // a module reads the name in any letter case
			continue
		}
		switch string(value) {
		case "false", "0", `"0"`, `""`, "null", `"false"`:
		default:
			return true
		}
	}
	return false
}

// mayFind narrows a receiver's question to today; what is open may be of any day.
func (h *Host) mayFind(ctx context.Context, s *session, query []byte) (json.RawMessage, error) {
	var q map[string]json.RawMessage
	if len(query) > pay.MaxParams || json.Unmarshal(query, &q) != nil {
		return nil, text.Refuse(pay.ErrArgument, "refused.query", nil, nil)
	}
	if h.full(s) {
		return query, nil
	}
	var what, ref, from string
	var number int64
	_ = json.Unmarshal(q["what"], &what)
	_ = json.Unmarshal(q["ref"], &ref)
	_ = json.Unmarshal(q["from"], &from)
	_ = json.Unmarshal(q["number"], &number)
	denied := text.Refuse(pay.ErrHostDenied, "host.receiver", nil, nil)
	switch what {
	case "operation", "story":
		parent, _ := pay.Ref(ref).Parent()
		e, err := h.known(ctx, parent)
		if err == nil {
			err = h.mayRead(s, e)
		}
		if err != nil {
			return nil, err
		}
		delete(q, "number")
	case "operations", "totals", "exchanges":
		// Of exchanges a module takes no notice of these two.
		if what != "exchanges" && (string(q["pending"]) == "true" || string(q["open"]) == "true") {
			break
		}
		if len(q["from"]) > 0 && from != "" {
			if at, err := pay.ParseMoment(from, false, time.Local); err != nil || at.Before(today()) {
				return nil, denied
			}
			break
		}
		q["from"], _ = json.Marshal(today().Format(time.RFC3339))
	default:
		return nil, denied
	}
	return document(q)
}
