package testkit

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

// Refused checks that err says, perhaps among others, code at the given path ("variants.0.sku"; "" for none), and gives that error.
func Refused(t testing.TB, err error, code commerce.Code, path string) *commerce.Error {
	t.Helper()
	for _, e := range All(err) {
		if e.Code == code && strings.Join(e.Field, ".") == path {
			return e
		}
	}
	require.Failf(t, "not refused as it should", "wanted %s at %q, got %v", code, path, Said(err))
	return nil
}

// Said is every error of a call as "CODE path", in order; nil for none.
func Said(err error) []string {
	if err == nil {
		return nil
	}
	all := All(err)
	if len(all) == 0 {
		return []string{"not for callers: " + err.Error()}
	}
	out := make([]string, len(all))
	for i, e := range all {
		out[i] = strings.TrimSpace(string(e.Code) + " " + strings.Join(e.Field, "."))
	}
	return out
}

// All is the errors of a call that a caller can act on, in order, however they were joined.
func All(err error) []*commerce.Error {
	if one, ok := err.(*commerce.Error); ok {
		return []*commerce.Error{one}
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*commerce.Error
		for _, e := range many.Unwrap() {
			out = append(out, All(e)...)
		}
		return out
	}
	if inner := errors.Unwrap(err); inner != nil {
		return All(inner)
	}
	return nil
}
