package auth

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/httpx"
)

const idp = "https://id.example"

func foreignClaims() object { return with(goodClaims(), "iss", idp) }

func TestParseIssuers(t *testing.T) {
	got, err := ParseIssuers(" https://id.example=https://id.example/jwks?a=b , a=b=https://x.example/k,dev=http://127.0.0.1:9/j,,l=http://localhost/j")
	require.NoError(t, err)
	require.Equal(t, []TrustedIssuer{{idp, idp + "/jwks?a=b"}, {"a=b", "https://x.example/k"}, {"dev", "http://127.0.0.1:9/j"}, {"l", "http://localhost/j"}}, got)
	none, err := ParseIssuers("")
	require.NoError(t, err)
	require.Empty(t, none)
	for _, bad := range []string{"x", "x=", "=https://x.example/", "x=ftp://x.example/", "x=http://x.example/", "x=http://10.0.0.1/", "x=https://", "x=https://u:p@x.example/",
		"x=https://a.example/,x=https://b.example/", "oneshelf=https://x.example/", "a\x00b=https://x.example/", "x=https://%zz/"} {
		_, err := ParseIssuers(bad)
		require.Error(t, err, bad)
	}
}

func TestTokensOfATrustedIssuer(t *testing.T) {
	ec, rsaKey, ed := newEC(t, p256), rsa2048(t), seeded(3)
	s := newIssuer(t, ecJWK(t, "ec", &ec.PublicKey), rsaJWK("rsa", &rsaKey.PublicKey), edJWK("ed", public(ed)))
	b := newBench(t, trusting(idp, s))
	require.Zero(t, s.asked.Load(), "nothing is fetched before it is needed")
	for range 3 {
		require.Equal(t, idp, b.accepts(t, sign(t, ec, headerOf("ES256", "ec"), foreignClaims())).Issuer)
		b.accepts(t, sign(t, rsaKey, headerOf("RS256", "rsa"), foreignClaims()))
		b.accepts(t, sign(t, ed, headerOf("EdDSA", "ed"), foreignClaims()))
	}
	require.EqualValues(t, 1, s.asked.Load())
}

func TestAnIssuerSpeaksForItselfAlone(t *testing.T) {
	here, there := newIssuer(t, edJWK("own", public(seeded(3)))), newIssuer(t, edJWK("k", public(seeded(4))))
	b := newBench(t, trusting(idp, here), trusting("https://two.example", there))
	b.accepts(t, sign(t, seeded(3), headerOf("EdDSA", "own"), foreignClaims()))
	b.accepts(t, b.own(t, headerOf("EdDSA", "own"), goodClaims()))

	b.refuses(t, sign(t, seeded(3), headerOf("EdDSA", "own"), goodClaims()), "another's key in our name")
	b.refuses(t, b.own(t, headerOf("EdDSA", "own"), foreignClaims()), "our key in another's name")
	b.refuses(t, sign(t, seeded(4), headerOf("EdDSA", "k"), foreignClaims()), "one issuer in the name of another")
	b.refuses(t, sign(t, seeded(3), headerOf("EdDSA", "own"), with(goodClaims(), "iss", "https://two.example")))
}

func TestAU04UnknownKidsAskAnIssuerOnceIn30Seconds(t *testing.T) {
	s := newIssuer(t, edJWK("old", public(seeded(3))))
	b := newBench(t, trusting(idp, s))
	old, rotated := sign(t, seeded(3), headerOf("EdDSA", "old"), foreignClaims()), sign(t, seeded(4), headerOf("EdDSA", "new"), foreignClaims())
	b.accepts(t, old)
	for i := range 200 {
		b.refuses(t, sign(t, seeded(4), headerOf("EdDSA", fmt.Sprint("guess", i)), foreignClaims()))
	}
	require.EqualValues(t, 1, s.asked.Load())

	s.serve(t, edJWK("new", public(seeded(4))))
	b.clock.forward(29 * time.Second)
	b.refuses(t, rotated)
	require.EqualValues(t, 1, s.asked.Load())
	b.clock.forward(time.Second)
	b.accepts(t, rotated)
	b.refuses(t, old, "taken away by its issuer")
	require.EqualValues(t, 2, s.asked.Load())
}

