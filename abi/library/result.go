package library

import (
	"context"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// Outcome is pr_outcome. An outcome that it gives was read by the caller.
func (l *Library) Outcome(th Thread, handle int32) pay.Code {
	o, code := l.operation(th, handle)
	if code < 0 {
		return code
	}
	return o.readOutcome()
}

// Str is pr_str.
func (l *Library) Str(th Thread, handle int32, key Text) Output {
	o, code := l.operation(th, handle)
	if code < 0 {
		return refused(code)
	}
	k, err := plain(key, "key", nil)
	if err != nil {
		return refused(o.s.refuse(th, err))
	}
	out, err := give(o.present(), operationKeys(), k, o.s.encoding())
	if err != nil {
		return refused(o.s.refuse(th, err))
	}
	return out
}

// Int is pr_int.
func (l *Library) Int(th Thread, handle int32, key Text) (int64, pay.Code) {
	o, code := l.operation(th, handle)
	if code < 0 {
		return 0, code
	}
	k, err := plain(key, "key", nil)
	if err != nil {
		return 0, o.s.refuse(th, err)
	}
	n, err := giveInt(o.present(), operationKeys(), k)
	if err != nil {
		return 0, o.s.refuse(th, err)
	}
	return n, pay.CodeOK
}

// present is the operation as the host sees it now, or as it last was.
func (o *operation) present() pay.Operation {
	o.refresh()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.view
}

// Slip is pr_slip. json is text in UTF-8; escpos, png and pdf are bytes.
func (l *Library) Slip(th Thread, handle, copies int32, format, enc Text, width int32) Output {
	o, code := l.operation(th, handle)
	if code < 0 {
		return refused(code)
	}
	out, err := o.slip(copies, format, enc, width)
	if err != nil {
		return refused(o.s.refuse(th, err))
	}
	return out
}

func (o *operation) slip(copies int32, format, enc Text, width int32) (Output, error) {
	f, err := plain(format, "format", nil)
	if err != nil {
		return Output{}, err
	}
	e, err := plain(enc, "encoding", nil)
	if err != nil {
		return Output{}, err
	}
	if copies < 0 || (width != 0 && (width < 24 || width > 64)) {
		return Output{}, local(pay.ErrArgument, "refused.paper", of("Copy", copies, "Width", width))
	}
	if e == "" {
		e = "utf-8"
		if own := o.s.encoding(); own != nil {
			e = map[string]string{"Windows 1251": "cp1251", "IBM Code Page 866": "cp866"}[own.String()]
		}
	}
	ctx, cancel := context.WithTimeout(o.ctx, time.Minute)
	defer cancel()
	data, err := o.s.client.Slip(ctx, o.ref(), client.Paper{Copy: int(copies), Format: f, Encoding: e, Width: int(width)})
	if err != nil {
		return Output{}, err
	}
	page, known := encodingNamed(e)
	return Output{data: data, binary: f != "text" && f != "json", wide: f == "json" || (known && page == nil)}, nil
}
