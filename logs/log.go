package logs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"gopkg.in/natefinch/lumberjack.v2"
)

// Options say where and how a log is written.
type Options struct {
	Dir       string      // made when needed
	Name      string      // of the files, and of the logger: letters, digits, dash, underscore
	Retention int         // in days before today; 0 keeps everything
	MaxSize   int64       // of one file in bytes; 0 is 16 MiB
	Level     hclog.Level // NoLevel is Info
	BOMCRLF   bool        // begin files with a BOM and end lines with CRLF, for editors on Windows
	Now       func() time.Time
	Header    func() string // the first line of each file, and of each Open; it must not log itself
	OnTrouble func(error)   // told once when lines begin to be lost, must not log itself; nil is one line on stderr
}

// Log is one program's log. Its methods and its Logger may be used from any goroutine, also after Close.
type Log struct {
	opts   Options
	logger hclog.Logger
	known  atomic.Pointer[registered]
	lost   atomic.Uint64

	mu      sync.Mutex
	out     *lumberjack.Logger // writes to one file; never rotates by itself
	day     string             // of the file; empty: none is chosen
	index   int
	size    int64
	torn    bool      // the file does not end with a line break
	looked  time.Time // when the file was last seen in its place
	pause   time.Time // no attempt before then, after a failure
	missing uint64    // lines lost since the last good one
	trouble error     // why; nil while all is well
	closed  bool
}

const (
	stampLayout    = "2006-01-02T15:04:05.000-07:00"
	dayLayout      = "2006-01-02"
	standardSize   = 16 << 20
	retryAfter     = time.Second
	fileBOM        = "\xef\xbb\xbf"
	lumberjackSize = 1 << 30 // in MiB: its own rotation never happens
)

// Open starts a log and writes its header. A disk that cannot be written is not an error here: the lines are counted
// as lost, and writing is tried again. Errors are mistakes in the options.
func Open(opts Options) (*Log, error) {
	if opts.Dir == "" || !plainName(opts.Name) {
		return nil, fmt.Errorf("open log: need a folder and a plain name, got %q and %q", opts.Dir, opts.Name)
	}
	if opts.MaxSize < 0 || opts.Retention < 0 {
		return nil, errors.New("open log: size and retention cannot be negative")
	}
	if opts.MaxSize == 0 {
		opts.MaxSize = standardSize
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.OnTrouble == nil {
		name := opts.Name
		opts.OnTrouble = func(err error) { fmt.Fprintf(os.Stderr, "log %s: %v\n", name, err) }
	}
	l := &Log{opts: opts, out: &lumberjack.Logger{MaxSize: lumberjackSize}}
	l.logger = logger{l, hclog.New(&hclog.LoggerOptions{
		Name: opts.Name, Level: opts.Level, Output: sink{l}, TimeFormat: stampLayout, TimeFn: opts.Now,
	})}
	l.write("")
	return l, nil
}

// Logger returns the logger whose lines go to the file. Its Named and With give more of them.
func (l *Log) Logger() hclog.Logger { return l.logger }

// Lost returns how many lines could not be written since Open.
func (l *Log) Lost() uint64 { return l.lost.Load() }

// Err returns why lines are being lost now, or nil.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trouble
}

// Path returns the file that is being written, or nothing while there is none.
func (l *Log) Path() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.day == "" {
		return ""
	}
	return l.path(l.day, l.index)
}

// Close closes the file. Lines that come later are counted as lost.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed, l.day = true, ""
	return l.out.Close()
}

// sink is where the inner logger's lines arrive, each in one Write.
type sink struct{ log *Log }

var _ io.Writer = sink{}

func (s sink) Write(p []byte) (int, error) {
	s.log.write(s.log.clean(strings.TrimRight(string(p), "\n")))
	return len(p), nil
}

// write puts one masked line into the file of the day. An empty line only makes sure that there is a file.
func (l *Log) write(line string) {
	if err := l.tryWrite(line); err != nil {
		l.opts.OnTrouble(err)
	}
}

