package host

import (
	"embed"
	"sync"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

//go:embed words/*.json
var wordFiles embed.FS

// words are the core's and the host's own. A test reads them, so that a failure here cannot be met at a till.
var words = sync.OnceValue(func() *text.Catalogue {
	c, err := text.Load(wordFiles)
	if err != nil {
		c, _ = text.Load()
	}
	return c
})

// Fill makes the refusal that a user is told, in a language: the host's words, then those of the code.
func Fill(err error, language string) *pay.Error {
	if err == nil {
		return nil
	}
	return words().Fill(err, language)
}
