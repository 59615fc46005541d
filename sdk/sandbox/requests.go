package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxRequests bounds the log, so that a sandbox can run for weeks.
const maxRequests = 20000

// Request is one request that the provider's interface received, with its secrets: all of it is play money.
type Request struct {
	N             int64     `json:"n"` // counts from 1
	Time          time.Time `json:"time"`
	Method        string    `json:"method"`
	Path          string    `json:"path"`
	Query         string    `json:"query,omitempty"`
	Authorization string    `json:"authorization,omitempty"`
	Body          string    `json:"body,omitempty"`
	Fault         string    `json:"fault,omitempty"`   // the fault that spoiled it: id and kind
	Altered       bool      `json:"altered,omitempty"` // the fault changed what the provider's answer says
	Worked        bool      `json:"worked"`            // the provider did what was asked
	Done          bool      `json:"done"`              // nothing more happens to it
	Status        int       `json:"status"`            // what the client was told; 0 is nothing
}

// requestLog holds the latest requests. It may be used by several goroutines.
type requestLog struct {
	mu     sync.Mutex
	list   []Request
	last   int64
	counts map[string]int64
}

func (l *requestLog) begin(now time.Time, r *http.Request, body []byte) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	if len(l.list) >= maxRequests {
		l.list = slices.Delete(l.list, 0, maxRequests/10)
	}
	l.list = append(l.list, Request{
		N: l.last, Time: now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		Authorization: r.Header.Get("Authorization"), Body: string(body),
	})
	if l.counts == nil {
		l.counts = map[string]int64{}
	}
	l.counts[r.Method+" "+address(r.URL.Path)]++
	return l.last
}

// address is a path without the numbers and identifiers in it: "/pos/payment/{n}". What is as long as an identifier is one.
func address(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) >= 24 || part != "" && strings.Trim(part, "0123456789") == "" {
			parts[i] = "{n}"
		}
	}
	return strings.Join(parts, "/")
}

func (l *requestLog) spoiled(n int64, f Fault) {
	l.change(n, func(r *Request) { r.Fault = f.ID + " " + string(f.Kind) })
}

func (l *requestLog) altered(n int64) { l.change(n, func(r *Request) { r.Altered = true }) }

func (l *requestLog) worked(n int64) { l.change(n, func(r *Request) { r.Worked = true }) }

func (l *requestLog) done(n int64, status int) {
	l.change(n, func(r *Request) { r.Done, r.Status = true, status })
}

func (l *requestLog) change(n int64, to func(*Request)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, found := slices.BinarySearchFunc(l.list, n, func(r Request, n int64) int { return int(r.N - n) })
	if found {
		to(&l.list[i])
	}
}

func (l *requestLog) after(n int64) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, found := slices.BinarySearchFunc(l.list, n, func(r Request, n int64) int { return int(r.N - n) })
	if found {
		i++
	}
	return slices.Clone(l.list[i:])
}

func (l *requestLog) counted() map[string]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := make(map[string]int64, len(l.counts))
	for name, n := range l.counts {
		counts[name] = n
	}
	return counts
}

func (l *requestLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list, l.counts = nil, nil
}
