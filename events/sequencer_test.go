package events_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// Sixteen writers in several processes: whoever reads on from the last number it saw misses nothing, and an aggregate's facts keep their order.
func TestWhoReadsOnMissesNothing(t *testing.T) { // SU-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const writers, rounds = 16, 25
		stores := []*events.Store{k.Store, another(t, k), another(t, k)}
		if k.Store.DB.Engine == db.SQLite {
			stores = stores[:1]
		}
		brands := make([]commerce.UUID, 4) // rows that several writers change: a version is raised under the row's lock
		for i := range brands {
			brands[i] = k.NewBrand(t, fmt.Sprint("b", i), "", "CNY").ID
		}
		read := make(chan []*ent.Event, len(stores))
		for _, s := range stores {
			go func() {
				seen, err := tail(k.Ctx, s, 0, writers*rounds)
				if err != nil {
					t.Error(err)
				}
				read <- seen
			}()
		}
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				s := stores[w%len(stores)]
				for i := range rounds {
					b := brands[(w+i)%len(brands)]
					_, err := events.Do(k.Ctx, s, func(tx *events.Tx) (struct{}, error) {
						var version int64
						err := tx.QueryRow(k.Ctx, "UPDATE brands SET generation = generation + 1 WHERE id = ? RETURNING generation", b).Scan(&version)
						tx.Record(changed(b, version-1))
						return struct{}{}, err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for range stores {
			seen := <-read
			require.Len(t, seen, writers*rounds)
			last, versions := int64(0), map[commerce.UUID]int64{}
			for _, e := range seen {
				require.Equal(t, last+1, *e.Seq, "without gaps")
				last = *e.Seq
				require.Equal(t, versions[e.AggregateID]+1, e.Sequence, "in the order of the row's versions")
				versions[e.AggregateID]++
			}
		}
		require.Equal(t, writers*rounds, k.Count(t, "events", "seq IS NOT NULL"))
	})
}

// A transaction that began early and commits late does not hide behind a number that was given meanwhile.
func TestALateCommitIsNumberedLate(t *testing.T) {
	k := testkit.Postgres(t)
	early, late := commerce.NewUUID(), commerce.NewUUID()
	wrote, commit, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (struct{}, error) {
			// Written by hand, so that it lies in the log before the transaction ends.
			_, err := tx.Exec(k.Ctx, `INSERT INTO events (uid, brand_id, type, aggregate_id, sequence, actor, cause, occurred_at)
				VALUES (?, ?, ?, ?, 1, '', '', 0)`, commerce.NewUUID(), k.Brand.ID, events.ProductChanged, early)
			close(wrote)
			<-commit
			return struct{}{}, err
		})
		done <- err
	}()
	<-wrote
	require.NoError(t, say(k.Ctx, k.Store, changed(late, 1)))
	first, err := tail(k.Ctx, k.Store, 0, 1)
	require.NoError(t, err)
	require.Equal(t, late, first[0].AggregateID)
	close(commit)
	require.NoError(t, <-done)
	second, err := tail(k.Ctx, k.Store, *first[0].Seq, 1)
	require.NoError(t, err)
	require.Equal(t, early, second[0].AggregateID)
}

// Events are pruned some day: numbers go on from where they were, or whoever reads on would wait for ever.
func TestNumbersGoOnWhenTheLogWasEmptied(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		for range 3 {
			require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1)))
		}
		_, err := tail(k.Ctx, k.Store, 0, 3)
		require.NoError(t, err)
		_, err = k.Store.Advance(k.Ctx, "pushes", "one", 9, func(context.Context, []events.Entry) error { return nil })
		require.NoError(t, err)
		_, err = k.Store.DB.Write().Exec(k.Ctx, "DELETE FROM events")
		require.NoError(t, err)
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1)))
		seen, err := tail(k.Ctx, k.Store, 0, 1)
		require.NoError(t, err)
		require.Greater(t, *seen[0].Seq, int64(3))
	})
}
