package logs_test

import (
	"testing"

	"github.com/payrack/payrack/logs"
)

func BenchmarkLine(b *testing.B) {
	l, err := logs.Open(logs.Options{Dir: b.TempDir(), Name: "sendy"})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	log := l.Logger().With("op", 47, "ref", "R-1")
	for b.Loop() {
		log.Info("answered", "status", 200, "body", `{"transaction":47,"token":"abcdef","amount":12300,"card":"4111111111111111","status":"PAID"}`)
	}
}

func BenchmarkMaskOfAMegabyte(b *testing.B) {
	text := make([]byte, 0, 1<<20)
	for len(text) < 1<<20 {
		text = append(text, `code:{"code":[4111 1111 1111 "code":`...)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		logs.Mask(string(text))
	}
}
