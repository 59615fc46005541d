package module

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// Where names the functions that led to the caller, skip of them left out, without the values that a stack trace shows.
func Where(skip int) string {
	pcs := make([]uintptr, 24)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(skip, pcs)])
	var list []string
	for {
		f, more := frames.Next()
		name := f.Function[strings.LastIndexByte(f.Function, '/')+1:]
		file := f.File[strings.LastIndexByte(f.File, '/')+1:]
		if !strings.HasPrefix(name, "runtime.") {
			list = append(list, name+" "+file+":"+strconv.Itoa(f.Line))
		}
		if !more || len(list) == 12 {
			return strings.Join(list, ", ")
		}
	}
}

// kindOf tells what panicked without the value: a runtime error's text holds none but indexes.
func kindOf(r any) string {
	if err, ok := r.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", r)
}
