package auth

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

func TestAGoodTokenSaysWhatItSays(t *testing.T) {
	b := newBench(t)
	c := b.accepts(t, b.own(t, headerOf("EdDSA", "own"), goodClaims()))
	require.Equal(t, Claims{Issuer: "oneshelf", Subject: "erp", Brand: "demo", Scopes: []Scope{ProductsRead, StockRead},
		IssuedAt: noon, NotBefore: noon, Expires: noon.Add(time.Hour), ID: "t1"}, c)
}

func TestAU01UnsignedAndWronglySigned(t *testing.T) {
	b := newBench(t)
	good := b.own(t, headerOf("EdDSA", "own"), goodClaims())
	b.accepts(t, good)
	other := sign(t, seeded(2), headerOf("EdDSA", "own"), with(goodClaims(), "sub", "other"))
	body, sig := good[:strings.LastIndexByte(good, '.')], good[strings.LastIndexByte(good, '.')+1:]

	for _, alg := range []any{"none", "None", "NONE", "nOnE", "", nil, []string{"EdDSA"}, []string{}, 0, true, object{"alg": "EdDSA"},
		"eddsa", "EDDSA", "EdDSA ", "Ed25519", "HS256", "ES256", "RS256", "PS256", "dir"} {
		forged := b.own(t, with(headerOf("EdDSA", "own"), "alg", alg), goodClaims())
		b.refuses(t, forged, "alg %v", alg)
		b.refuses(t, forged[:strings.LastIndexByte(forged, '.')+1], "alg %v, no signature", alg)
	}
	b.refuses(t, b.own(t, without(headerOf("EdDSA", "own"), "alg"), goodClaims()), "no alg")
	b.refuses(t, body, "signature and dot stripped")
	b.refuses(t, body+".", "signature stripped")
	b.refuses(t, body+"."+b64([]byte{0}), "a byte of signature")
	b.refuses(t, body+"."+b64(make([]byte, ed25519.SignatureSize)), "zeros")
	b.refuses(t, body+"."+other[strings.LastIndexByte(other, '.')+1:], "signature of another token")
	b.refuses(t, other, "another key")
	b.refuses(t, body+"."+sig+"A", "longer signature")
	b.refuses(t, body+"."+sig[:len(sig)-1], "shorter signature")
}

func TestAU01NoBitOfATokenMayFlip(t *testing.T) {
	b := newBench(t)
	good := b.own(t, headerOf("EdDSA", "own"), goodClaims())
	for i := range good {
		for bit := range 8 {
			bad := []byte(good)
			bad[i] ^= 1 << bit
			b.refuses(t, string(bad), "bit %d of byte %d", bit, i)
		}
	}
}

func TestAU01NoOtherSpellingOfTheSameBytes(t *testing.T) {
	b := newBench(t)
	good := b.own(t, headerOf("EdDSA", "own"), goodClaims())
	for at := 0; at <= len(good); at++ {
		for _, extra := range []string{"\n", "\r", " ", "=", "+", "\x00"} {
			b.refuses(t, good[:at]+extra+good[at:], "%q at %d", extra, at)
		}
	}
	b.refuses(t, good+"==")
	b.refuses(t, "Bearer "+good)
	// A signature of 64 bytes leaves 4 unused bits in its last character, which must be zero.
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := good[len(good)-1]
	for _, c := range []byte(alphabet) {
		if c != last {
			b.refuses(t, good[:len(good)-1]+string(c), "last character %c", c)
		}
	}
}

