package stock_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// figures is what a level should be, by arithmetic of our own.
type figures struct{ onHand, reserved, safety, incoming, damaged int64 }

// bears tells what a level becomes by a sum of movements, and whether it may.
func (f figures) bears(onHand, reserved, incoming, damaged int64) (figures, bool) {
	next := figures{f.onHand + onHand, f.reserved + reserved, f.safety, f.incoming + incoming, f.damaged + damaged}
	return next, next.incoming >= 0 && next.incoming <= commerce.MaxQuantity && next.damaged >= 0 && next.damaged <= commerce.MaxQuantity && next.onHand >= 0 && next.onHand <= commerce.MaxQuantity && next.reserved >= 0 && next.reserved <= next.onHand &&
		(reserved <= 0 || next.onHand-next.reserved-next.safety >= 0)
}

// Random batches of movements: each is taken as a whole or not at all, and levels stay the sums of the ledger.
func TestLevelsAreTheSumsOfTheirMovements(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 2, 2)
		model := map[stock.Place]figures{}
		in := s.set("safety", 20)
		in.Safety = commerce.Some[int64](4)
		_, _, err := s.Set(k.Ctx, in)
		require.NoError(t, err)
		model[s.place(0, 0)] = figures{onHand: 20, safety: 4}
		movement := rapid.Custom(func(t *rapid.T) stock.Movement {
			m := stock.Movement{Place: s.place(rapid.IntRange(0, 1).Draw(t, "variant"), rapid.IntRange(0, 1).Draw(t, "location"))}
			n := rapid.OneOf(rapid.Int64Range(1, 9), rapid.SampledFrom([]int64{commerce.MaxQuantity, 1 << 31, 1 << 40})).Draw(t, "n")
			switch m.Kind = rapid.SampledFrom([]stock.Kind{stock.Receive, stock.Adjusted, stock.Reserve, stock.Release, stock.Ship, stock.Transfer, stock.Return}).Draw(t, "kind"); m.Kind {
			case stock.Receive:
				m.OnHand = n
			case stock.Adjusted:
				m.OnHand = -n
			case stock.Reserve:
				m.Reserved = n
			case stock.Release:
				m.Reserved = -n
			case stock.Ship:
				m.OnHand, m.Reserved = -n, -n
			case stock.Transfer:
				m.Incoming = n * rapid.SampledFrom([]int64{1, -1}).Draw(t, "sign")
			case stock.Return:
				m.Damaged = n * rapid.SampledFrom([]int64{1, -1}).Draw(t, "sign")
			}
			return m
		})
		rapid.Check(t, func(t *rapid.T) {
			batch := rapid.SliceOfN(movement, 1, 5).Draw(t, "batch")
			want := map[stock.Place]figures{}
			sums := map[stock.Place]figures{}
			for _, m := range batch {
				f := sums[m.Place]
				sums[m.Place] = figures{onHand: f.onHand + m.OnHand, reserved: f.reserved + m.Reserved, incoming: f.incoming + m.Incoming, damaged: f.damaged + m.Damaged}
			}
			fits := true
			for p, sum := range sums {
				next, ok := model[p].bears(sum.onHand, sum.reserved, sum.incoming, sum.damaged)
				want[p], fits = next, fits && ok
			}
			levels, err := s.move(batch...)
			if !fits {
				short, ok := errors.AsType[*stock.Shortfall](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, model[short.Place], figures{short.OnHand, short.Reserved, short.Safety, short.Incoming, short.Damaged})
			} else {
				require.NoError(t, err)
				require.Len(t, levels, len(want))
				for _, l := range levels {
					require.Equal(t, want[l.Place], figures{l.OnHand, l.Reserved, l.Safety, l.Incoming, l.Damaged})
				}
				for p, f := range want {
					model[p] = f
				}
			}
			s.sums(t)
			s.flag(t)
		})
	})
}

// Many at once, in any order of places: nothing is lost, nobody is told of a deadlock, nothing goes below zero.
func TestManyMoveAtOnce(t *testing.T) { // CC-06
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 3, 2)
		done := make(chan error, 16)
		for range cap(done) {
			go func() {
				for range 12 {
					var batch []stock.Movement
					for range 1 + rand.IntN(4) {
						n := 1 + rand.Int64N(3)
						p := s.place(rand.IntN(3), rand.IntN(2))
						batch = append(batch, []stock.Movement{
							{Place: p, Kind: stock.Receive, OnHand: n}, {Place: p, Kind: stock.Reserve, Reserved: n},
							{Place: p, Kind: stock.Release, Reserved: -n}, {Place: p, Kind: stock.Ship, OnHand: -n, Reserved: -n},
						}[rand.IntN(4)])
					}
					if _, err := s.move(batch...); err != nil && !errors.Is(err, stock.ErrShort) {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range cap(done) {
			require.NoError(t, <-done)
		}
		s.sums(t)
		s.flag(t)
	})
}

func TestMoveKeepsToTheBrand(t *testing.T) { // TN-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s, other := newShop(t, k, k.Ctx, 1, 1), newShop(t, k, k.OtherCtx, 1, 1)
		_, err := other.move(stock.Movement{Place: other.place(0, 0), Kind: stock.Receive, OnHand: 5})
		require.NoError(t, err)
		for _, p := range []stock.Place{
			other.place(0, 0), {Variant: s.variants[0], Location: other.locations[0]}, {Variant: other.variants[0], Location: s.locations[0]},
		} {
			_, err := s.move(stock.Movement{Place: p, Kind: stock.Receive, OnHand: 1})
			require.Error(t, err, "the database refuses it")
			_, err = s.move(stock.Movement{Place: p, Kind: stock.Reserve, Reserved: 1})
			require.ErrorIs(t, err, stock.ErrShort)
		}
		require.EqualValues(t, 5, other.level(t).OnHand)
		require.Empty(t, s.levels(t))
		other.sums(t)
	})
}

func TestTheDatabaseItselfBoundsLevels(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 1)
		_, err := s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Receive, OnHand: 5})
		require.NoError(t, err)
		for _, set := range []string{"reserved = 6", "reserved = -1", "on_hand = -1", "on_hand = 1000000001", "safety_stock = -1", "incoming = -1", "damaged = -1"} {
			_, err := k.Store.DB.Write().Exec(k.Ctx, "UPDATE stock_levels SET "+set)
			require.Error(t, err, set)
		}
		require.EqualValues(t, 5, s.level(t).OnHand)
	})
}
