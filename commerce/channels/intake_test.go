package channels_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channelorder"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// news are orders in batches as a marketplace tells them, whatever the market says; nil lets the market speak.
func (d *desk) news(batches ...integrations.Order) {
	d.spy.orders = func(batch []integrations.Order) []integrations.Order { return batches }
}

func TestAnOrderComesInOnce(t *testing.T) { // MP-03, MP-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 10)
		d.put(t, "TEE-M", "WH", 10)
		d.live(t, "HAT", "TEE-M")
		id := d.buy(t, true, "HAT", "TEE-M")
		for range 4 { // windows overlap: each poll tells it again
			d.settle(t)
		}
		o := d.stands(t, id, orders.Open, "")
		require.Equal(t, []any{int64(15000), int64(15000), "PAID", commerce.Currency("CNY")}, []any{o.Total, o.Paid, o.PaymentState, o.Currency})
		require.Equal(t, "memory", *o.ExternalSystem)
		require.Equal(t, 1, k.Count(t, "orders", ""))
		require.Equal(t, 1, k.Count(t, "payments", ""))
		require.Equal(t, 2, k.Count(t, "order_lines", "variant_id IS NOT NULL"))
		require.Equal(t, []int{9, 9}, []int{d.available(t, "HAT"), d.available(t, "TEE-M")})
		require.NotNil(t, o.MemberID)
		require.Equal(t, 1, k.Count(t, "members", ""))
		version := o.Version

		// The same in one batch twice, and in the next batch again.
		sale := d.sale(t, id).Order
		sale.Raw = json.RawMessage(`{}`)
		d.news(sale, sale)
		d.settle(t)
		require.Equal(t, version, d.order(t, id).Version)
		require.Equal(t, 1, k.Count(t, "channel_orders", ""))
		d.ledger(t)
	})
}

func TestABuyerIsOneMember(t *testing.T) { // MP-07
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 10)
		d.live(t, "HAT")
		d.spy.orders = func(batch []integrations.Order) []integrations.Order {
			for i := range batch {
				batch[i].Buyer = "AAGkopen-uid"
				batch[i].Address.Recipient, batch[i].Address.Phone, batch[i].Address.Line1 = "王**", "138****8000", "示例街道**"
			}
			return batch
		}
		one, two := d.buy(t, true, "HAT"), d.buy(t, true, "HAT")
		d.settle(t)
		require.Equal(t, d.order(t, one).MemberID, d.order(t, two).MemberID)
		require.Equal(t, 1, k.Count(t, "members", ""))
		require.Equal(t, 1, k.Count(t, "channel_orders", "external_id = ?", one), "kept as received beside our order")
		require.Equal(t, []string{"orders.address"}, holding(t, k.Store, "138****8000"), "masked as it came, in the one place that ships")
		require.Empty(t, holding(t, k.Store, canary))
		kept, err := d.Store.Ent.ChannelOrder.Query().Where(channelorder.ExternalID(one)).Only(d.ctx)
		require.NoError(t, err)
		require.JSONEq(t, `"PAID"`, string(field(t, kept.Raw, "state")))
		require.Equal(t, []any{"TO_SHIP", d.order(t, one).ID}, []any{kept.ExternalState, kept.OrderID})
	})
}

func field(t testing.TB, text []byte, name string) json.RawMessage {
	t.Helper()
	all := map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(text, &all))
	return all[name]
}

func TestOldNewsChangesNothing(t *testing.T) { // MP-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 10)
		d.live(t, "HAT")
		id := d.buy(t, false, "HAT")
		unpaid := d.sale(t, id).Order
		d.kit.Clock.Advance(time.Minute)
		require.NoError(t, d.market.Move(id, "PAID"))
		paid := d.sale(t, id).Order
		d.kit.Clock.Advance(time.Minute)
		require.NoError(t, d.market.Move(id, "CLOSED"))
		closed := d.sale(t, id).Order

		d.news(paid, unpaid) // the later one first
		d.settle(t)
		d.stands(t, id, orders.Open, "")
		require.Equal(t, 9, d.available(t, "HAT"))
		d.news(unpaid)
		d.settle(t)
		d.stands(t, id, orders.Open, "")
		d.news(closed, paid, unpaid)
		d.settle(t)
		d.stands(t, id, orders.Canceled, "")
		require.Equal(t, 10, d.available(t, "HAT"))
		d.news(paid)
		d.settle(t)
		d.stands(t, id, orders.Canceled, "")
		require.Equal(t, 10, d.available(t, "HAT"), "given back once")
		d.ledger(t)
	})
}

