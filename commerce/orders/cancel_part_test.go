package orders_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// less cancels some of an order.
func (s *shop) less(order commerce.UUID, lines ...orders.LineQuantity) orders.CancelInput {
	in := s.stop(order)
	in.Lines = lines
	return in
}

func off(l orders.LineInput, payer string, amount int64) orders.LineInput {
	l.Shares = append(l.Shares, orders.ShareInput{Payer: payer, Amount: commerce.Money{Amount: amount, Currency: "CNY"}})
	return l
}

// sum tells subtotal, discount, total and paid of an order.
func (s *shop) sum(t testing.TB, order commerce.UUID) [4]int64 {
	o := s.order(t, order)
	return [4]int64{o.Subtotal, o.Discount, o.Total, o.Paid}
}

func (s *shop) workStates(t testing.TB, order commerce.UUID) (out []string) {
	for _, w := range s.work(t, order) {
		out = append(out, w.State)
	}
	return out
}

func TestAPartOfAnOrderIsCanceled(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		s.put(t, "CAP", "WH", 9)
		in := s.input(off(off(want("HAT", 3), "BRAND", 100), "PLATFORM", 50), want("CAP", 2), want("HAT", 2))
		in.Shipping = &commerce.Money{Amount: 700, Currency: "CNY"}
		p, _, err := s.Place(k.Ctx, in)
		require.NoError(t, err)
		id := p.Order
		require.Equal(t, [4]int64{56100, 150, 56650, 0}, s.sum(t, id))
		lines := s.lines(t, id)
		for _, c := range []struct {
			lines []orders.LineQuantity
			said  string
		}{
			{[]orders.LineQuantity{}, "INVALID_INPUT lines"},
			{[]orders.LineQuantity{some("HAT", 6)}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{some("CAP", 2), some("CAP", 1)}, "INVALID_INPUT lines.1.quantity"},
			{[]orders.LineQuantity{{Line: &lines[2].ID, Quantity: 3}}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{some("HAT", 1), some("NONE", 1)}, "NOT_FOUND lines.1.sku"},
			{[]orders.LineQuantity{{Line: &id, Quantity: 1}}, "NOT_FOUND lines.0.line"},
			{[]orders.LineQuantity{some("HAT", 0)}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{{Quantity: 1}}, "INVALID_INPUT lines.0"},
		} {
			_, _, err := s.Cancel(k.Ctx, s.less(id, c.lines...))
			require.Equal(t, []string{c.said}, testkit.Said(err))
		}
		a := s.accepted(t, id)
		cut := s.less(id, some("hat", 1), some("CAP", 1))
		_, _, err = s.Cancel(k.Ctx, cut)
		require.NoError(t, err)
		_, replayed, err := s.Cancel(k.Ctx, cut)
		require.NoError(t, err)
		require.True(t, replayed)
		lines = s.lines(t, id)
		require.Equal(t, []int64{1, 1, 0}, []int64{lines[0].Canceled, lines[1].Canceled, lines[2].Canceled})
		require.EqualValues(t, 20000-66-33, lines[0].Total)
		require.Equal(t, []commerce.DiscountShare{{Payer: "BRAND", Amount: 66, Bought: 100}, {Payer: "PLATFORM", Amount: 33, Bought: 50}}, lines[0].DiscountShares)
		require.Equal(t, [4]int64{43050, 99, 43651, 0}, s.sum(t, id))
		o := s.order(t, id)
		require.Equal(t, []string{"OPEN", "UNFULFILLED", "PENDING"}, []string{o.State, o.FulfillmentState, o.PaymentState})
		require.Equal(t, []string{"ACCEPTED"}, s.workStates(t, id))
		require.Equal(t, [3]int{9, 4, 0}, s.shelf(t, s.hat.ID, s.wh.ID))
		_, _, err = s.RecordPayment(k.Ctx, s.pay(id, 43652))
		testkit.Refused(t, err, commerce.InvalidInput, "amount")
		_, _, err = s.RecordPayment(k.Ctx, s.pay(id, 43651))
		require.NoError(t, err)

		_, _, err = s.Ship(k.Ctx, s.parcel(a, some("CAP", 1), some("HAT", 3)))
		require.NoError(t, err, "a token stays valid for what remains")
		_, _, err = s.Cancel(k.Ctx, s.less(id, some("HAT", 1)))
		require.NoError(t, err)
		o = s.order(t, id)
		require.Equal(t, []string{"COMPLETED", "FULFILLED", "PAID"}, []string{o.State, o.FulfillmentState, o.PaymentState}, "nothing is left to send")
		require.Equal(t, []string{"CLOSED"}, s.workStates(t, id))
		require.Equal(t, [4]int64{33050, 99, 33651, 43651}, s.sum(t, id))
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		_, _, err = s.Refund(k.Ctx, s.giveBack(id, 10000))
		require.NoError(t, err)
		s.sums(t)
	})
}

