package catalog

import (
	"strings"
	"unicode"

	"github.com/oneshelf/oneshelf/commerce"
)

// How much a word speaks for a product, by where it stands.
const (
	weightTitle  = 8
	weightCode   = 6
	weightTag    = 4
	weightOther  = 2
	maxTerm      = 64 // characters
	maxTerms     = 400
	maxQuestions = 16
)

// terms are the words of a text, folded: runs of letters and digits, codes with their hyphens and without, and of Chinese, Japanese
// and Korean, which set no spaces, every character and every pair of neighbours.
func terms(text string) []string {
	var out []string
	for _, chunk := range strings.FieldsFunc(commerce.Fold(text), func(r rune) bool { return !wordly(r) }) {
		chunk = strings.Trim(chunk, "-_.")
		if strings.ContainsAny(chunk, "-_.") {
			out = append(out, cut(chunk))
		}
		for _, word := range strings.FieldsFunc(chunk, func(r rune) bool { return strings.ContainsRune("-_.", r) }) {
			out = append(out, split(word)...)
		}
	}
	return out
}

func wordly(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune("-_.", r)
}

// split parts a run of letters where a script without spaces begins or ends.
func split(word string) []string {
	var out []string
	var run []rune
	flush := func() {
		if len(run) > 0 {
			out = append(out, cut(string(run)))
			run = run[:0]
		}
	}
	var before rune
	for _, r := range word {
		if !unspaced(r) {
			run, before = append(run, r), 0
			continue
		}
		flush()
		out = append(out, string(r))
		if before != 0 {
			out = append(out, string([]rune{before, r}))
		}
		before = r
	}
	flush()
	return out
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

func cut(s string) string {
	if r := []rune(s); len(r) > maxTerm {
		return string(r[:maxTerm])
	}
	return s
}

// question is a term that is asked for: whole, or as the beginning of a word.
type question struct {
	term   string
	prefix bool
}

// questions are what a query asks: every word as a beginning, of unspaced scripts the pairs, or the character that stands alone.
func questions(query string) []question {
	var out []question
	seen := map[string]bool{}
	ask := func(q question) {
		if !seen[q.term] && len(out) < maxQuestions {
			seen[q.term] = true
			out = append(out, q)
		}
	}
	all := terms(query)
	for i, t := range all {
		r := []rune(t)
		switch {
		case !unspaced(r[0]):
			if !strings.ContainsAny(t, "-_.") { // its parts are asked for
				ask(question{t, true})
			}
		case len(r) == 2:
			ask(question{t, false})
		case !paired(all, i):
			ask(question{t, false})
		}
	}
	return out
}

// paired tells whether the single character at i is asked for within a pair beside it.
func paired(all []string, i int) bool {
	c := []rune(all[i])[0]
	for _, j := range []int{i + 1, i + 2} {
		if j < len(all) {
			if r := []rune(all[j]); len(r) == 2 && unspaced(r[0]) && (r[0] == c || r[1] == c) {
				return true
			}
		}
	}
	return false
}