func TestAnOrderChangedWhileItIsRead(t *testing.T) { // MP-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 500)
		d.live(t, "HAT")
		var ids []string
		for range 120 { // several pages
			ids = append(ids, d.buy(t, false, "HAT"))
		}
		pages := 0
		d.spy.orders = func(batch []integrations.Order) []integrations.Order {
			if pages++; pages == 1 {
				for _, id := range ids[:3] {
					require.NoError(t, d.market.Move(id, "PAID"))
				}
				ids = append(ids, d.buy(t, true, "HAT"))
			}
			return batch
		}
		d.turn(t, false)
		d.spy.orders = nil
		d.settle(t)
		require.Equal(t, 121, k.Count(t, "orders", ""))
		require.Equal(t, 117, k.Count(t, "orders", "hold_reason = ?", orders.HeldUnpaid))
		require.Equal(t, 4, k.Count(t, "orders", "state = 'OPEN'"))
		require.Equal(t, 500-121, d.available(t, "HAT"))
	})
}

// A marketplace may show an order a good while after it says it was placed.
func TestAnOrderThatShowsLateIsNotLost(t *testing.T) { // MP-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		id := d.buy(t, true, "HAT")
		d.spy.orders = func([]integrations.Order) []integrations.Order { return nil }
		for range 3 {
			d.turn(t, false)
			d.kit.Clock.Advance(25 * time.Second)
		}
		d.turn(t, false)
		d.spy.orders = nil
		d.turn(t, true)
		d.stands(t, id, orders.Open, "")
	})
}

// A clock that ran ahead and was set right leaves a mark in the future. Orders go on coming in all the same.
func TestTheMarkFallsWithTheClock(t *testing.T) { // MP-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		d.kit.Clock.Advance(5 * time.Hour)
		d.turn(t, true)
		d.kit.Clock.Advance(-5 * time.Hour)
		id := d.buy(t, true, "HAT")
		d.turn(t, false)
		d.stands(t, id, orders.Open, "")
		require.Equal(t, k.Store.Instant(), d.channel(t).OrdersUntil)
	})
}

// Our clock may be as far ahead of the marketplace's as its gateway bears: what it sells then lies far behind the mark. It is looked for
// there, but not all the time, since that may take many calls.
func TestAClockAheadLosesNoOrders(t *testing.T) { // MP-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		sold := func(ago time.Duration) string { // told by a clock so far behind ours
			d.turn(t, false)
			d.kit.Clock.Advance(-ago)
			id := d.buy(t, true, "HAT")
			d.kit.Clock.Advance(ago)
			return id
		}
		first := sold(14 * time.Minute)
		d.turn(t, true)
		d.stands(t, first, orders.Open, "")

		d.spy.back = nil
		second := sold(14 * time.Minute)
		d.turn(t, true)
		require.Zero(t, k.Count(t, "orders", "external_value = ?", second))
		require.Less(t, d.spy.back[len(d.spy.back)-1], 2*time.Minute, "not again so soon")
		d.kit.Clock.Advance(time.Minute)
		d.turn(t, true)
		d.stands(t, second, orders.Open, "")

		third := sold(5 * time.Hour)
		d.turn(t, true)
		require.Zero(t, k.Count(t, "orders", "external_value = ?", third))
		d.sync(t, channels.SyncOrders)
		d.turn(t, false)
		d.stands(t, third, orders.Open, "")
	})
}

func TestAnUnpaidOrderHoldsItsStock(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		pays, leaves := d.buy(t, false, "HAT"), d.buy(t, false, "HAT")
		d.settle(t)
		for _, id := range []string{pays, leaves} {
			require.Equal(t, "PENDING", d.stands(t, id, orders.Held, orders.HeldUnpaid).PaymentState)
		}
		require.Equal(t, 3, d.available(t, "HAT"))
		require.Equal(t, 3, d.shown(t, "HAT").Quantity)

		d.kit.Clock.Advance(time.Minute)
		require.NoError(t, d.market.Move(pays, "PAID"))
		require.NoError(t, d.market.Move(leaves, "CLOSED"))
		d.settle(t)
		require.Equal(t, "PAID", d.stands(t, pays, orders.Open, "").PaymentState)
		d.stands(t, leaves, orders.Canceled, "")
		for range 3 {
			d.settle(t)
		}
		onHand, reserved := d.level(t, "HAT")
		require.Equal(t, []int{5, 1}, []int{onHand, reserved}, "stock came back once")
		require.Equal(t, 4, d.shown(t, "HAT").Quantity)
		require.Equal(t, 1, k.Count(t, "stock_movements", "kind = 'RELEASE'"))
		d.ledger(t)
	})
}

