package auth

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheFirstStartMakesOnePrivateKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "keys")
	k, err := LoadKeys(dir)
	require.NoError(t, err)
	require.Len(t, k.ID(), 16)
	require.Equal(t, kidOf(k.Public()[k.ID()]), k.ID())

	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing else is left")
	require.Equal(t, k.ID()+".pem", entries[0].Name())
	info, err = entries[0].Info()
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())

	again, err := LoadKeys(dir)
	require.NoError(t, err)
	require.Equal(t, k.Public(), again.Public())
}

func TestProcessesStartingAtOnceAgreeOnTheFirstKey(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "keys")
		loaded := make([]*Keys, 12)
		errs := make([]error, len(loaded))
		var wg sync.WaitGroup
		for i := range loaded {
			wg.Go(func() { loaded[i], errs[i] = LoadKeys(dir) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		for _, k := range loaded {
			require.Equal(t, loaded[0].Public(), k.Public())
		}
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	}
}

func TestAStartKilledHalfWayIsTakenUp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	writeKey(t, dir, "x", seeded(5))
	require.NoError(t, os.Rename(filepath.Join(dir, "x.pem"), filepath.Join(dir, firstKey)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".new-123"), []byte("half a"), 0o600))
	k, err := LoadKeys(dir)
	require.NoError(t, err)
	require.Equal(t, kidOf(public(seeded(5))), k.ID())
	require.NoFileExists(t, filepath.Join(dir, firstKey))
}

func TestTheNewestKeySignsAndAllVerify(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	for i, kid := range []string{"b-new", "a-old", "c-old"} {
		writeKey(t, dir, kid, seeded(byte(i+1)))
		at := noon
		if kid == "b-new" {
			at = noon.Add(time.Hour)
		}
		require.NoError(t, os.Chtimes(filepath.Join(dir, kid+".pem"), at, at))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), []byte("not a key"), 0o644))
	k, err := LoadKeys(dir)
	require.NoError(t, err)
	require.Equal(t, "b-new", k.ID())
	require.Len(t, k.Public(), 3)

	v := NewVerifier(Options{Keys: k, Now: func() time.Time { return noon }})
	for i, kid := range []string{"b-new", "a-old", "c-old"} {
		_, err := v.Verify(t.Context(), sign(t, seeded(byte(i+1)), headerOf("EdDSA", kid), goodClaims()))
		require.NoError(t, err, kid)
		_, err = v.Verify(t.Context(), sign(t, seeded(byte(i+1)), headerOf("EdDSA", "a-old"), goodClaims()))
		require.Equal(t, kid == "a-old", err == nil, "a kid means one key")
	}
}

func TestUnfitKeyFilesStopTheStart(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(seeded(1))
	require.NoError(t, err)
	block := func(kind string, b []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})
	}
	ec, err := x509.MarshalPKCS8PrivateKey(newEC(t, p256))
	require.NoError(t, err)
	for name, data := range map[string][]byte{"empty": nil, "noise": []byte("sesame"), "bad der": block("PRIVATE KEY", []byte("sesame")),
		"another type": block("EC PRIVATE KEY", der), "another curve": block("PRIVATE KEY", ec), "huge": make([]byte, maxPEM+1)} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "k.pem"), data, 0o600))
		_, err := LoadKeys(dir)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "sesame")
	}
	dir := t.TempDir()
	writeKey(t, dir, "k", seeded(1))
	for _, mode := range []os.FileMode{0o644, 0o604, 0o660} { // what root hands over to a group is of internal/seal
		require.NoError(t, os.Chmod(filepath.Join(dir, "k.pem"), mode))
		_, err = LoadKeys(dir)
		require.ErrorContains(t, err, "0600")
	}

	dir = t.TempDir()
	writeKey(t, dir, "a key", seeded(1))
	_, err = LoadKeys(dir)
	require.ErrorContains(t, err, "kid")
}

func TestKeysDoNotPrint(t *testing.T) {
	b := newBench(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		require.Equal(t, "auth.Keys(own)", fmt.Sprintf(verb, b.keys))
		require.Equal(t, "auth.Keys(own)", fmt.Sprintf(verb, *b.keys))
	}
}

func TestWhatIsSignedIsVerified(t *testing.T) {
	b := newBench(t)
	want := Claims{Subject: "仓库 ERP", Brand: "demo", Scopes: []Scope{StockWrite, StockRead}, Channels: []string{}, Locations: []string{"store-1"},
		IssuedAt: noon, Expires: noon.Add(time.Hour)}
	token, err := b.keys.Sign(want)
	require.NoError(t, err)
	got := b.accepts(t, token)
	require.Len(t, got.ID, 36)
	want.Issuer, want.NotBefore, want.ID = "oneshelf", noon, got.ID
	require.Equal(t, want, got)

	second, err := b.keys.Sign(Claims{Issuer: "https://evil.example", Subject: "s", Brand: "demo", IssuedAt: noon, Expires: noon.Add(time.Hour)})
	require.NoError(t, err)
	got2 := b.accepts(t, second)
	require.Equal(t, "oneshelf", got2.Issuer, "our key speaks for us alone")
	require.NotEqual(t, got.ID, got2.ID)

	now := time.Now()
	fresh, err := b.keys.Sign(Claims{Subject: "s", Brand: "demo", Expires: now.Add(time.Hour)})
	require.NoError(t, err)
	_, err = NewVerifier(Options{Keys: b.keys}).Verify(t.Context(), fresh)
	require.NoError(t, err)
}

