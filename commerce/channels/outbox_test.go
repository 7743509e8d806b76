package channels_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/outboxitem"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// ship sends a parcel of an order from the first place that still has work; everything when no lines are named.
func (d *desk) ship(t testing.TB, external, number string, lines ...orders.LineQuantity) {
	t.Helper()
	o := d.order(t, external)
	work, err := d.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderID(o.ID), fulfillmentorder.StateIn("OPEN", "ACCEPTED")).
		Order(fulfillmentorder.ByID()).First(d.ctx)
	require.NoError(t, err)
	accepted, _, err := d.orders.Accept(d.ctx, orders.AcceptInput{Key: "accept-" + work.ID.String(), Work: work.ID})
	require.NoError(t, err)
	_, _, err = d.orders.Ship(d.ctx, orders.ShipInput{Key: fresh(), Work: work.ID, Token: accepted.Token, Carrier: "SF", TrackingNumber: number, Lines: lines})
	require.NoError(t, err)
}

// sold makes a paid order that we know and nothing stands in the way of.
func (d *desk) sold(t testing.TB, skus ...string) string {
	t.Helper()
	for _, s := range skus {
		d.put(t, s, "WH", 9)
	}
	d.live(t, skus...)
	id := d.buy(t, true, skus...)
	d.settle(t)
	d.stands(t, id, orders.Open, "")
	return id
}

func (d *desk) owed(t testing.TB) []*ent.OutboxItem {
	t.Helper()
	all, err := d.Store.Ent.OutboxItem.Query().Order(outboxitem.ByID()).All(d.ctx)
	require.NoError(t, err)
	return all
}

// parcels are the numbers of a sale's parcels and how many lines are in each.
func (d *desk) parcels(t testing.TB, external string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, p := range d.sale(t, external).Parcels {
		out[p.TrackingNumber] += len(p.Lines)
	}
	return out
}

func TestAParcelIsToldOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		id := d.sold(t, "HAT", "TEE-M")
		d.ship(t, id, "SF1")
		d.settle(t)
		require.Equal(t, map[string]int{"SF1": 2}, d.parcels(t, id))
		require.Equal(t, integrations.Shipped, d.sale(t, id).State)
		require.True(t, d.sale(t, id).Parcels[0].Last)
		require.False(t, d.sale(t, id).Parcels[0].Split)
		d.stands(t, id, orders.Completed, "")

		// The log heard again from its beginning, as after a crash before the place was noted.
		_, err := d.Store.DB.Write().Exec(d.ctx, "UPDATE event_cursors SET seq = 0")
		require.NoError(t, err)
		d.settle(t)
		require.Len(t, d.owed(t), 1)
		require.Equal(t, "DONE", d.owed(t)[0].State)
		require.Equal(t, 1, d.spy.ships)
		require.Equal(t, 1, k.Count(t, "fulfillments", ""), "what the marketplace tells of our own parcel is no news")
		d.ledger(t)
	})
}

func TestALostAnswerToAShipmentDoublesNothing(t *testing.T) { // MP-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		id := d.sold(t, "HAT")
		for range 4 { // more than the tries of one call
			d.market.Fail(integrations.Ship, memory.Fault{Kind: integrations.Temporary, After: true})
		}
		d.ship(t, id, "SF1")
		d.hear(t)
		d.turn(t, false)
		item := d.owed(t)[0]
		require.Equal(t, []any{"PENDING", 1, "ON_DEMAND"}, []any{item.State, item.Attempts, item.ErrorCode})
		require.Greater(t, item.NextAttemptAt, k.Store.Instant().Add(-time.Second))
		d.kit.Clock.Advance(time.Minute)
		d.turn(t, false)
		item = d.owed(t)[0]
		require.Equal(t, []any{"DONE", 2, ""}, []any{item.State, item.Attempts, item.ErrorCode})
		require.Equal(t, map[string]int{"SF1": 1}, d.parcels(t, id))
		d.settle(t)
		require.Equal(t, 1, k.Count(t, "fulfillments", ""))
	})
}

