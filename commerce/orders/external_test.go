package orders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// command is a marketplace's order for hats at 100.00 each, not paid yet.
func (s *shop) command(quantity int64) orders.Command {
	return orders.Command{
		Channel: s.channel, External: &commerce.Reference{System: "taobao", Value: fresh()}, PlacedAt: s.Store.Instant(), KeepShort: true,
		HoldFor: orders.HeldUnpaid,
		Lines:   []orders.CommandLine{{Variant: &s.hat.ID, SKU: "HAT", Title: "帽子", Quantity: quantity, UnitPrice: 10000, Total: 10000 * quantity, ExternalID: "1"}},
	}
}

func (s *shop) receive(t testing.TB, c orders.Command) commerce.UUID {
	t.Helper()
	out, err := events.Do(s.ctx, s.Store, func(tx *events.Tx) ([]orders.Outcome, error) {
		return orders.Receive(s.ctx, tx, []orders.Command{c})
	})
	require.NoError(t, err)
	require.NoError(t, out[0].Err)
	return out[0].Order
}

// hear brings an order to the news and checks that the answer tells whether it changed, and that the same news again change nothing.
func (s *shop) hear(t testing.TB, id commerce.UUID, n orders.News) bool {
	t.Helper()
	follow := func() bool {
		before := s.order(t, id)
		changed, err := events.Do(s.ctx, s.Store, func(tx *events.Tx) (bool, error) { return orders.Follow(s.ctx, tx, id, n) })
		require.NoError(t, err)
		after := s.order(t, id)
		require.Equal(t, changed, after.Version > before.Version, "changed is a new version, and nothing else is")
		require.Len(t, s.kit.Facts(t, id), int(after.Version), "told as often as it changed")
		if !changed {
			require.Equal(t, before.UpdatedAt, after.UpdatedAt)
		}
		return changed
	}
	changed := follow()
	s.kit.Clock.Advance(1e9)
	for range 2 {
		require.False(t, follow(), "the same news again")
	}
	s.sums(t)
	return changed
}

func (s *shop) stands(t testing.TB, id commerce.UUID, state orders.State, reason string) {
	t.Helper()
	o := s.order(t, id)
	require.Equal(t, []string{string(state), reason}, []string{o.State, o.HoldReason})
}

func TestAMarketplaceOrderWaitsForItsPayment(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		id := s.receive(t, s.command(2))
		s.stands(t, id, orders.Held, orders.HeldUnpaid)
		require.Equal(t, []string{"WH HAT 2"}, s.promised(t, id), "its stock is promised all the same")
		_, _, err := s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: s.work(t, id)[0].ID})
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		require.False(t, s.hear(t, id, orders.News{HoldFor: orders.HeldUnpaid}))
		require.True(t, s.hear(t, id, orders.News{HoldFor: orders.HeldUnpaid, Paid: 5000}))
		s.stands(t, id, orders.Held, orders.HeldUnpaid)
		require.Equal(t, "PARTIALLY_PAID", s.order(t, id).PaymentState)

		require.True(t, s.hear(t, id, orders.News{Paid: 20000}))
		s.stands(t, id, orders.Open, "")
		require.Equal(t, "PAID", s.order(t, id).PaymentState)
		require.Equal(t, 2, k.Count(t, "payments", "order_id = ?", id))
		a := s.accepted(t, id)

		require.False(t, s.hear(t, id, orders.News{HoldFor: orders.HeldUnpaid}), "news that lag behind")
		require.False(t, s.hear(t, id, orders.News{Paid: 99999999}), "never more than is due")
		s.stands(t, id, orders.Open, "")

		require.True(t, s.hear(t, id, orders.News{HoldFor: orders.HeldBlocked, Paid: 20000}))
		s.stands(t, id, orders.Held, orders.HeldBlocked)
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		require.True(t, s.hear(t, id, orders.News{Paid: 20000}))
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		_, _, err = s.Ship(k.Ctx, s.parcel(s.accepted(t, id)))
		require.NoError(t, err)
		s.stands(t, id, orders.Completed, "")
		for _, n := range []orders.News{{}, {Paid: 20000}, {HoldFor: orders.HeldUnpaid}, {HoldFor: orders.HeldBlocked}, {Left: true}, {Closed: true}} {
			require.False(t, s.hear(t, id, n), "it is over: %+v", n)
		}
		require.Equal(t, 1, k.Count(t, "fulfillments", ""))
	})
}