// Some marketplaces tell freight, coupons and the place only with the payment, and let a buyer move until the parcel leaves.
func TestAmountsAndAddressComeWithThePayment(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		id := d.buy(t, false, "HAT")
		o := d.sale(t, id).Order
		o.Address = commerce.Address{Country: "CN", Line1: "some street"}
		d.news(o)
		d.settle(t)
		require.Equal(t, int64(5000), d.stands(t, id, orders.Held, orders.HeldUnpaid).Total)

		o.State, o.Modified = integrations.ToShip, d.kit.Clock.Advance(time.Second)
		o.Lines = slices.Clone(o.Lines)
		o.Lines[0].Total, o.Shipping, o.Total, o.Paid = 4400, 800, 5200, 5200
		o.Address = commerce.Address{Country: "CN", Province: "浙江省", City: "杭州市", Line1: "some street"}
		d.news(o)
		d.settle(t)
		ours := d.stands(t, id, orders.Open, "")
		require.Equal(t, []any{int64(5000), int64(600), int64(800), int64(5200), int64(5200), "PAID", o.Address},
			[]any{ours.Subtotal, ours.Discount, ours.Shipping, ours.Total, ours.Paid, ours.PaymentState, *ours.Address})

		o.Address.Line1 = canary // nothing else changes, not even the time
		d.news(o)
		d.settle(t)
		require.Equal(t, canary, d.order(t, id).Address.Line1)
		require.Equal(t, []string{"orders.address"}, holding(t, k.Store, canary), "and nowhere else")
		require.Zero(t, k.Count(t, "channel_orders", "fingerprint LIKE ?", "%"+canary+"%"))
		version := d.order(t, id).Version
		d.settle(t)
		o.Address = commerce.Address{Country: "CN"}
		d.news(o)
		d.settle(t)
		require.Equal(t, version, d.order(t, id).Version, "what is not told stays")

		// What is held is tried again without the address, which is kept in one place only.
		_, err := d.Store.DB.Write().Exec(d.ctx, "UPDATE channel_orders SET held = ?", true)
		require.NoError(t, err)
		d.turn(t, true)
		require.Equal(t, version, d.order(t, id).Version)
	})
}

func TestAnOrderWithoutMappingIsKept(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		d.market.Seed(integrations.RemoteListing{OuterCode: "NEW-1", Title: "新品", Price: 900, Quantity: 5})
		id := d.buy(t, true, "HAT", "NEW-1")
		d.settle(t)
		d.stands(t, id, orders.Held, orders.HeldUnmapped)
		require.Equal(t, 1, k.Count(t, "order_lines", "variant_id IS NULL AND sku = 'NEW-1' AND title = '新品'"), "it is shown, with what the marketplace calls it")
		require.Equal(t, 1, k.Count(t, "channel_orders", "held"))
		require.Equal(t, 5, d.available(t, "HAT"), "all of its lines wait")
		d.turn(t, true)
		d.stands(t, id, orders.Held, orders.HeldUnmapped)

		d.product(t, "new", true, "NEW-1", 900)
		d.put(t, "NEW-1", "WH", 2)
		d.turn(t, true)
		d.stands(t, id, orders.Open, "")
		require.Equal(t, []int{4, 1}, []int{d.available(t, "HAT"), d.available(t, "NEW-1")})
		require.Zero(t, k.Count(t, "channel_orders", "held"))
		d.turn(t, true)
		d.ledger(t)
	})
}

func TestLinesGoByTheirListingFirst(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		_, err := d.catalog.Upsert(d.ctx, renamed("hat", "HAT", "HAT-2"))
		require.NoError(t, err)
		id := d.buy(t, true, "HAT") // the marketplace still has the old code
		d.turn(t, false)
		d.stands(t, id, orders.Open, "")
		require.Equal(t, 1, k.Count(t, "order_lines", "sku = 'HAT-2'"))
	})
}

