package shell

import (
	"bytes"
	"strings"
)

// frame is the place of a panic without any value: the first frame behind the runtime's.
func frame(stack []byte) string {
	seen := false
	for line := range bytes.Lines(stack) {
		text := strings.TrimSpace(string(line))
		if strings.HasPrefix(text, "panic(") {
			seen = true
			continue
		}
		if seen && strings.Contains(text, ".go:") && !strings.Contains(text, "/runtime/") {
			place, _, _ := strings.Cut(text, " ")
			return place[strings.LastIndexByte(place, '/')+1:]
		}
	}
	return "an unknown place"
}
