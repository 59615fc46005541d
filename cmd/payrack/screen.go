package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/slip/qr"
)

// screen shows how an operation goes on: one living line with a spinner on a terminal, plain lines elsewhere.
type screen struct {
	w     io.Writer
	wide  int  // 0: not a terminal
	utf8  bool // blocks and braille can be shown
	words func(id string, pairs ...any) string

	mu       sync.Mutex
	status   string
	deadline time.Time // zero: nobody said
	said     int64     // seconds left when a plain line last said so
	shown    bool      // the living line is on the screen
	frame    int
	now      func() time.Time
}

// plainStep is how many seconds pass between two plain lines about the time left.
const plainStep = 30

func (a *app) newScreen() *screen {
	return &screen{w: a.Stderr, wide: columns(a.Stderr), utf8: speaksUTF8(a.Env), words: a.say, now: a.Now}
}

// speaksUTF8 says whether the terminal shows more than ASCII, as far as its environment tells.
func speaksUTF8(env func(string) string) bool {
	if runtime.GOOS == "windows" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(env(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// print writes a whole line beside the living one.
func (s *screen) print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	fmt.Fprintln(s.w, text)
}

// say replaces what the living line says.
func (s *screen) say(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if status == s.status {
		return
	}
	s.status = status
	if s.wide == 0 && status != "" {
		fmt.Fprintln(s.w, status)
		return
	}
	s.draw()
}

// left tells how many seconds remain.
func (s *screen) left(seconds int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wide > 0 {
		s.deadline = s.now().Add(time.Duration(seconds) * time.Second)
		s.draw()
		return
	}
	if s.said == 0 || s.said-seconds >= plainStep || seconds > s.said {
		s.said = seconds
		fmt.Fprintln(s.w, s.words("cli.wait.left", "Seconds", seconds))
	}
}

// tick turns the spinner; it does nothing where there is no terminal.
func (s *screen) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frame++
	s.draw()
}

// quiet takes the living line away, so that a prompt has the screen.
func (s *screen) quiet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
}

func (s *screen) wipe() {
	if s.shown {
		fmt.Fprint(s.w, "\r"+strings.Repeat(" ", s.wide-1)+"\r")
		s.shown = false
	}
}

func (s *screen) draw() {
	if s.wide == 0 || s.status == "" {
		return
	}
	frames := []rune(`|/-\`)
	if s.utf8 {
		frames = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	}
	line := []rune(string(frames[s.frame%len(frames)]) + " " + strings.ReplaceAll(s.status, "\n", " "))
	tail := ""
	if left := s.deadline.Sub(s.now()); !s.deadline.IsZero() && left > 0 {
		tail = "  " + s.words("cli.wait.left", "Seconds", int64(left.Round(time.Second)/time.Second))
	}
	if room := max(1, s.wide-1-len([]rune(tail))); len(line) > room {
		line = line[:room]
	}
	text := string(line) + tail
	fmt.Fprint(s.w, "\r"+text+strings.Repeat(" ", max(0, s.wide-1-len([]rune(text)))))
	s.shown = true
}

// qrCode shows a code to the customer. Where it cannot be drawn, what it says and its link stand instead.
func (s *screen) qrCode(payload, caption, link string) {
	var lines []string
	if code, err := qr.Encode(payload); err == nil && s.wide > 0 {
		switch side := code.Size + 2*qr.Quiet; {
		case s.utf8 && side < s.wide:
			lines = code.Blocks(qr.LightInk)
		case !s.utf8 && 2*side < s.wide:
			lines = code.ASCII(qr.LightInk)
		}
	}
	for i, line := range lines {
		if runtime.GOOS != "windows" { // whatever colours the terminal has, light stays light
			lines[i] = "\x1b[97;40m" + line + "\x1b[0m"
		}
	}
	if caption != "" {
		lines = append(lines, caption)
	}
	lines = append(lines, s.words("cli.qr.says", "Payload", payload))
	if link != "" && link != payload {
		lines = append(lines, s.words("cli.qr.link", "Link", link))
	}
	s.print(strings.Join(lines, "\n"))
}
