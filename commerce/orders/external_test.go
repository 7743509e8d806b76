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

// says is the news of an order of one line of hats.
func says(quantity, total, shipping int64) orders.News {
	return orders.News{Lines: []orders.NewsLine{{ExternalID: "1", Quantity: quantity, Total: total}}, Shipping: shipping}
}

func with(n orders.News, change func(*orders.News)) orders.News {
	change(&n)
	return n
}

func TestAmountsAndAddressFollowTheMarketplace(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		c := s.command(3)
		c.Address, c.Near = commerce.Address{Country: "CN", Line1: "first"}, &commerce.Point{Latitude: 31.2, Longitude: 121.5}
		id := s.receive(t, c)
		require.Equal(t, [4]int64{30000, 0, 30000, 0}, s.sum(t, id))
		require.Equal(t, c.Near, s.order(t, id).Near)
		waits := func(n orders.News) orders.News { n.HoldFor = orders.HeldUnpaid; return n }

		require.False(t, s.hear(t, id, waits(says(3, 30000, 0))))
		require.False(t, s.hear(t, id, waits(says(2, 20000, 0))), "another quantity is another line")
		require.False(t, s.hear(t, id, waits(orders.News{Lines: []orders.NewsLine{{ExternalID: "2", Quantity: 3, Total: 1}}})))
		require.False(t, s.hear(t, id, waits(says(3, -1, 0))))
		require.False(t, s.hear(t, id, waits(says(3, 30000, commerce.MaxAmount))))
		version := s.order(t, id).Version
		moved := commerce.Address{Country: "CN", Province: "浙江省", City: "杭州市", Line1: "second"}
		require.True(t, s.hear(t, id, with(waits(says(3, 29990, 800)), func(n *orders.News) { n.Address = &moved })))
		o := s.order(t, id)
		require.Equal(t, version+1, o.Version, "in one step")
		require.Equal(t, []any{[4]int64{30000, 10, 30790, 0}, int64(800), moved}, []any{s.sum(t, id), o.Shipping, *o.Address})
		require.Nil(t, o.Near, "that is where it went before")
		require.Equal(t, 1, k.Count(t, "order_entries", "kind = 'REVISED' AND note = 'total 307.90 CNY, was 300.00 CNY; address'"))

		// Paid with more than was known, and for less than it was.
		require.True(t, s.hear(t, id, with(says(3, 29990, 1000), func(n *orders.News) { n.Paid = 30990 })))
		require.Equal(t, [4]int64{30000, 10, 30990, 30990}, s.sum(t, id))
		s.stands(t, id, orders.Open, "")
		require.False(t, s.hear(t, id, waits(says(3, 30000, 0))), "news from before the payment")
		_, _, err := s.Refund(k.Ctx, s.giveBack(id, 990))
		require.NoError(t, err)
		require.True(t, s.hear(t, id, with(says(3, 40000, 0), func(n *orders.News) { n.Paid = 30990 })))
		require.Equal(t, [4]int64{30000, -10000, 40000, 30990}, s.sum(t, id))
		require.Equal(t, "PARTIALLY_REFUNDED", s.order(t, id).PaymentState)
		require.Zero(t, s.order(t, id).PaidAt)
		require.True(t, s.hear(t, id, with(says(3, 29000, 0), func(n *orders.News) { n.Paid = 30990 })))
		require.NotZero(t, s.order(t, id).PaidAt)

		// What is canceled of a line does not come back with its amounts.
		_, _, err = s.Cancel(k.Ctx, s.less(id, some("HAT", 1)))
		require.NoError(t, err)
		require.Equal(t, [4]int64{20000, 666, 19334, 30990}, s.sum(t, id))
		require.False(t, s.hear(t, id, with(says(3, 29000, 0), func(n *orders.News) { n.Paid = 30990 })))
		require.True(t, s.hear(t, id, with(says(3, 27000, 0), func(n *orders.News) { n.Paid = 30990 })))
		require.Equal(t, [4]int64{20000, 2000, 18000, 30990}, s.sum(t, id))

		// Once something has left it stays as it is.
		_, _, err = s.Ship(k.Ctx, s.parcel(s.accepted(t, id), some("HAT", 1)))
		require.NoError(t, err)
		require.False(t, s.hear(t, id, with(says(3, 1, 1), func(n *orders.News) { n.Paid, n.Address = 30990, &c.Address })))

		gone := s.receive(t, s.command(1))
		require.True(t, s.hear(t, gone, with(says(1, 500, 0), func(n *orders.News) { n.Closed = true })))
		require.Equal(t, [4]int64{10000, 0, 10000, 0}, s.sum(t, gone))
		require.False(t, s.hear(t, gone, says(1, 500, 0)), "it is over")
	})
}

