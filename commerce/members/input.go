package members

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
)

// UpsertInput is a member as it should be. Without By a new one is made.
type UpsertInput struct {
	By           *commerce.MemberRef
	Name         commerce.Maybe[string]
	Phone        commerce.Maybe[string]
	Email        commerce.Maybe[string]
	Birthday     commerce.Maybe[string]
	Tags         commerce.Maybe[[]string]
	ExternalRefs commerce.Maybe[[]commerce.Reference] // merged; null drops all
	Identities   commerce.Maybe[[]commerce.Reference] // merged; null drops all
}

var (
	phoneText = commerce.Text{Max: 40}
	emailText = commerce.Text{Max: 254}
	dateText  = commerce.Text{Max: 10}
	tagText   = commerce.Text{Max: 64, Required: true}
)

// cleaned is an input whose texts are as they are stored.
type cleaned struct {
	UpsertInput
	externals, identities []naming
}

// verdicts collects what is wrong with an input. Its messages never repeat contact data.
type verdicts struct{ commerce.Errors }

// field cleans a field that may be absent; an empty text is none, like null.
func (v *verdicts) field(rule commerce.Text, m commerce.Maybe[string], wrong string, right func(string) bool, path string) commerce.Maybe[string] {
	s, ok := m.Get()
	if !ok {
		return m
	}
	if !v.Clean(&s, rule, path) || s == "" {
		return commerce.Null[string]()
	}
	if right != nil && !right(s) {
		v.Invalid([]string{path}, "%s", wrong)
	}
	return commerce.Some(s)
}

const (
	wrongPhone    = "must have 5 to 20 digits, perhaps with a leading plus, spaces and hyphens"
	wrongEmail    = "is not an email address"
	wrongBirthday = "must be a day that has been, such as 1990-05-17"
)

// clean checks all that can be judged without looking at what is there.
func (in UpsertInput) clean(now commerce.Instant) (cleaned, error) {
	var v verdicts
	if in.By != nil {
		by := *in.By
		switch {
		case by.ID != nil:
		case by.External != nil:
			r := v.Reference(*by.External, "by", "externalRef")
			by.External = &r
		case by.Identity != nil:
			r := v.Reference(*by.Identity, "by", "identity")
			by.Identity = &r
		default:
			if v.Clean(&by.Phone, phoneText, "by", "phone") && !isPhone(by.Phone) {
				v.Invalid([]string{"by", "phone"}, wrongPhone)
			}
		}
		in.By = &by
	}
	in.Name = v.field(commerce.ShortText, in.Name, "", nil, "name")
	in.Phone = v.field(phoneText, in.Phone, wrongPhone, isPhone, "phone")
	in.Email = v.field(emailText, in.Email, wrongEmail, isEmail, "email")
	in.Birthday = v.field(dateText, in.Birthday, wrongBirthday, func(s string) bool { return hasBeen(s, now) }, "birthday")
	if tags, ok := in.Tags.Get(); ok {
		in.Tags = commerce.Some(v.tags(tags))
	}
	out := cleaned{UpsertInput: in}
	out.externals = v.namings(in.ExternalRefs.Or(nil), ofExternals, "externalRefs")
	out.identities = v.namings(in.Identities.Or(nil), ofIdentities, "identities")
	return out, v.Err()
}

// tags checks free words; a word said twice counts once.
func (v *verdicts) tags(tags []string) []string {
	out := make([]string, 0, len(tags))
	for i, t := range tags {
		if t = v.Text(t, tagText, "tags", strconv.Itoa(i)); !slices.Contains(out, t) {
			out = append(out, t)
		}
		if len(out) > 50 {
			v.Invalid([]string{"tags"}, "at most 50 tags are allowed")
			return out
		}
	}
	return out
}

func (v *verdicts) namings(refs []commerce.Reference, n names, path string) []naming {
	if len(refs) > n.max {
		v.Add(commerce.Errorf(commerce.LimitExceeded, "at most %d are allowed", n.max).At(path))
		return nil
	}
	out := make([]naming, len(refs))
	for i, r := range refs {
		at := []string{path, strconv.Itoa(i)}
		out[i] = naming{ref: v.Reference(r, at...), path: at}
	}
	return out
}

// foldPhone is the form in which phones are compared: the digits, with the leading plus when there is one.
func foldPhone(s string) (string, bool) {
	s = strings.TrimSpace(commerce.Fold(s))
	plus := strings.HasPrefix(s, "+")
	var b strings.Builder
	if plus {
		b.WriteByte('+')
	}
	digits := 0
	for _, c := range strings.TrimPrefix(s, "+") {
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune(c)
			digits++
		case c != ' ' && c != '-' && c != '‐' && c != '‑':
			return "", false
		}
	}
	return b.String(), digits >= 5 && digits <= 20
}

func isPhone(s string) bool {
	_, ok := foldPhone(s)
	return ok
}

// isEmail is a simple check: whether mail arrives only a mail can tell.
func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(local) > 64 || strings.ContainsAny(s, " \t\"(),:;<>[]\\") {
		return false
	}
	labels := strings.Split(domain, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") || strings.Contains(l, "@") {
			return false
		}
	}
	return len(labels) > 1
}

// hasBeen tells whether s is a day that has begun somewhere.
func hasBeen(s string, now commerce.Instant) bool {
	const eastmost = 14 * time.Hour // the time zone whose days begin first
	day, err := time.Parse(time.DateOnly, s)
	return err == nil && !day.After(now.Add(eastmost).Time())
}
