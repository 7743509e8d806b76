package commerce_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
)

func TestTextIsCleanedOrRefused(t *testing.T) { // IN-01
	const refused = "\x00 refused"
	one, many := commerce.Text{Max: 40}, commerce.Text{Max: 40, Multiline: true}
	for _, c := range []struct {
		name     string
		rule     commerce.Text
		in, want string
	}{
		{"plain", one, "Blue hat", "Blue hat"},
		{"trimmed", one, " \t\u00a0\u3000hat\r\n", "hat"},
		{"Chinese", one, "静安店", "静安店"},
		{"four bytes", one, "🧢 𠮷野家", "🧢 𠮷野家"},
		{"NFC", one, "Cafe\u0301", "Café"},
		{"not NFKC", one, "ﬁ ①", "ﬁ ①"},
		{"joined emoji", one, "👩\u200d👧", "👩\u200d👧"},
		{"non-joiner", one, "می\u200cخواهم", "می\u200cخواهم"},
		{"NUL", one, "a\x00b", refused},
		{"control", one, "a\x07b", refused},
		{"delete", one, "a\x7fb", refused},
		{"C1 control", one, "a\u0085b", refused},
		{"line break", one, "a\nb", refused},
		{"tab", one, "a\tb", refused},
		{"lines", many, "a\r\nb\n\tc", "a\nb\n\tc"},
		{"lone carriage return", many, "a\rb", refused},
		{"NUL in lines", many, "a\x00", refused},
		{"line separator", many, "a\u2028b", refused},
		{"paragraph separator", one, "a\u2029b", refused},
		{"bidi override", one, "a\u202eb", refused},
		{"bidi isolate", one, "a\u2066b", refused},
		{"right-to-left mark", one, "a\u200fb", refused},
		{"zero-width space", one, "a\u200bb", refused},
		{"word joiner", one, "a\u2060b", refused},
		{"byte order mark", one, "a\ufeffb", refused},
		{"soft hyphen", one, "a\u00adb", refused},
		{"tags", one, "a\U000e0061", refused},
		{"private use", one, "a\ue000b", refused},
		{"what was lost", one, "a\ufffdb", refused},
		{"noncharacter", one, "a\uffffb", refused},
		{"lone surrogate", one, "a\xed\xa0\x80b", refused},
		{"broken UTF-8", one, "a\xffb", refused},
		{"overlong slash", one, "a\xc0\xafb", refused},
		{"as long as may be", one, strings.Repeat("🧢", 40), strings.Repeat("🧢", 40)},
		{"too long", one, strings.Repeat("a", 41), refused},
		{"too long before NFC alone", one, strings.Repeat("e\u0301", 40), strings.Repeat("é", 40)},
		{"empty", one, " ", ""},
		{"empty where needed", commerce.Text{Max: 40, Required: true}, "\u3000", refused},
	} {
		got, err := c.rule.Clean(c.in)
		if c.want == refused {
			require.NotNil(t, err, c.name)
			require.Equal(t, commerce.InvalidInput, err.Code, c.name)
			require.True(t, utf8.ValidString(err.Message), c.name)
			continue
		}
		require.Nil(t, err, c.name)
		require.Equal(t, c.want, got, c.name)
	}
}

// Hangul takes nine bytes a syllable before it is composed.
func TestLengthsAreJudgedAfterComposing(t *testing.T) {
	syllables := strings.Repeat("각", commerce.NameText.Max)
	got, err := commerce.NameText.Clean(norm.NFD.String(syllables))
	require.Nil(t, err)
	require.Equal(t, syllables, got)
	_, err = commerce.NameText.Clean(norm.NFD.String(syllables + "각"))
	require.NotNil(t, err)
}

func TestCleaningTwiceIsCleaningOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := commerce.Text{Max: 30, Multiline: rapid.Bool().Draw(t, "multiline")}
		once, err := rule.Clean(rapid.String().Draw(t, "text"))
		if err != nil {
			return
		}
		twice, err := rule.Clean(once)
		require.Nil(t, err)
		require.Equal(t, once, twice)
		require.True(t, norm.NFC.IsNormalString(once))
		require.LessOrEqual(t, utf8.RuneCountInString(once), 30)
	})
}

func TestFoldedTextIsTheSameUnderCaseWidthAndNormalisation(t *testing.T) { // IN-02
	for _, same := range [][]string{
		{"abc-1", "ABC-1", "Abc-1", "ＡＢＣ－１", "ａｂｃ-1"},
		{"café", "CAFÉ", "cafe\u0301"},
		{"strasse", "straße", "STRASSE"},
		{"ffi", "ﬃ"},
		{"k", "K", "\u212a"},
		{"å", "\u212b", "A\u030a"},
		{"ガ", "ｶﾞ", "カ\u3099"},
		{"σς", "ΣΣ", "σσ"},
	} {
		for _, s := range same {
			require.Equal(t, commerce.Fold(same[0]), commerce.Fold(s), "%q %q", same[0], s)
		}
	}
	require.NotEqual(t, commerce.Fold("abc"), commerce.Fold("abd"))
	require.NotEqual(t, commerce.Fold("0"), commerce.Fold("O"))
}

func TestFoldingTwiceIsFoldingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := commerce.Fold(rapid.String().Draw(t, "text"))
		require.Equal(t, once, commerce.Fold(once))
	})
}
