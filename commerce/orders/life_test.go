package orders_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent/orderentry"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestCancelingGivesBackOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 1)
		s.put(t, "HAT", "ST", 2)
		id := s.placed(t, want("HAT", 3))
		_, reserved := s.level(t, s.hat)
		require.Equal(t, 3, reserved)
		a := s.accepted(t, id)
		in := s.stop(id)
		p, _, err := s.Cancel(k.Ctx, in)
		require.NoError(t, err)
		require.Equal(t, id, p.Order)
		again, replayed, err := s.Cancel(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, p, again)

		o := s.order(t, id)
		require.Equal(t, "CANCELED", o.State)
		require.Equal(t, k.Store.Instant(), o.CanceledAt)
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{3, 0}, []int{onHand, reserved})
		require.EqualValues(t, 3, s.lines(t, id)[0].Canceled)
		for _, w := range s.work(t, id) {
			require.Equal(t, "CANCELED", w.State)
		}
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		require.Equal(t, commerce.Allowed{Mutations: []string{}}, testkit.Refused(t, err, commerce.IllegalTransition, "").Details)
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		_, _, err = s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: a.Work})
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		_, _, err = s.RecordPayment(k.Ctx, s.pay(id, 1))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		require.Equal(t, 1, k.Count(t, "orders", "state = 'CANCELED'"))
		s.sums(t)
	})
}

func TestWhoMayNotCancelShipOrPay(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.placed(t, want("HAT", 3))
		a := s.accepted(t, id)
		elsewhere := s.open(t, "second", "CNY")
		for name, c := range map[string]struct {
			ctx  context.Context
			code commerce.Code
		}{
			"another brand":     {k.OtherCtx, commerce.NotFound},
			"another location":  {k.At(s.st.ID), commerce.NotFound},
			"another channel":   {k.On(elsewhere.ID), commerce.NotFound},
			"without the scope": {k.Without(auth.OrdersWrite), commerce.Forbidden},
		} {
			_, _, err := s.Cancel(c.ctx, s.stop(id))
			require.Equal(t, c.code, commerce.CodeOf(err), name)
			_, _, err = s.RecordPayment(c.ctx, s.pay(id, 1))
			require.Equal(t, c.code, commerce.CodeOf(err), name)
			_, _, err = s.Ship(c.ctx, s.parcel(a))
			require.Equal(t, c.code, commerce.CodeOf(err), name)
			_, _, err = s.Accept(c.ctx, orders.AcceptInput{Key: fresh(), Work: a.Work})
			require.Equal(t, c.code, commerce.CodeOf(err), name)
		}
		_, _, err := s.Cancel(k.Ctx, orders.CancelInput{Key: fresh(), Order: commerce.OrderRef{ID: &id}})
		testkit.Refused(t, err, commerce.InvalidInput, "reason")
		_, _, err = s.Cancel(k.Ctx, orders.CancelInput{Key: fresh(), Reason: "x"})
		testkit.Refused(t, err, commerce.NotFound, "order")
		require.Equal(t, "OPEN", s.order(t, id).State)
		_, _, err = s.Ship(k.At(s.wh.ID), s.parcel(a))
		require.NoError(t, err, "who is there may")
	})
}

