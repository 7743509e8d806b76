package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/httpx"
)

// maxJWKS bounds the key set of an issuer, in bytes.
const maxJWKS = 256 << 10

// TrustedIssuer is another system whose tokens are taken: what they say in iss, and where its public keys are.
type TrustedIssuer struct {
	Issuer string
	JWKS   string
}

// ParseIssuers reads the setting of trusted issuers: iss=JWKS-URL, comma-separated. The issuer may hold equal signs; the URL
// begins at the first "=https://" or "=http://". Plain http is for loopback alone, since whoever sits between could give us his
// own keys. Nothing is fetched.
func ParseIssuers(setting string) ([]TrustedIssuer, error) {
	var out []TrustedIssuer
	seen := map[string]bool{Issuer: true}
	for _, entry := range strings.Split(setting, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		one, err := parseIssuer(entry)
		if err != nil {
			return nil, err
		}
		if seen[one.Issuer] {
			return nil, fmt.Errorf("the issuer %q is given twice or is our own", one.Issuer)
		}
		seen[one.Issuer] = true
		out = append(out, one)
	}
	return out, nil
}

func parseIssuer(entry string) (TrustedIssuer, error) {
	at := strings.Index(entry, "=https://")
	if plain := strings.Index(entry, "=http://"); at < 0 || plain >= 0 && plain < at {
		at = plain
	}
	if at <= 0 {
		return TrustedIssuer{}, fmt.Errorf("the issuer %q must be written iss=https://address-of-its-jwks", entry)
	}
	one := TrustedIssuer{Issuer: entry[:at], JWKS: entry[at+1:]}
	if !plain(one.Issuer, commerce.Text{Max: 2000, Required: true}) {
		return TrustedIssuer{}, errors.New("an issuer's name must be plain text")
	}
	u, err := url.Parse(one.JWKS)
	if err != nil || u.Host == "" || u.User != nil {
		return TrustedIssuer{}, fmt.Errorf("the address of the issuer %q is not valid", one.Issuer)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return TrustedIssuer{}, fmt.Errorf("the address of the issuer %q must begin with https://", one.Issuer)
	}
	return one, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// remoteKeys fetches an issuer's keys. Its errors do not tell the whole address, whose query may hold a secret.
func remoteKeys(client *http.Client, address string) loader {
	return func(ctx context.Context) (map[string]verifyKey, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, errors.New("the address of the keys is not valid")
		}
		req.Header.Set("Accept", "application/jwk-set+json, application/json")
		resp, err := client.Do(req)
		if err != nil {
			return nil, httpx.WithoutURL(err)
		}
		body, err := httpx.ReadAll(resp, maxJWKS)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the issuer answered with status %d", resp.StatusCode)
		}
		return decodeJWKS(ctx, body)
	}
}