func TestAU02APublicKeyIsNoSecret(t *testing.T) {
	ec, rsaKey := newEC(t, p256), rsa2048(t)
	issuer := newIssuer(t, ecJWK(t, "ec", &ec.PublicKey), rsaJWK("rsa", &rsaKey.PublicKey), edJWK("ed", public(seeded(3))))
	b := newBench(t, trusting("https://id.example", issuer))
	foreign := with(goodClaims(), "iss", "https://id.example")

	secrets := map[string][][]byte{}
	add := func(kid string, public any, jwk object) {
		der, err := x509.MarshalPKIXPublicKey(public)
		require.NoError(t, err)
		block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		secrets[kid] = [][]byte{der, block, []byte(strings.TrimSpace(string(block))), asJSON(t, jwk), {}}
	}
	add("ec", &ec.PublicKey, ecJWK(t, "ec", &ec.PublicKey))
	add("rsa", &rsaKey.PublicKey, rsaJWK("rsa", &rsaKey.PublicKey))
	add("own", public(b.key), edJWK("own", public(b.key)))
	secrets["own"] = append(secrets["own"], public(b.key))

	for kid, list := range secrets {
		claims := foreign
		if kid == "own" {
			claims = goodClaims()
		}
		for _, secret := range list {
			for _, alg := range []string{"HS256", "EdDSA", "RS256", "ES256"} {
				input := b64(asJSON(t, headerOf(alg, kid))) + "." + b64(asJSON(t, claims))
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(input))
				b.refuses(t, input+"."+b64(mac.Sum(nil)), "%s as %s", kid, alg)
			}
		}
	}
	// The algorithm renamed, the signature made anew by the right key: still not that key's algorithm.
	for _, alg := range []string{"none", "HS256", "RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA"} {
		if alg != "EdDSA" {
			b.refuses(t, b.own(t, headerOf(alg, "own"), goodClaims()), alg)
			b.refuses(t, sign(t, seeded(3), headerOf(alg, "ed"), foreign), alg)
		}
		if alg != "ES256" {
			b.refuses(t, sign(t, ec, headerOf(alg, "ec"), foreign), alg)
		}
		if alg != "RS256" {
			b.refuses(t, sign(t, rsaKey, headerOf(alg, "rsa"), foreign), alg)
		}
	}
	b.accepts(t, sign(t, ec, headerOf("ES256", "ec"), foreign))
	b.accepts(t, sign(t, rsaKey, headerOf("RS256", "rsa"), foreign))
	b.accepts(t, sign(t, seeded(3), headerOf("EdDSA", "ed"), foreign))
}

func TestAU03KeysATokenBringsAlongAreNeitherUsedNorFetched(t *testing.T) {
	attacker := seeded(9)
	trap := newIssuer(t, edJWK("own", public(attacker)), edJWK("evil", public(attacker)))
	b := newBench(t)
	for name, value := range map[string]any{"jwk": edJWK("evil", public(attacker)), "jku": trap.URL, "x5u": trap.URL, "x5c": []string{"MIIB"}} {
		for _, kid := range []string{"own", "evil", trap.URL} {
			b.refuses(t, sign(t, attacker, with(headerOf("EdDSA", kid), name, value), goodClaims()), name)
		}
		b.accepts(t, b.own(t, with(headerOf("EdDSA", "own"), name, value), goodClaims()))
	}
	for _, iss := range []string{trap.URL, trap.URL + "/", "https://id.example", "oneshelf ", "Oneshelf", "own"} {
		b.refuses(t, sign(t, attacker, headerOf("EdDSA", "own"), with(goodClaims(), "iss", iss)), iss)
		b.refuses(t, b.own(t, headerOf("EdDSA", "own"), with(goodClaims(), "iss", iss)), iss)
	}
	require.Zero(t, trap.asked.Load(), "nothing a token names is fetched")
}

func TestAU04KidIsANameInMemoryAndNothingElse(t *testing.T) {
	b := newBench(t)
	for _, kid := range []any{nil, "", 0, []string{"own"}, object{}, "Own", "own ", "own\x00", "../keys/own", "own.pem", "/dev/null", "' OR 1=1 --",
		"http://127.0.0.1/", "file:///etc/passwd", strings.Repeat("k", 257), "*"} {
		b.refuses(t, b.own(t, with(headerOf("EdDSA", "own"), "kid", kid), goodClaims()), "kid %v", kid)
	}
	b.refuses(t, b.own(t, without(headerOf("EdDSA", "own"), "kid"), goodClaims()))
}