func TestWhatCouldNotBeVerifiedIsNotSigned(t *testing.T) {
	b := newBench(t)
	good := Claims{Subject: "s", Brand: "demo", IssuedAt: noon, Expires: noon.Add(time.Hour)}
	_, err := b.keys.Sign(good)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*Claims){
		"no subject": func(c *Claims) { c.Subject = "" }, "no brand": func(c *Claims) { c.Brand = "" }, "no end": func(c *Claims) { c.Expires = time.Time{} },
		"ends before": func(c *Claims) { c.Expires = noon }, "unknown scope": func(c *Claims) { c.Scopes = []Scope{"root"} },
		"endless": func(c *Claims) { c.Expires = noon.AddDate(9000, 0, 0) }, "a code that is none": func(c *Claims) { c.Channels = []string{" "} },
		"control": func(c *Claims) { c.Subject = "a\nb" }, "too long": func(c *Claims) { c.Locations = strings.Split(strings.Repeat("store,", 2000)+"s", ",") },
	} {
		c := good
		spoil(&c)
		_, err := b.keys.Sign(c)
		require.Error(t, err, name)
	}
}

func TestEveryProcessVerifiesTheTokensOfTheOthers(t *testing.T) {
	db := &shelf{}
	other := newBench(t)
	b := newBench(t, func(o *Options) { o.Shared = db })
	foreign := sign(t, seeded(7), headerOf("EdDSA", "theirs"), goodClaims())

	b.refuses(t, foreign, "not published yet")
	require.Equal(t, 1, db.loads)
	require.NoError(t, db.Save(t.Context(), "theirs", public(seeded(7))))
	for range 50 {
		b.refuses(t, foreign, "asked for within this second already")
	}
	require.Equal(t, 1, db.loads)
	b.clock.forward(time.Second)
	b.accepts(t, foreign)
	b.accepts(t, foreign)
	require.Equal(t, 2, db.loads)

	require.NoError(t, other.keys.Publish(t.Context(), db))
	require.Equal(t, public(other.key), db.keys["own"])
	db.err = errors.New("gone")
	require.Error(t, other.keys.Publish(t.Context(), db))
}

func TestADatabaseCannotReplaceOurKeyAndItsAbsenceDoesNotStopUs(t *testing.T) {
	db := &shelf{keys: map[string]ed25519.PublicKey{"own": public(seeded(8)), "short": public(seeded(8))[:31]}}
	b := newBench(t, func(o *Options) { o.Shared = db })
	good := b.own(t, headerOf("EdDSA", "own"), goodClaims())
	b.refuses(t, sign(t, seeded(8), headerOf("EdDSA", "short"), goodClaims()))
	b.refuses(t, sign(t, seeded(8), headerOf("EdDSA", "own"), goodClaims()))
	b.accepts(t, good)

	db.err = errors.New("gone")
	b.clock.forward(20 * time.Minute)
	b.refuses(t, sign(t, seeded(8), headerOf("EdDSA", "new"), goodClaims()))
	b.accepts(t, good)
	require.Equal(t, 2, db.loads)
}

func TestAKeyTakenOutOfTheDatabaseStopsVerifying(t *testing.T) {
	db := &shelf{keys: map[string]ed25519.PublicKey{"theirs": public(seeded(7))}}
	b := newBench(t, func(o *Options) { o.Shared = db })
	foreign := sign(t, seeded(7), headerOf("EdDSA", "theirs"), goodClaims())
	b.accepts(t, foreign)
	delete(db.keys, "theirs")
	b.clock.forward(maxAge)
	b.refuses(t, foreign)
}

func TestOurKeySetIsServed(t *testing.T) {
	db := &shelf{keys: map[string]ed25519.PublicKey{"theirs": public(seeded(7))}}
	b := newBench(t, func(o *Options) { o.Shared = db })
	get := func(method string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		b.JWKS().ServeHTTP(w, httptest.NewRequest(method, "/.well-known/jwks.json", nil))
		return w
	}
	w := get("GET")
	require.Equal(t, 200, w.Code)
	require.Equal(t, "application/jwk-set+json", w.Header().Get("Content-Type"))
	require.Contains(t, w.Header().Get("Cache-Control"), "max-age=300")
	body := drain(t, w.Body)
	require.JSONEq(t, fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"own","x":%q},
		{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"theirs","x":%q}]}`, b64(public(b.key)), b64(public(seeded(7)))), body)
	for range 20 {
		get("GET")
	}
	require.Equal(t, 1, db.loads, "strangers do not make us ask the database")
	require.Equal(t, 405, get("POST").Code)

	// What we serve, another of us can trust.
	keys, err := decodeJWKS(t.Context(), []byte(body))
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Equal(t, "EdDSA", keys["own"].alg)
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{"Bearer abc.def": "abc.def", "bearer abc": "abc", "BEARER  abc ": "abc"} {
		got, ok := Bearer(header)
		require.True(t, ok, header)
		require.Equal(t, want, got)
	}
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer   ", "abc", "Basic abc", "Bearerabc", "Bearer a b", "Bearer a,Bearer b", " Bearer abc", "Bearer\tabc"} {
		_, ok := Bearer(header)
		require.False(t, ok, header)
	}
}
