package stock_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// shelves makes n variants S-0, S-1, … and a location WH, and answers openings of 1, 2, … units of them.
func shelves(t *testing.T, k *testkit.Kit, n int) []stock.Opening {
	t.Helper()
	place(t, k, stock.LocationInput{Code: commerce.Some("WH")})
	openings := make([]stock.Opening, n)
	for i := range openings {
		sku := fmt.Sprintf("S-%d", i)
		_, err := (&catalog.Service{Store: k.Store}).Upsert(k.Ctx, catalog.UpsertInput{Handle: commerce.Some(fmt.Sprintf("s-%d", i)),
			Title: commerce.Some(sku), Variants: []catalog.VariantInput{{SKU: commerce.Some(sku)}}})
		require.NoError(t, err)
		openings[i] = stock.Opening{Variant: commerce.VariantRef{SKU: sku}, Quantity: int64(i + 1)}
	}
	return openings
}

func opening(t *testing.T, ctx context.Context, k *testkit.Kit, openings []stock.Opening, set bool) stock.Opened {
	t.Helper()
	out, err := (&stock.Service{Store: k.Store}).Open(ctx, commerce.LocationRef{Code: "WH"}, openings, set)
	require.NoError(t, err)
	return out
}

func TestAnOpeningCountsWhenItMakesTheLevel(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &stock.Service{Store: k.Store}
		openings := shelves(t, k, 4)
		openings[3].Quantity = 0
		require.Equal(t, 3, opening(t, k.Ctx, k, openings, false).Applied)
		require.Equal(t, 3, k.Count(t, "stock_levels", ""), "nothing makes no level")
		require.Equal(t, 3, k.Count(t, "stock_movements", "kind = 'SET' AND reason = 'import' AND actor = 'tester'"))
		require.Equal(t, 3, k.Count(t, "events", "type = 'STOCK_CHANGED' AND sequence = 1"))
		require.Equal(t, 3, k.Count(t, "products", "in_stock"))

		_, _, err := s.Adjust(k.Ctx, stock.AdjustInput{Key: "sold", Variant: openings[1].Variant, Location: commerce.LocationRef{Code: "WH"}, Delta: -2, Reason: "sold"})
		require.NoError(t, err)
		require.Zero(t, opening(t, k.Ctx, k, openings, false).Applied, "a level that was made keeps what became of it")
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 0"))

		openings[0].Quantity, openings[2].Quantity = 0, 7
		require.Equal(t, 3, opening(t, k.Ctx, k, openings, true).Applied, "set brings every level to its quantity")
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 0"))
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 2"))
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 7"))
		before := k.Count(t, "stock_movements", "")
		require.Zero(t, opening(t, k.Ctx, k, openings, true).Applied)
		require.Equal(t, before, k.Count(t, "stock_movements", ""))
		require.Equal(t, before, k.Count(t, "events", "type = 'STOCK_CHANGED'"))
	})
}

func TestARefusedOpeningDoesNotStopTheOthers(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		openings := shelves(t, k, 4)
		opening(t, k.Ctx, k, openings[:1], false)
		_, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) ([]stock.Level, error) {
			v, err := catalog.FindVariant(k.Ctx, tx.Ent, openings[0].Variant)
			if err != nil {
				return nil, err
			}
			wh, err := stock.FindLocation(k.Ctx, tx.Ent, commerce.LocationRef{Code: "WH"})
			if err != nil {
				return nil, err
			}
			return stock.Move(k.Ctx, tx, []stock.Movement{{Place: stock.Place{Variant: v.ID, Location: wh.ID}, Kind: stock.Reserve, Reserved: 1}})
		})
		require.NoError(t, err)
		openings[0].Quantity = 0
		openings[1].Quantity = -1
		openings[2].Quantity = commerce.MaxQuantity + 1
		unknown := stock.Opening{Variant: commerce.VariantRef{SKU: "NONE"}, Quantity: 1}
		out := opening(t, k.Ctx, k, append(openings, unknown, openings[3]), true)
		require.Equal(t, 1, out.Applied)
		require.Equal(t, []int{0, 1, 2, 4, 5}, slices.Sorted(maps.Keys(out.Refused)))
		require.Equal(t, commerce.InsufficientStock, out.Refused[0].Code)
		require.Equal(t, commerce.InvalidInput, out.Refused[1].Code)
		require.Equal(t, commerce.InvalidInput, out.Refused[2].Code)
		require.Equal(t, commerce.NotFound, out.Refused[4].Code)
		require.Equal(t, "is said a second time", out.Refused[5].Message)
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 4"))
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 1 AND reserved = 1"))
	})
}

func TestManyOpenAtOnceAndALevelIsMadeOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		openings := shelves(t, k, 20)
		backwards := slices.Clone(openings)
		slices.Reverse(backwards)
		var all sync.WaitGroup
		applied, errs := make([]int, 6), make([]error, 6)
		for i := range errs {
			all.Go(func() {
				mine := openings
				if i%2 == 1 {
					mine = backwards
				}
				out, err := (&stock.Service{Store: k.Store}).Open(k.Ctx, commerce.LocationRef{Code: "WH"}, mine, false)
				applied[i], errs[i] = out.Applied, err
			})
		}
		all.Wait()
		sum := 0
		for i := range errs {
			require.NoError(t, errs[i])
			sum += applied[i]
		}
		require.Equal(t, 20, sum)
		require.Equal(t, 20, k.Count(t, "stock_movements", ""))
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 20"))
	})
}

func TestManyOpeningsTakeSeveralTransactions(t *testing.T) {
	k := testkit.SQLite(t)
	openings := shelves(t, k, 3)
	var many []stock.Opening
	for range 500 {
		many = append(many, openings[0])
	}
	out := opening(t, k.Ctx, k, append(many, openings[1:]...), false)
	require.Equal(t, 3, out.Applied)
	require.Len(t, out.Refused, 499)
	require.NotContains(t, out.Refused, 500)
}

func TestWhoMayOpen(t *testing.T) {
	k := testkit.SQLite(t)
	s := &stock.Service{Store: k.Store}
	openings := shelves(t, k, 1)
	_, err := s.Open(k.Without(auth.StockWrite), commerce.LocationRef{Code: "WH"}, openings, false)
	testkit.Refused(t, err, commerce.Forbidden, "")
	_, err = s.Open(k.Ctx, commerce.LocationRef{Code: "none"}, openings, false)
	testkit.Refused(t, err, commerce.NotFound, "location")
	_, err = s.Open(k.At(commerce.NewUUID()), commerce.LocationRef{Code: "WH"}, openings, false)
	testkit.Refused(t, err, commerce.NotFound, "location")
	_, err = s.Open(k.OtherCtx, commerce.LocationRef{Code: "WH"}, openings, false)
	testkit.Refused(t, err, commerce.NotFound, "location")
	require.Zero(t, k.Count(t, "stock_levels", ""))
}
