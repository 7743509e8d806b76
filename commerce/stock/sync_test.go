package stock_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func count(variant int, location string, onHand int64, asOf commerce.Instant) stock.SyncRow {
	return stock.SyncRow{Variant: commerce.VariantRef{SKU: fmt.Sprint("HAT-", variant)}, Location: commerce.LocationRef{Code: location}, OnHand: onHand, AsOf: asOf}
}

func outcomes(s stock.Synced) (out []string) {
	for _, v := range s.Rows {
		out = append(out, v.Outcome+string(v.Code))
	}
	return out
}

func TestASystemOfRecordsCountsAreTakenRowByRow(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 3, 2)
		now := k.Store.Instant()
		sync := func(key string, rows ...stock.SyncRow) stock.Synced {
			done, replayed, err := s.Sync(k.Ctx, stock.SyncInput{Key: key, Source: "erp", Rows: rows})
			require.NoError(t, err)
			require.False(t, replayed)
			return done
		}
		done := sync("first", count(0, "L-0", 5, now), count(1, "L-1", 0, now), count(9, "L-0", 1, now), count(0, "nowhere", 1, now),
			count(2, "L-0", -1, now), count(2, "L-0", 1, now.Add(time.Hour)), count(0, "L-0", 4, now.Add(-time.Minute)))
		require.Equal(t, []string{"APPLIED", "APPLIED", "FAILEDNOT_FOUND", "FAILEDNOT_FOUND", "FAILEDINVALID_INPUT", "FAILEDINVALID_INPUT", "STALE_SKIPPED"}, outcomes(done))
		require.Equal(t, []string{"rows", "3", "location"}, done.Rows[3].Path)
		require.EqualValues(t, 5, s.level(t).OnHand)
		version, moved := s.level(t).Version, k.Count(t, "stock_movements", "")

		require.Equal(t, []string{"STALE_SKIPPED"}, outcomes(sync("again", count(0, "L-0", 9, now))), "as old as what is known")
		require.Equal(t, []string{"STALE_SKIPPED"}, outcomes(sync("older", count(0, "L-0", 9, now.Add(-time.Second)))))
		require.Equal(t, []string{"APPLIED"}, outcomes(sync("same", count(0, "L-0", 5, now.Add(time.Second)))))
		require.Equal(t, version, s.level(t).Version, "the same figure is news of its age alone")
		require.Equal(t, moved, k.Count(t, "stock_movements", ""))

		_, err := s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 4})
		require.NoError(t, err)
		require.Equal(t, []string{"APPLIED"}, outcomes(sync("less", count(0, "L-0", 1, now.Add(2*time.Second)))), "a count below what is reserved is taken")
		level := s.level(t)
		require.EqualValues(t, []int64{1, 4, 3}, []int64{level.OnHand, level.Reserved, level.Shortfall})
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 1})
		require.ErrorIs(t, err, stock.ErrShort)
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Adjusted, OnHand: -1})
		require.ErrorIs(t, err, stock.ErrShort, "nothing but a count makes the shortfall grow")
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Ship, OnHand: -1, Reserved: -1})
		require.NoError(t, err)
		require.EqualValues(t, 3, s.level(t).Shortfall)
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Release, Reserved: -2})
		require.NoError(t, err)
		require.EqualValues(t, 1, s.level(t).Shortfall)
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Receive, OnHand: 10})
		require.NoError(t, err)
		level = s.level(t)
		require.EqualValues(t, []int64{10, 1, 0}, []int64{level.OnHand, level.Reserved, level.Shortfall})

		again, replayed, err := s.Sync(k.Ctx, stock.SyncInput{Key: "less", Source: "erp", Rows: []stock.SyncRow{count(0, "L-0", 1, now.Add(2*time.Second))}})
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, []string{"APPLIED"}, outcomes(again))
		require.EqualValues(t, 10, s.level(t).OnHand)
	})
}

func TestTheStatementsOfASyncGrowWithHundredsOfRows(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 100, 2)
		statements := func(key string, n int, asOf commerce.Instant) int64 {
			var rows []stock.SyncRow
			for i := range n {
				rows = append(rows, count(i%100, fmt.Sprint("L-", i/100), int64(i+1), asOf))
			}
			ctx, counted := db.Counted(k.Ctx)
			done, _, err := s.Sync(ctx, stock.SyncInput{Key: key, Source: "erp", Rows: rows})
			require.NoError(t, err)
			require.Equal(t, n, done.Count(stock.Applied))
			return counted.Load()
		}
		few := statements("few", 10, k.Store.Instant())
		require.Equal(t, few, statements("many", 200, k.Store.Instant().Add(time.Second)))
		var onHand, ledger int
		row := k.Store.DB.Read().QueryRow(k.Ctx, "SELECT (SELECT SUM(on_hand) FROM stock_levels), (SELECT SUM(on_hand_delta) FROM stock_movements)")
		require.NoError(t, row.Scan(&onHand, &ledger))
		require.Equal(t, onHand, ledger)
	})
}
