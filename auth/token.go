package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/oneshelf/oneshelf/commerce"
)

const (
	// Issuer is the iss of the server's own tokens, Audience the aud of every token it takes.
	Issuer   = "oneshelf"
	Audience = "oneshelf"

	// maxToken is the longest token that is looked at.
	maxToken = 8 << 10
)

// Claims is what a token says. Who reads them from Verify knows that a key we trust has signed them.
type Claims struct {
	Issuer  string
	Subject string
	Brand   string // code
	Scopes  []Scope
	// Channels and Locations are codes that narrow the token; nil is all, an empty list is nothing.
	Channels  []string
	Locations []string

	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time
	ID        string
}

// Sign makes a token with the newest of the server's keys. Issuer and audience are always our own. Without IssuedAt it is issued
// now, without NotBefore it is good from then on, without ID it gets a random one; Subject, Brand and Expires are needed.
// It refuses claims that Verify would refuse.
func (k *Keys) Sign(c Claims) (string, error) {
	if c.IssuedAt.IsZero() {
		c.IssuedAt = time.Now()
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = c.IssuedAt
	}
	if c.ID == "" {
		c.ID = uuid.NewString()
	}
	if err := signable(c); err != nil {
		return "", err
	}
	scopes := make([]string, len(c.Scopes))
	for i, s := range c.Scopes {
		scopes[i] = string(s)
	}
	claims := jwt.MapClaims{
		"iss": Issuer, "aud": Audience, "sub": c.Subject, "brand": c.Brand, "scope": strings.Join(scopes, " "),
		"iat": c.IssuedAt.Unix(), "nbf": c.NotBefore.Unix(), "exp": c.Expires.Unix(), "jti": c.ID,
	}
	if c.Channels != nil {
		claims["channels"] = c.Channels
	}
	if c.Locations != nil {
		claims["locations"] = c.Locations
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	token.Header["kid"] = k.id
	out, err := token.SignedString(k.private)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	if len(out) > maxToken {
		return "", errors.New("the token would be longer than 8 KB; name fewer channels and locations")
	}
	return out, nil
}

func signable(c Claims) error {
	switch {
	case !plain(c.Subject, subjectText):
		return errors.New("a token needs a subject of at most 255 plain characters")
	case !plain(c.Brand, commerce.CodeText):
		return errors.New("a token needs a brand's code")
	case !codes(c.Channels) || !codes(c.Locations):
		return errors.New("channels and locations of a token are codes")
	case !plain(c.ID, commerce.NameText):
		return errors.New("a token's id is at most 200 plain characters")
	case c.Expires.Unix() <= c.IssuedAt.Unix() || c.Expires.Unix() > maxTime:
		return errors.New("a token must expire after it is issued and before the year 10000")
	}
	for _, s := range c.Scopes {
		if !slices.Contains(Scopes(), s) {
			return fmt.Errorf("there is no scope %q", s)
		}
	}
	return nil
}

// plain tells whether s obeys the rule without being cleaned, so that what is stored and compared is what was signed.
func plain(s string, rule commerce.Text) bool {
	clean, err := rule.Clean(s)
	return err == nil && clean == s
}

func codes(list []string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !plain(s, commerce.CodeText) })
}

// Bearer takes the token out of an Authorization header's value: the scheme in any casing, spaces, and one word (RFC 6750, 2.1).
func Bearer(header string) (token string, ok bool) {
	scheme, rest, found := strings.Cut(header, " ")
	token = strings.Trim(rest, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t\r\n,") {
		return "", false
	}
	return token, true
}
