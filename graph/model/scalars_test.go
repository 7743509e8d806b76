package model_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/graph/model"
)

func TestAnIntHas32Bits(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", -1: "-1", math.MaxInt32: "2147483647", math.MaxInt32 + 1: "2147483647", math.MinInt32: "-2147483648", math.MinInt64: "-2147483648",
	} {
		var written strings.Builder
		model.MarshalInt(n).MarshalGQL(&written)
		require.Equal(t, want, written.String())
	}
}

// A moment that comes in is RFC 3339 and nothing beside it, of the years 1 to 9999 as UTC counts them, in microseconds.
func TestMomentsComeInAsRFC3339(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-31T09:30:00+08:00":      "2026-01-31T01:30:00Z",
		"2026-01-31T01:30:00.123456789Z": "2026-01-31T01:30:00.123456Z",
		"0001-01-01T07:59:59+07:59":      "0001-01-01T00:00:59Z",
	} {
		got, err := model.UnmarshalDateTime(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got.Format(time.RFC3339Nano), text)
	}
	for _, v := range []any{
		"2026-01-31T01:30:00,5Z", "2026-01-31T9:30:00Z", "2026-01-31T01:30:00+24:00", "2026-01-31T01:30:00", "2026-01-31", "",
		"0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", int64(1769823000), nil,
	} {
		_, err := model.UnmarshalDateTime(v)
		require.ErrorAs(t, err, new(model.ScalarError), "%v", v)
	}
}