func TestWhoPaysForADiscountIsKept(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		c := s.command(2)
		c.Lines[0].Total, c.Lines[0].Shares = 19000, []commerce.DiscountShare{{Payer: "PLATFORM", Amount: 1000}}
		id := s.receive(t, c)
		shares := func() []commerce.DiscountShare { return s.lines(t, id)[0].DiscountShares }
		require.True(t, s.hear(t, id, says(2, 18000, 0)))
		require.Equal(t, []commerce.DiscountShare{{Payer: "PLATFORM", Amount: 1000}}, shares())
		_, _, err := s.Cancel(k.Ctx, s.less(id, some("HAT", 1)))
		require.NoError(t, err)
		require.True(t, s.hear(t, id, says(2, 17000, 0)))
		require.Equal(t, []commerce.DiscountShare{{Payer: "PLATFORM", Amount: 500, Bought: 1000}, {Amount: 1000, Bought: 2000}}, shares())
		require.True(t, s.hear(t, id, says(2, 19500, 0)))
		require.Equal(t, []commerce.DiscountShare{{Amount: 250, Bought: 500}}, shares(), "less is taken off than the platform paid for")
		require.Equal(t, [4]int64{10000, 250, 9750, 0}, s.sum(t, id))
	})
}

func TestAMarketplaceClosesALine(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		s.put(t, "CAP", "WH", 9)
		two := func() commerce.UUID { // two hats at 100.00 and a cap at 30.00
			c := s.command(2)
			c.Lines = append(c.Lines, orders.CommandLine{Variant: &s.cap.ID, SKU: "CAP", Title: "鸭舌帽", Quantity: 1, UnitPrice: 3000, Total: 3000, ExternalID: "2"})
			return s.receive(t, c)
		}
		news := func(hat, cap bool) orders.News {
			return orders.News{Paid: 23000, Lines: []orders.NewsLine{
				{ExternalID: "1", Quantity: 2, Total: 20000, Closed: hat}, {ExternalID: "2", Quantity: 1, Total: 3000, Closed: cap},
			}}
		}
		left := func(n orders.News) orders.News { n.Left = true; return n }
		reserved := func() [2]int {
			_, hats := s.level(t, s.hat)
			_, caps := s.level(t, s.cap)
			return [2]int{hats, caps}
		}

		// Refunded before it left: the rest goes on, with the token given out for it.
		id := two()
		require.True(t, s.hear(t, id, news(false, false)))
		a := s.accepted(t, id)
		require.True(t, s.hear(t, id, news(false, true)))
		s.stands(t, id, orders.Open, "")
		require.Equal(t, [2]int{2, 0}, reserved())
		require.Equal(t, [4]int64{20000, 0, 20000, 23000}, s.sum(t, id))
		require.Equal(t, 1, k.Count(t, "stock_movements", "kind = 'RELEASE'"), "given back once")
		require.Equal(t, 1, k.Count(t, "order_entries", "kind = 'PARTIALLY_CANCELED' AND note = 'closed by the marketplace'"))
		_, _, err := s.Ship(k.Ctx, s.parcel(a, some("HAT", 1)))
		require.NoError(t, err)
		require.True(t, s.hear(t, id, news(true, true)), "what is left of the line stays")
		s.stands(t, id, orders.Completed, "")
		require.EqualValues(t, 1, s.lines(t, id)[0].Fulfilled)
		require.Equal(t, [2]int{}, reserved())

		// Heard of for the first time when the rest has left without us.
		onHand, _ := s.level(t, s.cap)
		id = two()
		require.True(t, s.hear(t, id, left(news(false, true))))
		s.stands(t, id, orders.Completed, "")
		after, _ := s.level(t, s.cap)
		require.Equal(t, onHand, after, "what was refunded is still on the shelf")
		require.Equal(t, 1, k.Count(t, "fulfillments", "order_id = ?", id))

		// Also of an order that is to be canceled.
		id = two()
		require.True(t, s.hear(t, id, news(false, false)))
		_, _, err = s.Ship(k.Ctx, s.parcel(s.accepted(t, id), some("HAT", 1)))
		require.NoError(t, err)
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		require.NoError(t, err)
		s.stands(t, id, orders.CancelRequested, "")
		require.True(t, s.hear(t, id, left(news(false, true))))
		require.EqualValues(t, []int64{2, 0}, []int64{s.lines(t, id)[0].Fulfilled, s.lines(t, id)[1].Fulfilled})
		require.EqualValues(t, 1, s.lines(t, id)[1].Canceled)
		s.stands(t, id, orders.CancelRequested, "")
		require.Equal(t, [2]int{}, reserved())

		// What keeps an order back may be the line that is closed.
		s.put(t, "CAP", "WH", 0)
		id = two()
		s.stands(t, id, orders.Held, orders.HeldShort)
		require.True(t, s.hear(t, id, news(false, true)))
		s.stands(t, id, orders.Open, "")
		require.Equal(t, []string{"WH HAT 2"}, s.promised(t, id))

		require.True(t, s.hear(t, id, news(true, true)))
		s.stands(t, id, orders.Canceled, "")
		s.sums(t)
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
		require.Zero(t, reserved, "nobody will send what has not left")
		require.Equal(t, 2, k.Count(t, "order_entries", "order_id = ? AND kind IN ('CANCEL_REQUESTED', 'PARTIALLY_CANCELED') AND note = 'closed by the marketplace'", left))
		s.sums(t)
	})
}

