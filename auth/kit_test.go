package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/httpx"
)

// The tests build and sign tokens byte by byte, so that they can write what no library would.

var noon = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

// clock is a clock that moves when told.
type clock struct{ at atomic.Int64 }

func clockAt(t time.Time) *clock {
	c := &clock{}
	c.at.Store(t.UnixNano())
	return c
}
func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.at.Add(int64(d)) }

var p256 = elliptic.P256()

// seeded is the same key in every process, as fuzzing needs it.
func seeded(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(append(make([]byte, 31), seed))
}

func writeKey(tb testing.TB, dir, kid string, key any) {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(tb, err)
	require.NoError(tb, os.MkdirAll(dir, 0o700))
	data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	require.NoError(tb, os.WriteFile(filepath.Join(dir, kid+".pem"), data, 0o600))
}

type bench struct {
	*Verifier
	keys  *Keys
	key   ed25519.PrivateKey
	clock *clock
}

func newBench(tb testing.TB, change ...func(*Options)) *bench {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "keys")
	key := seeded(1)
	writeKey(tb, dir, "own", key)
	keys, err := LoadKeys(dir)
	require.NoError(tb, err)
	c := clockAt(noon)
	o := Options{Keys: keys, Guard: httpx.NewGuard(true), Now: c.now}
	for _, f := range change {
		f(&o)
	}
	return &bench{NewVerifier(o), keys, key, c}
}

type object = map[string]any

func headerOf(alg, kid string) object { return object{"alg": alg, "kid": kid, "typ": "JWT"} }

func goodClaims() object {
	return object{"iss": "oneshelf", "aud": "oneshelf", "sub": "erp", "brand": "demo", "scope": "products:read stock:read",
		"iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Add(time.Hour).Unix(), "jti": "t1"}
}

func with(o object, name string, value any) object {
	o = maps.Clone(o)
	o[name] = value
	return o
}

func without(o object, name string) object {
	o = maps.Clone(o)
	delete(o, name)
	return o
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func asJSON(tb testing.TB, v any) []byte {
	tb.Helper()
	out, err := json.Marshal(v)
	require.NoError(tb, err)
	return out
}

// signRaw signs header and payload as they are given.
func signRaw(tb testing.TB, key crypto.Signer, header, payload []byte) string {
	tb.Helper()
	input := b64(header) + "." + b64(payload)
	digest := sha256.Sum256([]byte(input))
	var sig []byte
	var err error
	switch k := key.(type) {
	case ed25519.PrivateKey:
		sig = ed25519.Sign(k, []byte(input))
	case *ecdsa.PrivateKey:
		r, s, signErr := ecdsa.Sign(rand.Reader, k, digest[:])
		err = signErr
		sig = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case *rsa.PrivateKey:
		sig, err = rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, digest[:])
	}
	require.NoError(tb, err)
	return input + "." + b64(sig)
}

func sign(tb testing.TB, key crypto.Signer, header, claims object) string {
	tb.Helper()
	return signRaw(tb, key, asJSON(tb, header), asJSON(tb, claims))
}

// own signs with the server's key.
func (b *bench) own(tb testing.TB, header, claims object) string {
	tb.Helper()
	return sign(tb, b.key, header, claims)
}

func (b *bench) accepts(tb testing.TB, raw string) Claims {
	tb.Helper()
	c, err := b.Verify(context.Background(), raw)
	require.NoError(tb, err)
	return c
}

// refuses checks that the token is refused as every other is: one code, one message, nothing of the token in it.
func (b *bench) refuses(tb testing.TB, raw string, why ...any) {
	tb.Helper()
	c, err := b.Verify(context.Background(), raw)
	require.Error(tb, err, why...)
	require.Equal(tb, Claims{}, c, why...)
	var e *commerce.Error
	require.ErrorAs(tb, err, &e)
	require.Equal(tb, commerce.Unauthenticated, e.Code)
	require.Equal(tb, "the token is not valid", e.Message)
	require.Nil(tb, e.Details)
	require.Empty(tb, e.Field)
}

// issuerServer is another issuer: it serves a key set and counts who asks.
type issuerServer struct {
	*httptest.Server
	asked atomic.Int32
	mu    sync.Mutex
	body  []byte
	code  int
}

func newIssuer(tb testing.TB, keys ...object) *issuerServer {
	tb.Helper()
	s := &issuerServer{}
	s.serve(tb, keys...)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		w.WriteHeader(s.code)
		_, _ = w.Write(s.body)
	}))
	tb.Cleanup(s.Close)
	return s
}

func (s *issuerServer) answer(code int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code, s.body = code, []byte(body)
}

func (s *issuerServer) serve(tb testing.TB, keys ...object) {
	tb.Helper()
	s.answer(http.StatusOK, string(asJSON(tb, object{"keys": append([]object{}, keys...)})))
}

func trusting(iss string, s *issuerServer) func(*Options) {
	return func(o *Options) { o.Issuers = append(o.Issuers, TrustedIssuer{Issuer: iss, JWKS: s.URL + "/jwks"}) }
}

func newEC(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(tb, err)
	return key
}

var rsaOnce = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// rsa2048 is one key for all tests: making one is slow.
func rsa2048(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsaOnce()
	require.NoError(tb, err)
	return key
}

func ecJWK(tb testing.TB, kid string, key *ecdsa.PublicKey) object {
	tb.Helper()
	point, err := key.Bytes() // 4, x, y (SEC 1, 2.3.3)
	require.NoError(tb, err)
	half := (len(point) - 1) / 2
	return object{"kty": "EC", "crv": key.Params().Name, "kid": kid, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
}

func rsaJWK(kid string, key *rsa.PublicKey) object {
	return object{"kty": "RSA", "kid": kid, "n": b64(key.N.Bytes()), "e": "AQAB"}
}

func edJWK(kid string, key ed25519.PublicKey) object {
	return object{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(key)}
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// shelf is a PublicKeys in memory.
type shelf struct {
	mu    sync.Mutex
	keys  map[string]ed25519.PublicKey
	loads int
	err   error
}

func (s *shelf) Load(context.Context) (map[string]ed25519.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	return maps.Clone(s.keys), s.err
}

func (s *shelf) Save(_ context.Context, kid string, key ed25519.PublicKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[string]ed25519.PublicKey{}
	}
	s.keys[kid] = key
	return s.err
}

func drain(tb testing.TB, r io.Reader) string {
	tb.Helper()
	out, err := io.ReadAll(r)
	require.NoError(tb, err)
	return string(out)
}

func contextCanceled(tb testing.TB) (context.Context, context.CancelFunc) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx, cancel
}
