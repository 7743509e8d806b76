package sandbox

import "errors"

// What the tests look at from outside.
var (
	Digest = digest
	Signed = signed
)

// Merge is merge with a plain error.
func Merge(query, form string) (map[string]string, error) {
	out, f := merge(query, form)
	if f != nil {
		return out, errors.New(f.code)
	}
	return out, nil
}
