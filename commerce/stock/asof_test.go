package stock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestALevelIsReplayedAsItWas(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 2)
		before := k.Store.Instant()
		k.Clock.Advance(time.Hour)
		first := k.Store.Instant()
		_, err := s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Receive, OnHand: 10, Incoming: 3})
		require.NoError(t, err)
		k.Clock.Advance(time.Hour)
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 4, Incoming: -2, Damaged: 1})
		require.NoError(t, err)

		asOf := func(v *auth.Viewer, at commerce.Instant) []int64 {
			l, err := stock.AsOf(k.Ctx, k.Store.DB.Read(), v, s.place(0, 0), at)
			require.NoError(t, err)
			return []int64{l.OnHand, l.Reserved, l.Available(), l.Incoming, l.Damaged}
		}
		all := k.Viewer(auth.Scopes()...)
		require.Equal(t, []int64{0, 0, 0, 0, 0}, asOf(all, before))
		require.Equal(t, []int64{10, 0, 10, 3, 0}, asOf(all, first))
		require.Equal(t, []int64{10, 4, 6, 1, 1}, asOf(all, k.Store.Instant()))

		elsewhere := k.Viewer(auth.Scopes()...)
		elsewhere.Locations = []commerce.UUID{s.locations[1]}
		require.Equal(t, []int64{0, 0, 0, 0, 0}, asOf(elsewhere, k.Store.Instant()), "another location's ledger does not exist for a narrowed token")
		require.Equal(t, []int64{0, 0, 0, 0, 0}, asOf(auth.From(k.OtherCtx), k.Store.Instant()), "nor does another brand's")
	})
}
