package stock_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestAnAuditFindsWhatTheLedgerDoesNotSay(t *testing.T) {
	const here = " WHERE location_id = (SELECT id FROM locations WHERE code = 'L-0')"
	for what, change := range map[string]string{
		"goods nobody moved":        "UPDATE stock_levels SET on_hand = on_hand + 1" + here,
		"a promise nobody made":     "UPDATE stock_levels SET reserved = reserved + 1" + here,
		"a ledger that was emptied": "DELETE FROM stock_movements",
		"levels that are gone":      "DELETE FROM stock_levels",
		"damaged goods of nowhere":  "UPDATE stock_levels SET damaged = damaged + 1" + here,
		"goods on nobody's way":     "UPDATE stock_levels SET incoming = incoming + 1" + here,
		"a promise that is over":    "UPDATE reservations SET state = 'EXPIRED'",
		"a transfer that is gone":   "UPDATE stock_transfers SET state = 'CANCELED'",
	} {
		t.Run(what, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
				ctx := context.Background()
				s := newShop(t, k, k.Ctx, 2, 2)
				var lines []stock.TransferLine
				for i := range s.variants {
					_, err := s.move(stock.Movement{Place: s.place(i, 0), Kind: stock.Receive, OnHand: 9, Damaged: 1}, stock.Movement{Place: s.place(i, 1), Kind: stock.Receive, OnHand: 9},
						stock.Movement{Place: s.place(i, 0), Kind: stock.Reserve, Reserved: 2})
					require.NoError(t, err)
					s.keep(t, s.place(i, 0), 2)
					lines = append(lines, stock.TransferLine{Variant: commerce.VariantRef{ID: &s.variants[i]}, Quantity: 3})
				}
				_, _, err := s.CreateTransfer(k.Ctx, stock.TransferInput{Key: "t", From: commerce.LocationRef{Code: "L-1"}, To: commerce.LocationRef{Code: "L-0"}, Lines: lines})
				require.NoError(t, err)
				clean, err := stock.Audit(ctx, k.Store.DB, 10)
				require.NoError(t, err)
				require.Equal(t, stock.Audited{Levels: 4}, clean)

				_, err = k.Store.DB.Write().Exec(ctx, change)
				require.NoError(t, err)
				found, err := stock.Audit(ctx, k.Store.DB, 1)
				require.NoError(t, err)
				all := 2
				if strings.HasPrefix(change, "DELETE") {
					all = 4
				}
				require.Equal(t, all, found.Different)
				require.Equal(t, 4, found.Levels)
				require.Len(t, found.Differences, 1, "no more than asked for")
				d := found.Differences[0]
				require.Equal(t, []any{k.Brand.ID, "demo", s.locations[0], d.Level.Place}, []any{d.Brand, d.Code, d.Level.Location, d.Ledger.Place})
				require.NotEmpty(t, d.SKU)
				is := []int64{d.Level.OnHand, d.Level.Reserved, d.Level.Incoming, d.Level.Damaged}
				should := []int64{d.Ledger.OnHand, d.Ledger.Reserved, d.Ledger.Incoming, d.Ledger.Damaged}
				behind := []int64{d.Promised, d.Sent}
				want := map[string][][]int64{
					"goods nobody moved":        {{10, 2, 3, 1}, {9, 2, 3, 1}, {2, 3}},
					"a promise nobody made":     {{9, 3, 3, 1}, {9, 2, 3, 1}, {2, 3}},
					"a ledger that was emptied": {{9, 2, 3, 1}, {0, 0, 0, 0}, {2, 3}},
					"levels that are gone":      {{0, 0, 0, 0}, {9, 2, 3, 1}, {2, 3}},
					"damaged goods of nowhere":  {{9, 2, 3, 2}, {9, 2, 3, 1}, {2, 3}},
					"goods on nobody's way":     {{9, 2, 4, 1}, {9, 2, 3, 1}, {2, 3}},
					"a promise that is over":    {{9, 2, 3, 1}, {9, 2, 3, 1}, {0, 3}},
					"a transfer that is gone":   {{9, 2, 3, 1}, {9, 2, 3, 1}, {2, 0}},
				}[what]
				require.Equal(t, want, [][]int64{is, should, behind})
			})
		})
	}
}