func TestAU05ClaimsAreThereTypedAndMeantForUs(t *testing.T) {
	b := newBench(t)
	h := headerOf("EdDSA", "own")
	for _, name := range []string{"exp", "aud", "iss", "sub", "brand"} {
		b.refuses(t, b.own(t, h, without(goodClaims(), name)), "no %s", name)
		for _, value := range []any{nil, "", true, 0, []any{}, object{}, []any{nil}, "x\x00y", " "} {
			b.refuses(t, b.own(t, h, with(goodClaims(), name, value)), "%s = %v", name, value)
		}
	}
	for _, name := range []string{"nbf", "iat"} {
		b.accepts(t, b.own(t, h, without(goodClaims(), name)))
		for _, value := range []any{nil, "1", true, []any{}, object{}, json.Number("1e400"), json.Number("1e300")} {
			b.refuses(t, b.own(t, h, with(goodClaims(), name, value)), "%s = %v", name, value)
		}
	}
	for _, exp := range []string{`"1900000000"`, "1900000000.5", "1900000000.0", "1.9e9", "19e8", "9007199254740992", "9223372036854775807",
		"9223372036854775808", "18446744073709551616", "1e400", "-9007199254740992", "-1", "0", "Infinity", "NaN", "0x7fffffff", "01900000000"} {
		payload := strings.Replace(string(asJSON(t, with(goodClaims(), "exp", "EXP"))), `"EXP"`, exp, 1)
		b.refuses(t, signRaw(t, b.key, asJSON(t, h), []byte(payload)), "exp %s", exp)
	}
	c := b.accepts(t, b.own(t, h, with(goodClaims(), "exp", json.Number("9007199254740991"))))
	require.Equal(t, 9999, c.Expires.Year(), "a moment that can be written")

	for _, aud := range []any{"Oneshelf", "oneshelf2", "other", []any{"other"}, []any{"oneshelf", 1}, []any{"oneshelf", nil}, []any{[]any{"oneshelf"}},
		[]any{object{}}, object{"oneshelf": true}} {
		b.refuses(t, b.own(t, h, with(goodClaims(), "aud", aud)), "aud %v", aud)
	}
	b.accepts(t, b.own(t, h, with(goodClaims(), "aud", []any{"other", "oneshelf"})))
	b.refuses(t, b.own(t, h, with(goodClaims(), "sub", strings.Repeat("s", 256))))
	b.refuses(t, b.own(t, h, with(goodClaims(), "jti", 7)))
	b.refuses(t, b.own(t, h, with(goodClaims(), "jti", nil)))
	b.accepts(t, b.own(t, h, without(goodClaims(), "jti")))
}

func TestAU05LeewayIsThirtySecondsAndNeverAboveSixty(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{0: 30 * time.Second, time.Second: time.Second, time.Hour: time.Minute, -time.Hour: 30 * time.Second} {
		b := newBench(t, func(o *Options) { o.Leeway = given })
		h := headerOf("EdDSA", "own")
		token := func(name string, at time.Time) string {
			return b.own(t, h, with(without(without(goodClaims(), "nbf"), "iat"), name, at.Unix()))
		}
		b.accepts(t, token("exp", noon.Add(time.Second-want)))
		b.refuses(t, token("exp", noon.Add(-want)), "expired by %v", want)
		for _, name := range []string{"nbf", "iat"} {
			b.accepts(t, token(name, noon.Add(want)))
			b.refuses(t, token(name, noon.Add(want+time.Second)), "%s in %v", name, want+time.Second)
		}
	}
}

func TestAU05ATokenEndsWhileTheServerRuns(t *testing.T) {
	b := newBench(t)
	token := b.own(t, headerOf("EdDSA", "own"), goodClaims())
	b.clock.forward(time.Hour + 29*time.Second)
	b.accepts(t, token)
	b.clock.forward(time.Second)
	b.refuses(t, token)
}

func TestAU06AmbiguousMembersRefuseTheToken(t *testing.T) {
	b := newBench(t)
	h, c := string(asJSON(t, headerOf("EdDSA", "own"))), string(asJSON(t, goodClaims()))
	put := func(o, member string) []string { // before and behind everything else
		return []string{"{" + member + "," + o[1:], o[:len(o)-1] + "," + member + "}"}
	}
	later := fmt.Sprint(noon.Add(time.Hour).Unix())
	for _, member := range []string{
		`"exp":` + later, `"EXP":` + later, `"Exp":9`, `"e\u0078p":` + later, `"ｅｘｐ":1`, `"ISS":"oneshelf"`, `"i\u017fs":"oneshelf"`, `"iſs":"x"`, `"ſub":"root"`,
		`"sub":"erp"`, `"SUB":"root"`, `"brand":"demo"`, `"Brand":"other"`, `"BRAND":null`, `"scope":""`, `"ſcope":"partners:admin"`, `"Scope":"x"`, `"aud":"oneshelf"`,
		`"Aud":1`, `"NBF":0`, `"IAT":0`, `"JTI":"x"`, `"channelſ":[]`, `"Channels":[]`, `"LOCATIONS":null`, `"x":1,"x":2`, `"x":1,"X":2`, `"\u212a":1,"k":1`,
		`"x":{"a":1,"a":1}`, `"x":[{"a":1,"A":1}]`, `"x":{"y":{"z":1,"\u007a":1}}`,
	} {
		for _, payload := range put(c, member) {
			b.refuses(t, signRaw(t, b.key, []byte(h), []byte(payload)), member)
		}
	}
	for _, member := range []string{`"alg":"EdDSA"`, `"ALG":"none"`, `"Alg":"EdDSA"`, `"\u0061lg":"none"`, `"kid":"own"`, `"KID":"x"`, `"\u212aid":"x"`, `"Kid":"own"`,
		`"TYP":"JWT"`, `"Crit":[]`, `"JKU":"x"`, `"jw\u212a":{}`, `"x":1,"x":1`} {
		for _, header := range put(h, member) {
			b.refuses(t, signRaw(t, b.key, []byte(header), []byte(c)), member)
		}
	}
	// Alone in another spelling is not the claim, and others might take it for it.
	for _, name := range []string{"exp", "nbf", "channels", "scope", "brand"} {
		o := goodClaims()
		value := o[name]
		b.refuses(t, b.own(t, headerOf("EdDSA", "own"), with(without(o, name), strings.ToUpper(name), value)), name)
	}
	for _, payload := range put(c, `"x":1,"y":{"x":1,"y":[{"x":2},{"x":3}]}`) {
		b.accepts(t, signRaw(t, b.key, []byte(h), []byte(payload)))
	}
}

