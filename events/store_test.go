package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
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

func TestAStreamResumesExactly(t *testing.T) { // SU-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		var facts []events.Fact
		for i := range 250 { // more than a batch
			facts = append(facts, changed(commerce.NewUUID(), int64(i)))
		}
		require.NoError(t, say(k.Ctx, k.Store, facts...))
		require.NoError(t, say(k.OtherCtx, k.Store, changed(commerce.NewUUID(), 1)))
		after := int64(0)
		for at := 0; at < len(facts); {
			n := min(1+at, len(facts)-at)
			seen, err := tail(k.Ctx, k.Store, after, n)
			require.NoError(t, err)
			for _, e := range seen {
				require.Equal(t, facts[at].Aggregate, e.AggregateID)
				require.Equal(t, k.Brand.ID, e.BrandID)
				at++
			}
			after = *seen[len(seen)-1].Seq
		}
		theirs, err := tail(k.OtherCtx, k.Store, 0, 1)
		require.NoError(t, err)
		require.Equal(t, k.Other.ID, theirs[0].BrandID)
		head, err := k.Store.Head(k.Ctx)
		require.NoError(t, err)
		require.EqualValues(t, 251, head)
		oldest, err := k.Store.Oldest(k.Ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, oldest)
	})
}

// Streams end with their context, and with the first error of their reader.
func TestAStreamEnds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		ctx, stop := context.WithCancel(k.Ctx)
		ended := make(chan error, 1)
		go func() { ended <- k.Store.Stream(ctx, events.Query{}, func(*ent.Event) error { return nil }) }()
		stop()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Eventually(t, func() bool { return k.Store.Bell().Waiting() == 0 }, soon, time.Millisecond)
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1)))
		broken := errors.New("broken pipe")
		require.ErrorIs(t, k.Store.Stream(k.Ctx, events.Query{}, func(*ent.Event) error { return broken }), broken)
		require.Error(t, k.Store.Stream(context.Background(), events.Query{}, func(*ent.Event) error { return nil }), "without a viewer")
	})
}

func TestOnlyTheTypesAskedForAreRead(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1), events.Fact{Type: events.MemberChanged, Aggregate: commerce.NewUUID(), Sequence: 1}))
		_, err := tail(k.Ctx, k.Store, 0, 2)
		require.NoError(t, err)
		found, err := k.Store.Read(k.Ctx, events.Query{Types: []events.Type{events.MemberChanged}, Limit: 9})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, "MEMBER_CHANGED", found[0].Type)
	})
}

func TestNothingIsSaidOfWhatDidNotHappen(t *testing.T) { // SU-02, ID-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		row := commerce.NewUUID()
		refused := commerce.Errorf(commerce.Conflict, "no")
		_, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (int, error) {
			tx.Record(changed(row, 1))
			require.NoError(t, tx.RaiseGeneration(k.Ctx))
			return 7, refused
		})
		require.ErrorIs(t, err, refused)
		_, _, err = events.Once(k.Ctx, k.Store, events.Call{Operation: "x", Key: "k"}, func(tx *events.Tx) (int, error) {
			tx.Record(changed(row, 1))
			return 7, refused
		})
		require.ErrorIs(t, err, refused)
		_, err = events.Do(k.Ctx, k.Store, func(tx *events.Tx) (int, error) {
			tx.Record(changed(row, 1))
			tx.Record(events.Fact{Type: events.ProductChanged, Aggregate: row, Sequence: 2, Data: func() {}}) // cannot be written
			return 7, nil
		})
		require.Error(t, err)
		_, err = events.Do(context.Background(), k.Store, func(*events.Tx) (int, error) { return 7, nil })
		testkit.Refused(t, err, commerce.Unauthenticated, "")
		require.Zero(t, k.Count(t, "events", ""))
		require.Zero(t, k.Count(t, "idempotency_keys", ""))
		require.Equal(t, 2, k.Count(t, "brands", "generation = 1"))
	})
}

func TestAnAnswerIsKeptWithItsKey(t *testing.T) { // ID-01 … ID-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		type answer struct {
			ID commerce.UUID
			N  int64
		}
		ran := 0
		call := func(input any) (answer, bool, error) {
			return events.Once(k.Ctx, k.Store, events.Call{Operation: "try", Key: "key", Input: input}, func(tx *events.Tx) (answer, error) {
				ran++
				tx.Record(changed(commerce.NewUUID(), 1))
				return answer{commerce.NewUUID(), 1<<53 + 1}, nil
			})
		}
		first, replayed, err := call(map[string]int{"a": 1})
		require.NoError(t, err)
		require.False(t, replayed)
		again, replayed, err := call(map[string]int{"a": 1})
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, first, again, "to the last digit")
		_, _, err = call(map[string]int{"a": 2})
		testkit.Refused(t, err, commerce.IdempotencyMismatch, "idempotencyKey")
		require.Equal(t, 1, ran)
		require.Equal(t, 1, k.Count(t, "events", ""))
		for _, key := range []string{"", "é", "a\x00", "\t", string(make([]byte, 129))} {
			_, _, err := events.Once(k.Ctx, k.Store, events.Call{Key: key}, func(*events.Tx) (int, error) { return 0, errors.New("never run") })
			testkit.Refused(t, err, commerce.InvalidInput, "idempotencyKey")
		}
	})
}