func TestOnlyTheTokenOfTakenWorkShips(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		one, two := s.placed(t, want("HAT", 1)), s.placed(t, want("HAT", 1))
		work := s.work(t, one)[0].ID
		for _, token := range []string{"", "dt_", s.Tokens.Token(work, 0), s.Tokens.Token(work, 1)} {
			_, _, err := s.Ship(k.Ctx, s.parcel(orders.Accepted{Work: work, Token: token}))
			testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		}
		key := fresh()
		a, _, err := s.Accept(k.Ctx, orders.AcceptInput{Key: key, Work: work})
		require.NoError(t, err)
		again, replayed, err := s.Accept(k.Ctx, orders.AcceptInput{Key: key, Work: work})
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, a, again, "the same token again")
		var kept []byte
		require.NoError(t, k.Store.DB.Read().QueryRow(k.Ctx, "SELECT answer FROM idempotency_keys WHERE key = ?", key).Scan(&kept))
		require.Contains(t, string(kept), work.String())
		require.NotContains(t, string(kept), a.Token, "no token lies in the database")
		_, _, err = s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: work})
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		b := s.accepted(t, two)
		stranger := orders.NewDispatch([]byte("another key"))
		for _, token := range []string{b.Token, stranger.Token(a.Work, a.Count), s.Tokens.Token(a.Work, a.Count+1), a.Token + "A", a.Token[:len(a.Token)-1]} {
			forged := a
			forged.Token = token
			_, _, err := s.Ship(k.Ctx, s.parcel(forged))
			testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		}
		_, _, err = s.Ship(k.Ctx, s.parcel(orders.Accepted{Work: commerce.NewUUID(), Token: a.Token}))
		testkit.Refused(t, err, commerce.NotFound, "fulfillmentOrder")
		bad := s.parcel(a)
		bad.Carrier, bad.TrackingNumber = " ", "\x00"
		_, _, err = s.Ship(k.Ctx, bad)
		require.Equal(t, []string{"INVALID_INPUT carrier", "INVALID_INPUT trackingNumber"}, testkit.Said(err))
		require.Zero(t, k.Count(t, "fulfillments", ""))
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		require.NoError(t, err)
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		s.sums(t)
	})
}

func TestParcelsLeaveInParts(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		s.put(t, "CAP", "WH", 9)
		id := s.placed(t, want("HAT", 2), want("CAP", 2), want("HAT", 3))
		a := s.accepted(t, id)
		lines := s.lines(t, id)
		left := func() (out []int64) {
			for _, l := range s.lines(t, id) {
				out = append(out, l.Fulfilled)
			}
			return
		}
		sku := func(sku string, n int64) orders.LineQuantity { return orders.LineQuantity{SKU: sku, Quantity: n} }
		for _, c := range []struct {
			lines []orders.LineQuantity
			said  string
		}{
			{[]orders.LineQuantity{sku("HAT", 6)}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{sku("CAP", 1), sku("HAT", 3), sku("hat", 3)}, "INVALID_INPUT lines.2.quantity"},
			{[]orders.LineQuantity{{Line: &lines[0].ID, Quantity: 3}}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{{Line: &lines[0].ID, Quantity: 1}, {Line: &lines[0].ID, Quantity: 2}}, "INVALID_INPUT lines.1.quantity"},
			{[]orders.LineQuantity{}, "INVALID_INPUT lines"},
			{[]orders.LineQuantity{sku("HAT", 1), sku("NONE", 1)}, "NOT_FOUND lines.1.sku"},
			{[]orders.LineQuantity{{Line: &id, Quantity: 1}}, "NOT_FOUND lines.0.line"},
			{[]orders.LineQuantity{sku("HAT", 0)}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{sku("HAT", -1)}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{{Line: &lines[0].ID, SKU: "HAT", Quantity: 1}}, "INVALID_INPUT lines.0"},
			{[]orders.LineQuantity{{Quantity: 1}}, "INVALID_INPUT lines.0"},
		} {
			_, _, err := s.Ship(k.Ctx, s.parcel(a, c.lines...))
			require.Equal(t, []string{c.said}, testkit.Said(err))
		}
		require.Equal(t, []int64{0, 0, 0}, left())

		_, _, err := s.Ship(k.Ctx, s.parcel(a, sku("hat", 3)))
		require.NoError(t, err)
		require.Equal(t, []int64{2, 0, 1}, left(), "by SKU the lines in their order")
		require.Equal(t, []string{"OPEN", "PARTIALLY_FULFILLED"}, []string{s.order(t, id).State, s.order(t, id).FulfillmentState})
		require.Equal(t, "ACCEPTED", s.work(t, id)[0].State)
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{6, 2}, []int{onHand, reserved})

		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		require.NoError(t, err)
		require.Equal(t, "CANCEL_REQUESTED", s.order(t, id).State)
		require.Zero(t, s.order(t, id).CanceledAt)
		onHand, reserved = s.level(t, s.hat)
		require.Equal(t, []int{6, 2}, []int{onHand, reserved}, "nothing is given back")
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		require.NoError(t, err)

		in := s.parcel(a, orders.LineQuantity{Line: &lines[2].ID, Quantity: 1}, sku("CAP", 2))
		one, _, err := s.Ship(k.Ctx, in)
		require.NoError(t, err, "what was not taken back may still leave")
		again, replayed, err := s.Ship(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, one, again)
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		require.NoError(t, err, "all that is left")
		require.Equal(t, []int64{2, 2, 3}, left())
		o := s.order(t, id)
		require.Equal(t, []string{"CANCEL_REQUESTED", "FULFILLED"}, []string{o.State, o.FulfillmentState})
		require.Equal(t, "CLOSED", s.work(t, id)[0].State)
		require.Equal(t, 3, k.Count(t, "fulfillments", "order_id = ?", id))
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		s.sums(t)
	})
}