// However a line is cut, what stands costs the same and is borne by the same.
func TestTheOrderOfCuttingDoesNotMatter(t *testing.T) { // MQ-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 99)
		var ends []any
		for _, cuts := range [][]int64{{5}, {1, 1, 1, 1, 1}, {2, 3}, {4, 1}} {
			id := s.placed(t, off(off(want("HAT", 7), "STORE", 101), "MALL", 7))
			for _, n := range cuts {
				_, _, err := s.Cancel(k.Ctx, s.less(id, some("HAT", n)))
				require.NoError(t, err)
			}
			l := s.lines(t, id)[0]
			ends = append(ends, []any{l.Total, l.DiscountShares, s.sum(t, id)})
			require.Equal(t, ends[0], ends[len(ends)-1])
		}
		s.sums(t)
	})
}

// Promises go from the place that has the least to do with them yet.
func TestWhichPromisesAreGivenBackFirst(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 2)
		s.put(t, "HAT", "ST", 9)
		s.put(t, "CAP", "ST", 9)
		id := s.placed(t, want("CAP", 1), want("HAT", 10))
		work := s.work(t, id)
		require.Len(t, work, 2)
		at, other := 0, 1
		if work[0].LocationID != s.wh.ID {
			at, other = 1, 0
		}
		taken, _, err := s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: work[other].ID})
		require.NoError(t, err)
		_, _, err = s.Cancel(k.Ctx, s.less(id, some("HAT", 1)))
		require.NoError(t, err)
		require.Equal(t, [3]int{2, 1, 0}, s.shelf(t, s.hat.ID, s.wh.ID), "what waits before what is taken on")

		_, _, err = s.Cancel(k.At(s.st.ID), s.less(id, some("HAT", 1)))
		require.NoError(t, err, "a store cancels what is promised there")
		require.Equal(t, [3]int{2, 1, 0}, s.shelf(t, s.hat.ID, s.wh.ID))
		_, _, err = s.Cancel(k.At(s.st.ID), s.less(id, some("HAT", 8)))
		require.Equal(t, commerce.Forbidden, commerce.CodeOf(err), "but not what is promised elsewhere")

		_, _, err = s.Hold(k.Ctx, orders.WorkInput{Key: fresh(), Work: work[at].ID, Reason: "broken lift"})
		require.NoError(t, err)
		_, _, err = s.Cancel(k.Ctx, s.less(id, some("HAT", 2)))
		require.NoError(t, err)
		states := s.workStates(t, id)
		require.Equal(t, []string{"CANCELED", "ACCEPTED"}, []string{states[at], states[other]}, "work of which nothing is left ends")
		require.Equal(t, 0, s.shelf(t, s.hat.ID, s.wh.ID)[1])
		_, _, err = s.Ship(k.Ctx, s.parcel(taken))
		require.NoError(t, err)
		require.Equal(t, "FULFILLED", s.order(t, id).FulfillmentState)
		s.sums(t)
	})
}

