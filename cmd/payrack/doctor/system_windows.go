package doctor

import "golang.org/x/sys/windows"

// system: is this Windows new enough. RtlGetVersion tells the truth whatever the program's manifest says.
func (x *examination) system() {
	const workstation = 1
	v := windows.RtlGetVersion()
	x.windows(windowsVersion{v.MajorVersion, v.MinorVersion, v.BuildNumber, v.ProductType != workstation})
}
