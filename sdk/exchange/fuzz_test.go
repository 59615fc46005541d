package exchange

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// FuzzRetryAfter: whatever a server asks for is between nothing and a day.
func FuzzRetryAfter(f *testing.F) {
	f.Add("7", int64(0))
	f.Add("Sun, 22 Nov 2026 12:00:07 GMT", int64(1795348800))
	f.Add("-1", int64(-1))
	f.Add("99999999999999999999", int64(1))
	f.Fuzz(func(t *testing.T, value string, now int64) {
		if d := retryAfter(&Answer{Header: http.Header{"Retry-After": {value}}, Date: time.Unix(now, 0)}); d < 0 || d > longestRetryAfter {
			t.Fatalf("%q: %v", value, d)
		}
	})
}

// FuzzServer: whatever bytes a server answers with, the client comes back, and never says that a request which arrived was not sent.
func FuzzServer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"sum\":100}"))
	f.Add([]byte("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Length: 0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"))
	f.Add([]byte("\x15\x03\x01\x00\x02\x02\x28"))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = listener.Close() })
	var mu sync.Mutex
	var answer []byte
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			bytes := answer
			mu.Unlock()
			go func() {
				defer conn.Close()
				request := make([]byte, 4096)
				if _, err := conn.Read(request); err == nil {
					_, _ = conn.Write(bytes)
				}
			}()
		}
	}()
	key := pay.Key{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		mu.Lock()
		answer = bytes
		mu.Unlock()
		client, err := New(Options{Base: "http://" + listener.Addr().String(), Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		var out struct {
			Sum int64 `json:"sum"`
		}
		_, err = client.Money(t.Context(), Key(key), "POST", "pay", map[string]string{"key": key.String()}, &out)
		if _, ok := errors.AsType[*Error](err); err != nil && (!ok || NotSent(err)) {
			t.Fatalf("%q: %v", bytes, err)
		}
	})
}