// A token narrowed to a location does not stop what others are at work on, by naming what has left of its own either.
func TestAStoreDoesNotStopTheWorkOfOthers(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 2)
		s.put(t, "CAP", "ST", 2)
		id := s.placed(t, want("HAT", 2), want("CAP", 2))
		for _, w := range s.work(t, id) {
			a, _, err := s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: w.ID})
			require.NoError(t, err)
			if w.LocationID == s.st.ID {
				_, _, err := s.Ship(k.Ctx, s.parcel(a, some("CAP", 1)))
				require.NoError(t, err)
			}
		}
		before := s.order(t, id)
		for _, in := range []orders.CancelInput{s.stop(id), s.less(id, some("CAP", 2)), s.less(id, some("HAT", 1))} {
			_, _, err := s.Cancel(k.At(s.st.ID), in)
			require.Equal(t, commerce.Forbidden, commerce.CodeOf(err))
		}
		require.Equal(t, before.String(), s.order(t, id).String())
		_, _, err := s.Cancel(k.At(s.st.ID), s.less(id, some("CAP", 1)))
		require.NoError(t, err, "what has not left there is theirs")
		_, _, err = s.Cancel(k.At(s.st.ID, s.wh.ID), s.less(id, some("CAP", 1)))
		require.NoError(t, err)
		require.Equal(t, "CANCEL_REQUESTED", s.order(t, id).State)
		_, _, err = s.Cancel(k.At(s.st.ID), s.stop(id))
		require.Equal(t, commerce.Forbidden, commerce.CodeOf(err))
		s.sums(t)
	})
}

func TestCancelingAllPartsCancels(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.placed(t, off(want("HAT", 3), "BRAND", 100))
		a := s.accepted(t, id)
		_, _, err := s.Cancel(k.Ctx, s.less(id, some("HAT", 1)))
		require.NoError(t, err)
		before, line := s.sum(t, id), s.lines(t, id)[0]
		_, _, err = s.Cancel(k.Ctx, s.less(id, some("HAT", 2)))
		require.NoError(t, err)
		o := s.order(t, id)
		require.Equal(t, []any{"CANCELED", k.Store.Instant()}, []any{o.State, o.CanceledAt})
		require.Equal(t, before, s.sum(t, id), "a canceled order tells what was bought")
		require.Equal(t, []any{line.Total, line.DiscountShares}, []any{s.lines(t, id)[0].Total, s.lines(t, id)[0].DiscountShares})
		require.EqualValues(t, 3, s.lines(t, id)[0].Canceled)
		require.Equal(t, []string{"CANCELED"}, s.workStates(t, id))
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		require.Equal(t, [3]int{9, 0, 0}, s.shelf(t, s.hat.ID, s.wh.ID))
		s.sums(t)
	})
}

func TestWhatHasLeftIsNotCanceledInPart(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.left(t, []orders.LineInput{want("HAT", 3)}, some("HAT", 2))
		_, _, err := s.Cancel(k.Ctx, s.less(id, some("HAT", 4)))
		testkit.Refused(t, err, commerce.InvalidInput, "lines.0.quantity")
		before := s.sum(t, id)
		_, _, err = s.Cancel(k.Ctx, s.less(id, some("HAT", 2)))
		require.NoError(t, err)
		require.Equal(t, "CANCEL_REQUESTED", s.order(t, id).State)
		require.Equal(t, before, s.sum(t, id))
		require.Zero(t, s.lines(t, id)[0].Canceled)
		require.Equal(t, [3]int{7, 1, 0}, s.shelf(t, s.hat.ID, s.wh.ID), "nothing is given back")
		asked := s.order(t, id)
		for _, in := range []orders.CancelInput{s.stop(id), s.less(id, some("HAT", 2))} {
			_, _, err = s.Cancel(k.Ctx, in)
			require.NoError(t, err)
		}
		require.Equal(t, asked.String(), s.order(t, id).String(), "to ask for it again changes nothing")
		require.Equal(t, 1, k.Count(t, "order_entries", "kind = 'CANCEL_REQUESTED'"))
		s.sums(t)
	})
}