func TestAU07CriticalExtensionsAreNotUnderstood(t *testing.T) {
	b := newBench(t)
	h := headerOf("EdDSA", "own")
	for _, crit := range []any{nil, []string{}, []string{"b64"}, []string{"exp"}, []string{"alg"}, []string{"unknown"}, []any{1}, "b64", "", object{}, false} {
		b.refuses(t, b.own(t, with(h, "crit", crit), goodClaims()), "crit %v", crit)
		b.refuses(t, b.own(t, with(with(with(h, "crit", crit), "b64", true), "unknown", 1), goodClaims()), "crit %v", crit)
	}
	for _, value := range []any{false, true, nil, "false", 0} {
		b.refuses(t, b.own(t, with(h, "b64", value), goodClaims()), "b64 %v", value)
		b.refuses(t, b.own(t, with(with(h, "b64", value), "crit", []string{"b64"}), goodClaims()), "b64 %v", value)
	}
}

func TestAU08LargeDeepAndOtherKindsOfTokens(t *testing.T) {
	b := newBench(t)
	h := headerOf("EdDSA", "own")
	nested := func(n int) any { return json.RawMessage(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	b.accepts(t, b.own(t, h, with(goodClaims(), "x", nested(maxDepth-1))))
	b.refuses(t, b.own(t, h, with(goodClaims(), "x", nested(maxDepth))), "too deep")
	b.refuses(t, b.own(t, h, with(goodClaims(), "x", nested(2000))), "far too deep")
	b.refuses(t, b.own(t, with(h, "x", nested(2000)), goodClaims()), "a deep header")
	b.refuses(t, b.own(t, h, with(goodClaims(), "x", json.RawMessage(strings.Repeat(`{"a":`, 1000)+"1"+strings.Repeat("}", 1000)))))

	short := b.own(t, h, with(goodClaims(), "x", ""))
	fill := (maxToken - len(short)) * 3 / 4
	b.accepts(t, b.own(t, h, with(goodClaims(), "x", strings.Repeat("a", fill-8))))
	b.refuses(t, b.own(t, h, with(goodClaims(), "x", strings.Repeat("a", fill+8))), "longer than 8 KB")

	for _, raw := range []string{"", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.AA", "bnVsbA.bnVsbA.AA", "W10.W10.AA", strings.Repeat(".", 5000), strings.Repeat("a.", 4000),
		"\xff.\xff.\xff", strings.Repeat("A", maxToken), b64([]byte(`{"alg":"dir","enc":"A256GCM"}`)) + "..iv.ct.tag"} {
		b.refuses(t, raw, "%.20q", raw)
	}
	for name, header := range map[string]object{
		"PBES2": {"alg": "PBES2-HS256+A128KW", "kid": "own", "p2c": 2147483647, "p2s": "AA", "enc": "A128GCM"},
		"JWE":   {"alg": "EdDSA", "kid": "own", "enc": "A256GCM"},
		"zip":   {"alg": "EdDSA", "kid": "own", "zip": "DEF"},
	} {
		b.refuses(t, b.own(t, header, goodClaims()), name)
	}
	for _, tail := range []string{",\"x\":\"\xff\"}", ",\"x\":\"\xed\xa0\x80\"}", ",\"\xc0\xae\":1}", ",}", "}}", "} ]", ",\"x\":01}", ",\"x\":1 2}", ",\"x\" 1}"} {
		payload := asJSON(t, goodClaims())
		b.refuses(t, signRaw(t, b.key, asJSON(t, h), append(payload[:len(payload)-1], tail...)), "%q", tail)
	}
	for _, payload := range []string{"", "null", "[]", "1", `"x"`, "{", "{}{}", "{} x", `{"a":1,}`, "{'a':1}", "{\"a\":\"\xff\"}", "\ufeff{}", "{a:1}"} {
		b.refuses(t, signRaw(t, b.key, asJSON(t, h), []byte(payload)), payload)
		b.refuses(t, signRaw(t, b.key, []byte(payload), asJSON(t, goodClaims())), payload)
	}
}

func TestAU08AHugeTokenCostsNoMemory(t *testing.T) {
	b := newBench(t)
	huge := strings.Repeat(".", 64<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		b.refuses(t, huge)
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "100 tokens of 64 MB")
}

func TestAU09EveryRefusalLooksTheSame(t *testing.T) {
	b := newBench(t)
	h := headerOf("EdDSA", "own")
	shown := map[string]bool{}
	for _, raw := range []string{"", "garbage", b.own(t, with(h, "alg", "none"), goodClaims()), b.own(t, with(h, "kid", "sesame"), goodClaims()),
		b.own(t, h, with(goodClaims(), "exp", 1)), b.own(t, h, with(goodClaims(), "iss", "sesame")), sign(t, seeded(2), h, with(goodClaims(), "sub", "sesame"))} {
		_, err := b.Verify(t.Context(), raw)
		var e *commerce.Error
		require.ErrorAs(t, err, &e)
		shown[string(e.Code)+" "+e.Message] = true
		require.NotContains(t, err.Error(), "sesame", "not even the reason for our logs repeats the token")
	}
	require.Len(t, shown, 1)
}

func TestAU11TokensOfAnotherPurposeAreNoAccessTokens(t *testing.T) {
	b := newBench(t)
	for _, typ := range []any{"reset+jwt", "invite", "dpop+jwt", "JWE", "id_token", "", nil, 1, []string{"JWT"}, "secevent+jwt", "logout+jwt"} {
		b.refuses(t, b.own(t, with(headerOf("EdDSA", "own"), "typ", typ), goodClaims()), "typ %v", typ)
	}
	b.accepts(t, b.own(t, with(headerOf("EdDSA", "own"), "typ", "at+jwt"), goodClaims()))
	b.accepts(t, b.own(t, without(headerOf("EdDSA", "own"), "typ"), goodClaims()))
}

func TestNarrowingTellsNothingFromEverything(t *testing.T) {
	b := newBench(t)
	h := headerOf("EdDSA", "own")
	require.Nil(t, b.accepts(t, b.own(t, h, goodClaims())).Channels)
	c := b.accepts(t, b.own(t, h, with(with(goodClaims(), "channels", []string{}), "locations", []string{"store-1", "store-2"})))
	require.NotNil(t, c.Channels)
	require.Empty(t, c.Channels)
	require.Equal(t, []string{"store-1", "store-2"}, c.Locations)
	for _, name := range []string{"channels", "locations"} {
		for _, value := range []any{nil, "store-1", "", object{}, []any{nil}, []any{1}, []any{"a", []any{}}, []any{""}, []any{"a\x00"}, 1, true} {
			b.refuses(t, b.own(t, h, with(goodClaims(), name, value)), "%s = %v", name, value)
		}
	}
}

func TestUnknownScopesAreLeftOut(t *testing.T) {
	b := newBench(t)
	h := headerOf("EdDSA", "own")
	for scope, want := range map[string][]Scope{
		"": nil, "openid profile": nil, "Stock:Read": nil, "stock:read,stock:write": nil, "stock:read\tstock:write": nil,
		"openid stock:read  stock:read orders:read": {StockRead, OrdersRead},
	} {
		require.Equal(t, want, b.accepts(t, b.own(t, h, with(goodClaims(), "scope", scope))).Scopes, scope)
	}
	require.Empty(t, b.accepts(t, b.own(t, h, without(goodClaims(), "scope"))).Scopes)
	for _, value := range []any{nil, []string{"stock:read"}, 1, object{}} {
		b.refuses(t, b.own(t, h, with(goodClaims(), "scope", value)), "scope %v", value)
	}
}
