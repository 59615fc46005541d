package pay

import (
	"testing"
	"time"
)

func TestADayAsAnEndIncludesThatDayAndAMomentIsTakenAsItIs(t *testing.T) {
	zone := time.FixedZone("", 3*60*60)
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, zone)
	morning := day.Add(8 * time.Hour)
	for text, want := range map[string][2]time.Time{
		"2026-11-22":           {day, day.AddDate(0, 0, 1)},
		"22.11.2026":           {day, day.AddDate(0, 0, 1)},
		"2026-11-22 08:00":     {morning, morning},
		"2026-11-22T08:00":     {morning, morning},
		"2026-11-22T08:00:00":  {morning, morning},
		"22.11.2026 08:00":     {morning, morning},
		"2026-11-22T05:00:00Z": {morning, morning},
	} {
		from, err := ParseMoment(text, false, zone)
		to, errEnd := ParseMoment(text, true, zone)
		if err != nil || errEnd != nil || !from.Equal(want[0]) || !to.Equal(want[1]) {
			t.Errorf("%s is from %v to %v: %v, %v", text, from, to, err, errEnd)
		}
	}
	for _, text := range []string{"", "2026-13-01", "tomorrow", "2026-11-22 "} {
		if at, err := ParseMoment(text, false, zone); CodeOf(err) != ErrArgument {
			t.Errorf("%q is %v, %v", text, at, err)
		}
	}
}