func TestAShortOrderWaitsForStock(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 1)
		d.live(t, "HAT")
		d.market.Seed(integrations.RemoteListing{OuterCode: "HAT", Price: 5000, Quantity: 9})
		first, second := d.buy(t, true, "HAT"), d.buy(t, true, "HAT")
		d.settle(t)
		d.stands(t, first, orders.Open, "")
		require.Equal(t, "PAID", d.stands(t, second, orders.Held, orders.HeldShort).PaymentState)
		require.Zero(t, d.available(t, "HAT"))
		d.put(t, "HAT", "WH", 3)
		j := d.sync(t, channels.SyncOrders)
		d.turn(t, false)
		require.Equal(t, "DONE", d.job(t, j).State)
		d.stands(t, second, orders.Open, "")
		require.Equal(t, 1, d.available(t, "HAT"))
		d.ledger(t)
	})
}

// Held orders are tried again in turn, however many nothing can be done for, and whatever is wrong with one of them.
func TestEveryHeldOrderHasItsTurn(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "TEE-M", "WH", 5)
		d.live(t, "HAT", "TEE-M")
		d.market.Seed(integrations.RemoteListing{OuterCode: "HAT", Price: 5000, Quantity: 999})
		d.market.Seed(integrations.RemoteListing{OuterCode: "TEE-M", Price: 5000, Quantity: 999})
		var stuck []string
		for range 205 {
			stuck = append(stuck, d.buy(t, true, "HAT"))
		}
		d.turn(t, false)
		d.put(t, "TEE-M", "WH", 0)
		late := d.buy(t, true, "TEE-M")
		d.turn(t, false)
		d.stands(t, late, orders.Held, orders.HeldShort)
		require.Equal(t, 206, k.Count(t, "channel_orders", "held"))
		_, err := d.Store.DB.Write().Exec(d.ctx, "UPDATE channel_orders SET news = ? WHERE external_id = ?", []byte("{"), stuck[0])
		require.NoError(t, err)

		d.put(t, "TEE-M", "WH", 1)
		d.turn(t, true)
		d.stands(t, late, orders.Held, orders.HeldShort)
		require.NotEmpty(t, d.channel(t).LastErrorCode, "it is seen that something is wrong")
		d.turn(t, true)
		d.stands(t, late, orders.Open, "")

		d.put(t, "HAT", "WH", 999)
		d.turn(t, true)
		d.turn(t, true)
		require.Equal(t, 1, k.Count(t, "channel_orders", "held"), "all but the one that cannot be read")
		d.stands(t, stuck[0], orders.Held, orders.HeldShort)
		d.ledger(t)
	})
}

func TestWhatCannotBeShippedIsHeld(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		id := d.buy(t, true, "HAT")
		require.NoError(t, d.market.Move(id, "SOMETHING_NEW"))
		d.settle(t)
		d.stands(t, id, orders.Held, orders.HeldUnknown)
		d.kit.Clock.Advance(time.Minute)
		require.NoError(t, d.market.Move(id, "PAID"))
		d.settle(t)
		d.stands(t, id, orders.Open, "")

		refund := d.sale(t, id).Order
		refund.Blocked, refund.Modified = "REFUND", d.kit.Clock.Advance(time.Second)
		d.news(refund)
		d.settle(t)
		d.stands(t, id, orders.Held, orders.HeldBlocked)
	})
}

func TestARefundedLineStaysAndTheRestGoes(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.put(t, "TEE-M", "WH", 5)
		d.live(t, "HAT", "TEE-M")
		ships, elsewhere := d.buy(t, true, "HAT", "TEE-M"), d.buy(t, true, "HAT", "TEE-M")
		refunded := func(id string, state integrations.OrderState) integrations.Order {
			o := d.sale(t, id).Order
			o.State, o.Modified, o.Lines = state, d.kit.Clock.Advance(time.Second), slices.Clone(o.Lines)
			o.Lines[0].Closed = true
			o.Lines[1].Shipped = state == integrations.Shipped
			return o
		}
		d.settle(t)
		garbled := refunded(ships, integrations.ToShip)
		garbled.Lines[1].Total = -1
		d.news(garbled)
		d.settle(t)
		require.Equal(t, int64(15000), d.stands(t, ships, orders.Held, orders.HeldUnread).Total, "what cannot be read cancels nothing")
		d.news(refunded(ships, integrations.ToShip), refunded(elsewhere, integrations.Shipped))
		d.settle(t)
		require.Equal(t, int64(10000), d.stands(t, ships, orders.Open, "").Total)
		d.stands(t, elsewhere, orders.Completed, "")
		onHand, reserved := d.level(t, "HAT")
		require.Equal(t, []int{5, 0}, []int{onHand, reserved}, "no hat has left")
		d.spy.orders = nil
		d.ship(t, ships, "SF1")
		d.settle(t)
		require.Equal(t, map[string]int{"SF1": 1}, d.parcels(t, ships))
		d.stands(t, ships, orders.Completed, "")
		onHand, reserved = d.level(t, "TEE-M")
		require.Equal(t, []int{3, 0}, []int{onHand, reserved})
		d.ledger(t)
	})
}

