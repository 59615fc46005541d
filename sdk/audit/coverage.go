package audit

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// Coverage says how much of the books one paragraph was held against.
type Coverage struct {
	Rule    string // "3.3"
	Checked int    // operations, movements and outcomes told
	Found   int    // violations
}

// Covered counts for each paragraph that books can show what Check looks at, with what it found. §3.11 is not among them: which answer
// belongs to which operation shows in the keys of §3.3 and the sums of §3.10.
func Covered(b Books, found []Violation) []Coverage {
	var n [11]int
	n[1] = len(b.Operations) + len(b.Index) + len(b.Told)
	n[5] = len(b.Operations) + len(b.Told)
	for i := range b.Operations {
		op := &b.Operations[i]
		n[2] += one(len(op.Events) > 0)
		n[8] += one(op.Kind.Numbered())
		n[9] += one(op.Charged || op.Kind == pay.KindCloseDay)
		if !op.Kind.Money() {
			continue
		}
		n[3]++
		n[4]++
		n[6] += one(op.Kind.Payment())
		n[7] += one(op.Kind.Returns() || op.Reversal != pay.ReversalNone)
		n[10]++
	}
	if b.Provider {
		for _, rule := range []int{2, 3, 4, 10} {
			n[rule] += len(b.Movements)
		}
	}
	list := make([]Coverage, 0, len(n)-1)
	for rule := 1; rule < len(n); rule++ {
		c := Coverage{Rule: "3." + strconv.Itoa(rule), Checked: n[rule]}
		for _, v := range found {
			c.Found += one(v.Rule == c.Rule)
		}
		list = append(list, c)
	}
	return list
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Sort puts violations into the order of their paragraphs, then of their refs.
func Sort(list []Violation) {
	number := func(v Violation) int {
		_, n, _ := strings.Cut(v.Rule, ".")
		i, _ := strconv.Atoi(n)
		return i
	}
	slices.SortStableFunc(list, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(number(a), number(b)), cmp.Compare(a.Ref, b.Ref))
	})
}