// What has not left of an order that is to be canceled is not kept for ever: it is given back once somebody says that it is not sent.
func TestWhatHasNotLeftOfAnOrderToBeCanceledIsGivenBack(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		s.put(t, "CAP", "WH", 2)
		s.put(t, "CAP", "ST", 2)
		id := s.left(t, []orders.LineInput{off(want("HAT", 4), "BRAND", 100), want("CAP", 4)}, some("HAT", 2), some("CAP", 2))
		_, _, err := s.RecordPayment(k.Ctx, s.pay(id, 52100))
		require.NoError(t, err)
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		require.NoError(t, err)
		require.Equal(t, []string{"ACCEPTED", "OPEN"}, s.workStates(t, id))
		_, _, err = s.Cancel(k.Ctx, s.less(id, some("HAT", 5)))
		testkit.Refused(t, err, commerce.InvalidInput, "lines.0.quantity")

		one := s.less(id, some("HAT", 1))
		for _, replay := range []bool{false, true} {
			_, replayed, err := s.Cancel(k.Ctx, one)
			require.NoError(t, err)
			require.Equal(t, replay, replayed)
		}
		o := s.order(t, id)
		require.Equal(t, []string{"CANCEL_REQUESTED", "PARTIALLY_FULFILLED", "PAID"}, []string{o.State, o.FulfillmentState, o.PaymentState})
		require.Equal(t, [3]int{7, 1, 0}, s.shelf(t, s.hat.ID, s.wh.ID))
		require.Equal(t, [4]int64{42200, 75, 42125, 52100}, s.sum(t, id))
		require.Contains(t, s.actions(t, id), "orderCancel")

		_, _, err = s.Cancel(k.Ctx, s.less(id, some("CAP", 2), some("HAT", 1)))
		require.NoError(t, err)
		o = s.order(t, id)
		require.Equal(t, []string{"CANCEL_REQUESTED", "FULFILLED", "PAID"}, []string{o.State, o.FulfillmentState, o.PaymentState}, "nothing remains to be sent")
		require.Equal(t, []string{"CLOSED", "CANCELED"}, s.workStates(t, id))
		require.Equal(t, [3]int{7, 0, 0}, s.shelf(t, s.hat.ID, s.wh.ID))
		_, reserved := s.level(t, s.cap)
		require.Zero(t, reserved)
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		require.Equal(t, commerce.Allowed{Mutations: []string{"returnRequest", "refundCreate"}}, testkit.Refused(t, err, commerce.IllegalTransition, "").Details)
		_, _, err = s.Refund(k.Ctx, s.giveBack(id, 52100-o.Total))
		require.NoError(t, err, "what was paid too much can be given back")
		s.sums(t)
	})
}

