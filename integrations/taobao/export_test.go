package taobao

import (
	"time"

	"github.com/oneshelf/oneshelf/integrations"
)

// Age makes it longer ago that a shop saw its trades first.
func Age(s integrations.Shop, by time.Duration) {
	r := &s.(*shop).recent
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, t := range r.trades {
		t.first = t.first.Add(-by)
		r.trades[id] = t
	}
}
