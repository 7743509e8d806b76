package model

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/oneshelf/oneshelf/commerce"
)

// MarshalInt writes a GraphQL Int, which has 32 bits: a sum beyond them is told as the largest or smallest there is, since a client in
// whose language an Int is one could not read the whole answer.
func MarshalInt(i int) graphql.Marshaler {
	i = max(math.MinInt32, min(i, math.MaxInt32))
	return graphql.WriterFunc(func(w io.Writer) { io.WriteString(w, strconv.Itoa(i)) })
}

// UnmarshalInt reads a GraphQL Int. The specification bounds it to 32 bits; numbers beyond, fractions and text are refused.
func UnmarshalInt(v any) (int, error) {
	var n int64
	switch v := v.(type) {
	case json.Number:
		i, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			return 0, ScalarError(fmt.Sprintf("%s is not a whole number of 32 bits", v))
		}
		n = i
	case int64:
		n = v
	case int:
		n = int64(v)
	default:
		return 0, ScalarError(fmt.Sprintf("%T is not a whole number", v))
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return 0, ScalarError(fmt.Sprintf("%d is not a whole number of 32 bits", n))
	}
	return int(n), nil
}

// MarshalDateTime writes a moment in UTC with microseconds.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		io.WriteString(w, t.UTC().Format(`"2006-01-02T15:04:05.000000Z07:00"`))
	})
}

// UnmarshalDateTime reads RFC 3339 with an offset, cut to microseconds.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, ScalarError("a DateTime is text such as 2026-01-31T09:30:00+08:00")
	}
	i, err := commerce.ParseInstant(s)
	if err != nil {
		return time.Time{}, ScalarError("a DateTime must look like 2026-01-31T09:30:00+08:00")
	}
	return i.Time(), nil
}

// ScalarError is what a scalar says about a value it cannot take.
type ScalarError string

func (e ScalarError) Error() string { return string(e) }

// MarshalText writes text as it is.
func MarshalText(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalText reads text and nothing else: an amount that came as a JSON number may have been a float on its way.
func UnmarshalText(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", ScalarError("must be text, as in \"129.00\"")
	}
	return s, nil
}
