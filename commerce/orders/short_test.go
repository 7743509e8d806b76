package orders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// A system of record may find less than was promised: what is there can leave, and what is not is refused with how many there are.
func TestOnlyWhatIsThereCanLeave(t *testing.T) { // MQ-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", 5)
		sent := s.placed(t, want("HAT", 3))
		fetched := s.fetched(t, want("HAT", 2))
		token := s.accepted(t, sent)
		_, _, err := s.stock.Sync(k.Ctx, stock.SyncInput{Key: fresh(), Source: "WMS", Rows: []stock.SyncRow{
			{Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{Code: "ST"}, OnHand: 1, AsOf: s.Store.Instant()}}})
		require.NoError(t, err)

		_, _, err = s.Ship(k.Ctx, s.parcel(token))
		require.Equal(t, commerce.Shortage{Available: 1}, testkit.Refused(t, err, commerce.InsufficientStock, "lines").Details)
		in := show(s.code(t, fetched))
		_, _, err = s.VerifyPickup(k.Ctx, in)
		require.Equal(t, commerce.Shortage{Available: 1}, testkit.Refused(t, err, commerce.InsufficientStock, "code").Details)
		s.sums(t)

		_, _, err = s.Ship(k.Ctx, s.parcel(token, orders.LineQuantity{SKU: "HAT", Quantity: 1}))
		require.NoError(t, err)
		missing := because(token.Work, "no more are there")
		missing.Missing = true
		_, _, err = s.Reject(k.Ctx, missing)
		require.NoError(t, err)
		s.put(t, "HAT", "ST", 2)
		_, _, err = s.VerifyPickup(k.Ctx, in)
		require.NoError(t, err, "the code was not used up")
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{0, 0}, []int{onHand, reserved})
		s.sums(t)
	})
}