func TestAConsumerReadsEverythingAtLeastOnceAndOneAtATime(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		// Rows with a channel, so that every column is read.
		channel, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (*ent.Channel, error) {
			return tx.Ent.Channel.Create().SetCode("c").SetCodeFolded("c").SetName("c").SetKind("STOREFRONT").SetState("ACTIVE").SetCurrency("CNY").
				SetSettings(map[string]string{}).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Save(k.Ctx)
		})
		require.NoError(t, err)
		rows := make([]commerce.UUID, 5)
		for i := range rows {
			rows[i] = commerce.NewUUID()
			f := changed(rows[i], 1)
			f.Channel, f.Data = &channel.ID, map[string]int{"n": i}
			require.NoError(t, say(k.Ctx, k.Store, f))
		}
		_, err = tail(k.Ctx, k.Store, 0, len(rows))
		require.NoError(t, err)
		var got []commerce.UUID
		take := func(_ context.Context, entries []events.Entry) error {
			for _, e := range entries {
				var data struct{ N int }
				require.NoError(t, json.Unmarshal(e.Data, &data))
				require.Equal(t, rows[data.N], e.Aggregate)
				require.Equal(t, channel.ID, *e.Channel)
				require.Equal(t, k.Brand.ID, e.Brand)
				require.Equal(t, events.ProductChanged, e.Type)
				got = append(got, e.Aggregate)
			}
			return nil
		}
		refuse := func(context.Context, []events.Entry) error { return errors.New("not now") }
		advance := func(holder string, handle func(context.Context, []events.Entry) error) (int, error) {
			return k.Store.Advance(k.Ctx, "pushes", holder, 2, handle)
		}
		n, err := advance("one", take)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		n, err = advance("two", take)
		require.NoError(t, err)
		require.Zero(t, n, "another holds the place")
		_, err = advance("one", refuse)
		require.EqualError(t, err, "not now")
		n, err = advance("one", take)
		require.NoError(t, err)
		require.Equal(t, 2, n, "what was not handled comes again")

		k.Clock.Advance(9 * time.Second) // longer than a lease
		n, err = advance("two", take)
		require.NoError(t, err)
		require.Equal(t, 1, n, "another takes over")
		require.Equal(t, rows, got, "each once, in order")
		n, err = advance("one", take)
		require.NoError(t, err)
		require.Zero(t, n, "and holds it")
		require.NoError(t, k.Store.LetGo(k.Ctx, "one"))
		require.NoError(t, say(k.Ctx, k.Store, events.Fact{Type: events.ProductChanged, Aggregate: rows[0], Sequence: 2, Channel: &channel.ID, Data: map[string]int{"n": 0}}))
		_, err = tail(k.Ctx, k.Store, 0, 6)
		require.NoError(t, err)
		n, err = advance("one", take)
		require.NoError(t, err)
		require.Zero(t, n, "letting go of nothing takes nothing away")
		require.NoError(t, k.Store.LetGo(k.Ctx, "two"))
		n, err = advance("one", take)
		require.NoError(t, err)
		require.Equal(t, 1, n, "no need to wait for a lease that was given up")
		n, err = k.Store.Advance(k.Ctx, "mails", "two", 99, take)
		require.NoError(t, err)
		require.Equal(t, 6, n, "each consumer has a place of its own")
	})
}

// A holder whose lease ran out while it worked does not move on the place that another has taken over.
func TestASlowHolderDoesNotMoveThePlaceOfAnother(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1)))
		_, err := tail(k.Ctx, k.Store, 0, 1)
		require.NoError(t, err)
		handled := 0
		_, err = k.Store.Advance(k.Ctx, "pushes", "slow", 9, func(context.Context, []events.Entry) error {
			handled++
			k.Clock.Advance(time.Minute)
			_, err := k.Store.Advance(k.Ctx, "pushes", "quick", 9, func(context.Context, []events.Entry) error {
				handled++
				return errors.New("died")
			})
			require.EqualError(t, err, "died")
			return nil
		})
		require.NoError(t, err)
		n, err := k.Store.Advance(k.Ctx, "pushes", "quick", 9, func(context.Context, []events.Entry) error {
			handled++
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, []int{1, 3}, []int{n, handled})
	})
}

func TestManyHoldersAtOnceAreOne(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1)))
		_, err := tail(k.Ctx, k.Store, 0, 1)
		require.NoError(t, err)
		counts := make([]int, 12)
		var all sync.WaitGroup
		for i := range counts {
			all.Go(func() {
				n, err := k.Store.Advance(k.Ctx, "pushes", fmt.Sprint(i), 9, func(context.Context, []events.Entry) error { return nil })
				if err != nil {
					t.Error(err)
				}
				counts[i] = n
			})
		}
		all.Wait()
		sum := 0
		for _, n := range counts {
			sum += n
		}
		require.Equal(t, 1, sum)
	})
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

// What is run again in vain is a matter of chance: the caller is told to try again, not that we are broken.
func TestWhoseTurnNeverComesIsToldToTryAgain(t *testing.T) { // CC-06
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		tries := 0
		_, _, err := events.Once(k.Ctx, k.Store, events.Call{Operation: "x", Key: "k"}, func(*events.Tx) (int, error) {
			tries++
			return 0, &pgconn.PgError{Code: "40P01"}
		})
		told, ok := errors.AsType[*commerce.Error](err)
		require.True(t, ok)
		require.Equal(t, commerce.Conflict, told.Code)
		require.True(t, told.Retryable)
		require.Greater(t, tries, 3)
		require.Zero(t, k.Count(t, "idempotency_keys", ""))
	})
}
