package module

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
)

const (
	maxStderrLine  = 8 << 10 // bytes of one line that are kept
	maxStderrLines = 2000    // lines of one life of a module that reach the host's log: its own log is the place for more
)

// relay makes lines of the host's own out of what a module writes to its standard streams. Nothing that stands there is trusted:
// go-plugin gets to see none of it, since a line of JSON with a number for a message would end the host.
type relay struct {
	log   hclog.Logger
	mu    sync.Mutex
	lines int
	line  []byte
}

// Write implements io.Writer. It never fails and never holds the writer up.
func (r *relay) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(p)
	for {
		part, rest, found := bytes.Cut(p, []byte{'\n'})
		r.line = append(r.line, part[:min(len(part), maxStderrLine-len(r.line))]...)
		if !found {
			return n, nil
		}
		r.flush()
		p = rest
	}
}

// Close writes the line that was not ended.
func (r *relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flush()
	return nil
}

func (r *relay) flush() {
	text := strings.TrimRight(strings.ToValidUTF8(string(r.line), "?"), "\r")
	r.line = r.line[:0]
	switch {
	case text == "" || r.lines > maxStderrLines:
	case r.lines == maxStderrLines:
		r.lines++
		r.log.Warn("the module writes too much to standard error: the rest is left out")
	default:
		r.lines++
		level, text := lineOf(text)
		r.log.Log(level, text)
	}
}

// lineOf reads the level and text of a line, be it hclog's JSON or anything else.
func lineOf(line string) (hclog.Level, string) {
	var fields map[string]any
	if line[0] != '{' || json.Unmarshal([]byte(line), &fields) != nil {
		return hclog.Warn, noValues(line)
	}
	message, ok := fields["@message"].(string)
	if !ok {
		return hclog.Warn, noValues(line)
	}
	name, _ := fields["@level"].(string)
	level := hclog.LevelFromString(name)
	if level == hclog.NoLevel || level == hclog.Off {
		level = hclog.Info
	}
	for _, key := range []string{"call", "kind", "error", "where", "running"} {
		if value, ok := fields[key]; ok {
			text, _ := json.Marshal(value)
			message += " " + key + "=" + string(text)
		}
	}
	return level, message
}

// noValues leaves out of a crash's text what was in memory: the value of a panic that is no runtime error, and arguments in the trace.
func noValues(line string) string {
	for _, start := range []string{"panic: ", "\tpanic: "} {
		if rest, ok := strings.CutPrefix(line, start); ok && !strings.HasPrefix(rest, "runtime error: ") {
			return start + "(its value is not shown)"
		}
	}
	if at := strings.LastIndex(line, "(0x"); at >= 0 && strings.HasSuffix(line, ")") {
		return line[:at] + "(...)"
	}
	return line
}
