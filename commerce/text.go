package commerce

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Text is a rule for one text field: how long it may be, in runes, and whether lines may break.
type Text struct {
	Max       int
	Multiline bool
	Required  bool
}

// The lengths used all over. A rune is at most 4 bytes, so the bytes are bounded too.
var (
	CodeText  = Text{Max: 64, Required: true}
	NameText  = Text{Max: 200, Required: true}
	ShortText = Text{Max: 200}
	LongText  = Text{Max: 20000, Multiline: true}
)

// Clean brings s to NFC, trims it and checks it. It refuses invalid UTF-8, control characters (but tab and line breaks
// in multiline text), bidirectional overrides and invisible format characters other than the joiners scripts need. U+FFFD is refused too:
// it stands where something that was no text has been lost, as decoders of JSON put it in the place of half a surrogate pair.
func (r Text) Clean(s string) (string, *Error) {
	if !utf8.ValidString(s) {
		return "", Errorf(InvalidInput, "is not valid UTF-8 text")
	}
	if len(s) > 12*r.Max+64 { // no composed character takes more: a syllable of Hangul takes 9
		return "", Errorf(InvalidInput, "is longer than %d characters", r.Max)
	}
	if r.Multiline {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	s = strings.TrimSpace(norm.NFC.String(s))
	for _, c := range s {
		if forbidden(c) && !(r.Multiline && (c == '\n' || c == '\t')) {
			return "", Errorf(InvalidInput, "holds the character %U, which is not allowed", c)
		}
	}
	if n := utf8.RuneCountInString(s); n > r.Max {
		return "", Errorf(InvalidInput, "has %d characters, at most %d are allowed", n, r.Max)
	}
	if r.Required && s == "" {
		return "", Errorf(InvalidInput, "must not be empty")
	}
	return s, nil
}

func forbidden(c rune) bool {
	switch {
	case c == '\u200c' || c == '\u200d': // joiners, needed by some scripts and emoji
		return false
	case unicode.IsControl(c), unicode.Is(unicode.Cf, c), unicode.Is(unicode.Co, c), unicode.Is(unicode.Cs, c):
		return true
	case c == utf8.RuneError || c == '\u2028' || c == '\u2029' || c == '\ufffe' || c == '\uffff':
		return true
	}
	return false
}

var folder = cases.Fold()

// Fold is the form in which codes and search text are compared: width and case folded, NFKC. Folding alone would swap the two
// cases of Cherokee; lowering afterwards makes them one.
func Fold(s string) string {
	return norm.NFKC.String(strings.ToLower(folder.String(width.Fold.String(norm.NFKC.String(s)))))
}
