package db

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
)

// turns are the queues of a process, one for each thing whose turn somebody has. The zero value is ready.
type turns struct {
	mu    sync.Mutex
	lines map[[sha256.Size]byte]*turn
}

type turn struct {
	taken chan struct{} // holds one while it is somebody's turn
	named int           // those who have it or wait for it; with the last of them the queue is forgotten
}

// Turn waits until nobody else in this process has the turn of the same thing, in the order of coming, and answers what ends it. Take it
// before the transaction that calls TakeTurns, and for several things in the same order: who waits here holds no connection, so that
// however many wait for one thing they take none from those who want others.
// Errors: the context's when it ends first; then there is nothing to end.
func (d *DB) Turn(ctx context.Context, thing ...any) (end func(), err error) {
	key := turnOf(thing)
	q := &d.turns
	q.mu.Lock()
	if q.lines == nil {
		q.lines = map[[sha256.Size]byte]*turn{}
	}
	t := q.lines[key]
	if t == nil {
		t = &turn{taken: make(chan struct{}, 1)}
		q.lines[key] = t
	}
	t.named++
	q.mu.Unlock()
	leave := func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if t.named--; t.named == 0 {
			delete(q.lines, key)
		}
	}
	select {
	case t.taken <- struct{}{}:
		return func() {
			<-t.taken
			leave()
		}, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// TakeTurns keeps other transactions that name the same thing waiting until this one has ended, those of other processes too. It is for
// rules over rows that are not there yet, which nobody can lock. Call it before rows are locked, and for several things always in the
// same order. Who waits holds a connection: take the Turn of the process first. SQLite has one writer: there everybody takes turns
// anyway.
func (t *Tx) TakeTurns(ctx context.Context, thing ...any) error {
	if t.engine != Postgres {
		return nil
	}
	sum := turnOf(thing)
	_, err := t.Exec(ctx, "SELECT pg_advisory_xact_lock(?)", int64(binary.BigEndian.Uint64(sum[:])))
	return err
}

func turnOf(thing []any) [sha256.Size]byte { return sha256.Sum256(fmt.Appendf(nil, "%q", thing)) }
