package exchange

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestRetryAfter bounds what a server may ask for, so that no number overflows.
const longestRetryAfter = 24 * time.Hour

// retryAfter reads for how long the server wants to be left alone: a number of seconds, or a moment by its own clock.
func retryAfter(a *Answer) time.Duration {
	value := strings.TrimSpace(a.Header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), longestRetryAfter)
	}
	moment, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now := a.Date
	if now.IsZero() {
		now = time.Now()
	}
	return min(max(moment.Sub(now), 0), longestRetryAfter)
}
