package catalog

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
)

// The rules for the catalog's own texts.
var (
	titleText     = commerce.Text{Max: 255, Required: true}
	handleText    = commerce.Text{Max: 100, Required: true}
	tagText       = commerce.Text{Max: 64, Required: true}
	optionText    = commerce.Text{Max: 100, Required: true}
	variantText   = commerce.Text{Max: 255}
	barcodeText   = commerce.Text{Max: 64, Required: true}
	urlText       = commerce.Text{Max: 2000, Required: true}
	maxWeight     = 1_000_000_000
	pathSeparator = "\x1f" // no name can hold it
)

// verdicts collects what is wrong with an input.
type verdicts struct{ commerce.Errors }

// below is the path of a field below another.
func below(path []string, names ...string) []string { return slices.Concat(path, names) }

// entry is the path of an entry of a list.
func entry(path []string, i int) []string { return below(path, strconv.Itoa(i)) }

// cleanHandle checks a handle: letters without capitals, digits and hyphens, in any script.
func (v *verdicts) cleanHandle(s string, path ...string) string {
	before := len(v.Errors)
	s = v.Text(s, handleText, path...)
	if len(v.Errors) > before {
		return s
	}
	for _, c := range s {
		if c != '-' && !unicode.In(c, unicode.Ll, unicode.Lo, unicode.Lm, unicode.M, unicode.Nd) {
			v.Invalid(path, "holds %q; a handle has lower-case letters, digits and hyphens", c)
			return s
		}
	}
	return s
}

// slug makes a handle of a title in Latin letters; of any other it makes none.
func slug(title string) (string, bool) {
	var b strings.Builder
	for _, c := range commerce.Fold(title) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case unicode.IsLetter(c):
			return "", false
		case c != '\'' && c != '’' && b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.TrimRight(b.String(), "-")
	if len(s) > handleText.Max {
		s = strings.TrimRight(s[:handleText.Max], "-")
	}
	return s, s != ""
}

// cleanTags checks free words; a word said twice counts once.
func (v *verdicts) cleanTags(tags []string, path ...string) []string {
	out := make([]string, 0, len(tags))
	for i, t := range tags {
		out = append(out, v.Text(t, tagText, entry(path, i)...))
	}
	if out = db.Distinct(out); len(out) > 50 {
		v.Invalid(path, "holds %d tags, at most 50 are allowed", len(out))
	}
	return out
}

// cleanCategory checks a path of names from the root.
func (v *verdicts) cleanCategory(names []string, path ...string) []string {
	if len(names) > 10 {
		v.Invalid(path, "is %d levels deep, at most 10 are allowed", len(names))
		return nil
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = v.Text(n, optionText, entry(path, i)...)
	}
	return out
}

// cleanOptions checks the options of a product and their values.
func (v *verdicts) cleanOptions(options []commerce.OptionSet, path ...string) []commerce.OptionSet {
	if len(options) > 5 {
		v.Invalid(path, "holds %d options, at most 5 are allowed", len(options))
		return nil
	}
	out := make([]commerce.OptionSet, len(options))
	names := map[string]bool{}
	for i, o := range options {
		at := entry(path, i)
		name := v.Text(o.Name, optionText, below(at, "name")...)
		if names[name] {
			v.Invalid(below(at, "name"), "names an option a second time")
		}
		names[name] = true
		if n := len(o.Values); n == 0 || n > 100 {
			v.Invalid(below(at, "values"), "holds %d values, 1 to 100 are allowed", n)
			continue
		}
		values := make([]string, len(o.Values))
		for j, value := range o.Values {
			values[j] = v.Text(value, optionText, entry(below(at, "values"), j)...)
			if slices.Contains(values[:j], values[j]) {
				v.Invalid(entry(below(at, "values"), j), "says a value a second time")
			}
		}
		out[i] = commerce.OptionSet{Name: name, Values: values}
	}
	return out
}

// cleanMedia checks pictures: their addresses must be absolute, over http or https. Nothing is fetched.
func (v *verdicts) cleanMedia(media []commerce.Media, path ...string) []commerce.Media {
	if len(media) > 50 {
		v.Invalid(path, "holds %d pictures, at most 50 are allowed", len(media))
		return nil
	}
	out := make([]commerce.Media, len(media))
	for i, m := range media {
		at := entry(path, i)
		before := len(v.Errors)
		out[i] = commerce.Media{
			URL: v.Text(m.URL, urlText, below(at, "url")...),
			Alt: v.Text(m.Alt, commerce.Text{Max: 500}, below(at, "alt")...),
		}
		if len(v.Errors) == before && !webAddress(out[i].URL) {
			v.Invalid(below(at, "url"), "is not an absolute http or https address")
		}
	}
	return out
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(s, " \"<>\\^`{|}")
}

// cleanReferences checks external references; one said twice counts once, at its first place.
func (v *verdicts) cleanReferences(refs []commerce.Reference, path ...string) []commerce.Reference {
	if len(refs) > MaxReferences {
		v.Add(commerce.Errorf(commerce.LimitExceeded, "holds %d external references, at most %d are allowed", len(refs), MaxReferences).At(path...))
		return nil
	}
	out := make([]commerce.Reference, len(refs))
	for i, r := range refs {
		out[i] = v.Reference(r, entry(path, i)...)
	}
	return out
}

// CleanReferences checks the external references of an input at a path; the cleaned ones are in the same places.
func CleanReferences(refs []commerce.Reference, path ...string) ([]commerce.Reference, commerce.Errors) {
	var v verdicts
	return v.cleanReferences(refs, path...), v.Errors
}

// money checks an amount.
func (v *verdicts) money(m commerce.Money, wanted commerce.Currency, path ...string) {
	if m.Currency != wanted {
		v.Invalid(below(path, "currency"), "must be %s", wanted)
	}
	if m.Amount < 0 || m.Amount > commerce.MaxAmount {
		v.Invalid(below(path, "amount"), "must not be negative or that large")
	}
}
