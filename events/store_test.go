package events_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// soon bounds what a test waits for.
const soon = 20 * time.Second

// say records facts in one transaction.
func say(ctx context.Context, s *events.Store, facts ...events.Fact) error {
	_, err := events.Do(ctx, s, func(tx *events.Tx) (struct{}, error) {
		for _, f := range facts {
			tx.Record(f)
		}
		return struct{}{}, nil
	})
	return err
}

func changed(aggregate commerce.UUID, sequence int64) events.Fact {
	return events.Fact{Type: events.ProductChanged, Aggregate: aggregate, Sequence: sequence}
}

// another opens the kit's database as another process would.
func another(t testing.TB, k *testkit.Kit) *events.Store {
	t.Helper()
	d, err := db.Open(k.Ctx, k.URL, db.Options{MaxConns: 8})
	require.NoError(t, err)
	s := events.New(d, k.Clock.Now, slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, nil) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ran, d.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// tail streams until it has seen n events.
func tail(ctx context.Context, s *events.Store, after int64, n int) ([]*ent.Event, error) {
	ctx, stop := context.WithTimeout(ctx, soon)
	defer stop()
	var seen []*ent.Event
	enough := errors.New("enough")
	if n == 0 {
		return nil, nil
	}
	err := s.Stream(ctx, events.Query{After: after}, func(e *ent.Event) error {
		if seen = append(seen, e); len(seen) == n {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return seen, err
}