func TestAnOrderShippedElsewhereIsBooked(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		id := d.buy(t, true, "HAT")
		d.settle(t)
		gone := d.sale(t, id).Order
		gone.State, gone.Modified = integrations.Shipped, d.kit.Clock.Advance(time.Second)
		gone.Lines = append([]integrations.OrderLine{}, gone.Lines...)
		gone.Lines[0].TrackingNumber = "SF99"
		d.news(gone)
		d.settle(t)
		d.stands(t, id, orders.Completed, "")
		require.Equal(t, 1, k.Count(t, "fulfillments", "carrier = ? AND tracking_number = 'SF99'", channels.ToldByMarketplace))
		onHand, reserved := d.level(t, "HAT")
		require.Equal(t, []int{4, 0}, []int{onHand, reserved})
		require.Zero(t, k.Count(t, "outbox_items", ""), "who told us is not told")
	})
}

func TestOneBadOrderHoldsUpNoOther(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		id := d.buy(t, true, "HAT")
		bad := []integrations.Order{
			{ExternalID: "empty", State: integrations.ToShip, Modified: k.Clock.Now()},
			{ExternalID: "unknown", State: integrations.Unknown, Raw: json.RawMessage(`{"payment":"about 100"}`)}, // without any time
		}
		for name, l := range map[string]integrations.OrderLine{
			"none of it": {OuterCode: "HAT"}, "less than none": {OuterCode: "HAT", Quantity: -1}, "too many": {OuterCode: "HAT", Quantity: commerce.MaxQuantity + 1},
			"too dear": {OuterCode: "HAT", Quantity: 2, UnitPrice: commerce.MaxAmount}, "it costs less than nothing": {OuterCode: "HAT", Quantity: 1, Total: -1},
		} {
			bad = append(bad, integrations.Order{ExternalID: name, State: integrations.ToShip, Lines: []integrations.OrderLine{l}, Shipping: 1, Modified: k.Clock.Now()})
		}
		d.spy.orders = func(batch []integrations.Order) []integrations.Order { return append(slices.Clone(bad), batch...) }
		for range 2 {
			d.turn(t, false)
			d.stands(t, id, orders.Open, "")
			for _, o := range bad {
				kept := d.stands(t, o.ExternalID, orders.Held, orders.HeldUnread)
				require.Equal(t, []any{"PENDING", int64(0), int64(1)}, []any{kept.PaymentState, kept.Total, kept.Version}, o.ExternalID)
			}
			require.Equal(t, 1+len(bad), k.Count(t, "orders", ""))
			require.Equal(t, 1+len(bad), k.Count(t, "channel_orders", ""))
			require.Equal(t, 1, k.Count(t, "order_lines", ""))
			require.Equal(t, k.Store.Instant(), d.channel(t).OrdersUntil, "what can never be read is not read for ever")
			require.Equal(t, []string{channels.Active, ""}, []string{d.channel(t).State, d.channel(t).LastErrorCode})
		}
		require.Zero(t, d.kit.Clock.Now().Sub(d.order(t, "unknown").PlacedAt.Time()).Truncate(time.Minute), "an order whose time nobody knows was placed when it came")
	})
}

func TestNULsInWhatAMarketplaceSaysStopNothing(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		id := d.buy(t, true, "HAT")
		d.spy.orders = func(batch []integrations.Order) []integrations.Order {
			for i := range batch {
				o := &batch[i]
				o.Buyer, o.Address.Line1, o.Address.Country = "open\x00uid", "road\x00 1", "CN"
				o.Lines = slices.Clone(o.Lines)
				o.Lines[0].Title, o.Lines[0].TrackingNumber = "h\x00at", "\x00"
			}
			return batch
		}
		d.settle(t)
		o := d.stands(t, id, orders.Open, "")
		require.Equal(t, "road\uFFFD 1", o.Address.Line1)
		require.Equal(t, 1, k.Count(t, "order_lines", "title = ?", "h\uFFFDat"))
		require.Equal(t, k.Store.Instant(), d.channel(t).OrdersUntil)
	})
}