func TestAMarketplaceOrderThatCannotBeReadIsKept(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		whole := s.command(2)
		whole.HoldFor, whole.Shipping, whole.Address.City = "", 500, "杭州市"
		blank := whole
		blank.Lines, blank.Shipping, blank.Address = nil, 0, commerce.Address{}
		id := s.receive(t, blank)
		s.stands(t, id, orders.Held, orders.HeldUnread)
		o := s.order(t, id)
		require.Equal(t, []any{"PENDING", commerce.Instant(0), int64(0)}, []any{o.PaymentState, o.PaidAt, o.Total}, "nobody knows what is due")
		for _, n := range []orders.News{{}, {Paid: 20500}, {Left: true}, {HoldFor: orders.HeldUnread}} {
			s.hear(t, id, n)
			s.stands(t, id, orders.Held, orders.HeldUnread)
		}
		fill := func(c orders.Command) bool {
			changed, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (bool, error) { return orders.Fill(k.Ctx, tx, id, c) })
			require.NoError(t, err)
			return changed
		}
		require.False(t, fill(blank))
		require.True(t, fill(whole))
		s.stands(t, id, orders.Held, orders.HeldUnread)
		o = s.order(t, id)
		require.Equal(t, []any{"PENDING", int64(20000), int64(500), int64(20500), "杭州市"}, []any{o.PaymentState, o.Subtotal, o.Shipping, o.Total, o.Address.City})
		require.False(t, fill(whole), "once")
		require.True(t, s.hear(t, id, orders.News{Paid: 20500}))
		s.stands(t, id, orders.Open, "")
		require.Equal(t, "PAID", s.order(t, id).PaymentState)
		require.Equal(t, []string{"WH HAT 2"}, s.promised(t, id))
		require.False(t, fill(whole))

		gone := s.receive(t, orders.Command{Channel: s.channel, External: &commerce.Reference{System: "taobao", Value: fresh()}, PlacedAt: s.Store.Instant(), KeepShort: true})
		require.True(t, s.hear(t, gone, orders.News{Closed: true}))
		s.stands(t, gone, orders.Canceled, "")
		require.Equal(t, 1, k.Count(t, "order_lines", ""))
	})
}

func TestAMarketplaceOrderWithoutStockIsKept(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 1)
		c := s.command(2)
		c.HoldFor = ""
		id := s.receive(t, c)
		s.stands(t, id, orders.Held, orders.HeldShort)
		require.Empty(t, s.promised(t, id))
		require.True(t, s.hear(t, id, orders.News{Paid: 20000}))
		s.stands(t, id, orders.Held, orders.HeldShort)
		s.put(t, "HAT", "ST", 1)
		require.True(t, s.hear(t, id, orders.News{Paid: 20000}))
		s.stands(t, id, orders.Open, "")
		require.Equal(t, []string{"WH HAT 1", "ST HAT 1"}, s.promised(t, id))

		unpaid := s.receive(t, s.command(1))
		s.stands(t, unpaid, orders.Held, orders.HeldShort)
		s.put(t, "HAT", "WH", 2)
		require.True(t, s.hear(t, unpaid, orders.News{HoldFor: orders.HeldUnpaid}))
		s.stands(t, unpaid, orders.Held, orders.HeldUnpaid)
		require.Equal(t, []string{"WH HAT 1"}, s.promised(t, unpaid))
		require.True(t, s.hear(t, unpaid, orders.News{Paid: 10000}))
		s.stands(t, unpaid, orders.Open, "")

		strict := s.command(9)
		strict.KeepShort = false
		_, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (struct{}, error) {
			out, err := orders.Receive(k.Ctx, tx, []orders.Command{strict})
			require.NoError(t, err)
			return struct{}{}, out[0].Err
		})
		testkit.Refused(t, err, commerce.InsufficientStock, "lines.0.quantity")
		require.Equal(t, 2, k.Count(t, "orders", ""))
	})
}

func TestAMarketplaceOrderWaitsForItsMapping(t *testing.T) { // MP-10
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		s.put(t, "CAP", "WH", 5)
		c := s.command(1)
		c.HoldFor = ""
		c.Lines = append(c.Lines,
			orders.CommandLine{SKU: "their-cap", Title: "鸭舌帽", Quantity: 2, UnitPrice: 3000, Total: 5500, ExternalID: "2"},
			orders.CommandLine{SKU: "", Title: "?", Quantity: 1, UnitPrice: 100, Total: 100, ExternalID: "3"})
		id := s.receive(t, c)
		s.stands(t, id, orders.Held, orders.HeldUnmapped)
		o := s.order(t, id)
		require.Equal(t, []int64{16100, 500, 15600}, []int64{o.Subtotal, o.Discount, o.Total})
		lines := s.lines(t, id)
		require.False(t, s.hear(t, id, orders.News{}))
		require.False(t, s.hear(t, id, orders.News{Variants: map[commerce.UUID]commerce.UUID{lines[1].ID: s.cap.ID}}), "one is still missing")
		require.Nil(t, s.lines(t, id)[1].VariantID, "all lines or none")
		s.stands(t, id, orders.Held, orders.HeldUnmapped)

		require.True(t, s.hear(t, id, orders.News{Variants: map[commerce.UUID]commerce.UUID{lines[1].ID: s.cap.ID, lines[2].ID: s.hat.ID}}))
		s.stands(t, id, orders.Open, "")
		require.ElementsMatch(t, []string{"WH HAT 1", "WH HAT 1", "WH CAP 2"}, s.promised(t, id))
		_, _, err := s.Ship(k.Ctx, s.parcel(s.accepted(t, id), orders.LineQuantity{SKU: "CAP", Quantity: 2}, orders.LineQuantity{SKU: "HAT", Quantity: 2}))
		require.NoError(t, err, "mapped lines go by our SKUs")
		require.Equal(t, "FULFILLED", s.order(t, id).FulfillmentState)

		foreign := newShop(t, k, k.OtherCtx)
		second := s.receive(t, orders.Command{Channel: s.channel, PlacedAt: k.Store.Instant(), KeepShort: true,
			Lines: []orders.CommandLine{{Title: "?", Quantity: 1, UnitPrice: 1, Total: 1, ExternalID: "1"}}})
		_, err = events.Do(k.Ctx, k.Store, func(tx *events.Tx) (bool, error) {
			return orders.Follow(k.Ctx, tx, second, orders.News{Variants: map[commerce.UUID]commerce.UUID{s.lines(t, second)[0].ID: foreign.hat.ID}})
		})
		require.Error(t, err, "no line is mapped to another brand's variant")
	})
}

func TestAMarketplaceClosesAnOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		held, paid, short, left := s.receive(t, s.command(1)), s.receive(t, s.command(1)), s.receive(t, s.command(99)), s.receive(t, s.command(2))
		require.True(t, s.hear(t, paid, orders.News{Paid: 10000}))
		a := s.accepted(t, paid)
		require.True(t, s.hear(t, left, orders.News{Paid: 20000}))
		_, _, err := s.Ship(k.Ctx, s.parcel(s.accepted(t, left), orders.LineQuantity{SKU: "HAT", Quantity: 1}))
		require.NoError(t, err)
		for _, id := range []commerce.UUID{held, paid, short} {
			require.True(t, s.hear(t, id, orders.News{Closed: true}))
			s.stands(t, id, orders.Canceled, "")
			for _, n := range []orders.News{{Closed: true, Paid: 10000}, {Paid: 10000}, {Left: true}, {HoldFor: orders.HeldUnpaid}} {
				require.False(t, s.hear(t, id, n), "canceled once and for all: %+v", n)
			}
		}
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		_, reserved := s.level(t, s.hat)
		require.Equal(t, 1, reserved)

		require.True(t, s.hear(t, left, orders.News{Closed: true}))
		s.stands(t, left, orders.CancelRequested, "")
		_, reserved = s.level(t, s.hat)
		require.Equal(t, 1, reserved, "nothing is given back once something has left")
	})
}

func TestAMarketplaceSaysThatAnOrderHasLeft(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 2)
		s.put(t, "HAT", "ST", 3)
		split := s.receive(t, s.command(4))
		require.True(t, s.hear(t, split, orders.News{Left: true, Paid: 40000, Carrier: "SF", TrackingNumber: "SF9"}), "paid, released and gone in one")
		s.stands(t, split, orders.Completed, "")
		require.Equal(t, 2, k.Count(t, "fulfillments", "order_id = ? AND carrier = 'SF' AND tracking_number = 'SF9'", split))
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{1, 0}, []int{onHand, reserved})

		short := s.receive(t, s.command(2))
		require.False(t, s.hear(t, short, orders.News{Left: true}), "what we do not have cannot have left from us")
		s.stands(t, short, orders.Held, orders.HeldShort)
		s.put(t, "HAT", "WH", 2)
		require.True(t, s.hear(t, short, orders.News{Left: true}))
		require.Equal(t, "FULFILLED", s.order(t, short).FulfillmentState)
		require.Equal(t, 1, k.Count(t, "fulfillments", "order_id = ? AND carrier = 'MARKETPLACE'", short))

		s.put(t, "HAT", "WH", 5)
		part := s.receive(t, s.command(3))
		require.True(t, s.hear(t, part, orders.News{Paid: 30000}))
		_, _, err := s.Ship(k.Ctx, s.parcel(s.accepted(t, part), orders.LineQuantity{SKU: "HAT", Quantity: 1}))
		require.NoError(t, err)
		require.True(t, s.hear(t, part, orders.News{Paid: 30000, Left: true}), "the rest left without us")
		s.stands(t, part, orders.Completed, "")
		require.EqualValues(t, 3, s.lines(t, part)[0].Fulfilled)
	})
}

// Fulfilled first and paid in full together with the close: what is complete stays so.
func TestPaymentAndCloseTogether(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 2)
		id := s.receive(t, s.command(1))
		require.True(t, s.hear(t, id, orders.News{Left: true}))
		s.stands(t, id, orders.Open, "")
		require.True(t, s.hear(t, id, orders.News{Closed: true, Paid: 10000}))
		s.stands(t, id, orders.Completed, "")
	})
}

func TestFollowKeepsToTheBrand(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 2)
		id := s.receive(t, s.command(1))
		_, err := events.Do(k.OtherCtx, k.Store, func(tx *events.Tx) (bool, error) {
			return orders.Follow(k.OtherCtx, tx, id, orders.News{Closed: true})
		})
		require.Error(t, err)
		s.stands(t, id, orders.Held, orders.HeldUnpaid)
	})
}
