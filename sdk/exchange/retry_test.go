package exchange

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfterIsReadAsSecondsOrAMoment(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-3": 0, "0": 0, "soon": 0, "1e3": 0, "9999999999": 0, "1000000": longestRetryAfter,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second, now.Add(-time.Hour).Format(http.TimeFormat): 0,
		now.AddDate(100, 0, 0).Format(http.TimeFormat): longestRetryAfter,
	} {
		if got := retryAfter(&Answer{Header: http.Header{"Retry-After": {value}}, Date: now}); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}
