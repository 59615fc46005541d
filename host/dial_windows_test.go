package host

import "github.com/Microsoft/go-winio"

var dialAddress = winio.DialPipeContext
