package events

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Entry is an event as our own consumers read it: of every brand, without narrowing.
type Entry struct {
	Seq       int64
	Brand     commerce.UUID
	Type      Type
	Aggregate commerce.UUID
	Channel   *commerce.UUID
	Data      json.RawMessage
}

// lease is how long a consumer's place is its own after it was last seen. A process that died is followed by another after that.
const lease = 6 * time.Second

// Advance hands the next events after the named consumer's place to handle and moves the place on when it answers nil: at least
// once, in order, by one process at a time. It answers how many there were; 0 also when another process holds the place.
func (s *Store) Advance(ctx context.Context, name, holder string, limit int, handle func(context.Context, []Entry) error) (int, error) {
	seq, held, err := s.hold(ctx, name, holder)
	if err != nil || !held {
		return 0, err
	}
	rows, err := s.DB.Read().Query(ctx, "SELECT seq, brand_id, type, aggregate_id, channel_id, data FROM events WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)
	entries, err := db.Collect(rows, err, func(r *sql.Rows) (e Entry, err error) {
		var channel *string
		var data []byte
		if err := r.Scan(&e.Seq, &e.Brand, &e.Type, &e.Aggregate, &channel, &data); err != nil {
			return e, err
		}
		e.Data = data
		if channel != nil {
			var id commerce.UUID
			if err := id.Scan(*channel); err != nil {
				return e, err
			}
			e.Channel = &id
		}
		return e, nil
	})
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	if err := handle(ctx, entries); err != nil {
		return 0, err
	}
	_, err = s.DB.Write().Exec(ctx, "UPDATE event_cursors SET seq = ? WHERE id = ? AND lease_holder = ? AND seq < ?",
		entries[len(entries)-1].Seq, name, holder, entries[len(entries)-1].Seq)
	return len(entries), err
}

// hold takes or renews the place of a consumer and tells where it is. A new consumer begins at the beginning.
func (s *Store) hold(ctx context.Context, name, holder string) (seq int64, held bool, err error) {
	now := s.Instant()
	var who string
	var until commerce.Instant
	err = s.DB.Read().QueryRow(ctx, "SELECT seq, lease_holder, lease_until FROM event_cursors WHERE id = ?", name).Scan(&seq, &who, &until)
	if err == nil && (who == holder && until > now.Add(lease/2)) {
		return seq, true, nil // renewed not long ago
	}
	if err == nil && who != holder && until > now {
		return 0, false, nil
	}
	if err != nil && err != sql.ErrNoRows {
		return 0, false, err
	}
	n, err := s.DB.Write().Exec(ctx, `INSERT INTO event_cursors (id, seq, lease_holder, lease_until) VALUES (?, 0, ?, ?)
		ON CONFLICT (id) DO UPDATE SET lease_holder = excluded.lease_holder, lease_until = excluded.lease_until
		WHERE event_cursors.lease_holder = excluded.lease_holder OR event_cursors.lease_until <= ?`, name, holder, now.Add(lease), now)
	if err != nil || n == 0 {
		return 0, false, err
	}
	err = s.DB.Read().QueryRow(ctx, "SELECT seq FROM event_cursors WHERE id = ?", name).Scan(&seq)
	return seq, err == nil, err
}

// LetGo gives up the places a process holds, so that another need not wait for its leases to end.
func (s *Store) LetGo(ctx context.Context, holder string) error {
	_, err := s.DB.Write().Exec(ctx, "UPDATE event_cursors SET lease_until = 0 WHERE lease_holder = ?", holder)
	return err
}