// An order that its marketplace closes when some of it has left: the rest is given back once, whatever became of it before, and what
// was paid for it can be given back.
func TestAMarketplaceClosesWhatHasLeftInPart(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 99)
		news := orders.News{Closed: true, Paid: 30000}
		for name, before := range map[string]func(id commerce.UUID){
			"as it was sent": func(commerce.UUID) {},
			"its work is kept back": func(id commerce.UUID) {
				_, _, err := s.Hold(k.Ctx, because(s.work(t, id)[0].ID, "no light"))
				require.NoError(t, err)
			},
			"nobody can give the rest": func(id commerce.UUID) {
				_, _, err := s.Reject(k.Ctx, because(s.work(t, id)[0].ID, "broken"))
				require.NoError(t, err)
				s.stands(t, id, orders.Held, orders.HeldShort)
			},
			"it was to be canceled before": func(id commerce.UUID) {
				_, _, err := s.Cancel(k.Ctx, s.stop(id))
				require.NoError(t, err)
			},
		} {
			id := s.receive(t, s.command(3))
			require.True(t, s.hear(t, id, orders.News{Paid: 30000}))
			a := s.accepted(t, id)
			_, _, err := s.Ship(k.Ctx, s.parcel(a, some("HAT", 1)))
			require.NoError(t, err)
			before(id)
			require.True(t, s.hear(t, id, news), name)
			o := s.order(t, id)
			require.Equal(t, []string{"CANCEL_REQUESTED", "", "FULFILLED", "PAID"}, []string{o.State, o.HoldReason, o.FulfillmentState, o.PaymentState}, name)
			require.Equal(t, [4]int64{10000, 0, 10000, 30000}, s.sum(t, id), name)
			require.EqualValues(t, 2, s.lines(t, id)[0].Canceled, name)
			_, reserved := s.level(t, s.hat)
			require.Zero(t, reserved, name)
			require.NotContains(t, s.actions(t, id), "orderCancel", name)
			_, _, err = s.Ship(k.Ctx, s.parcel(a))
			testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
			for _, n := range []orders.News{news, {Closed: true}, {Paid: 30000, Left: true}} {
				require.False(t, s.hear(t, id, n), "%s: once", name)
			}
			require.Equal(t, 1, k.Count(t, "order_entries", "order_id = ? AND kind = 'CANCEL_REQUESTED'", id), name)
		}
		s.sums(t)
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