func TestAnOrderTakesItsLinesWhenItCanBeRead(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		broken := true
		d.spy.orders = func(batch []integrations.Order) []integrations.Order {
			for i, o := range batch {
				if broken {
					batch[i] = integrations.Order{ExternalID: o.ExternalID, State: integrations.Unknown, Placed: o.Placed, Modified: o.Modified}
				}
			}
			return batch
		}
		id, closes, left := d.buy(t, true, "HAT"), d.buy(t, true, "HAT"), d.buy(t, true, "HAT")
		d.settle(t)
		for _, one := range []string{id, closes, left} {
			d.stands(t, one, orders.Held, orders.HeldUnread)
		}
		require.Equal(t, 5, d.available(t, "HAT"))
		broken = false
		d.kit.Clock.Advance(time.Second)
		require.NoError(t, d.market.Move(closes, "CLOSED"))
		d.kit.Clock.Advance(time.Second)
		require.NoError(t, d.market.Move(left, "COMPLETED"))
		d.turn(t, false)
		o := d.stands(t, id, orders.Open, "")
		require.Equal(t, []any{"PAID", int64(5000), "杭州市"}, []any{o.PaymentState, o.Total, o.Address.City})
		require.NotNil(t, o.MemberID)
		d.stands(t, closes, orders.Canceled, "")
		d.stands(t, left, orders.Completed, "")
		require.Equal(t, 3, k.Count(t, "order_lines", "variant_id IS NOT NULL"))
		require.Equal(t, 3, d.available(t, "HAT"), "one is promised, one has left")

		// One that was read before keeps its lines and waits.
		broken = true
		d.kit.Clock.Advance(time.Second)
		require.NoError(t, d.market.Move(id, "PAID"))
		d.turn(t, false)
		d.stands(t, id, orders.Held, orders.HeldUnread)
		require.Equal(t, 3, d.available(t, "HAT"))
		broken = false
		d.turn(t, false)
		d.stands(t, id, orders.Open, "")
		require.Equal(t, 3, k.Count(t, "order_lines", ""))
		d.ledger(t)
	})
}

// An order that could not be read is asked for again although it has not changed: with the sweeps of an hour, and when somebody says so.
func TestAnUnreadOrderIsAskedForAgain(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		d.spy.orders = func(batch []integrations.Order) []integrations.Order {
			for i, o := range batch {
				batch[i] = integrations.Order{ExternalID: o.ExternalID, State: integrations.Unknown, Modified: o.Modified}
			}
			return batch
		}
		soon := d.buy(t, true, "HAT")
		d.turn(t, false)
		d.stands(t, soon, orders.Held, orders.HeldUnread)
		d.kit.Clock.Advance(30 * time.Minute)
		for range 3 { // a connection's tries
			d.market.Fail(integrations.FetchOrder, memory.Fault{Kind: integrations.Temporary})
		}
		d.turn(t, true)
		d.stands(t, soon, orders.Held, orders.HeldUnread)
		require.Empty(t, d.channel(t).LastErrorCode, "the shop is well")
		d.turn(t, true)
		d.stands(t, soon, orders.Open, "")

		late := d.buy(t, true, "HAT")
		d.turn(t, false)
		d.kit.Clock.Advance(2 * time.Hour)
		d.turn(t, true)
		d.stands(t, late, orders.Held, orders.HeldUnread)
		d.sync(t, channels.SyncOrders)
		d.turn(t, false)
		d.stands(t, late, orders.Open, "")
		d.ledger(t)
	})
}

