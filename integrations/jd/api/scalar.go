package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
)

// Text is a text or an id that comes as a string or as a number, depending on the API. A number keeps its digits: ids have 64 bits
// and never pass through floating point. null, {} and [] are "".
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		return json.Unmarshal(b, (*string)(t))
	case 'n', '{', '[':
		*t = ""
	default: // a number, true or false
		*t = Text(b)
	}
	return nil
}

// Int is a whole number that comes as a number or as text. Empty forms are 0.
type Int int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *Int) UnmarshalJSON(b []byte) error {
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	s := strings.TrimSpace(string(t))
	if s == "" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		r, ok := exact(s) // 1.0 and 1.0E7, as Java prints whole doubles
		if !ok || !r.IsInt() || !r.Num().IsInt64() {
			return fmt.Errorf("%.40q is no whole number", s)
		}
		v = r.Num().Int64()
	}
	*n = Int(v)
	return nil
}

// Bool is true for true, "true", "TRUE", 1 and "1".
type Bool bool

// UnmarshalJSON implements json.Unmarshaler.
func (v *Bool) UnmarshalJSON(b []byte) error {
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	*v = Bool(strings.EqualFold(string(t), "true") || t == "1")
	return nil
}

// Yuan is an amount in fen. On the wire it is yuan, as text or as a JSON number. Set tells a zero from no amount at all.
type Yuan struct {
	Fen int64
	Set bool
}

// UnmarshalJSON implements json.Unmarshaler. More than two decimals are refused, unless they are zeros.
func (y *Yuan) UnmarshalJSON(b []byte) error {
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	s := strings.TrimSpace(string(t))
	if s == "" {
		*y = Yuan{}
		return nil
	}
	if strings.ContainsAny(s, "eE") {
		r, ok := exact(s)
		if !ok {
			return fmt.Errorf("%.40q is no amount", s)
		}
		s = r.FloatString(6)
	}
	fen, err := commerce.ParseAmount(s, "CNY")
	if err != nil {
		return fmt.Errorf("%.40q is no amount in yuan", s)
	}
	*y = Yuan{Fen: fen, Set: true}
	return nil
}

// MarshalJSON writes yuan as a JSON number with two decimals, as the ware and SKU APIs take them.
func (y Yuan) MarshalJSON() ([]byte, error) {
	return []byte(commerce.Money{Amount: y.Fen, Currency: "CNY"}.Text()), nil
}

// exact reads decimal text without rounding; absurd exponents are refused before they cost memory.
func exact(s string) (*big.Rat, bool) {
	if _, exp, ok := strings.Cut(strings.ToLower(s), "e"); ok {
		if n, err := strconv.Atoi(strings.TrimPrefix(exp, "+")); err != nil || n < -12 || n > 18 {
			return nil, false
		}
	}
	if len(s) > 40 || strings.Contains(s, "/") {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// China is the zone of every time without one.
var China = time.FixedZone("UTC+8", 8*60*60)

// Layout is how JD writes times as text, in China time.
const Layout = "2006-01-02 15:04:05"

// Time is a moment: text in China time, or milliseconds since the epoch as a number or as text. JD's ways to say none
// (year 1, the epoch, 0, empty) are the zero Time.
type Time struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s Text
	if err := s.UnmarshalJSON(b); err != nil {
		return err
	}
	text := strings.TrimSpace(string(s))
	*t = Time{}
	if text == "" {
		return nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		if ms > 0 {
			t.Time = time.UnixMilli(ms)
		}
		return nil
	}
	at, err := time.ParseInLocation(Layout, text, China)
	if err != nil {
		return fmt.Errorf("%.40q is no time", text)
	}
	if at.Year() > 1970 {
		t.Time = at
	}
	return nil
}

// Object is an object that may be missing in many ways: null, "", [] and {} are all the zero V.
type Object[T any] struct{ V T }

// UnmarshalJSON implements json.Unmarshaler.
func (o *Object[T]) UnmarshalJSON(b []byte) error {
	var zero T
	o.V = zero
	if b[0] != '{' {
		return nil
	}
	return json.Unmarshal(b, &o.V)
}

// List is a list that may be missing in many ways: null, "" and {} are no elements, and one bare object is a list of it.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	switch {
	case b[0] == '[':
		return json.Unmarshal(b, (*[]T)(l))
	case b[0] == '{' && len(bytes.TrimSpace(b[1:len(b)-1])) > 0:
		var one T
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		*l = List[T]{one}
	}
	return nil
}
