package doctor

import (
	"fmt"
	"runtime"

	"github.com/payrack/payrack/sdk/pay"
)

// windowsVersion is what Windows says of itself.
type windowsVersion struct {
	Major, Minor, Build uint32
	Server              bool
}

// The oldest that Go's own library works on since Go 1.21: Windows 10, and Server 2016, which is build 14393 of it.
const (
	oldestMajor       = 10
	oldestServerBuild = 14393
)

// windows judges a Windows.
func (x *examination) windows(v windowsVersion) {
	name := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Build)
	if v.Server {
		name = "Server " + name
	}
	if v.Major < oldestMajor || (v.Server && v.Major == oldestMajor && v.Build < oldestServerBuild) {
		x.found("system", Error, pay.ErrConfig, "windows.old", "Name", name)
		return
	}
	bits := 64
	if runtime.GOARCH == "386" {
		bits = 32
	}
	x.found("system", OK, pay.CodeOK, "windows", "Name", name, "Bits", bits)
}