// tryWrite returns the error only when it is the first of a series.
func (l *Log) tryWrite(line string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.opts.Now()
	if l.closed || (l.trouble != nil && now.Before(l.pause) && l.pause.Sub(now) <= retryAfter) {
		l.lose(line)
		return nil
	}
	err := l.place(now, int64(len(line)))
	if err == nil && l.missing > 0 {
		err = l.put(l.own(now, "WARN", fmt.Sprintf("%d lines are missing here: %v", l.missing, l.trouble)))
	}
	if err == nil && line != "" {
		err = l.put(line)
	}
	if err == nil {
		l.trouble, l.missing = nil, 0
		return nil
	}
	first := l.trouble == nil
	l.trouble, l.pause, l.day = err, now.Add(retryAfter), ""
	l.out.Close()
	l.lose(line)
	if first {
		return err
	}
	return nil
}

func (l *Log) lose(line string) {
	if line != "" {
		l.lost.Add(1)
		l.missing++
	}
}

// own makes a line of the log itself.
func (l *Log) own(now time.Time, level, message string) string {
	return fmt.Sprintf("%s %-7s %s: %s", now.Format(stampLayout), "["+level+"]", l.opts.Name, l.clean(message))
}

// put appends a line to the file that place has chosen.
func (l *Log) put(line string) error {
	end := "\n"
	if l.opts.BOMCRLF {
		end = "\r\n"
	}
	text := line + end
	if l.torn {
		text = end + text
	}
	n, err := l.out.Write([]byte(text))
	l.size += int64(n)
	if n > 0 {
		l.torn = n < len(text)
	}
	if err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

// place makes sure that the right file is open for a line of n bytes.
func (l *Log) place(now time.Time, n int64) error {
	day := now.Format(dayLayout)
	switch {
	case day != l.day:
		if err := os.MkdirAll(l.opts.Dir, 0o750); err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		l.expire(now)
		return l.open(now, day, l.lastIndex(day), n)
	case l.size+n > l.opts.MaxSize:
		return l.open(now, day, l.index+1, n)
	case now.Sub(l.looked) >= time.Second || now.Before(l.looked):
		l.looked = now
		if info, err := os.Stat(l.path(l.day, l.index)); err != nil || info.Size() < l.size {
			return l.open(now, day, l.index, n) // somebody has removed or emptied it
		}
	}
	return nil
}

// open chooses the first file of the day from index on that has room and lets itself be written, and writes the
// header. A file may be past its size by one line, when that alone is larger.
func (l *Log) open(now time.Time, day string, index int, n int64) error {
	l.day = ""
	if err := l.out.Close(); err != nil {
		return fmt.Errorf("close log: %w", err)
	}
	var errs []error
	for ; len(errs) < 3; index++ {
		size, torn, err := l.touch(l.path(day, index))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if size > int64(len(fileBOM)) && size+n > l.opts.MaxSize {
			continue
		}
		l.out.Filename = l.path(day, index)
		l.day, l.index, l.size, l.torn, l.looked = day, index, size, torn, now
		if l.opts.Header != nil {
			return l.put(l.own(now, "INFO", l.opts.Header()))
		}
		return nil
	}
	return fmt.Errorf("open log: %w", errors.Join(errs...))
}

// touch creates the file if need be and says how large it is and whether its last line is torn. It is written through
// lumberjack afterwards; this comes first because lumberjack renames a file that it cannot open.
func (l *Log) touch(path string) (size int64, torn bool, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o640)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, false, err
	}
	if size = info.Size(); size == 0 && l.opts.BOMCRLF {
		n, err := f.WriteString(fileBOM)
		return int64(n), false, err
	}
	last := make([]byte, 1)
	if size > int64(len(fileBOM)) {
		if _, err := f.ReadAt(last, size-1); err != nil {
			return 0, false, err
		}
		torn = last[0] != '\n'
	}
	return size, torn, nil
}

func (l *Log) path(day string, index int) string {
	return filepath.Join(l.opts.Dir, fileName(l.opts.Name, day, index))
}
