package members

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
)

// Contact is a member's contact data as a caller sees it; nil is none.
type Contact struct {
	Name, Phone, Email, Birthday *string
}

// ContactOf answers a member's contact data: plain to who holds members:pii, masked to everybody else.
func ContactOf(m *ent.Member, plain bool) Contact {
	var name *string
	if m.Name != "" {
		name = &m.Name
	}
	if plain {
		return Contact{Name: name, Phone: m.Phone, Email: m.Email, Birthday: m.Birthday}
	}
	return Contact{Name: masked(name, MaskName), Phone: masked(m.Phone, MaskPhone), Email: masked(m.Email, MaskText), Birthday: masked(m.Birthday, MaskText)}
}

func masked(s *string, mask func(string) string) *string {
	if s == nil {
		return nil
	}
	out := mask(*s)
	return &out
}

// MaskName leaves the first character of a name.
func MaskName(s string) string { return first(s, "**") }

// MaskText leaves the first character of an email address or a birthday, and does not tell how long it is.
func MaskText(s string) string { return first(s, "***") }

func first(s, stars string) string {
	if s == "" {
		return ""
	}
	_, size := utf8.DecodeRuneInString(s)
	return s[:size] + stars
}

// MaskPhone leaves the last four digits, and nothing of a number so short that they would be most of it.
func MaskPhone(s string) string {
	if s == "" {
		return ""
	}
	digits := strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return c
		}
		return -1
	}, s)
	last := []rune(digits)
	if len(last) < 8 {
		return "*******"
	}
	return "*******" + string(last[len(last)-4:])
}

// MaskAddress leaves the places down to the district, and of the person what names and phones leave.
func MaskAddress(a *commerce.Address) *commerce.Address {
	if a == nil {
		return nil
	}
	return &commerce.Address{
		Recipient: MaskName(a.Recipient), Phone: MaskPhone(a.Phone),
		Country: a.Country, Province: a.Province, City: a.City, District: a.District,
		Line1: hidden(a.Line1), Line2: hidden(a.Line2), Postcode: hidden(a.Postcode),
	}
}

func hidden(s string) string {
	if s == "" {
		return ""
	}
	return "***"
}
