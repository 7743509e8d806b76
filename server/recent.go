package server

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/oneshelf/oneshelf/auth"
)

// What is kept of recent callers: for how long, and of how many.
const (
	recentTTL  = time.Second
	maxRecents = 10_000
)

// recents keeps who the callers of the last second were, so that a busy one does not cost a check of its signature and a look at its
// brand each time. It knows tokens by their hash alone. It is ready as it is and may be used by many at once.
type recents struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]recent
}

type recent struct {
	viewer auth.Viewer
	since  time.Time
}

// find answers a viewer of its own for a token that was judged less than recentTTL ago and has not expired meanwhile.
func (r *recents) find(token string, now time.Time) (*auth.Viewer, bool) {
	key := sha256.Sum256([]byte(token))
	r.mu.Lock()
	one, ok := r.kept[key]
	r.mu.Unlock()
	age := now.Sub(one.since)
	if !ok || age < 0 || age >= recentTTL || time.Until(one.viewer.Expires) <= 0 {
		return nil, false
	}
	return &one.viewer, true
}

// keep remembers whose a token is. Too many are forgotten all at once: they are only quick to find again.
func (r *recents) keep(token string, v *auth.Viewer, now time.Time) {
	key := sha256.Sum256([]byte(token))
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) >= maxRecents {
		clear(r.kept)
	}
	if r.kept == nil {
		r.kept = map[[sha256.Size]byte]recent{}
	}
	r.kept[key] = recent{*v, now}
}
