package callers

import (
	"fmt"
	"strings"
)

// Step is one line of a scenario.
type Step struct {
	Line       int
	Word, Rest string
}

// Words that a scenario may begin a line with, apart from those that the till is told as they are.
var ours = map[string]bool{"say": true, "answer": true, "receipt": true, "cancel-after": true, "expect": true, "sandbox": true, "sandbox&": true,
	"scan": true, "restart": true, "at-bill": true, "expect-pending": true}

var tills = map[string]bool{"activate": true, "online": true, "offline": true, "refund": true, "wait": true, "pending": true, "report": true,
	"close": true, "log": true}

// Parse reads a scenario.
func Parse(text string) ([]Step, error) {
	var steps []Step
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if !ours[word] && !tills[word] {
			return nil, fmt.Errorf("line %d: no step %q", number, word)
		}
		steps = append(steps, Step{number, word, strings.TrimSpace(rest)})
	}
	return steps, nil
}
