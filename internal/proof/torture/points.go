//go:build linux

package main

import "slices"

// boundary is a place at which a process can be struck, and the recipes that lead there.
type boundary struct {
	victim  string
	name    string
	recipes []string
	often   bool // it comes several times in one operation
}

// writes says whether the place lies right before or after something is written.
func (b boundary) writes() bool {
	return len(b.name) > 6 && (b.name[:6] == "write " || b.name[:7] == "effect ")
}

func (b boundary) String() string { return b.victim + ": " + b.name }

// journaled are the transitions that the journal holds, and what leads to them. The engine has a few more that this provider's module never
// comes to: waiting (its answers bring nothing to be kept), answering (it asks nothing after Commit), not_found (its contract gives no
// horizon), came_back (its calls end when they are ended), needs_prompt (each question has a default), failed and timeout (of what is not about money and hangs).
func journaled() map[string][]string {
	return map[string][]string{
		"begun":         {"offline", "online", "refund", "close"},
		"preparing":     {"online", "chosen"},
		"committing":    {"offline", "refund", "reversed", "close"},
		"shown":         {"online", "refused", "chosen"},
		"cancel_asked":  {"cancelled", "late"},
		"abandoned":     {"orphan", "late"},
		"approved":      {"offline", "online", "refund", "lost", "close"},
		"declined":      {"declined", "refused"},
		"cancelled":     {"cancelled"},
		"not_prepared":  {"unprepared"},
		"cut_off":       {"cut off"},
		"told_unknown":  {"deaf"},
		"late_approval": {"late"},
		"reversing":     {"reversed"},
		"reversed":      {"reversed", "late"},
		"proved":        {"look", "resolved"},
		"seen":          {"declined", "refused"},
		"confirmed":     {"offline", "online"},
		"resolved":      {"resolved"},
	}
}

// boundaries are all that are enumerated, in a fixed order.
func boundaries() (all []boundary) {
	for name, recipes := range journaled() {
		all = append(all, boundary{"module", "write " + name, recipes, false}, boundary{"module", "written " + name, recipes, false})
	}
	for name, recipes := range map[string][]string{
		"call counters": {"offline", "online", "refund", "close"}, "call prepare": {"online"}, "call answer": {"chosen"}, "call commit": {"offline", "refund", "reversed"},
		"call inquire": {"online", "lost", "scanned"}, "call cancel": {"cancelled", "late"}, "call tidy": {"tidied"}, "interrupt": {"tidied"},
		"set timer": {"online", "deaf", "lost"}, "stop timer": {"online", "offline"}, "tell": {"online", "scanned"}, "tell outcome": {"offline", "deaf", "declined"},
	} {
		all = append(all, boundary{"module", "effect " + name, recipes, true})
	}
	for name, recipes := range map[string][]string{
		"commit": {"offline"}, "inquire": {"online", "lost", "scanned"}, "prepare": {"online"}, "answer": {"chosen"}, "cancel": {"cancelled"},
		"reverse": {"reversed", "late"}, "refund": {"refund"}, "counters": {"offline", "online", "close"}, "close": {"close"},
	} {
		all = append(all, boundary{"module", "call " + name, recipes, name == "inquire"}, boundary{"module", "answer " + name, recipes, name == "inquire"})
	}
	for name, recipes := range map[string][]string{
		"begin": {"offline", "online", "refund", "close"}, "acknowledge": {"offline", "declined", "reversed"}, "cancel": {"cancelled"},
	} {
		all = append(all, boundary{"host", "forward " + name, recipes, false}, boundary{"host", "forwarded " + name, recipes, false})
	}
	all = append(all, boundary{"host", "write ref", []string{"offline", "online", "refund"}, false}, boundary{"host", "written ref", []string{"offline", "online", "refund"}, false})
	slices.SortFunc(all, func(a, b boundary) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	return all
}
