package sdk

import "github.com/payrack/payrack/sdk/module"

// Main serves a module to the host that started it, and returns when the host is gone. It is the first call of a module's main: nothing
// may be printed before it.
func Main(m Module) { module.Serve(New(m)) }
