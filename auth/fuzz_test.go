package auth

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzVerify gives the verifier altered tokens: none may be accepted but the one that was signed.
func FuzzVerify(f *testing.F) {
	b := newBench(f)
	good := b.own(f, headerOf("EdDSA", "own"), goodClaims())
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(good + "\n")
	f.Add(strings.ToUpper(good))
	f.Add(b64([]byte(`{"alg":"none","kid":"own"}`)) + good[strings.IndexByte(good, '.'):])
	f.Add("e30.e30.AA")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := b.Verify(t.Context(), raw); err == nil && raw != good {
			t.Fatalf("accepted %q", raw)
		}
	})
}

// FuzzVerifySigned gives it rightly signed tokens of any content: what it accepts must say the same to the most common of readers.
func FuzzVerifySigned(f *testing.F) {
	b := newBench(f)
	h, c := asJSON(f, headerOf("EdDSA", "own")), asJSON(f, goodClaims())
	f.Add(h, c)
	f.Add(h, asJSON(f, with(goodClaims(), "channels", []string{})))
	f.Add(h, append([]byte(`{"EXP":1,`), c[1:]...))
	f.Add([]byte(`{"alg":"EdDSA","kid":"own","crit":[]}`), c)
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		got, err := b.Verify(t.Context(), signRaw(t, b.key, header, payload))
		if err != nil {
			return
		}
		var plain struct {
			Iss, Sub, Brand string
			Exp             int64
			Channels        *[]string
		}
		if err := json.Unmarshal(payload, &plain); err != nil {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", payload, err)
		}
		exp := min(plain.Exp, maxTime)
		if plain.Iss != got.Issuer || plain.Sub != got.Subject || plain.Brand != got.Brand || exp != got.Expires.Unix() ||
			(plain.Channels == nil) != (got.Channels == nil) || got.Issuer != Issuer || got.Subject == "" || got.Brand == "" {
			t.Fatalf("%q reads as %+v here and as %+v elsewhere", payload, got, plain)
		}
		var h map[string]any
		if json.Unmarshal(header, &h) != nil || h["alg"] != "EdDSA" || h["kid"] != "own" {
			t.Fatalf("accepted the header %q", header)
		}
	})
}
