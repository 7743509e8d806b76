package taobao

import (
	"sync"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
)

// recent remembers trades that were read in full, so that windows that overlap do not cost a call for each trade again and again. A
// trade is known by its time of modification, which has whole seconds, in which much can happen: it counts as read when it was read
// well after that time was first seen, by our own clock, whatever the marketplace's clock shows.
type recent struct {
	mu     sync.Mutex
	trades map[string]seen
}

type seen struct {
	modified string
	first    time.Time // when this time of modification was first seen
	order    integrations.Order
	settled  bool
	givenUp  bool // it was told unread, because the gateway would not tell it
}

const (
	settling   = 2 * time.Second
	mostRecent = 5000 // trades, more than a busy shop changes in the longest window; beyond them all are forgotten, which costs calls and nothing else
)

// find answers a trade that is as it was read. Otherwise it notes when the trade was first seen so.
func (r *recent) find(id, modified string, now time.Time) (integrations.Order, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, known := r.trades[id]
	if known && t.modified == modified {
		return t.order, t.settled
	}
	if r.trades == nil || len(r.trades) >= mostRecent {
		r.trades = map[string]seen{}
	}
	r.trades[id] = seen{modified: modified, first: now}
	return integrations.Order{}, false
}

// waited is for how long a trade has been seen as it is now, and whether it was given up since.
func (r *recent) waited(id string, now time.Time) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Sub(r.trades[id].first), r.trades[id].givenUp
}

// giveUp notes that a trade was told unread: until it changes, nobody waits for it again.
func (r *recent) giveUp(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.trades[id]
	t.givenUp = true
	r.trades[id] = t
}

// keep notes a trade whose reading began at a time.
func (r *recent) keep(id, modified string, o integrations.Order, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, known := r.trades[id]; known && t.modified == modified && modified != "" && began.Sub(t.first) >= settling {
		t.order, t.settled = o, true
		r.trades[id] = t
	}
}
