package commerce

import "slices"

// What is wrong with an input is gathered field by field, so that its caller hears all of it at once: the methods below clean a field
// and add what they refuse, each at its path.

// Add adds what is wrong.
func (e *Errors) Add(err *Error) { *e = append(*e, err) }

// Invalid adds an INVALID_INPUT error at a field path.
func (e *Errors) Invalid(path []string, format string, args ...any) {
	e.Add(Invalid(path, format, args...))
}

// Err is nil when nothing is wrong.
func (e Errors) Err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Clean cleans a text where it is and tells whether it was taken; one that is refused stays as it was.
func (e *Errors) Clean(s *string, rule Text, path ...string) bool {
	clean, err := rule.Clean(*s)
	if err != nil {
		e.Add(err.At(path...))
		return false
	}
	*s = clean
	return true
}

// Text answers the clean form of a text; that of one that is refused is empty, so that two refused ones count as the same.
func (e *Errors) Text(s string, rule Text, path ...string) string {
	if !e.Clean(&s, rule, path...) {
		return ""
	}
	return s
}

// Given cleans a text that may be absent; null is the empty text, which a required one may not be.
func (e *Errors) Given(m Maybe[string], rule Text, path ...string) Maybe[string] {
	if !m.Given() {
		return m
	}
	return Some(e.Text(m.Or(""), rule, path...))
}

// Reference answers the clean form of a name that another system gave.
func (e *Errors) Reference(r Reference, path ...string) Reference {
	return Reference{
		System: e.Text(r.System, CodeText, slices.Concat(path, []string{"system"})...),
		Value:  e.Text(r.Value, NameText, slices.Concat(path, []string{"value"})...),
	}
}

// ReferenceIfAny is Reference for one that may be left out.
func (e *Errors) ReferenceIfAny(r Reference, path ...string) Reference {
	if r == (Reference{}) {
		return r
	}
	return e.Reference(r, path...)
}

// Address cleans an address where it is.
func (e *Errors) Address(a *Address, path ...string) {
	for _, part := range []struct {
		name string
		text *string
	}{
		{"recipient", &a.Recipient}, {"phone", &a.Phone}, {"country", &a.Country}, {"province", &a.Province}, {"city", &a.City},
		{"district", &a.District}, {"line1", &a.Line1}, {"line2", &a.Line2}, {"postcode", &a.Postcode},
	} {
		e.Clean(part.text, ShortText, slices.Concat(path, []string{part.name})...)
	}
}

// Between holds a number to its bounds.
func (e *Errors) Between(n, least, most int64, path ...string) {
	if err := Between(n, least, most); err != nil {
		e.Add(err.At(path...))
	}
}

// Quantity holds a quantity to its bounds.
func (e *Errors) Quantity(n, least int64, path ...string) {
	e.Between(n, least, MaxQuantity, path...)
}

// Between says what is wrong with a number that must lie between two, nil when it does.
func Between(n, least, most int64) *Error {
	if n < least || n > most {
		return Errorf(InvalidInput, "must be between %d and %d", least, most)
	}
	return nil
}
