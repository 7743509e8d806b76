package auth

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// verifyKey is a public key with the one algorithm it is used with; a token cannot choose another.
type verifyKey struct {
	alg string
	key any // ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey
}

func (k verifyKey) verify(signed string, signature []byte) error {
	switch k.alg {
	case "EdDSA":
		return jwt.SigningMethodEdDSA.Verify(signed, signature, k.key)
	case "ES256":
		return jwt.SigningMethodES256.Verify(signed, signature, k.key)
	case "RS256":
		return jwt.SigningMethodRS256.Verify(signed, signature, k.key)
	}
	return errors.New("the key has no algorithm we use")
}

// loader asks for all keys of one issuer.
type loader func(context.Context) (map[string]verifyKey, error)

// maxAge is how old keys may be before the next token has them asked for again, so that one its issuer took away goes here too.
const maxAge = 15 * time.Minute

// ring keeps one issuer's keys in memory. It asks for them when the first token comes, for an unknown kid, and when they are old,
// but never more often than once in a given time, and by one caller alone. Keys stay when asking fails.
type ring struct {
	load  loader
	every time.Duration
	now   func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	keys   map[string]verifyKey // replaced, never changed
	loaded time.Time            // when load last succeeded
	asked  time.Time            // when load was last begun
	flight chan struct{}        // closed when the load under way has ended; nil when there is none
}

// newRing makes a ring; with keys to begin with, the first token needs no asking.
func newRing(keys map[string]verifyKey, every time.Duration, now func() time.Time, log *slog.Logger, load loader) *ring {
	r := &ring{keys: keys, every: every, now: now, log: log, load: load}
	if keys != nil {
		r.loaded = now()
	}
	return r
}

var errUnknownKey = errors.New("the key is unknown")

// find looks the kid up in memory and, when it is not there, once more after asking.
func (r *ring) find(ctx context.Context, kid string) (verifyKey, error) {
	r.mu.Lock()
	key, ok := r.keys[kid]
	fresh := r.now().Sub(r.loaded) < maxAge
	r.mu.Unlock()
	if ok && fresh {
		return key, nil
	}
	// With an old key in hand only the caller who asks waits; without one all wait for the answer.
	r.reload(ctx, !ok)
	r.mu.Lock()
	defer r.mu.Unlock()
	if key, ok = r.keys[kid]; !ok {
		return verifyKey{}, errUnknownKey
	}
	return key, nil
}

// all gives every key, as it was young ago or later unless asking fails.
func (r *ring) all(ctx context.Context, young time.Duration) map[string]verifyKey {
	r.mu.Lock()
	old := r.asked.IsZero() || r.now().Sub(r.loaded) > young
	r.mu.Unlock()
	if old {
		r.reload(ctx, true)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.keys)
}

// reload asks for the keys unless that was done just now. While another caller asks it waits for him, if told to.
func (r *ring) reload(ctx context.Context, wait bool) {
	r.mu.Lock()
	if flight := r.flight; flight != nil {
		r.mu.Unlock()
		if wait {
			select {
			case <-flight:
			case <-ctx.Done():
			}
		}
		return
	}
	now := r.now()
	if !r.asked.IsZero() && now.Sub(r.asked) < r.every && !now.Before(r.asked) { // a clock set back must not stop us
		r.mu.Unlock()
		return
	}
	flight := make(chan struct{})
	r.asked, r.flight = now, flight
	r.mu.Unlock()

	var keys map[string]verifyKey
	err := errors.New("the load was cut short") // stands if load panics
	defer func() { r.settle(flight, keys, err) }()
	// A caller who hangs up must not use up the turn of the others.
	ask, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	keys, err = r.load(ask)
}

func (r *ring) settle(flight chan struct{}, keys map[string]verifyKey, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flight = nil
	close(flight)
	if err != nil {
		r.log.Warn("token keys could not be fetched; those known stay in use", "error", err)
		return
	}
	r.keys, r.loaded = keys, r.now()
}