func TestARefusedShipmentWaitsForAPerson(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		refused, fine := d.sold(t, "HAT"), d.sold(t, "TEE-M")
		d.market.Fail(integrations.Ship, memory.Fault{Kind: integrations.Rejected})
		d.ship(t, refused, "SF1")
		d.ship(t, fine, "SF2")
		d.settle(t)
		items := d.owed(t)
		require.Equal(t, []string{"FAILED", "DONE"}, []string{items[0].State, items[1].State}, "the next one is told all the same")
		require.Equal(t, []string{"ON_DEMAND", "a fault that was asked for"}, []string{items[0].ErrorCode, items[0].ErrorMessage})
		d.kit.Clock.Advance(time.Hour)
		d.settle(t)
		require.Equal(t, 1, d.owed(t)[0].Attempts, "it is not told again by itself")
		require.Empty(t, d.parcels(t, refused))
	})
}

// How finely parcels are told is the marketplace's to say: an order of HAT and TEE-M, which leaves in two parcels.
func TestTwoParcels(t *testing.T) {
	for name, want := range map[string]struct {
		parts         integrations.Parts
		first, second map[string]int
	}{
		"units":        {integrations.Units, map[string]int{"SF1": 1}, map[string]int{"SF1": 1, "SF2": 1}},
		"whole lines":  {integrations.WholeLines, map[string]int{"SF1": 1}, map[string]int{"SF1": 1, "SF2": 1}},
		"whole orders": {integrations.WholeOrders, map[string]int{}, map[string]int{"SF2": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
				d := newDesk(t, k)
				d.Adapters[0].Parts = want.parts
				id := d.sold(t, "HAT", "TEE-M")
				d.ship(t, id, "SF1", orders.LineQuantity{SKU: "HAT", Quantity: 1})
				d.settle(t)
				require.Equal(t, want.first, d.parcels(t, id))
				d.stands(t, id, orders.Open, "")
				d.ship(t, id, "SF2", orders.LineQuantity{SKU: "TEE-M", Quantity: 1})
				d.settle(t)
				require.Equal(t, want.second, d.parcels(t, id))
				require.Equal(t, integrations.Shipped, d.sale(t, id).State)
				d.stands(t, id, orders.Completed, "")
				require.Equal(t, []string{"DONE", "DONE"}, []string{d.owed(t)[0].State, d.owed(t)[1].State})
			})
		})
	}
}

// A line of two units that leaves in two parcels is told by whole lines with the parcel that completes it.
func TestALineInTwoParcels(t *testing.T) {
	for name, want := range map[string]struct {
		parts integrations.Parts
		told  map[string]int // units in each parcel
	}{
		"units":       {integrations.Units, map[string]int{"SF1": 1, "SF2": 1}},
		"whole lines": {integrations.WholeLines, map[string]int{"SF2": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			k := testkit.SQLite(t)
			d := newDesk(t, k)
			d.Adapters[0].Parts = want.parts
			d.put(t, "HAT", "WH", 9)
			d.live(t, "HAT")
			id, err := d.market.Buy([]string{"HAT"}, []int{2}, commerce.Address{})
			require.NoError(t, err)
			require.NoError(t, d.market.Move(id, "PAID"))
			d.settle(t)
			for _, number := range []string{"SF1", "SF2"} {
				d.ship(t, id, number, orders.LineQuantity{SKU: "HAT", Quantity: 1})
				d.settle(t)
			}
			told := map[string]int{}
			for _, p := range d.sale(t, id).Parcels {
				for _, l := range p.Lines {
					told[p.TrackingNumber] += l.Quantity
				}
			}
			require.Equal(t, want.told, told)
			require.Equal(t, integrations.Shipped, d.sale(t, id).State)
		})
	}
}

