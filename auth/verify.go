package auth

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/httpx"
)

const (
	defaultLeeway = 30 * time.Second
	maxLeeway     = 60 * time.Second

	// How often an unknown kid may make us ask: our own database, another issuer's server.
	ownReload    = time.Second
	issuerReload = 30 * time.Second
	// fetchTime bounds one asking; requests wait for it.
	fetchTime = 3 * time.Second
	// listAge is how old the published list of keys may be; strangers read it and must not make us ask for each of them.
	listAge = 10 * time.Second
)

// Options is what a Verifier is made of.
type Options struct {
	// Keys are the server's own; needed.
	Keys *Keys
	// Shared keeps the keys of the other processes; nil when there are none.
	Shared PublicKeys
	// Issuers are trusted besides the server itself. Their keys are fetched through Guard, which is needed when there are any.
	Issuers []TrustedIssuer
	Guard   *httpx.Guard
	// Leeway is how far clocks may differ: 30 s when zero, 60 s at most.
	Leeway time.Duration
	Now    func() time.Time // time.Now when nil
	Log    *slog.Logger     // silent when nil; it is told when keys cannot be fetched, never a token
}

// Verifier judges tokens. It may be used by many at once.
type Verifier struct {
	rings  map[string]*ring // by issuer, which is the only thing a token can choose between
	own    *ring
	leeway time.Duration
	now    func() time.Time
}

// NewVerifier makes a Verifier. It fetches nothing: keys of others are asked for when the first token needs them, so neither the
// database nor another issuer has to be up.
func NewVerifier(o Options) *Verifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Leeway <= 0 {
		o.Leeway = defaultLeeway
	}
	v := &Verifier{rings: map[string]*ring{}, leeway: min(o.Leeway, maxLeeway), now: o.Now}
	v.own = newRing(ownKeys(o.Keys.Public()), ownReload, o.Now, o.Log.With("issuer", Issuer), sharedKeys(o.Keys.Public(), o.Shared))
	v.rings[Issuer] = v.own
	if len(o.Issuers) > 0 {
		client := o.Guard.Client(fetchTime)
		for _, i := range o.Issuers {
			v.rings[i.Issuer] = newRing(nil, issuerReload, o.Now, o.Log.With("issuer", i.Issuer), remoteKeys(client, i.JWKS))
		}
	}
	return v
}

func ownKeys(public map[string]ed25519.PublicKey) map[string]verifyKey {
	out := make(map[string]verifyKey, len(public))
	for kid, key := range public {
		if len(key) == ed25519.PublicKeySize {
			out[kid] = verifyKey{alg: "EdDSA", key: key}
		}
	}
	return out
}

// sharedKeys loads the other processes' keys; a key of our own folder is never replaced by one from the database.
func sharedKeys(own map[string]ed25519.PublicKey, shared PublicKeys) loader {
	return func(ctx context.Context) (map[string]verifyKey, error) {
		if shared == nil {
			return ownKeys(own), nil
		}
		loaded, err := shared.Load(ctx)
		if err != nil {
			return nil, err
		}
		out := ownKeys(loaded)
		for kid, key := range ownKeys(own) {
			out[kid] = key
		}
		return out, nil
	}
}

// Verify tells what a token says if one of the keys we trust has signed it, for us, and now is within its time.
// Every failure is one and the same UNAUTHENTICATED error to the outside; the reason is in its Err, for our own logs alone, and
// holds nothing of the token. The signature is checked by golang-jwt; the reading before it is ours, since that library over
// encoding/json lets the last of two members win.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	c, err := v.verify(ctx, raw)
	if err != nil {
		return Claims{}, &commerce.Error{Code: commerce.Unauthenticated, Message: "the token is not valid", Err: err}
	}
	return c, nil
}

func (v *Verifier) verify(ctx context.Context, raw string) (Claims, error) {
	p, err := split(raw)
	if err != nil {
		return Claims{}, err
	}
	h, err := readHeader(p.header)
	if err != nil {
		return Claims{}, err
	}
	// Claims come before keys: what could not be accepted anyway makes nobody fetch anything.
	c, err := readClaims(p.claims)
	if err != nil {
		return Claims{}, err
	}
	if err := v.inTime(c); err != nil {
		return Claims{}, err
	}
	ring, trusted := v.rings[c.Issuer]
	if !trusted {
		return Claims{}, errors.New("the issuer is not trusted")
	}
	key, err := ring.find(ctx, h.kid)
	if err != nil {
		return Claims{}, err
	}
	if h.alg != key.alg {
		return Claims{}, errors.New("the algorithm is not the key's")
	}
	if err := key.verify(p.signed, p.signature); err != nil {
		return Claims{}, errors.New("the signature is wrong")
	}
	return c, nil
}

func (v *Verifier) inTime(c Claims) error {
	now := v.now()
	switch {
	case !now.Before(c.Expires.Add(v.leeway)):
		return errors.New("expired")
	case now.Add(v.leeway).Before(c.NotBefore):
		return errors.New("not valid yet")
	case now.Add(v.leeway).Before(c.IssuedAt):
		return errors.New("issued in the future")
	}
	return nil
}

// JWKS serves the public keys of every process that shares our database, as a JSON Web Key Set (RFC 7517).
func (v *Verifier) JWKS() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		body, err := encodeJWKS(v.own.all(r.Context(), listAge))
		if err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body)
	})
}