// Orders that are held without stock, or without knowing what was bought, are canceled in part too. A marketplace's discount whose
// payer nobody told is cut like the others.
func TestAPartOfAHeldOrderIsCanceled(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 2)
		hat := &s.hat.ID
		receive := func(lines ...orders.CommandLine) commerce.UUID {
			return s.receive(t, orders.Command{Channel: s.channel, Lines: lines, KeepShort: true, PlacedAt: 1})
		}
		short := receive(orders.CommandLine{Variant: hat, SKU: "HAT", Title: "Hat", Quantity: 7, UnitPrice: 10000, Total: 69899})
		require.Equal(t, "INSUFFICIENT_STOCK", s.order(t, short).HoldReason)
		for range 5 {
			_, _, err := s.Cancel(k.Ctx, s.less(short, some("HAT", 1)))
			require.NoError(t, err)
		}
		require.Equal(t, [4]int64{20000, 28, 19972, 0}, s.sum(t, short))
		require.Equal(t, "HELD", s.order(t, short).State)
		require.Empty(t, s.promised(t, short))
		s.hear(t, short, orders.News{})
		require.Equal(t, "OPEN", s.order(t, short).State)
		require.Equal(t, []string{"WH HAT 2"}, s.promised(t, short), "what stands is promised")

		s.put(t, "HAT", "WH", 9)
		dearer := receive(orders.CommandLine{SKU: "X", Title: "X", Quantity: 2, UnitPrice: 100, Total: 301},
			orders.CommandLine{Variant: hat, SKU: "HAT", Title: "Hat", Quantity: 1, UnitPrice: 10000, Total: 10000})
		require.Equal(t, "UNMAPPED_LINES", s.order(t, dearer).HoldReason)
		_, _, err := s.Cancel(k.Ctx, s.less(dearer, some("x", 1)))
		require.NoError(t, err)
		require.Equal(t, [4]int64{10100, -50, 10150, 0}, s.sum(t, dearer))
		_, _, err = s.Cancel(k.Ctx, s.less(dearer, some("X", 1)))
		require.NoError(t, err)
		s.hear(t, dearer, orders.News{})
		require.Equal(t, []any{"OPEN", int64(10000)}, []any{s.order(t, dearer).State, s.order(t, dearer).Total}, "what is canceled holds nothing")
		require.Equal(t, []string{"WH HAT 1"}, s.promised(t, dearer))
		s.sums(t)
	})
}

// A unit is either sent or canceled, however both come at once.
func TestCancelingPartsAndShippingAtOnce(t *testing.T) { // CC-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const races = 500
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 3*races)
		taken := make([]orders.Accepted, races)
		order := make([]commerce.UUID, races)
		testkit.AtOnce(4, races, func(i int) {
			p, _, err := s.Place(k.Ctx, s.input(want("HAT", 3)))
			var work commerce.UUID
			if err == nil {
				order[i] = p.Order
				work, err = k.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderID(p.Order)).OnlyID(k.Ctx)
			}
			if err == nil {
				taken[i], _, err = s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: work})
			}
			if err != nil {
				t.Error(err)
			}
		})
		testkit.AtOnce(4, races, func(i int) {
			var both sync.WaitGroup
			send := func() {
				_, _, err := s.Ship(k.Ctx, s.parcel(taken[i], some("HAT", int64(1+i%3))))
				if code := commerce.CodeOf(err); err != nil && code != commerce.InvalidInput && code != commerce.DispatchRevoked {
					t.Error(err)
				}
			}
			stop := func() {
				_, _, err := s.Cancel(k.Ctx, s.less(order[i], some("HAT", int64(1+i/3%3))))
				if code := commerce.CodeOf(err); err != nil && code != commerce.IllegalTransition {
					t.Error(err)
				}
			}
			both.Go(send)
			both.Go(stop)
			both.Wait()
		})
		var left, canceled, whole int
		require.NoError(t, k.Store.DB.Read().QueryRow(k.Ctx, "SELECT SUM(fulfilled), SUM(canceled) FROM order_lines").Scan(&left, &canceled))
		whole = k.Count(t, "orders", "state = 'CANCELED'")
		require.Zero(t, k.Count(t, "order_lines", "fulfilled + canceled > quantity"))
		require.Equal(t, [3]int{3*races - left, 3*races - left - canceled, 0}, s.shelf(t, s.hat.ID, s.wh.ID))
		require.Zero(t, k.Count(t, "orders", "state = 'CANCELED' AND EXISTS (SELECT 1 FROM fulfillments f WHERE f.order_id = orders.id)"))
		require.Zero(t, k.Count(t, "orders", "state = 'CANCEL_REQUESTED' AND EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = orders.id AND l.canceled > 0)"))
		t.Logf("%d left, %d canceled, %d orders canceled", left, canceled, whole)
		s.sums(t)
	})
}