// cancel cancels some of an order, all when no lines are named.
func (d *desk) cancel(t testing.TB, external string, lines ...orders.LineQuantity) {
	t.Helper()
	id := d.order(t, external).ID
	_, _, err := d.orders.Cancel(d.ctx, orders.CancelInput{Key: fresh(), Order: commerce.OrderRef{ID: &id}, Reason: "not wanted any more", Lines: lines})
	require.NoError(t, err)
}

// A parcel that is to be told with a later one is told when no later one comes: of an order of two HATs and a TEE-M, a HAT and the
// TEE-M leave.
func TestAParcelIsToldWhenTheRestIsCanceled(t *testing.T) {
	rest := orders.LineQuantity{SKU: "HAT", Quantity: 1}
	for name, c := range map[string]struct {
		parts integrations.Parts
		end   func(*testing.T, *desk, string)
		told  map[string]int
		state string
	}{
		"whole orders":               {integrations.WholeOrders, func(t *testing.T, d *desk, id string) { d.cancel(t, id, rest) }, map[string]int{"SF1": 2}, "DONE"},
		"whole lines":                {integrations.WholeLines, func(t *testing.T, d *desk, id string) { d.cancel(t, id, rest) }, map[string]int{"SF1": 2}, "DONE"},
		"whole orders, all canceled": {integrations.WholeOrders, func(t *testing.T, d *desk, id string) { d.cancel(t, id) }, map[string]int{"SF1": 2}, "DONE"},
		"whole lines, all canceled":  {integrations.WholeLines, func(t *testing.T, d *desk, id string) { d.cancel(t, id) }, map[string]int{"SF1": 2}, "DONE"},
		"closed by the marketplace":  {integrations.WholeOrders, func(t *testing.T, d *desk, id string) { require.NoError(t, d.market.Move(id, "CLOSED")) }, map[string]int{}, "DONE"},
		"the rest leaves later":      {integrations.WholeLines, func(t *testing.T, d *desk, id string) { d.ship(t, id, "SF2") }, map[string]int{"SF1": 1, "SF2": 1}, "DONE"},
		"nothing more happens":       {integrations.WholeOrders, func(*testing.T, *desk, string) {}, map[string]int{}, "PENDING"},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
				d := newDesk(t, k)
				d.Adapters[0].Parts = c.parts
				d.put(t, "HAT", "WH", 9)
				d.put(t, "TEE-M", "WH", 9)
				d.live(t, "HAT", "TEE-M")
				id, err := d.market.Buy([]string{"HAT", "TEE-M"}, []int{2, 1}, commerce.Address{})
				require.NoError(t, err)
				require.NoError(t, d.market.Move(id, "PAID"))
				d.settle(t)
				d.ship(t, id, "SF1", rest, orders.LineQuantity{SKU: "TEE-M", Quantity: 1})
				d.settle(t)
				require.Empty(t, d.parcels(t, id))
				require.Equal(t, []any{"PENDING", 0}, []any{d.owed(t)[0].State, d.owed(t)[0].Attempts}, "it stays to be told")

				d.kit.Clock.Advance(time.Minute)
				c.end(t, d, id)
				for range 2 {
					d.settle(t)
				}
				require.Equal(t, c.told, d.parcels(t, id))
				for _, item := range d.owed(t) {
					require.Equal(t, c.state, item.State)
				}
				ships := d.spy.ships
				_, err = d.Store.DB.Write().Exec(d.ctx, "UPDATE event_cursors SET seq = 0")
				require.NoError(t, err)
				d.kit.Clock.Advance(time.Hour)
				d.settle(t)
				require.Equal(t, ships, d.spy.ships, "it is told once")

				// Killed after it was told, before that was noted.
				_, err = d.Store.DB.Write().Exec(d.ctx, "UPDATE outbox_items SET state = 'PENDING', attempts = 0")
				require.NoError(t, err)
				d.settle(t)
				require.Equal(t, c.told, d.parcels(t, id))
				d.ledger(t)
			})
		})
	}
}
