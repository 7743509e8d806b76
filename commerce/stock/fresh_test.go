package stock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func (s *shop) sellable(t testing.TB, variant int) int64 {
	t.Helper()
	sums, err := stock.Available(s.ctx, s.Store.DB.Read(), auth.From(s.ctx), s.variants)
	require.NoError(t, err)
	return sums[s.variants[variant]]
}

func (s *shop) place0(t testing.TB, in stock.LocationInput) {
	t.Helper()
	in.Code = commerce.Some("L-0")
	_, err := s.LocationUpsert(s.ctx, in)
	require.NoError(t, err)
}

func (s *shop) age(t testing.TB) int {
	t.Helper()
	n, err := s.Age(context.Background())
	require.NoError(t, err)
	return n
}

func TestACountThatHasAgedSellsItsPartAlone(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 2, 2)
		sync := func(key string, asOf commerce.Instant, onHand int64) {
			done, _, err := s.Sync(k.Ctx, stock.SyncInput{Key: key, Source: "erp", Rows: []stock.SyncRow{count(0, "L-0", onHand, asOf)}})
			require.NoError(t, err)
			require.Equal(t, 1, done.Count(stock.Applied))
		}
		sync("first", k.Store.Instant(), 7)
		_, err := s.move(stock.Movement{Place: s.place(1, 0), Kind: stock.Receive, OnHand: 7})
		require.NoError(t, err)
		k.Clock.Advance(2 * time.Hour)
		require.Zero(t, s.age(t), "no location has a rule")
		s.place0(t, stock.LocationInput{StaleAfter: commerce.Some(3600), StalePercent: commerce.Some(50)})
		require.EqualValues(t, 7, s.sellable(t, 0))

		facts := len(k.Facts(t, s.level(t).ID))
		require.Equal(t, 1, s.age(t), "what nothing counts does not age")
		require.Zero(t, s.age(t))
		level := s.level(t)
		require.True(t, level.Stale)
		require.Len(t, k.Facts(t, level.ID), facts+1, "channels are told")
		require.EqualValues(t, []int64{3, 7}, []int64{s.sellable(t, 0), s.sellable(t, 1)}, "50 percent of 7, rounded down")
		s.sums(t)

		// What is left sells its part too, and the flag falls with it.
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 5}, stock.Movement{Place: s.place(1, 0), Kind: stock.Adjusted, OnHand: -7})
		require.NoError(t, err)
		require.EqualValues(t, 1, s.sellable(t, 0))
		s.flag(t)
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 1})
		require.NoError(t, err, "it is what is offered that is cut, not what a level can bear")
		require.Zero(t, s.sellable(t, 0))
		s.flag(t)
		s.place0(t, stock.LocationInput{StalePercent: commerce.Null[int]()})
		require.EqualValues(t, 1, s.sellable(t, 0), "100 percent when nothing is said")
		s.flag(t)
		s.place0(t, stock.LocationInput{StalePercent: commerce.Some(0)})
		require.Zero(t, s.sellable(t, 0))
		s.flag(t)

		sync("newer", k.Store.Instant(), 7)
		require.False(t, s.level(t).Stale, "a newer count, of as many as before")
		require.EqualValues(t, 1, s.sellable(t, 0))
		s.flag(t)
		k.Clock.Advance(time.Hour)
		require.Zero(t, s.age(t), "just as old as it may be")
		k.Clock.Advance(time.Second)
		require.Equal(t, 1, s.age(t))
		s.flag(t)
		sync("newer, but old", k.Store.Instant().Add(-3600*time.Second).Add(-time.Microsecond), 7)
		require.True(t, s.level(t).Stale, "a count that comes too late is no better")
		in := s.set("by hand", 7)
		in.Reference = commerce.Reference{System: "pda", Value: "1"}
		_, _, err = s.Set(k.Ctx, in)
		require.NoError(t, err)
		level = s.level(t)
		require.False(t, level.Stale)
		require.Equal(t, []any{k.Store.Instant(), "pda"}, []any{level.CountedAt, level.Source})
		require.Zero(t, s.age(t))
		s.flag(t)
		s.sums(t)

		k.Clock.Advance(2 * time.Hour)
		require.Equal(t, 1, s.age(t))
		s.place0(t, stock.LocationInput{StaleAfter: commerce.Null[int]()})
		require.Equal(t, 1, s.age(t), "no rule, nothing stale")
		require.False(t, s.level(t).Stale)
		s.flag(t)
		s.sums(t)
	})
}

// Two processes age the same levels while counts come in: each change of freshness is one version and one fact.
func TestManyJudgeTheSameCounts(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 4, 1)
		s.place0(t, stock.LocationInput{StaleAfter: commerce.Some(60), StalePercent: commerce.Some(10)})
		for round := range 5 {
			var rows []stock.SyncRow
			for i := range s.variants {
				rows = append(rows, count(i, "L-0", 9, k.Store.Instant()))
			}
			_, _, err := s.Sync(k.Ctx, stock.SyncInput{Key: commerce.NewUUID().String(), Source: "erp", Rows: rows})
			require.NoError(t, err)
			k.Clock.Advance(time.Hour)
			type told struct {
				n   int
				err error
			}
			done := make(chan told, 4)
			for range cap(done) {
				go func() {
					n, err := s.Age(context.Background())
					done <- told{n, err}
				}()
			}
			moved := make(chan error, 1)
			go func() {
				_, err := s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Receive, OnHand: 1}, stock.Movement{Place: s.place(3, 0), Kind: stock.Receive, OnHand: 1})
				moved <- err
			}()
			sum := 0
			for range cap(done) {
				one := <-done
				require.NoError(t, one.err)
				sum += one.n
			}
			require.NoError(t, <-moved)
			sum += s.age(t)
			require.Equal(t, len(s.variants), sum, "round %d", round)
			s.flag(t)
			s.sums(t)
		}
	})
}

func TestAPartnersStockJoinsThePoolWhenItIsLent(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 1)
		_, err := s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Receive, OnHand: 5})
		require.NoError(t, err)
		for _, step := range []struct {
			in   stock.LocationInput
			want int64
		}{
			{stock.LocationInput{Ownership: commerce.Some("FRANCHISE")}, 0},
			{stock.LocationInput{Lent: commerce.Some(true)}, 5},
			{stock.LocationInput{Ownership: commerce.Some("JOINT_VENTURE")}, 5},
			{stock.LocationInput{ShipFrom: commerce.Some(false)}, 0},
			{stock.LocationInput{ShipFrom: commerce.Null[bool]()}, 5},
			{stock.LocationInput{Lent: commerce.Null[bool]()}, 0},
			{stock.LocationInput{Ownership: commerce.Some("OWN")}, 5},
		} {
			s.place0(t, step.in)
			require.Equal(t, step.want, s.sellable(t, 0))
			s.flag(t)
		}
		for path, in := range map[string]stock.LocationInput{
			"staleAfterSeconds": {StaleAfter: commerce.Some(31_536_001)}, "stalePercent": {StalePercent: commerce.Some(-1)},
		} {
			in.Code = commerce.Some("L-0")
			_, err := s.LocationUpsert(k.Ctx, in)
			testkit.Refused(t, err, commerce.InvalidInput, path)
		}
	})
}
