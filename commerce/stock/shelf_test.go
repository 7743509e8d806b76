package stock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// Two who empty the last two levels of a product each see the other's as full: the flag must fall all the same.
func TestTheFlagFollowsConcurrentChanges(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 2, 2)
		for round := range 15 {
			var start []stock.Movement
			for _, p := range []stock.Place{s.place(0, 0), s.place(0, 1), s.place(1, 0), s.place(1, 1)} {
				start = append(start, stock.Movement{Place: p, Kind: stock.Receive, OnHand: 1})
			}
			_, err := s.move(start...)
			require.NoError(t, err)
			s.flag(t)
			done := make(chan error, len(start))
			for _, m := range start {
				go func() {
					_, err := s.move(stock.Movement{Place: m.Place, Kind: stock.Reserve, Reserved: 1})
					done <- err
				}()
			}
			for range start {
				require.NoError(t, <-done)
			}
			s.flag(t)
			p, err := k.Store.Ent.Product.Get(k.Ctx, s.product)
			require.NoError(t, err)
			require.False(t, p.InStock, "round %d", round)
		}
	})
}

// Movements, counts, safety stock and locations that join or leave the pool, all at once.
func TestTheFlagIsTrueAfterAnything(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 2, 2)
		for range 6 {
			done := make(chan error, 8)
			for i := range cap(done) {
				go func() {
					variant, location := rand.IntN(2), rand.IntN(2)
					var err error
					switch i % 4 {
					case 0, 1:
						_, err = s.move(stock.Movement{Place: s.place(variant, location), Kind: stock.Receive, OnHand: 1},
							stock.Movement{Place: s.place(variant, location), Kind: stock.Reserve, Reserved: rand.Int64N(2)})
					case 2:
						in := s.set(commerce.NewUUID().String(), rand.Int64N(3))
						in.Variant, in.Location = commerce.VariantRef{ID: &s.variants[variant]}, commerce.LocationRef{ID: &s.locations[location]}
						in.Safety = commerce.Some(rand.Int64N(3))
						_, _, err = s.Set(k.Ctx, in)
					case 3:
						_, err = s.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some(fmt.Sprint("L-", location)), Active: commerce.Some(rand.IntN(2) == 0)})
					}
					if errors.Is(err, stock.ErrShort) || commerce.CodeOf(err) == commerce.InsufficientStock {
						err = nil
					}
					done <- err
				}()
			}
			for range cap(done) {
				require.NoError(t, <-done)
			}
			s.flag(t)
			s.sums(t)
		}
	})
}

// A location joins or leaves the pool while the first level of a product is made there: neither sees the other, and the audit does.
func TestAFlagThatARaceMadeWrongIsSetAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s, right := newShop(t, k, k.Ctx, 1, 1), newShop(t, k, k.OtherCtx, 1, 1)
		_, err := right.move(stock.Movement{Place: right.place(0, 0), Kind: stock.Receive, OnHand: 1})
		require.NoError(t, err)
		place := func(active bool) {
			_, err := s.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("L-0"), Active: commerce.Some(active)})
			require.NoError(t, err)
		}
		set := func(want int) {
			n, err := s.RefreshFlags(context.Background())
			require.NoError(t, err)
			require.Equal(t, want, n)
			s.flag(t)
			right.flag(t)
		}
		place(false)
		_, err = events.Do(k.Ctx, k.Store, func(tx *events.Tx) ([]stock.Level, error) {
			levels, err := stock.Move(k.Ctx, tx, []stock.Movement{{Place: s.place(0, 0), Kind: stock.Receive, OnHand: 1}})
			if tx.Engine() == db.Postgres { // SQLite has one writer
				place(true)
			}
			return levels, err
		})
		require.NoError(t, err)
		if k.Store.DB.Engine == db.SQLite {
			place(true)
			_, err = k.Store.DB.Write().Exec(k.Ctx, "UPDATE products SET in_stock = FALSE WHERE id = ?", s.product)
			require.NoError(t, err)
		}
		p, err := k.Store.Ent.Product.Get(k.Ctx, s.product)
		require.NoError(t, err)
		require.False(t, p.InStock)
		set(1)
		set(0)
		_, err = k.Store.DB.Write().Exec(k.Ctx, "UPDATE products SET in_stock = NOT in_stock")
		require.NoError(t, err)
		set(2)
		place(false)
		set(0)
	})
}

func TestAvailableSumsWhatThePoolGivesAndTheViewerSees(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 2, 4)
		for i := range s.locations {
			_, err := s.move(stock.Movement{Place: s.place(0, i), Kind: stock.Receive, OnHand: 10}, stock.Movement{Place: s.place(0, i), Kind: stock.Reserve, Reserved: int64(i)})
			require.NoError(t, err)
		}
		in := s.set("safety", 10)
		in.Safety = commerce.Some[int64](4)
		_, _, err := s.Set(k.Ctx, in)
		require.NoError(t, err)
		available := func(v *auth.Viewer) map[commerce.UUID]int64 {
			out, err := stock.Available(k.Ctx, k.Store.DB.Read(), v, s.variants)
			require.NoError(t, err)
			return out
		}
		all := auth.From(k.Ctx)
		require.Equal(t, map[commerce.UUID]int64{s.variants[0]: 6 + 9 + 8 + 7}, available(all))
		require.Equal(t, map[commerce.UUID]int64{s.variants[0]: 6 + 8}, available(auth.From(k.At(s.locations[0], s.locations[2]))))
		require.Empty(t, available(auth.From(k.At())))
		require.Empty(t, available(auth.From(k.OtherCtx)))

		for _, c := range []struct {
			senders []commerce.UUID
			want    map[commerce.UUID]int64
		}{{s.locations[1:3], map[commerce.UUID]int64{s.variants[0]: 9 + 8}}, {nil, available(all)}, {[]commerce.UUID{}, map[commerce.UUID]int64{}}} {
			out, err := stock.Offered(k.Ctx, k.Store.DB.Read(), all, s.variants, c.senders)
			require.NoError(t, err)
			require.Equal(t, c.want, out)
		}

		in = s.set("more safety", 10)
		in.Safety = commerce.Some[int64](99)
		_, _, err = s.Set(k.Ctx, in)
		require.NoError(t, err)
		require.EqualValues(t, 9+8+7, available(all)[s.variants[0]], "a level that lacks does not take from others")
		for i, out := range []stock.LocationInput{{Active: commerce.Some(false)}, {ShipFrom: commerce.Some(false)}, {Ownership: commerce.Some("JOINT_VENTURE")}} {
			out.Code = commerce.Some(fmt.Sprint("L-", i+1))
			_, err = s.LocationUpsert(k.Ctx, out)
			require.NoError(t, err)
		}
		require.Empty(t, available(all))
		s.flag(t)
		require.Empty(t, func() map[commerce.UUID]int64 {
			out, err := stock.Available(k.Ctx, k.Store.DB.Read(), all, nil)
			require.NoError(t, err)
			return out
		}())
	})
}
