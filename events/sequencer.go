package events

import (
	"context"
	"fmt"
	"time"

	"github.com/oneshelf/oneshelf/internal/db"
)

// numbering is how many facts the sequencer numbers in one go.
const numbering = 5000

// Run numbers committed facts and rings the bell until ctx ends. Every process runs it: the database lets one at a time number.
// A process that died after a commit leaves its facts to the others, or to its next start.
func (s *Store) Run(ctx context.Context, w Waker) error {
	if w != nil {
		go w.Listen(ctx, s.bell.Ring)
	}
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		rang := false
		select {
		case <-ctx.Done():
			return nil
		case <-s.dirty:
			rang = true
		case <-tick.C:
		}
		n, err := s.number(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("numbering events failed; it is tried again", "error", err)
			continue
		}
		if n == 0 && !rang {
			continue
		}
		s.bell.Ring()
		if w != nil {
			w.Ring(ctx)
		}
	}
}

// numberAll numbers up to numbering facts, by one process at a time. The lock is a statement of its own, so that the next one sees what
// the holder before us has done; sent together without parameters, both are one transaction and one way to the database and back.
// Numbers go on behind the places of our own consumers too: the log may have been emptied of what is old.
var numberAll = fmt.Sprintf(`SELECT pg_advisory_xact_lock(7305802);
	WITH fresh AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM events WHERE seq IS NULL ORDER BY id LIMIT %d)
	UPDATE events SET seq = GREATEST((SELECT COALESCE(MAX(seq), 0) FROM events), (SELECT COALESCE(MAX(seq), 0) FROM event_cursors)) + fresh.place
	FROM fresh WHERE events.id = fresh.id`, numbering)

// number gives the next numbers to facts that committed without one.
func (s *Store) number(ctx context.Context) (int64, error) {
	if s.DB.Engine != db.Postgres {
		return 0, nil
	}
	n, err := s.DB.Write().Exec(ctx, numberAll)
	if n == numbering {
		s.committed()
	}
	return n, err
}
