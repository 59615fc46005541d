package logs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/logs"
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func moscow() *clock {
	return &clock{at: time.Date(2026, 11, 22, 10, 3, 38, 123_000_000, time.FixedZone("MSK", 3*3600))}
}

func open(t *testing.T, c *clock, change func(*logs.Options)) (*logs.Log, string) {
	t.Helper()
	opts := logs.Options{Dir: filepath.Join(t.TempDir(), "Log"), Name: "sendy", Now: c.now, Level: hclog.Debug,
		OnTrouble: func(err error) { t.Errorf("trouble: %v", err) }}
	if change != nil {
		change(&opts)
	}
	l, err := logs.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, opts.Dir
}

func content(t *testing.T, elements ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestALineHasTimeOffsetModuleAndFields(t *testing.T) {
	l, dir := open(t, moscow(), func(o *logs.Options) { o.Header = func() string { return "sendy 1.0\nfrom /opt token=abc" } })
	log := l.Logger().Named("http").With("op", 47, "ref", "R-1")
	log.Info("answered", "status", 200, "text", "две строки\nодна", "path", `C:\my dir\`)
	log.Trace("not at this level")
	want := "2026-11-22T10:03:38.123+03:00 [INFO]  sendy: sendy 1.0\\nfrom /opt token=***\n" +
		"2026-11-22T10:03:38.123+03:00 [INFO]  sendy.http: answered: op=47 ref=R-1 status=200 text=\"две строки\\nодна\" path=\"C:\\\\my dir\\\\\"\n"
	if got := content(t, dir, "sendy-2026-11-22.log"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if l.Path() != filepath.Join(dir, "sendy-2026-11-22.log") {
		t.Errorf("path %s", l.Path())
	}
}

type secretError struct{}

func (secretError) Error() string { return "refused: card 4111111111111111" }

type panics struct{}

func (*panics) String() string { panic("no") }

func TestNothingSecretReachesTheFile(t *testing.T) {
	l, dir := open(t, moscow(), nil)
	l.Register("terminal\"secret\n1", "77-AB", "123")
	log := l.Logger()
	log.Info("card 4111111111111111", "pin", 1234, "err", secretError{}, "n", int64(4111111111111111))
	log.With("token", "PLAINTOKEN", "auth_code", "134567890123456768").Named("a\nb").Warn("x", "k\n=1", "v")
	log.Error("body", "body", []byte(`{"password":"PLAINPASS","op":5}`), "list", []string{"sms_code=998877"}, "map", map[string]string{"otp": "445566"})
	log.Error("known", "a", "terminal\"secret\n1", "json", `{"x":"terminal\"secret\n1"}`, "url", "x?y=terminal%22secret%0A1", "short", "77-AB", "part", "177-AB 77-ABC")
	log.Info("format", "f", hclog.Fmt("secret=%s", "PLAINFMT"), "q", hclog.Quote("pin=9988"), "h", hclog.Hex(255))
	log.Info("odd", "alone")
	log.Info("bad", 5, (*panics)(nil), "nil", nil, "empty", hclog.Format{})
	log.StandardLogger(&hclog.StandardLoggerOptions{InferLevels: true}).Print("[WARN] two\nlines 4111111111111111 pin=7788 terminal\"secret\n1")
	if args := log.With("token", "PLAINTOKEN").ImpliedArgs(); strings.Contains(fmt.Sprint(args), "PLAIN") {
		t.Errorf("a logger hands the secret on: %v", args)
	}
	text := content(t, dir, "sendy-2026-11-22.log")
	for _, secret := range []string{"4111111111111111", "1234\"", "=1234", "PLAIN", "134567", "998877", "445566", "secret\\n1", "secret%0A1", "short=77-AB", "9988", "7788"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the log:\n%s", secret, text)
		}
	}
	if got := strings.Count(text, "\n"); got != 8 {
		t.Errorf("8 lines were logged, %d are there:\n%s", got, text)
	}
	for _, kept := range []string{"op\\\":5", "part=\"177-AB 77-ABC\"", "h=0xff", "EXTRA_VALUE_AT_END=alone", "[WARN]  sendy: two\\nlines"} {
		if !strings.Contains(text, kept) {
			t.Errorf("%q is not in the log:\n%s", kept, text)
		}
	}
	form := regexp.MustCompile(`^2026-11-22T10:03:38\.123\+03:00 \[[A-Z]+\] +sendy[.a-z\\]*: .+$`)
	for line := range strings.Lines(text) {
		if !form.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("malformed line %q", line)
		}
	}
}

func TestEachLocalDayHasItsFileAndOldOnesGo(t *testing.T) {
	c := moscow()
	l, dir := open(t, c, func(o *logs.Options) { o.Retention = 2; o.Header = func() string { return "head" } })
	foreign := []string{"other-2020-01-01.log", "sendy-2020-01-01.log.bak", "sendy-2020-13-01.log", "sendy-2020-01-01.01.log", "sendy.ini", "sendy-x-2020-01-01.log"}
	for _, name := range append([]string{"sendy-2020-01-01.log", "sendy-2020-01-01.3.log"}, foreign...) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for day := range 4 {
		l.Logger().Info("day", "n", day)
		c.add(24 * time.Hour)
	}
	want := append([]string{"sendy-2026-11-23.log", "sendy-2026-11-24.log", "sendy-2026-11-25.log"}, foreign...)
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	c.add(-24*time.Hour - 10*time.Hour - 3*time.Minute - 38*time.Second - 124*time.Millisecond) // 23:59:59.999 of the day before
	l.Logger().Info("last")
	c.add(time.Millisecond)
	l.Logger().Info("midnight")
	if got := content(t, dir, "sendy-2026-11-25.log"); got != "2026-11-25T10:03:38.123+03:00 [INFO]  sendy: head\n2026-11-25T10:03:38.123+03:00 [INFO]  sendy: day: n=3\n"+
		"2026-11-25T00:00:00.000+03:00 [INFO]  sendy: head\n2026-11-25T00:00:00.000+03:00 [INFO]  sendy: midnight\n" {
		t.Errorf("got %s", got)
	}
	if got := content(t, dir, "sendy-2026-11-24.log"); !strings.HasSuffix(got, "23:59:59.999+03:00 [INFO]  sendy: last\n") {
		t.Errorf("got %s", got)
	}
}

func TestAFullFileGoesOnInTheNextAndLosesNothing(t *testing.T) {
	c := moscow()
	size := func(o *logs.Options) { o.MaxSize = 1000; o.Header = func() string { return "head" } }
	l, dir := open(t, c, size)
	for i := range 30 {
		l.Logger().Info("line", "n", i)
	}
	l.Logger().Info("long", "text", strings.Repeat("я", 2000))
	l.Close()
	l, _ = open(t, c, func(o *logs.Options) { size(o); o.Dir = dir })
	l.Logger().Info("line", "n", 30)
	files := names(t, dir)
	if !slices.Equal(files, []string{"sendy-2026-11-22.1.log", "sendy-2026-11-22.2.log", "sendy-2026-11-22.3.log", "sendy-2026-11-22.log"}) {
		t.Errorf("files %q", files)
	}
	next := 0
	for line, err := range logs.Read(dir, "sendy", "2026-11-22", logs.Filter{Contains: "line"}) {
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := line.Field("n"); n != fmt.Sprint(next) {
			t.Fatalf("want line %d, got %q", next, line.Raw)
		}
		next++
	}
	if next != 31 {
		t.Errorf("%d lines of 31", next)
	}
	for _, name := range files {
		text := content(t, dir, name)
		if !strings.Contains(strings.SplitN(text, "\n", 2)[0], "sendy: head") {
			t.Errorf("%s begins with %q", name, text)
		}
		if len(text) > 1000 && !strings.Contains(text, "long") {
			t.Errorf("%s has %d bytes", name, len(text))
		}
	}
}

func TestWindowsFilesHaveBOMAndCRLF(t *testing.T) {
	c := moscow()
	l, dir := open(t, c, func(o *logs.Options) { o.BOMCRLF = true })
	l.Logger().Info("касса", "n", 1)
	if got := content(t, dir, "sendy-2026-11-22.log"); got != "\xef\xbb\xbf2026-11-22T10:03:38.123+03:00 [INFO]  sendy: касса: n=1\r\n" {
		t.Errorf("got %q", got)
	}
	for line, err := range logs.Read(dir, "sendy", "2026-11-22", logs.Filter{}) {
		if err != nil || line.Module != "sendy" || line.Time.IsZero() || strings.Contains(line.Raw, "\r") {
			t.Errorf("%+v, %v", line, err)
		}
	}
}

func TestABadDiskIsToldOnceAndTheGapIsWrittenDown(t *testing.T) {
	c := moscow()
	var told []error
	dir := filepath.Join(t.TempDir(), "Log")
	if err := os.WriteFile(dir, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := logs.Open(logs.Options{Dir: dir, Name: "sendy", Now: c.now, OnTrouble: func(err error) { told = append(told, err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 3 {
		l.Logger().Info("lost")
		c.add(300 * time.Millisecond)
	}
	if len(told) != 1 || l.Lost() != 3 || l.Err() == nil || l.Path() != "" {
		t.Errorf("told %v, lost %d, %v, %q", told, l.Lost(), l.Err(), l.Path())
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	l.Logger().Info("lost too: the next attempt comes after a pause")
	c.add(time.Second)
	l.Logger().Info("back")
	if got := content(t, dir, "sendy-2026-11-22.log"); !regexp.MustCompile(`^\S+ \[WARN\]  sendy: 4 lines are missing here: .+\n\S+ \[INFO\]  sendy: back\n$`).MatchString(got) {
		t.Errorf("got %s", got)
	}
	if l.Err() != nil || l.Lost() != 4 {
		t.Errorf("afterwards: %v, lost %d", l.Err(), l.Lost())
	}
	l.Close()
	l.Logger().Info("after the end")
	if l.Lost() != 5 {
		t.Errorf("a line after Close is not counted: %d", l.Lost())
	}
}

func TestAFullDiskLosesLinesOnlyWhileItIsFull(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("needs /dev/full")
		return
	}
	c := moscow()
	var told []error
	dir := t.TempDir()
	path := filepath.Join(dir, "sendy-2026-11-22.log")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	l, err := logs.Open(logs.Options{Dir: dir, Name: "sendy", Now: c.now, OnTrouble: func(err error) { told = append(told, err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Logger().Info("lost")
	if len(told) != 1 || !strings.Contains(told[0].Error(), "no space left") {
		t.Errorf("told %v", told)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c.add(2 * time.Second)
	l.Logger().Info("back")
	if got := content(t, path); !strings.Contains(got, "1 lines are missing here") || !strings.HasSuffix(got, "sendy: back\n") {
		t.Errorf("got %s", got)
	}
}

func TestATornLineIsEndedBeforeTheNext(t *testing.T) {
	c := moscow()
	dir := t.TempDir()
	path := filepath.Join(dir, "sendy-2026-11-22.log")
	if err := os.WriteFile(path, []byte("a line\ntorn by a pow"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, _ := open(t, c, func(o *logs.Options) { o.Dir = dir })
	l.Logger().Info("next")
	if got := content(t, path); got != "a line\ntorn by a pow\n2026-11-22T10:03:38.123+03:00 [INFO]  sendy: next\n" {
		t.Errorf("got %q", got)
	}
}

func TestAFileThatWasRemovedIsMadeAnew(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("an open file cannot be removed there")
		return
	}
	c := moscow()
	l, dir := open(t, c, nil)
	l.Logger().Info("before")
	if err := os.Remove(l.Path()); err != nil {
		t.Fatal(err)
	}
	c.add(time.Second)
	l.Logger().Info("after")
	if got := content(t, dir, "sendy-2026-11-22.log"); !strings.Contains(got, "after") {
		t.Errorf("got %s", got)
	}
}

func TestManyWritersOverMidnightLoseAndMixNothing(t *testing.T) {
	c := &clock{at: time.Date(2026, 11, 22, 23, 59, 59, 0, time.UTC)}
	l, dir := open(t, c, func(o *logs.Options) { o.MaxSize = 4000 })
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			log := l.Logger().With("w", w)
			for i := range 100 {
				log.Info("line", "i", i)
				l.Register(fmt.Sprintf("secret-%d-%d", w, i))
				c.add(2 * time.Millisecond)
			}
		})
	}
	all.Wait()
	days, err := logs.Days(dir, "sendy")
	if err != nil || !slices.Equal(days, []string{"2026-11-22", "2026-11-23"}) {
		t.Fatalf("days %q, %v", days, err)
	}
	seen := map[string]bool{}
	for _, day := range days {
		for line, err := range logs.Read(dir, "sendy", day, logs.Filter{Module: "sendy", Level: hclog.Info}) {
			if err != nil {
				t.Fatal(err)
			}
			w, _ := line.Field("w")
			i, _ := line.Field("i")
			seen[w+"/"+i] = true
		}
	}
	if len(seen) != 800 || l.Lost() != 0 {
		t.Errorf("%d lines of 800, %d lost", len(seen), l.Lost())
	}
}

func TestReadFindsTheLinesOfOneOperation(t *testing.T) {
	l, dir := open(t, moscow(), nil)
	log := l.Logger()
	log.Named("http").Info("one", "op", 47, "ref", "R-1")
	log.Warn("two", "text", `fake op=47 "op=47`, "op", 470)
	log.Named("http").Named("tls").Error("three", "text", "привет мир\\", "ref", "R-1")
	log.Named("https").Debug("four")
	if err := os.WriteFile(filepath.Join(dir, "sendy-2026-11-22.1.log"), []byte("not a line of ours\n"+strings.Repeat("x", 300_000)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		filter logs.Filter
		want   string
	}{
		{logs.Filter{}, "one two three four not xxx"},
		{logs.Filter{Op: "47"}, "one"},
		{logs.Filter{Op: "R-1"}, "one three"},
		{logs.Filter{Module: "sendy.http"}, "one three"},
		{logs.Filter{Level: hclog.Warn}, "two three"},
		{logs.Filter{Contains: "мир"}, "three"},
		{logs.Filter{Module: "sendy.http", Op: "470"}, ""},
	} {
		var got []string
		for line, err := range logs.Read(dir, "sendy", "2026-11-22", c.filter) {
			if err != nil {
				t.Fatal(err)
			}
			word, _, _ := strings.Cut(strings.SplitN(line.Text, " ", 2)[0], ":")
			got = append(got, word[:min(len(word), 5)])
		}
		if text := strings.ReplaceAll(strings.Join(got, " "), "xxxxx", "xxx"); text != c.want {
			t.Errorf("%+v: got %q, want %q", c.filter, text, c.want)
		}
	}
	for line, err := range logs.Read(dir, "sendy", "2026-11-22", logs.Filter{Contains: "three"}) {
		if text, ok := line.Field("text"); err != nil || !ok || text != "привет мир\\" || line.Level != hclog.Error || line.Module != "sendy.http.tls" || line.Time.Hour() != 10 {
			t.Errorf("%+v, %v", line, err)
		}
	}
	for _, err := range logs.Read(dir, "sendy", "2026-11-23", logs.Filter{}) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a day without a log: %v", err)
		}
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for _, opts := range []logs.Options{{Name: "x"}, {Dir: t.TempDir()}, {Dir: t.TempDir(), Name: "../x"}, {Dir: t.TempDir(), Name: "x", MaxSize: -1}} {
		if l, err := logs.Open(opts); err == nil {
			l.Close()
			t.Errorf("%+v was opened", opts)
		}
	}
}

func TestPassingSecretsAreHiddenAndDoNotPileUp(t *testing.T) {
	l, dir := open(t, moscow(), nil)
	l.Register("the terminal's own")
	for i := range 1000 {
		l.RegisterPassing(fmt.Sprintf("paper-%04d", i))
	}
	l.Logger().Info("seen", "new", "paper-0999", "old", "paper-0980", "gone", "paper-0001", "lasting", "the terminal's own")
	text := content(t, dir, "sendy-2026-11-22.log")
	for _, secret := range []string{"paper-0999", "paper-0980", "the terminal's own"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the log:\n%s", secret, text)
		}
	}
	if !strings.Contains(text, "paper-0001") {
		t.Errorf("what passed long ago is still looked for:\n%s", text)
	}
}
