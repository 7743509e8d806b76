package jobs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// Two processes work: what nobody accepts in time is rerouted once, and an order that nobody could give goes on once there is stock.
func TestWorkGoesElsewhereAndHeldOrdersGoOn(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		_, err := (&catalog.Service{Store: k.Store}).Upsert(k.Ctx, catalog.UpsertInput{
			Handle: commerce.Some("hat"), Title: commerce.Some("Hat"),
			Variants: []catalog.VariantInput{{SKU: commerce.Some("HAT"), Price: commerce.Some(commerce.Money{Amount: 100, Currency: "CNY"})}},
		})
		require.NoError(t, err)
		stocks := &stock.Service{Store: k.Store}
		put := func(location, key string, n int64) {
			_, _, err := stocks.Set(k.Ctx, stock.SetInput{
				Key: key, Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{Code: location}, OnHand: n, Reason: "count",
			})
			require.NoError(t, err)
		}
		for i, code := range []string{"A", "B", "C"} {
			_, err := stocks.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some(code), Priority: commerce.Some(i)})
			require.NoError(t, err)
		}
		put("A", "1", 1)
		put("B", "2", 1)
		_, err = events.Do(k.Ctx, k.Store, func(tx *events.Tx) (struct{}, error) {
			return struct{}{}, tx.Ent.Channel.Create().SetCode("shop").SetCodeFolded("shop").SetName("Shop").SetKind("STOREFRONT").SetState(channels.Active).
				SetCurrency("CNY").SetSettings(map[string]string{}).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Exec(k.Ctx)
		})
		require.NoError(t, err)
		one := runner(t, k, "one")
		_, err = one.Orders.SetPolicy(k.Ctx, orders.PolicyInput{AcceptWithin: commerce.Some(60)})
		require.NoError(t, err)
		_, _, err = one.Orders.Place(k.Ctx, orders.PlaceInput{
			Key: "o", Channel: commerce.ChannelRef{Code: "shop"}, Lines: []orders.LineInput{{Variant: commerce.VariantRef{SKU: "HAT"}, Quantity: 1}},
		})
		require.NoError(t, err)
		run(t, one)
		run(t, runner(t, k, "two"))
		k.Clock.Advance(time.Minute)
		within(t, "the work went to B", func() bool {
			return k.Count(t, "fulfillment_orders", "state = 'OPEN' AND location_id IN (SELECT id FROM locations WHERE code = 'B')") == 1
		})
		require.Equal(t, 1, k.Count(t, "fulfillment_orders", "state = 'REJECTED'"))
		require.Equal(t, 1, k.Count(t, "order_entries", "kind = 'WORK_TIMED_OUT'"))

		work, err := k.Store.Ent.FulfillmentOrder.Query().All(k.Ctx)
		require.NoError(t, err)
		for _, w := range work {
			if w.State == string(orders.WorkOpen) {
				_, _, err = one.Orders.Reject(k.Ctx, orders.WorkInput{Key: "r", Work: w.ID, Reason: "no"})
				require.NoError(t, err)
			}
		}
		require.Equal(t, 1, k.Count(t, "orders", "state = 'HELD'"))
		put("C", "3", 1)
		within(t, "the order goes on with C", func() bool { return k.Count(t, "orders", "state = 'OPEN'") == 1 })
		require.Equal(t, 3, k.Count(t, "fulfillment_orders", ""))
	})
}