func TestAnOrderIsCompleteWhenAllHasLeftAndIsPaid(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 1)
		s.put(t, "HAT", "ST", 2)
		id := s.placed(t, want("HAT", 3))
		for _, w := range s.work(t, id) {
			require.Equal(t, "OPEN", s.order(t, id).State)
			a, _, err := s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: w.ID})
			require.NoError(t, err)
			_, _, err = s.Ship(k.Ctx, s.parcel(a))
			require.NoError(t, err)
		}
		require.Equal(t, []string{"OPEN", "FULFILLED"}, []string{s.order(t, id).State, s.order(t, id).FulfillmentState})
		_, _, err := s.RecordPayment(k.Ctx, s.pay(id, 29999))
		require.NoError(t, err)
		require.Equal(t, "OPEN", s.order(t, id).State)
		_, _, err = s.RecordPayment(k.Ctx, s.pay(id, 1))
		require.NoError(t, err)
		require.Equal(t, []string{"COMPLETED", "PAID"}, []string{s.order(t, id).State, s.order(t, id).PaymentState})
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		s.sums(t)
	})
}

func TestPaymentsAddUpAndNeverExceedWhatIsDue(t *testing.T) { // MQ-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.placed(t, want("HAT", 1))
		first := s.pay(id, 4000)
		_, _, err := s.RecordPayment(k.Ctx, first)
		require.NoError(t, err)
		_, replayed, err := s.RecordPayment(k.Ctx, first)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, []any{"PARTIALLY_PAID", int64(4000), commerce.Instant(0)}, []any{s.order(t, id).PaymentState, s.order(t, id).Paid, s.order(t, id).PaidAt})
		for said, change := range map[string]func(*orders.RecordPaymentInput){
			"INVALID_INPUT amount":                func(in *orders.RecordPaymentInput) { in.Payment.Amount.Amount = 6001 },
			"INVALID_INPUT amount.currency":       func(in *orders.RecordPaymentInput) { in.Payment.Amount.Currency = "JPY" },
			"INVALID_INPUT reference":             func(in *orders.RecordPaymentInput) { in.Payment.Reference = " " },
			"INVALID_INPUT method":                func(in *orders.RecordPaymentInput) { in.Payment.Method = "" },
			"INVALID_INPUT amount.amount":         func(in *orders.RecordPaymentInput) { in.Payment.Amount.Amount = 0 },
			"INVALID_INPUT idempotencyKey":        func(in *orders.RecordPaymentInput) { in.Key = "" },
			"NOT_FOUND order":                     func(in *orders.RecordPaymentInput) { in.Order = commerce.OrderRef{Number: "none"} },
			"IDEMPOTENCY_MISMATCH idempotencyKey": func(in *orders.RecordPaymentInput) { in.Key = first.Key },
		} {
			in := s.pay(id, 1)
			change(&in)
			_, _, err := s.RecordPayment(k.Ctx, in)
			require.Equal(t, []string{said}, testkit.Said(err))
		}
		done := make(chan error, 9)
		for range cap(done) {
			go func() {
				_, _, err := s.RecordPayment(k.Ctx, s.pay(id, 1000))
				done <- err
			}()
		}
		won := 0
		for range cap(done) {
			if err := <-done; err == nil {
				won++
			} else {
				testkit.Refused(t, err, commerce.IllegalTransition, "")
			}
		}
		require.Equal(t, 6, won)
		require.Equal(t, []any{"PAID", int64(10000), k.Store.Instant()}, []any{s.order(t, id).PaymentState, s.order(t, id).Paid, s.order(t, id).PaidAt})
		s.sums(t)
	})
}

