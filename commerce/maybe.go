package commerce

import "encoding/json"

// Maybe is a field of an upsert: absent keeps what is there, null clears it, a value replaces it. Its zero value is absent.
type Maybe[T any] struct {
	given bool
	value *T
}

// Some is a given value.
func Some[T any](v T) Maybe[T] { return Maybe[T]{given: true, value: &v} }

// Null clears.
func Null[T any]() Maybe[T] { return Maybe[T]{given: true} }

// Given tells whether the field was there at all.
func (m Maybe[T]) Given() bool { return m.given }

// IsNull tells whether the field was there as null.
func (m Maybe[T]) IsNull() bool { return m.given && m.value == nil }

// Get gives the value, if there is one.
func (m Maybe[T]) Get() (v T, ok bool) {
	if m.value == nil {
		return v, false
	}
	return *m.value, true
}

// Or is the value, or old when absent, or the zero value when null.
func (m Maybe[T]) Or(old T) T {
	if !m.given {
		return old
	}
	v, _ := m.Get()
	return v
}

// MarshalJSON writes null for absent and else a list of the value or null, so that inputs which differ never compare as equal.
func (m Maybe[T]) MarshalJSON() ([]byte, error) {
	if !m.given {
		return []byte("null"), nil
	}
	return json.Marshal([]*T{m.value})
}
