package pay

import (
	"fmt"
	"time"
)

// moments are the forms of a moment, and days those of a whole day.
var (
	moments = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "02.01.2006 15:04:05", "02.01.2006 15:04"}
	days    = []string{time.DateOnly, "02.01.2006"}
)

// ParseMoment reads a moment as tills and people give it: RFC 3339, or a date and time without an offset, or a day, both in loc. A day as
// an end includes that day: it is the beginning of the next. Any other text is ErrArgument.
func ParseMoment(text string, end bool, loc *time.Location) (time.Time, error) {
	for _, form := range moments {
		if t, err := time.ParseInLocation(form, text, loc); err == nil {
			return t, nil
		}
	}
	for _, form := range days {
		if t, err := time.ParseInLocation(form, text, loc); err == nil {
			if end {
				t = t.AddDate(0, 0, 1)
			}
			return t, nil
		}
	}
	return time.Time{}, wording(ErrArgument, "refused.moment", map[string]any{"Text": fmt.Sprintf("%.40s", text)}, "%.40q is no date and time like 2026-11-22 08:00", text)
}
