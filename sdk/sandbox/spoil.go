package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Fields are the names that a provider's answers give to what the faults change; several of them with a bar between, such as
// "order|refundId". They are looked for in the answer itself first, and deeper in it only if it has none of them.
type Fields struct {
	Amount, Key, Number, Currency, Status string
}

const (
	maxBody     = 1 << 20
	hugeDefault = 100 << 20
)

// answer is a provider's answer before it is sent.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{status: http.StatusOK, header: http.Header{}} }

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

func (a *answer) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // a client that left has its own troubles
}

// serveAPI passes a request to the provider, through the log and the faults.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	n := s.requests.begin(s.clock.Now(), r, body)
	x := exchange{s: s, w: w, r: r, body: body, n: n}
	fault, spoiled := s.faults.take(r)
	if !spoiled {
		a := x.work()
		x.done(a.status)
		a.send(w)
		return
	}
	s.requests.spoiled(n, fault)
	x.spoil(fault)
}

// exchange is one request on its way.
type exchange struct {
	s    *Server
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	n    int64
}

// work lets the provider do what was asked, to the end, whether or not the client is still there.
func (x *exchange) work() *answer {
	a := newAnswer()
	r := x.r.Clone(context.WithoutCancel(x.r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(x.body))
	x.s.provider.ServeHTTP(a, r)
	x.s.requests.worked(x.n)
	return a
}

// done tells the log what the client is about to be told; 0 is nothing.
func (x *exchange) done(status int) { x.s.requests.done(x.n, status) }

// drop closes the connection without a word.
func (x *exchange) drop() {
	x.done(0)
	panic(http.ErrAbortHandler)
}

func (x *exchange) spoil(f Fault) {
	switch f.Kind {
	case FaultDrop:
		x.workIf(f)
		x.drop()
	case FaultLate:
		x.workLater(f)
		panic(http.ErrAbortHandler)
	case FaultDelay:
		x.delay(f)
	case FaultStatus:
		x.workIf(f)
		if f.RetryAfter > 0 {
			x.w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		x.say(or(f.Status, http.StatusInternalServerError), "text/plain; charset=utf-8", "upstream is not well\n")
	case FaultHTML:
		x.workIf(f)
		x.say(or(f.Status, http.StatusOK), "text/html; charset=utf-8", "<!doctype html><title>Maintenance</title><h1>Back soon</h1>\n")
	case FaultGarbage:
		x.workIf(f)
		x.say(or(f.Status, http.StatusOK), "application/json", "\x00\xff{\"status\":\xfe]]")
	case FaultHuge:
		x.workIf(f)
		x.huge(or(f.Size, hugeDefault))
	case FaultHalf:
		x.half()
	case FaultNotFound:
		a := newAnswer()
		x.s.notFound(a, x.r)
		x.done(a.status)
		a.send(x.w)
	default:
		x.edited(f)
	}
}

func (x *exchange) workIf(f Fault) {
	if f.Work {
		x.work()
	}
}

func (x *exchange) workLater(f Fault) {
	x.s.late.Go(func() {
		if x.s.pause(context.Background(), f.Delay) {
			x.work()
		}
		x.done(0)
	})
}

func (x *exchange) delay(f Fault) {
	var a *answer
	if f.Work {
		a = x.work()
	}
	if !x.s.pause(x.r.Context(), f.Delay) {
		x.drop()
	}
	if a == nil {
		a = x.work()
	}
	x.done(a.status)
	a.send(x.w)
}

func (x *exchange) say(status int, kind, text string) {
	x.done(status)
	x.w.Header().Set("Content-Type", kind)
	x.w.WriteHeader(status)
	_, _ = io.WriteString(x.w, text)
}

func (x *exchange) half() {
	a := x.work()
	whole := a.body.Len()
	a.header.Set("Content-Length", strconv.Itoa(whole))
	for name, values := range a.header {
		x.w.Header()[name] = values
	}
	x.w.WriteHeader(a.status)
	_, _ = x.w.Write(a.body.Bytes()[:whole/2])
	_ = http.NewResponseController(x.w).Flush()
	x.drop()
}

func (x *exchange) huge(size int64) {
	x.done(http.StatusOK)
	x.w.Header().Set("Content-Type", "application/json")
	const start = `{"message":"`
	_, err := io.WriteString(x.w, start)
	block := strings.Repeat("a", 64<<10)
	for left := size - int64(len(start)); left > 0 && err == nil; left -= int64(len(block)) {
		_, err = io.WriteString(x.w, block[:min(left, int64(len(block)))])
	}
}

// edited lets the work be done and changes what its answer says.
func (x *exchange) edited(f Fault) {
	a := x.work()
	if f.Kind == FaultTwice {
		a.body.Write(bytes.Clone(a.body.Bytes()))
	} else if changed, err := edit(a.body.Bytes(), f, x.s.fields); err == nil {
		if !sameJSON(a.body.Bytes(), changed) {
			x.s.requests.altered(x.n)
		}
		a.body.Reset()
		a.body.Write(changed)
	}
	x.done(a.status)
	a.send(x.w)
}

func edit(body []byte, f Fault, names Fields) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	switch f.Kind {
	case FaultSum:
		alter(fields, names.Amount, raise)
	case FaultNumber:
		alter(fields, names.Number, raise)
	case FaultKey:
		alter(fields, names.Key, change(otherKey))
	case FaultCurrency:
		alter(fields, names.Currency, change(func(string) string { return "XTS" }))
	case FaultCase:
		alter(fields, names.Status, change(otherCase))
	case FaultNewStatus:
		alter(fields, names.Status, change(func(string) string { return "PARTLY_SETTLED" }))
	case FaultExtra:
		fields["x_new_field"] = json.RawMessage(`{"list":[1,"two",null],"deep":{"er":true}}`)
		fields["x_amount"] = json.RawMessage(`1`)
	}
	for name, value := range f.Set {
		set(fields, name, value)
	}
	return json.Marshal(fields)
}

// sameJSON says whether two objects hold the same, field by field.
func sameJSON(a, b []byte) bool {
	var one, other map[string]any
	return json.Unmarshal(a, &one) == nil && json.Unmarshal(b, &other) == nil && reflect.DeepEqual(one, other)
}

// set replaces one field; "data.status" is one inside an object. null takes it away.
func set(fields map[string]json.RawMessage, name string, value json.RawMessage) {
	outer, inner, nested := strings.Cut(name, ".")
	var object map[string]json.RawMessage
	if nested && json.Unmarshal(fields[outer], &object) == nil && object != nil {
		set(object, inner, value)
		if changed, err := json.Marshal(object); err == nil {
			fields[outer] = changed
		}
		return
	}
	if string(value) == "null" {
		delete(fields, name)
		return
	}
	fields[name] = value
}

// alter changes the values of names, and says whether there was one.
func alter(fields map[string]json.RawMessage, names string, to func(json.RawMessage) (json.RawMessage, bool)) bool {
	found := false
	for name := range strings.SplitSeq(names, "|") {
		if changed, ok := to(fields[name]); ok {
			fields[name], found = changed, true
		}
	}
	if found {
		return true
	}
	for name, raw := range fields {
		if changed, ok := alterInside(raw, names, to); ok {
			fields[name], found = changed, true
		}
	}
	return found
}

// alterInside is alter for what lies in an object or in a list of objects.
func alterInside(raw json.RawMessage, names string, to func(json.RawMessage) (json.RawMessage, bool)) (json.RawMessage, bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil && object != nil {
		if !alter(object, names, to) {
			return nil, false
		}
		changed, err := json.Marshal(object)
		return changed, err == nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	found := false
	for i := range list {
		if changed, ok := alterInside(list[i], names, to); ok {
			list[i], found = changed, true
		}
	}
	if !found {
		return nil, false
	}
	changed, err := json.Marshal(list)
	return changed, err == nil
}

// raise makes a number higher by one in its last place, whether it is written as a number or as a text.
func raise(raw json.RawMessage) (json.RawMessage, bool) {
	text := strings.Trim(string(raw), `"`)
	whole, part, dotted := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil || n < 0 {
		return nil, false
	}
	raised := strconv.FormatInt(n+1, 10)
	if dotted {
		raised = strings.Repeat("0", max(0, len(part)+1-len(raised))) + raised
		raised = raised[:len(raised)-len(part)] + "." + raised[len(raised)-len(part):]
	}
	if strings.HasPrefix(string(raw), `"`) {
		raised = `"` + raised + `"`
	}
	return json.RawMessage(raised), true
}

// change makes another text of a text.
func change(to func(string) string) func(json.RawMessage) (json.RawMessage, bool) {
	return func(raw json.RawMessage) (json.RawMessage, bool) {
		var was string
		if json.Unmarshal(raw, &was) != nil {
			return nil, false
		}
		changed, err := json.Marshal(to(was))
		return changed, err == nil
	}
}

// otherKey differs from key in its last character and stays a key.
func otherKey(key string) string {
	if key == "" {
		return key
	}
	last := "0"
	if strings.HasSuffix(key, "0") {
		last = "1"
	}
	return key[:len(key)-1] + last
}

func otherCase(s string) string {
	if lower := strings.ToLower(s); lower != s {
		return lower
	}
	return strings.ToUpper(s)
}

// pause waits for d in real time. It is false if the client left or the sandbox closes before.
func (s *Server) pause(ctx context.Context, d Duration) bool {
	timer := time.NewTimer(time.Duration(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-s.closing:
		return false
	}
}

func or[T int | int64](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}
