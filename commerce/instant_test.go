package commerce_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
)

func TestInstantsAreReadFromRFC3339(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-31T09:30:00+08:00":      "2026-01-31T01:30:00.000000Z",
		"2026-01-31T01:30:00Z":           "2026-01-31T01:30:00.000000Z",
		"2026-01-31T01:30:00.123456789Z": "2026-01-31T01:30:00.123456Z",
		"1969-12-31T23:59:59.999999Z":    "1969-12-31T23:59:59.999999Z",
		"2024-02-29T00:00:00-00:00":      "2024-02-29T00:00:00.000000Z",
		"9999-12-31T23:59:59Z":           "9999-12-31T23:59:59.000000Z",
		"0001-01-01T00:00:00Z":           "0001-01-01T00:00:00.000000Z",
	} {
		got, err := commerce.ParseInstant(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got.String())
	}
	for _, text := range []string{
		"", "2026-01-31", "2026-01-31T01:30:00", "2026-01-31 01:30:00Z", "2026-01-31T1:30:00Z", "2026-01-31T01:30:00,5Z", "2026-01-31T01:30Z",
		"2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T01:30:00+25:00", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
		"0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "1769823000", "now", "2026-01-31T01:30:00Z\x00",
	} {
		_, err := commerce.ParseInstant(text)
		require.Error(t, err, text)
	}
}

// What is said about a time that cannot be read quotes its beginning, which is text however it was cut.
func TestARefusedTimeIsQuotedAsText(t *testing.T) {
	for _, text := range []string{strings.Repeat("时", 40), "a" + strings.Repeat("时", 40), "aa" + strings.Repeat("🛒", 40)} {
		_, err := commerce.ParseInstant(text)
		require.True(t, utf8.ValidString(err.Error()))
		require.NotContains(t, err.Error(), `\x`)
		require.Contains(t, err.Error(), "…")
	}
}

func TestInstantsKeepMicroseconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := commerce.Instant(rapid.Int64Range(-62135596800_000000, 253402300799_999999).Draw(t, "instant"))
		require.Equal(t, i, commerce.InstantOf(i.Time()))
		back, err := commerce.ParseInstant(i.String())
		require.NoError(t, err)
		require.Equal(t, i, back)
		require.Equal(t, i+1_500_000, i.Add(1500*time.Millisecond))
	})
}

func TestMaybeTellsAbsentNullAndValueApart(t *testing.T) {
	absent, null, value := commerce.Maybe[int]{}, commerce.Null[int](), commerce.Some(0)
	require.Equal(t, []bool{false, true, true}, []bool{absent.Given(), null.Given(), value.Given()})
	require.Equal(t, []bool{false, true, false}, []bool{absent.IsNull(), null.IsNull(), value.IsNull()})
	require.Equal(t, []int{7, 0, 0}, []int{absent.Or(7), null.Or(7), value.Or(7)})
	seen := map[string]bool{}
	for _, m := range []commerce.Maybe[int]{absent, null, value, commerce.Some(1)} {
		text, err := json.Marshal(m)
		require.NoError(t, err)
		seen[string(text)] = true
	}
	require.Len(t, seen, 4, "inputs that differ are written differently")
	for _, s := range []string{"absent", "null", ""} {
		a, err := json.Marshal(commerce.Some(s))
		require.NoError(t, err)
		b, err := json.Marshal(commerce.Maybe[string]{})
		require.NoError(t, err)
		require.NotEqual(t, string(a), string(b))
	}
}

func TestErrorsKeepTheirCodeAndPath(t *testing.T) {
	e := commerce.Errorf(commerce.NotFound, "no %s", "hat").At("variant").Under("lines", "0")
	require.Equal(t, []string{"lines", "0", "variant"}, e.Field)
	require.Equal(t, commerce.NotFound, commerce.CodeOf(fmt.Errorf("wrapped: %w", e)))
	require.Equal(t, commerce.NotFound, commerce.CodeOf(commerce.Errors{e, commerce.Errorf(commerce.Conflict, "x")}))
	require.Equal(t, commerce.Internal, commerce.CodeOf(errors.New("x")))
	require.Empty(t, commerce.CodeOf(nil))
}
