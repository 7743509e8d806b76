package events

import (
	"context"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/event"
)

// Query asks for a part of the log: what is numbered above After, of the given types (all when empty), oldest first.
type Query struct {
	After int64
	Types []Type
	Limit int
}

// Read answers events in the order of the log, as far as the viewer sees them.
func (s *Store) Read(ctx context.Context, q Query) ([]*ent.Event, error) {
	find := s.Ent.Event.Query().Where(event.SeqGT(q.After)).Order(event.BySeq()).Limit(q.Limit)
	if len(q.Types) > 0 {
		types := make([]string, len(q.Types))
		for i, t := range q.Types {
			types[i] = string(t)
		}
		find = find.Where(event.TypeIn(types...))
	}
	return find.All(ctx)
}

// Head is the number of the newest event, of whatever brand: where a stream starts that asks for nothing older.
func (s *Store) Head(ctx context.Context) (int64, error) {
	var head int64
	err := s.DB.Read().QueryRow(ctx, "SELECT COALESCE(MAX(seq), 0) FROM events").Scan(&head)
	return head, err
}

// Oldest is the smallest number the log still keeps, 0 for an empty log.
func (s *Store) Oldest(ctx context.Context) (int64, error) {
	var oldest int64
	err := s.DB.Read().QueryRow(ctx, "SELECT COALESCE(MIN(seq), 0) FROM events").Scan(&oldest)
	return oldest, err
}

// patience is how long a stream trusts that a missed ring would have been rung again.
const patience = time.Second

// Stream gives every event after q.After to each, in order and once, until ctx ends or each fails. A slow reader holds up itself
// alone: nothing is kept for it but its place in the log. That place moves on behind what it does not see too, or whoever sees little
// would read the same log again at each ring.
func (s *Store) Stream(ctx context.Context, q Query, each func(*ent.Event) error) error {
	viewer := auth.From(ctx)
	if viewer == nil {
		return commerce.Errorf(commerce.Unauthenticated, "a bearer token is needed")
	}
	rings, end := s.bell.Wait()
	defer end()
	q.Limit = 100
	for {
		// Asked before the batches: all up to it has committed and nothing gets a number below it any more, so who then reads all after
		// its place has passed it. It is a statement of its own since a batch may have no row that could tell it; who has read up to it
		// asks nothing else.
		head, err := s.headOf(ctx, viewer.Brand)
		if err != nil {
			return err
		}
		for more := head > q.After; more; {
			batch, err := s.Read(ctx, q)
			if err != nil {
				return err
			}
			for _, e := range batch {
				if err := each(e); err != nil {
					return err
				}
				q.After = *e.Seq
			}
			more = len(batch) == q.Limit
		}
		q.After = max(q.After, head)
		timer := time.NewTimer(patience)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-rings:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// headOf is the number of a brand's newest event.
func (s *Store) headOf(ctx context.Context, brand commerce.UUID) (head int64, err error) {
	err = s.DB.Read().QueryRow(ctx, "SELECT COALESCE(MAX(seq), 0) FROM events WHERE brand_id = ?", brand).Scan(&head)
	return head, err
}
