package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
)

const (
	maxSafe = 1<<53 - 1    // the largest integer that every JSON reader takes for the same number (RFC 8259, 6)
	maxTime = 253402300799 // 9999-12-31T23:59:59Z, the last second RFC 3339 can write
	maxKID  = 256
)

// subjectText is as long as OpenID Connect lets a subject be (Core 1.0, section 2).
var subjectText = commerce.Text{Max: 255, Required: true}

type header struct{ alg, kid string }

// readHeader takes what we use from a header and refuses what would change its meaning. Keys that a token brings along or points
// to (jwk, jku, x5u, x5c) are not even looked at.
func readHeader(m map[string]any) (header, error) {
	for _, name := range []string{"crit", "b64", "zip", "enc"} { // extensions, payloads not as they seem, compression, encryption
		if _, there := m[name]; there {
			return header{}, fmt.Errorf("the header has %q, which is not supported", name)
		}
	}
	if typ, there := m["typ"]; there && typ != "JWT" && typ != "at+jwt" {
		return header{}, errors.New("another type of token")
	}
	alg, _ := m["alg"].(string)
	if alg == "" {
		return header{}, errors.New("the header has no algorithm")
	}
	kid, _ := m["kid"].(string)
	if kid == "" || len(kid) > maxKID {
		return header{}, errors.New("the header has no key id")
	}
	return header{alg: alg, kid: kid}, nil
}

// readClaims checks the presence and type of every claim we know. The values of iss and of the times are judged later.
func readClaims(m map[string]any) (c Claims, err error) {
	if !forUs(m["aud"]) {
		return c, errors.New("the audience is another")
	}
	if c.Issuer, err = text(m, "iss", commerce.Text{Max: 2000, Required: true}); err != nil {
		return c, err
	}
	if c.Subject, err = text(m, "sub", subjectText); err != nil {
		return c, err
	}
	if c.Brand, err = text(m, "brand", commerce.CodeText); err != nil {
		return c, err
	}
	if c.ID, err = optional(m, "jti", commerce.ShortText); err != nil {
		return c, err
	}
	if c.Scopes, err = readScopes(m); err != nil {
		return c, err
	}
	if c.Channels, err = readCodes(m, "channels"); err != nil {
		return c, err
	}
	if c.Locations, err = readCodes(m, "locations"); err != nil {
		return c, err
	}
	return c, readTimes(m, &c)
}

// forUs takes the two forms of aud (RFC 7519, 4.1.3).
func forUs(aud any) bool {
	switch aud := aud.(type) {
	case string:
		return aud == Audience
	case []any:
		return slices.Contains(aud, any(Audience)) &&
			!slices.ContainsFunc(aud, func(one any) bool { _, ok := one.(string); return !ok })
	}
	return false
}

func text(m map[string]any, name string, rule commerce.Text) (string, error) {
	s, ok := m[name].(string)
	if !ok || !plain(s, rule) {
		return "", fmt.Errorf("%s is missing or not plain text", name)
	}
	return s, nil
}

func optional(m map[string]any, name string, rule commerce.Text) (string, error) {
	if _, there := m[name]; !there {
		return "", nil
	}
	return text(m, name, rule)
}

// readScopes leaves out scopes we do not know: an issuer may speak to others in the same token.
func readScopes(m map[string]any) ([]Scope, error) {
	value, there := m["scope"]
	s, ok := value.(string)
	if there && !ok {
		return nil, errors.New("scope is not text")
	}
	var out []Scope
	for _, word := range strings.Split(s, " ") {
		if scope := Scope(word); slices.Contains(Scopes(), scope) && !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out, nil
}

// readCodes tells an absent list (nil, everything) from an empty one (nothing); null is neither and refuses the token.
func readCodes(m map[string]any, name string) ([]string, error) {
	value, there := m[name]
	if !there {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is not a list", name)
	}
	out := make([]string, 0, len(list))
	for _, one := range list {
		s, ok := one.(string)
		if !ok || !plain(s, commerce.CodeText) {
			return nil, fmt.Errorf("%s holds something that is no code", name)
		}
		out = append(out, s)
	}
	return out, nil
}

func readTimes(m map[string]any, c *Claims) error {
	number, ok := m["exp"].(json.Number)
	if !ok {
		return errors.New("exp is missing or not a number")
	}
	exp, err := strconv.ParseInt(number.String(), 10, 64) // takes no fraction and no exponent
	if err != nil || exp > maxSafe || exp < -maxSafe {
		return errors.New("exp is not a safe integer")
	}
	c.Expires = time.Unix(min(exp, maxTime), 0).UTC()
	if c.NotBefore, err = readTime(m, "nbf"); err != nil {
		return err
	}
	c.IssuedAt, err = readTime(m, "iat")
	return err
}

// readTime reads an optional NumericDate, which may have a fraction (RFC 7519, 2).
func readTime(m map[string]any, name string) (time.Time, error) {
	value, there := m[name]
	if !there {
		return time.Time{}, nil
	}
	number, ok := value.(json.Number)
	if !ok {
		return time.Time{}, fmt.Errorf("%s is not a number", name)
	}
	seconds, err := number.Float64()
	if err != nil || seconds > maxTime || seconds < -maxTime {
		return time.Time{}, fmt.Errorf("%s is not a time", name)
	}
	return time.UnixMicro(int64(seconds * 1e6)).UTC(), nil
}
