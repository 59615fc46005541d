package story

import (
	"encoding/json"
	"io"
	"testing"
	"time"
)

// FuzzTell: any story that a module may give is told, in both languages, and none stops the teller.
func FuzzTell(f *testing.F) {
	f.Add([]byte(`{"operation":{"ref":"r","kind":"pay.online","amount":100,"outcome":"approved"},"events":[{"number":1,"name":"begun","data":{"what":"begun"}}]}`))
	f.Add([]byte(`{"operation":{},"events":[{"name":"told_unknown","data":5},{"name":"x","time":"0001-01-01T00:00:00Z"}],"exchanges":[{"duration_ms":-1}],"reversals":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s Story
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		for _, language := range []string{"ru", "en", ""} {
			if err := Tell(io.Discard, s, language, time.UTC); err != nil {
				t.Fatal(err)
			}
		}
	})
}
