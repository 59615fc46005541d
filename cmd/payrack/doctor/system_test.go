package doctor

import (
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func TestAWindowsThatIsTooOldIsAnErrorThatSaysWhatToDo(t *testing.T) {
	for _, k := range []struct {
		name string
		of   windowsVersion
		want Status
	}{
		{"Windows 7", windowsVersion{6, 1, 7601, false}, Error},
		{"Windows 8.1", windowsVersion{6, 3, 9600, false}, Error},
		{"Server 2012 R2", windowsVersion{6, 3, 9600, true}, Error},
		{"a preview of Server 2016", windowsVersion{10, 0, 10586, true}, Error},
		{"the first Windows 10", windowsVersion{10, 0, 10240, false}, OK},
		{"Server 2016", windowsVersion{10, 0, 14393, true}, OK},
		{"Windows 11", windowsVersion{10, 0, 26100, false}, OK},
		{"what comes later", windowsVersion{12, 0, 1, true}, OK},
	} {
		for _, language := range []string{text.Russian, text.English} {
			var told []Finding
			x := &examination{Installation: Installation{Language: language}, tell: func(f Finding) { told = append(told, f) }}
			x.windows(k.of)
			if len(told) != 1 || told[0].ID != "system" || told[0].Status != k.want {
				t.Fatalf("%s: %+v", k.name, told)
			}
			if f := told[0]; k.want == Error && (f.Code != pay.ErrConfig || !strings.Contains(f.Fix, "2016") || !strings.Contains(f.Detail, "Windows")) {
				t.Errorf("%s: %+v", k.name, f)
			}
		}
	}
}
