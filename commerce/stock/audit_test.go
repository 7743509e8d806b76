package stock_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestAnAuditFindsWhatTheLedgerDoesNotSay(t *testing.T) {
	for what, change := range map[string]string{
		"goods nobody moved":        "UPDATE stock_levels SET on_hand = on_hand + 1",
		"a promise nobody made":     "UPDATE stock_levels SET reserved = reserved + 1",
		"a ledger that was emptied": "DELETE FROM stock_movements",
		"levels that are gone":      "DELETE FROM stock_levels",
	} {
		t.Run(what, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
				ctx := context.Background()
				s := newShop(t, k, k.Ctx, 2, 1)
				for i := range s.variants {
					_, err := s.move(stock.Movement{Place: s.place(i, 0), Kind: stock.Receive, OnHand: 9}, stock.Movement{Place: s.place(i, 0), Kind: stock.Reserve, Reserved: 2})
					require.NoError(t, err)
				}
				clean, err := stock.Audit(ctx, k.Store.DB, 10)
				require.NoError(t, err)
				require.Equal(t, stock.Audited{Levels: 2}, clean)

				_, err = k.Store.DB.Write().Exec(ctx, change)
				require.NoError(t, err)
				found, err := stock.Audit(ctx, k.Store.DB, 1)
				require.NoError(t, err)
				require.Equal(t, 2, found.Different)
				require.Equal(t, 2, found.Levels)
				require.Len(t, found.Differences, 1, "no more than asked for")
				d := found.Differences[0]
				require.Equal(t, []any{k.Brand.ID, "demo", s.locations[0], d.Level.Place}, []any{d.Brand, d.Code, d.Level.Location, d.Ledger.Place})
				require.NotEmpty(t, d.SKU)
				switch change {
				case "DELETE FROM stock_levels":
					require.Equal(t, []int64{0, 0, 9, 2}, []int64{d.Level.OnHand, d.Level.Reserved, d.Ledger.OnHand, d.Ledger.Reserved})
				case "DELETE FROM stock_movements":
					require.Equal(t, []int64{9, 2, 0, 0}, []int64{d.Level.OnHand, d.Level.Reserved, d.Ledger.OnHand, d.Ledger.Reserved})
				default:
					require.EqualValues(t, 9+2+1, d.Level.OnHand+d.Level.Reserved)
					require.EqualValues(t, 9+2, d.Ledger.OnHand+d.Ledger.Reserved)
				}
			})
		})
	}
}
