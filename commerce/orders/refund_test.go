package orders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func (s *shop) giveBack(order commerce.UUID, amount int64) orders.RefundInput {
	return orders.RefundInput{Key: fresh(), Order: commerce.OrderRef{ID: &order}, Amount: commerce.Money{Amount: amount, Currency: "CNY"}, Reason: "as agreed"}
}

func TestMoneyIsGivenBackInParts(t *testing.T) { // MQ-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.left(t, []orders.LineInput{want("HAT", 2)})
		_, _, err := s.Refund(k.Ctx, s.giveBack(id, 1))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		_, _, err = s.RecordPayment(k.Ctx, s.pay(id, 15000))
		require.NoError(t, err)
		r := s.announced(t, id, some("HAT", 1))
		other := s.announced(t, s.left(t, []orders.LineInput{want("HAT", 1)}), some("HAT", 1))
		unknown := commerce.NewUUID()
		for _, c := range []struct {
			said   string
			change func(*orders.RefundInput)
		}{
			{"INVALID_INPUT amount", func(in *orders.RefundInput) { in.Amount.Amount = 15001 }},
			{"INVALID_INPUT amount.amount", func(in *orders.RefundInput) { in.Amount.Amount = 0 }},
			{"INVALID_INPUT amount.amount", func(in *orders.RefundInput) { in.Amount.Amount = -1 }},
			{"INVALID_INPUT amount.currency", func(in *orders.RefundInput) { in.Amount.Currency = "JPY" }},
			{"INVALID_INPUT reason", func(in *orders.RefundInput) { in.Reason = "" }},
			{"NOT_FOUND return", func(in *orders.RefundInput) { in.Return = &other }},
			{"NOT_FOUND return", func(in *orders.RefundInput) { in.Return = &unknown }},
			{"NOT_FOUND order", func(in *orders.RefundInput) { in.Order = commerce.OrderRef{Number: "none"} }},
			{"INVALID_INPUT idempotencyKey", func(in *orders.RefundInput) { in.Key = "" }},
		} {
			in := s.giveBack(id, 1)
			c.change(&in)
			_, _, err := s.Refund(k.Ctx, in)
			require.Equal(t, []string{c.said}, testkit.Said(err))
		}
		in := s.giveBack(id, 4000)
		in.Return = &r
		one, _, err := s.Refund(k.Ctx, in)
		require.NoError(t, err)
		again, replayed, err := s.Refund(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, one, again)
		require.Equal(t, []any{int64(15000), int64(4000), "PARTIALLY_REFUNDED"}, []any{s.order(t, id).Paid, s.order(t, id).Refunded, s.order(t, id).PaymentState})
		require.Equal(t, 1, k.Count(t, "payments", "state = 'PAID'"))

		_, _, err = s.RecordPayment(k.Ctx, s.pay(id, 5001))
		testkit.Refused(t, err, commerce.InvalidInput, "amount")
		_, _, err = s.RecordPayment(k.Ctx, s.pay(id, 5000))
		require.NoError(t, err, "what is due does not depend on what was given back")
		o := s.order(t, id)
		require.Equal(t, []string{"COMPLETED", "PARTIALLY_REFUNDED"}, []string{o.State, o.PaymentState})
		_, _, err = s.Refund(k.Ctx, s.giveBack(id, 16001))
		testkit.Refused(t, err, commerce.InvalidInput, "amount")
		_, _, err = s.Refund(k.Ctx, s.giveBack(id, 16000))
		require.NoError(t, err)
		require.Equal(t, []any{int64(20000), "REFUNDED"}, []any{s.order(t, id).Refunded, s.order(t, id).PaymentState})
		require.Equal(t, 2, k.Count(t, "payments", "state = 'REFUNDED'"))
		_, _, err = s.Refund(k.Ctx, s.giveBack(id, 1))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		require.Equal(t, 1, k.Count(t, "order_entries", "kind = 'REFUNDED' AND note = '40.00 CNY: as agreed' AND actor = 'tester'"))
		s.sums(t)
	})
}

// Of a canceled order what was paid can be given back.
func TestACanceledOrderIsGivenBack(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.placed(t, want("HAT", 1))
		_, _, err := s.RecordPayment(k.Ctx, s.pay(id, 10000))
		require.NoError(t, err)
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		require.NoError(t, err)
		_, _, err = s.Refund(k.Ctx, s.giveBack(id, 10000))
		require.NoError(t, err)
		require.Equal(t, []string{"CANCELED", "REFUNDED"}, []string{s.order(t, id).State, s.order(t, id).PaymentState})
		s.sums(t)
	})
}

// 500 orders are given back twice at once, each time more than half: never more than was paid.
func TestGivingBackTwiceAtOnce(t *testing.T) { // MQ-03, CC-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const races = 500
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", races)
		paid := make([]commerce.UUID, races)
		testkit.AtOnce(8, races, func(i int) {
			in := s.input(want("HAT", 1))
			in.Payments = []orders.PaymentInput{{Method: "CARD", Amount: commerce.Money{Amount: 10000, Currency: "CNY"}}}
			p, _, err := s.Place(k.Ctx, in)
			if err != nil {
				t.Error(err)
			}
			paid[i] = p.Order
		})
		errs := make([]error, 2*races)
		testkit.AtOnce(8, len(errs), func(i int) { _, _, errs[i] = s.Refund(k.Ctx, s.giveBack(paid[i/2], int64(5001+i%2*4999))) })
		won := 0
		for i, err := range errs {
			switch {
			case err == nil:
				won++
			case i%2 == 0 && errs[i+1] == nil:
				testkit.Refused(t, err, commerce.IllegalTransition, "") // all was given back
			default:
				testkit.Refused(t, err, commerce.InvalidInput, "amount")
			}
		}
		require.Equal(t, races, won)
		require.Zero(t, k.Count(t, "orders", "refunded > paid OR refunded = 0 OR (payment_state = 'REFUNDED') <> (refunded = paid)"))
		s.sums(t)
	})
}