// A partner may place a marketplace's order here, with the name it has there, before the marketplace tells of it.
func TestAnOrderPlacedHereBeforeIsTheMarketplaces(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 9)
		d.put(t, "TEE-M", "WH", 9)
		d.live(t, "HAT", "TEE-M")
		place := func(external, system string, skus ...string) *ent.Order {
			in := orders.PlaceInput{Key: fresh(), Channel: commerce.ChannelRef{Code: d.task.Code}, External: &commerce.Reference{System: system, Value: external}}
			for _, sku := range skus {
				in.Lines = append(in.Lines, orders.LineInput{Variant: commerce.VariantRef{SKU: sku}, Quantity: 1})
			}
			_, _, err := d.orders.Place(d.ctx, in)
			require.NoError(t, err)
			return d.order(t, external)
		}
		paid, unpaid, other := d.buy(t, true, "HAT", "TEE-M"), d.buy(t, false, "HAT"), d.buy(t, true, "HAT")
		placed := place(paid, "memory", "TEE-M", "HAT")
		place(unpaid, "Memory", "HAT")
		d.settle(t)
		require.Equal(t, k.Store.Instant(), d.channel(t).OrdersUntil)
		require.Empty(t, d.channel(t).LastErrorCode)
		o := d.stands(t, paid, orders.Open, "")
		require.Equal(t, []any{placed.ID, int64(15000), "PAID"}, []any{o.ID, o.Paid, o.PaymentState})
		require.Equal(t, 3, k.Count(t, "orders", ""), "nothing is doubled")
		require.Equal(t, 3, k.Count(t, "channel_orders", ""))
		require.Equal(t, []int{6, 8}, []int{d.available(t, "HAT"), d.available(t, "TEE-M")})
		d.stands(t, other, orders.Open, "")
		d.stands(t, unpaid, orders.Held, orders.HeldUnpaid)

		version := o.Version
		d.settle(t)
		require.Equal(t, version, d.order(t, paid).Version)
		d.ship(t, paid, "SF1", orders.LineQuantity{SKU: "HAT", Quantity: 1})
		d.kit.Clock.Advance(time.Minute)
		require.NoError(t, d.market.Move(unpaid, "CLOSED"))
		d.settle(t)
		require.Equal(t, map[string]int{"SF1": 1}, d.parcels(t, paid), "it is told by the marketplace's names")
		require.Equal(t, d.sale(t, paid).Lines[0].ExternalID, d.sale(t, paid).Parcels[0].Lines[0].ExternalID)
		d.stands(t, unpaid, orders.Canceled, "")
		require.Equal(t, 7, d.available(t, "HAT"))
		d.ledger(t)
	})
}

// What one order's news ask for may be impossible here for the time being: the other orders do not wait for it.
func TestNewsThatCannotBeFollowedHoldUpNoOther(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "TEE-M", "WH", 5)
		gone := d.sold(t, "HAT")
		reserved := func(n int) { // whatever stands in the way of what the news ask for
			_, err := k.Store.DB.Write().Exec(d.ctx, "UPDATE stock_levels SET reserved = ? WHERE variant_id = (SELECT id FROM variants WHERE sku = 'HAT' AND brand_id = ?)", n, k.Brand.ID)
			require.NoError(t, err)
		}
		reserved(0)
		left := d.sale(t, gone).Order
		left.State, left.Modified = integrations.Shipped, d.kit.Clock.Advance(time.Second)
		d.news(left)
		d.turn(t, false)
		d.stands(t, gone, orders.Open, "")
		require.Equal(t, k.Store.Instant(), d.channel(t).OrdersUntil)
		require.Equal(t, 1, k.Count(t, "channel_orders", "held"))
		reserved(1)
		d.spy.orders = func([]integrations.Order) []integrations.Order { return nil } // it was told once
		d.turn(t, true)
		d.stands(t, gone, orders.Completed, "")
		require.Zero(t, k.Count(t, "channel_orders", "held"))
		d.ledger(t)
	})
}

func TestAWindowThatFailsHalfWayIsReadAgain(t *testing.T) { // MP-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		id := d.buy(t, true, "HAT")
		for range 3 {
			d.market.Fail(integrations.ReadOrders, memory.Fault{Kind: integrations.Temporary})
		}
		mark := d.channel(t).OrdersUntil
		d.turn(t, false)
		require.Equal(t, mark, d.channel(t).OrdersUntil)
		require.Equal(t, "ON_DEMAND", d.channel(t).LastErrorCode)
		d.kit.Clock.Advance(time.Hour)
		d.turn(t, false)
		d.stands(t, id, orders.Open, "")
		require.Equal(t, k.Store.Instant(), d.channel(t).OrdersUntil)
	})
}

// renamed gives a variant another SKU.
func renamed(handle, from, to string) catalog.UpsertInput {
	return catalog.UpsertInput{Handle: commerce.Some(handle), Variants: []catalog.VariantInput{{By: &commerce.VariantRef{SKU: from}, SKU: commerce.Some(to)}}}
}
