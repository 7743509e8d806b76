package events_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

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

// Who sees little of what is said reads what is new once, not all that was ever said to others at each ring.
func TestAStreamPassesWhatItDoesNotSee(t *testing.T) {
	here, there := commerce.NewUUID(), commerce.NewUUID()
	for name, of := range map[string]struct {
		ctx   func(*testkit.Kit) context.Context
		types []events.Type
		seen  events.Fact
	}{
		"by location": {func(k *testkit.Kit) context.Context { return k.At(here) }, nil, events.Fact{Type: events.StockChanged, Aggregate: here, Location: &here}},
		"by type": {func(k *testkit.Kit) context.Context { return k.Ctx }, []events.Type{events.MemberChanged},
			events.Fact{Type: events.MemberChanged, Aggregate: here}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
				asked := make(chan int64, 99) // above which number it has read
				k.Store.Ent.Event.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
					return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
						var above int64
						q.(*ent.EventQuery).Where(func(s *sql.Selector) {
							_, args := s.P().Query()
							above = args[0].(int64)
						})
						found, err := next.Query(ctx, q)
						asked <- above
						return found, err
					})
				}))
				toOthers := make([]events.Fact, 150) // more than a batch
				for i := range toOthers {
					toOthers[i] = events.Fact{Type: events.StockChanged, Aggregate: there, Location: &there}
				}
				ctx, stop := context.WithTimeout(of.ctx(k), soon)
				defer stop()
				told, ended := make(chan *ent.Event, 1), make(chan error, 1)
				go func() {
					ended <- k.Store.Stream(ctx, events.Query{Types: of.types}, func(e *ent.Event) error { told <- e; return nil })
				}()
				above := func() int64 {
					select {
					case seq := <-asked:
						return seq
					case err := <-ended:
						require.NoError(t, err, "before it has read what is new")
						return 0
					}
				}
				for i := range 3 {
					require.NoError(t, say(k.Ctx, k.Store, toOthers...))
					require.EqualValues(t, i*len(toOthers), above())
				}
				for range 3 { // nothing is new
					k.Store.Bell().Ring()
				}
				require.NoError(t, say(k.Ctx, k.Store, of.seen))
				require.EqualValues(t, 3*len(toOthers), above())
				require.Equal(t, here, (<-told).AggregateID)
				stop()
				require.ErrorIs(t, <-ended, context.Canceled)
				require.Empty(t, asked)
			})
		})
	}
}

// Several processes write while a reader of one type passes all others: what it passes is never its own.
func TestWhoPassesOthersMissesNothing(t *testing.T) { // SU-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const writers, rounds = 8, 50
		stores := []*events.Store{k.Store, k.Store}
		if k.Store.DB.Engine == db.Postgres {
			stores[1] = another(t, k)
		}
		ctx, stop := context.WithTimeout(k.Ctx, soon)
		defer stop()
		told := map[commerce.UUID]int{}
		enough := errors.New("enough")
		ended := make(chan error, 1)
		go func() {
			ended <- k.Store.Stream(ctx, events.Query{Types: []events.Type{events.MemberChanged}}, func(e *ent.Event) error {
				if told[e.AggregateID]++; len(told) == writers*rounds {
					return enough
				}
				return nil
			})
		}()
		testkit.AtOnce(writers, writers*rounds, func(i int) {
			of := events.Fact{Type: events.MemberChanged, Aggregate: commerce.NewUUID(), Sequence: 1}
			if err := say(k.Ctx, stores[i%2], changed(commerce.NewUUID(), 1), of, changed(commerce.NewUUID(), 1)); err != nil {
				t.Error(err)
			}
		})
		require.ErrorIs(t, <-ended, enough)
		for id, n := range told {
			require.Equal(t, 1, n, id)
		}
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
