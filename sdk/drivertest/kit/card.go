package kit

import (
	"fmt"
	"strings"
)

// Card is a report card.
type Card struct {
	Module        string   `json:"module"`
	Version       string   `json:"version,omitempty"`
	Seed          uint64   `json:"seed"`
	Passed        int      `json:"passed"`
	Failed        int      `json:"failed"`
	NotApplicable int      `json:"not_applicable"`
	Results       []Result `json:"results"`
}

// Add counts a result.
func (c *Card) Add(r Result) {
	switch r.Verdict {
	case Passed:
		c.Passed++
	case Failed:
		c.Failed++
	default:
		c.NotApplicable++
	}
	c.Results = append(c.Results, r)
}

// Summary is the card in a few lines of English: what failed, and what was not applicable and why.
func (c *Card) Summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d passed, %d failed, %d not applicable, seed %d", c.Module, c.Version, c.Passed, c.Failed, c.NotApplicable, c.Seed)
	for _, r := range c.Results {
		switch r.Verdict {
		case Failed:
			fmt.Fprintf(&b, "\n  failed: %s: %s", r.Case, strings.Join(r.Problems, "; "))
		case NotApplicable:
			fmt.Fprintf(&b, "\n  not applicable: %s: %s", r.Case, r.Why)
		}
	}
	return b.String()
}
