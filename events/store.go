package events

import (
	"context"
	"log/slog"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Store is the database as use cases see it: reading through Ent, writing through Do and Once. It may be used by many at once.
type Store struct {
	DB  *db.DB
	Ent *ent.Client // reads only, narrowed by the context's viewer
	Now func() time.Time
	Log *slog.Logger

	bell  *Bell
	dirty chan struct{}
}

// New makes a Store over an open, migrated database.
func New(d *db.DB, now func() time.Time, log *slog.Logger) *Store {
	return &Store{
		DB: d, Ent: ent.NewClient(ent.Driver(d.Driver())), Now: now, Log: log,
		bell: NewBell(), dirty: make(chan struct{}, 1),
	}
}

// Instant is the present moment.
func (s *Store) Instant() commerce.Instant { return commerce.InstantOf(s.Now()) }

// committed tells the sequencer that there may be facts to number.
func (s *Store) committed() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// Bell tells readers that the log may have grown. A ring is only a hint: readers look at the log, and look on their own now and then.
func (s *Store) Bell() *Bell { return s.bell }

// Waker carries the hint between processes.
type Waker interface {
	// Ring tells the other processes. It never blocks long and may fail silently.
	Ring(ctx context.Context)
	// Listen calls heard for each ring of another process until ctx ends.
	Listen(ctx context.Context, heard func())
}
