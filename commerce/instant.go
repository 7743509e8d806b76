package commerce

import (
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"
)

// Instant is a moment in UTC in whole microseconds since the Unix epoch; 0 stands for none where a field may be absent.
// It is stored as a plain integer, so both engines compare and sort it alike.
type Instant int64

// InstantOf cuts t to whole microseconds.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time is the moment as a time.Time in UTC.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// Add moves the moment by d.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d/time.Microsecond) }

// String writes RFC 3339 with microseconds.
func (i Instant) String() string { return i.Time().Format("2006-01-02T15:04:05.000000Z07:00") }

// rfc3339 refuses what time.Parse takes beyond the standard: a comma before the fraction, an hour of one digit, an offset of a day.
var rfc3339 = regexp.MustCompile(`^.{10}T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseInstant reads RFC 3339 with an offset.
func ParseInstant(s string) (Instant, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if year := t.UTC().Year(); err != nil || year < 1 || year > 9999 || !rfc3339.MatchString(s) {
		return 0, fmt.Errorf("%q is not an RFC 3339 time with an offset, as in 2026-01-31T09:30:00+08:00", clip(s))
	}
	return InstantOf(t), nil
}

// clip cuts a text that is quoted to a person; what is left of it is text still.
func clip(s string) string {
	if len(s) <= 40 {
		return s
	}
	end := 40
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
