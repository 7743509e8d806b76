package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// taken receives a marketplace's order that is paid and promised.
func (s *shop) taken(t testing.TB) commerce.UUID {
	t.Helper()
	c := s.command(1)
	c.HoldFor = ""
	id := s.receive(t, c)
	s.hear(t, id, orders.News{Paid: 10000})
	s.stands(t, id, orders.Open, "")
	return id
}

// What a marketplace says has left has left: a count that found it gone before, or work that was held here, changes nothing about that.
func TestWhatHasLeftHasLeft(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 2)
		counted, held := s.taken(t), s.taken(t)
		_, _, err := s.Hold(k.Ctx, because(s.work(t, held)[0].ID, "wait"))
		require.NoError(t, err)
		_, _, err = s.stock.Sync(k.Ctx, stock.SyncInput{Key: fresh(), Source: "erp", Rows: []stock.SyncRow{{
			Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{Code: "WH"}, OnHand: 1, AsOf: k.Store.Instant(),
		}}})
		require.NoError(t, err)
		for _, id := range []commerce.UUID{counted, held} {
			require.True(t, s.hear(t, id, orders.News{Paid: 10000, Left: true}))
			require.Equal(t, string(orders.Fulfilled), s.order(t, id).FulfillmentState)
			require.Equal(t, []string{"WH CLOSED"}, s.states(t, id))
		}
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{0, 0}, []int{onHand, reserved})
		_, _, err = s.Release(k.Ctx, because(s.work(t, held)[0].ID, ""))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
	})
}

// Nobody can accept the work of an order that its marketplace holds back: the time for that begins when it goes on.
func TestTheTimeToAcceptBeginsWhenTheOrderGoesOn(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.policy(t, orders.PolicyInput{AcceptWithin: commerce.Some(600)})
		s.put(t, "HAT", "WH", 5)
		s.put(t, "HAT", "ST", 5)
		late := s.receive(t, s.command(1))
		blocked := s.taken(t)
		s.accepted(t, blocked)
		require.True(t, s.hear(t, blocked, orders.News{Paid: 10000, HoldFor: orders.HeldBlocked}))
		k.Clock.Advance(30 * time.Minute)
		for _, id := range []commerce.UUID{late, blocked} {
			require.True(t, s.hear(t, id, orders.News{Paid: 10000}))
			_, err := s.TimeOut(context.Background())
			require.NoError(t, err)
			require.Equal(t, []string{"WH OPEN"}, s.states(t, id))
		}
		k.Clock.Advance(10 * time.Minute)
		n, err := s.TimeOut(context.Background())
		require.NoError(t, err)
		require.Equal(t, 2, n)
	})
}

// What its marketplace holds back is not let go by goods that arrive here.
func TestGoodsThatArriveDoNotReleaseWhatTheMarketplaceHolds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 1)
		id := s.taken(t)
		_, _, err := s.Reject(k.Ctx, because(s.work(t, id)[0].ID, "no"))
		require.NoError(t, err)
		s.stands(t, id, orders.Held, orders.HeldShort)
		require.True(t, s.hear(t, id, orders.News{Paid: 10000, HoldFor: orders.HeldBlocked}))
		s.stands(t, id, orders.Held, orders.HeldBlocked)
		s.put(t, "HAT", "ST", 1)
		_, err = (&orders.Retrier{Orders: s.Service}).Round(context.Background())
		require.NoError(t, err)
		s.stands(t, id, orders.Held, orders.HeldBlocked)
		require.True(t, s.hear(t, id, orders.News{Paid: 10000}))
		s.stands(t, id, orders.Open, "")
	})
}