func TestAU04TokensThatCannotBeGoodAskNobody(t *testing.T) {
	s := newIssuer(t, edJWK("k", public(seeded(3))))
	b := newBench(t, trusting(idp, s))
	h := headerOf("EdDSA", "k")
	for _, claims := range []object{with(foreignClaims(), "exp", 1), with(foreignClaims(), "aud", "other"), without(foreignClaims(), "sub"), without(foreignClaims(), "brand")} {
		b.refuses(t, sign(t, seeded(3), h, claims))
	}
	b.refuses(t, sign(t, seeded(3), with(h, "crit", []string{}), foreignClaims()))
	require.Zero(t, s.asked.Load())
}

func TestAKeyItsIssuerTookAwayGoes(t *testing.T) {
	s := newIssuer(t, edJWK("old", public(seeded(3))))
	b := newBench(t, trusting(idp, s))
	token := sign(t, seeded(3), headerOf("EdDSA", "old"), foreignClaims())
	b.accepts(t, token)
	s.serve(t)
	b.accepts(t, token)
	b.clock.forward(maxAge)
	b.refuses(t, token)
}

func TestAnIssuerThatIsDownStopsNobodyElse(t *testing.T) {
	s := newIssuer(t, edJWK("k", public(seeded(3))))
	var log bytes.Buffer
	b := newBench(t, trusting(idp, s), func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	own, foreign := b.own(t, headerOf("EdDSA", "own"), goodClaims()), sign(t, seeded(3), headerOf("EdDSA", "k"), foreignClaims())
	wrong := []string{"<html>", "", "null", "[]", "{}", `{"keys":null}`, `{"keys":{}}`, `{"keys":[]}`, `{"keys":[1,null,"x",{}]}`, strings.Repeat(" ", maxJWKS+1) + "{}",
		`{"keys":[` + strings.Repeat("{},", maxKeys) + `{}]}`, strings.Repeat("[", 20000)}
	for _, body := range wrong {
		s.answer(http.StatusOK, body)
		b.refuses(t, foreign, "%.30s", body)
		b.accepts(t, own)
		b.clock.forward(30 * time.Second)
	}
	for _, code := range []int{500, 404, 204, 302} {
		s.answer(code, "")
		b.refuses(t, foreign, code)
		b.accepts(t, own)
		b.clock.forward(30 * time.Second)
	}
	s.serve(t, edJWK("k", public(seeded(3))))
	b.accepts(t, foreign)

	s.Close()
	b.clock.forward(maxAge)
	b.accepts(t, foreign)
	b.accepts(t, own)
	require.Contains(t, log.String(), idp)
	require.NotContains(t, log.String(), foreign[:20])
}

func TestWH04IssuersAreFetchedThroughTheGuard(t *testing.T) {
	s := newIssuer(t, edJWK("k", public(seeded(3))))
	b := newBench(t, trusting(idp, s), func(o *Options) { o.Guard = httpx.NewGuard(false) })
	b.refuses(t, sign(t, seeded(3), headerOf("EdDSA", "k"), foreignClaims()))
	require.Zero(t, s.asked.Load())

	elsewhere := httptest.NewServer(http.RedirectHandler(s.URL, http.StatusFound))
	defer elsewhere.Close()
	b = newBench(t, func(o *Options) { o.Issuers = []TrustedIssuer{{idp, elsewhere.URL}} })
	b.refuses(t, sign(t, seeded(3), headerOf("EdDSA", "k"), foreignClaims()))
	require.Zero(t, s.asked.Load())
}

func TestKeysWeHaveNoUseForArePassedOver(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	ec, p384 := newEC(t, p256), newEC(t, elliptic.P384())
	ecKey := func(change ...any) object {
		o := ecJWK(t, "k", &ec.PublicKey)
		for i := 0; i < len(change); i += 2 {
			o = with(o, change[i].(string), change[i+1])
		}
		return o
	}
	good := edJWK("good", public(seeded(3)))
	for name, bad := range map[string]object{
		"symmetric": {"kty": "oct", "kid": "k", "k": "c2VzYW1l"}, "weak": rsaJWK("k", &weak.PublicKey), "P-384": ecJWK(t, "k", &p384.PublicKey),
		"X25519": with(edJWK("k", public(seeded(4))), "crv", "X25519"), "encryption": ecKey("use", "enc"), "other operations": ecKey("key_ops", []string{"sign"}),
		"another algorithm": ecKey("alg", "ES384"), "PSS": with(rsaJWK("k", &rsa2048(t).PublicKey), "alg", "PS256"), "no kid": without(ecKey(), "kid"),
		"off the curve": ecKey("y", ecKey()["x"]), "short": with(good, "x", "AAAA"), "exponent 1": with(rsaJWK("k", &rsa2048(t).PublicKey), "e", "AQ"),
		"even exponent": with(rsaJWK("k", &rsa2048(t).PublicKey), "e", "AQAC"), "huge exponent": with(rsaJWK("k", &rsa2048(t).PublicKey), "e", b64(bytes.Repeat([]byte{0xff}, 8))),
		"unknown": {"kty": "AKP", "kid": "k", "alg": "ML-DSA-44"}, "long kid": ecKey("kid", strings.Repeat("k", maxKID+1)), "typed wrongly": ecKey("kid", 7),
	} {
		keys, err := decodeJWKS(t.Context(), asJSON(t, object{"keys": []any{bad, good, "noise"}}))
		require.NoError(t, err, name)
		require.Len(t, keys, 1, name)
		require.Contains(t, keys, "good", name)
	}
	for name, fine := range map[string]object{"bare": ecKey(), "full": ecKey("use", "sig", "alg", "ES256", "key_ops", []string{"verify"})} {
		keys, err := decodeJWKS(t.Context(), asJSON(t, object{"keys": []any{fine}}))
		require.NoError(t, err, name)
		require.Equal(t, "ES256", keys["k"].alg, name)
		require.True(t, ec.PublicKey.Equal(keys["k"].key), name)
	}
	keys, err := decodeJWKS(t.Context(), asJSON(t, object{"keys": []any{edJWK("k", public(seeded(4))), ecKey(), good, ecKey()}}))
	require.NoError(t, err)
	require.Len(t, keys, 1, "a kid given to several keys means none of them")
}

func TestAPrivateKeyInAKeySetVerifiesOnly(t *testing.T) {
	key := seeded(3)
	keys, err := decodeJWKS(t.Context(), asJSON(t, object{"keys": []any{with(edJWK("k", public(key)), "d", b64(key.Seed()))}}))
	require.NoError(t, err)
	require.Equal(t, public(key), keys["k"].key)
}

func TestManyCallersAskOnce(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int32
	keys := asJSON(t, object{"keys": []object{edJWK("k", public(seeded(3)))}})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		<-release
		_, _ = w.Write(keys)
	}))
	defer s.Close()
	db := &shelf{}
	b := newBench(t, func(o *Options) {
		o.Issuers = []TrustedIssuer{{idp, s.URL}}
		o.Shared = db
	})
	foreign, own := sign(t, seeded(3), headerOf("EdDSA", "k"), foreignClaims()), b.own(t, headerOf("EdDSA", "own"), goodClaims())
	stranger := sign(t, seeded(4), headerOf("EdDSA", "stranger"), goodClaims())

	var wg sync.WaitGroup
	var good atomic.Int32
	for range 40 {
		wg.Go(func() {
			if _, err := b.Verify(t.Context(), foreign); err == nil {
				good.Add(1)
			}
		})
		wg.Go(func() { _, _ = b.Verify(t.Context(), stranger) })
		wg.Go(func() { b.JWKS().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
	}
	for range 40 {
		b.accepts(t, own) // while the issuer keeps the others waiting
	}
	close(release)
	wg.Wait()
	require.EqualValues(t, 40, good.Load(), "those who waited are answered")
	require.EqualValues(t, 1, asked.Load())
	require.Equal(t, 1, db.loads)
}

func TestACallerWhoHangsUpDoesNotUseUpTheTurn(t *testing.T) {
	s := newIssuer(t, edJWK("k", public(seeded(3))))
	b := newBench(t, trusting(idp, s))
	gone, cancel := contextCanceled(t)
	defer cancel()
	foreign := sign(t, seeded(3), headerOf("EdDSA", "k"), foreignClaims())
	_, err := b.Verify(gone, foreign)
	require.NoError(t, err)
	b.accepts(t, foreign)
	require.EqualValues(t, 1, s.asked.Load())
}