func TestTheTimelineTellsWhatHappened(t *testing.T) {
	k := testkit.SQLite(t)
	s := newShop(t, k, k.Ctx)
	s.put(t, "HAT", "WH", 9)
	id := s.placed(t, want("HAT", 1))
	a := s.accepted(t, id)
	_, _, err := s.Ship(k.Ctx, s.parcel(a))
	require.NoError(t, err)
	_, _, err = s.RecordPayment(k.Ctx, s.pay(id, 10000))
	require.NoError(t, err)
	entries, err := k.Store.Ent.OrderEntry.Query().All(k.Ctx)
	require.NoError(t, err)
	var told []string
	for _, e := range entries {
		told = append(told, e.Kind+" "+e.Note+" by "+e.Actor)
	}
	require.Equal(t, []string{"PLACED  by tester", "WORK_ACCEPTED  by tester", "SHIPPED SF SF1 by tester", "PAYMENT_RECORDED 100.00 CNY by tester",
		"COMPLETED  by tester"}, told)
	for i, f := range k.Facts(t, id) {
		require.EqualValues(t, i+1, f.Sequence)
		require.Equal(t, s.channel.ID, *f.Channel)
	}
	require.Len(t, k.Facts(t, id), 4)
}

// Whatever makes an order complete, the timeline says that it is, once, and that it was let go when it was held.
func TestTheTimelineTellsThatAnOrderIsComplete(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		told := func(id commerce.UUID) (out []string) {
			entries, err := k.Store.Ent.OrderEntry.Query().Where(orderentry.OrderID(id)).Order(orderentry.ByID()).All(k.Ctx)
			require.NoError(t, err)
			for _, e := range entries {
				out = append(out, e.Kind)
			}
			require.Equal(t, "COMPLETED", s.order(t, id).State)
			return out
		}
		paid := func(lines ...orders.LineInput) commerce.UUID {
			id := s.placed(t, lines...)
			_, _, err := s.RecordPayment(k.Ctx, s.pay(id, s.order(t, id).Total))
			require.NoError(t, err)
			return id
		}
		s.put(t, "HAT", "WH", 6)
		sent := paid(want("HAT", 1))
		_, _, err := s.Ship(k.Ctx, s.parcel(s.accepted(t, sent)))
		require.NoError(t, err)
		require.Equal(t, []string{"PLACED", "PAYMENT_RECORDED", "WORK_ACCEPTED", "SHIPPED", "COMPLETED"}, told(sent))

		cut := paid(want("HAT", 2))
		_, _, err = s.Ship(k.Ctx, s.parcel(s.accepted(t, cut), some("HAT", 1)))
		require.NoError(t, err)
		_, _, err = s.Cancel(k.Ctx, s.less(cut, some("HAT", 1)))
		require.NoError(t, err)
		require.Equal(t, []string{"PLACED", "PAYMENT_RECORDED", "WORK_ACCEPTED", "SHIPPED", "PARTIALLY_CANCELED", "COMPLETED"}, told(cut))

		held := paid(want("HAT", 4))
		_, _, err = s.Ship(k.Ctx, s.parcel(s.accepted(t, held), some("HAT", 1)))
		require.NoError(t, err)
		_, _, err = s.Reject(k.Ctx, because(s.work(t, held)[0].ID, "broken"))
		require.NoError(t, err)
		require.Equal(t, "HELD", s.order(t, held).State)
		_, _, err = s.Cancel(k.Ctx, s.less(held, some("HAT", 3)))
		require.NoError(t, err)
		require.Equal(t, []string{"PLACED", "PAYMENT_RECORDED", "WORK_ACCEPTED", "SHIPPED", "WORK_REJECTED", "HELD", "PARTIALLY_CANCELED", "RELEASED", "COMPLETED"}, told(held))

		s.put(t, "HAT", "ST", 1)
		fetched := s.fetched(t, want("HAT", 1))
		_, _, err = s.RecordPayment(k.Ctx, s.pay(fetched, 10000))
		require.NoError(t, err)
		_, _, err = s.VerifyPickup(k.Ctx, show(s.code(t, fetched)))
		require.NoError(t, err)
		require.Equal(t, []string{"PLACED", "PAYMENT_RECORDED", "SHIPPED", "COMPLETED", "PICKED_UP"}, told(fetched))
	})
}
