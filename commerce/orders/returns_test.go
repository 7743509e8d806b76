package orders_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent/orderreturnline"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func some(sku string, n int64) orders.LineQuantity { return orders.LineQuantity{SKU: sku, Quantity: n} }

// left places an order and sends it, all of it when lines are empty.
func (s *shop) left(t testing.TB, wanted []orders.LineInput, sent ...orders.LineQuantity) commerce.UUID {
	t.Helper()
	id := s.placed(t, wanted...)
	_, _, err := s.Ship(s.ctx, s.parcel(s.accepted(t, id), sent...))
	require.NoError(t, err)
	return id
}

func (s *shop) back(order commerce.UUID, lines ...orders.LineQuantity) orders.ReturnInput {
	in := orders.ReturnInput{Key: fresh(), Order: commerce.OrderRef{ID: &order}}
	for _, l := range lines {
		in.Lines = append(in.Lines, orders.ReturnLine{LineQuantity: l, Reason: "too small"})
	}
	return in
}

func (s *shop) announced(t testing.TB, order commerce.UUID, lines ...orders.LineQuantity) commerce.UUID {
	t.Helper()
	id, _, err := s.RequestReturn(s.ctx, s.back(order, lines...))
	require.NoError(t, err)
	return id
}

func (s *shop) takeIn(id commerce.UUID, location string, d orders.Disposition, lines ...orders.LineQuantity) orders.ReceiveInput {
	in := orders.ReceiveInput{Key: fresh(), Return: id, Location: commerce.LocationRef{Code: location}}
	for _, l := range lines {
		in.Lines = append(in.Lines, orders.ReceivedLine{LineQuantity: l, Disposition: d})
	}
	return in
}

func (s *shop) refusal(id commerce.UUID) orders.RejectReturnInput {
	return orders.RejectReturnInput{Key: fresh(), Return: id, Reason: "never came"}
}

// returnState tells where a return stands and what it holds, as "RECEIVED HAT 2 RESTOCK WH".
func (s *shop) returnState(t testing.TB, id commerce.UUID) []string {
	t.Helper()
	r, err := s.Store.Ent.OrderReturn.Get(s.ctx, id)
	require.NoError(t, err)
	rows, err := s.Store.Ent.OrderReturnLine.Query().Where(orderreturnline.OrderReturnID(id)).Order(orderreturnline.ByID()).All(s.ctx)
	require.NoError(t, err)
	out := []string{r.State}
	for _, row := range rows {
		l, err := s.Store.Ent.OrderLine.Get(s.ctx, row.OrderLineID)
		require.NoError(t, err)
		told := fmt.Sprintf("%s.%d %d", l.Sku, l.Position, row.Quantity)
		if row.Disposition != "" {
			told += fmt.Sprintf(" %s %s", row.Disposition, map[commerce.UUID]string{s.wh.ID: "WH", s.st.ID: "ST"}[*row.LocationID])
		}
		out = append(out, told)
	}
	return out
}

// shelf tells what is on hand, reserved and damaged of a variant at a location.
func (s *shop) shelf(t testing.TB, variant, location commerce.UUID) (out [3]int) {
	t.Helper()
	require.NoError(t, s.Store.DB.Read().QueryRow(s.ctx, `SELECT COALESCE(SUM(on_hand), 0), COALESCE(SUM(reserved), 0), COALESCE(SUM(damaged), 0)
		FROM stock_levels WHERE variant_id = ? AND location_id = ?`, variant, location).Scan(&out[0], &out[1], &out[2]))
	return out
}

func TestGoodsComeBackInParts(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		s.put(t, "CAP", "WH", 9)
		id := s.placed(t, want("HAT", 2), want("CAP", 1), want("HAT", 3))
		a := s.accepted(t, id)
		_, _, err := s.RequestReturn(k.Ctx, s.back(id, some("HAT", 1)))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		_, _, err = s.Ship(k.Ctx, s.parcel(a, some("HAT", 4)))
		require.NoError(t, err)
		require.EqualValues(t, 4, s.order(t, id).Returnable)

		lines := s.lines(t, id)
		for _, c := range []struct {
			lines []orders.LineQuantity
			said  string
		}{
			{[]orders.LineQuantity{some("HAT", 5)}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{some("CAP", 1)}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{some("hat", 3), some("HAT", 2)}, "INVALID_INPUT lines.1.quantity"},
			{[]orders.LineQuantity{{Line: &lines[2].ID, Quantity: 3}}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{some("HAT", 1), some("NONE", 1)}, "NOT_FOUND lines.1.sku"},
			{[]orders.LineQuantity{{Line: &id, Quantity: 1}}, "NOT_FOUND lines.0.line"},
			{[]orders.LineQuantity{some("HAT", 0)}, "INVALID_INPUT lines.0.quantity"},
			{[]orders.LineQuantity{{Quantity: 1}}, "INVALID_INPUT lines.0"},
			{nil, "INVALID_INPUT lines"},
		} {
			_, _, err := s.RequestReturn(k.Ctx, s.back(id, c.lines...))
			require.Equal(t, []string{c.said}, testkit.Said(err))
		}
		unexplained := s.back(id, some("HAT", 1))
		unexplained.Lines[0].Reason = " "
		_, _, err = s.RequestReturn(k.Ctx, unexplained)
		testkit.Refused(t, err, commerce.InvalidInput, "lines.0.reason")

		in := s.back(id, some("hat", 3))
		one, _, err := s.RequestReturn(k.Ctx, in)
		require.NoError(t, err)
		again, replayed, err := s.RequestReturn(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, one, again)
		require.Equal(t, []string{"REQUESTED", "HAT.0 2", "HAT.2 1"}, s.returnState(t, one), "by SKU the lines in their order")
		require.Equal(t, []any{int64(1), 1}, []any{s.order(t, id).Returnable, s.order(t, id).ReturnsOpen})
		_, _, err = s.RequestReturn(k.Ctx, s.back(id, some("HAT", 2)))
		testkit.Refused(t, err, commerce.InvalidInput, "lines.0.quantity")
		two := s.announced(t, id, orders.LineQuantity{Line: &lines[2].ID, Quantity: 1})
		_, _, err = s.RequestReturn(k.Ctx, s.back(id, some("HAT", 1)))
		testkit.Refused(t, err, commerce.IllegalTransition, "")

		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(one, "ST", orders.Restock, some("HAT", 4)))
		testkit.Refused(t, err, commerce.InvalidInput, "lines.0.quantity")
		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(one, "ST", orders.Restock, some("HAT", 1), some("NONE", 1)))
		testkit.Refused(t, err, commerce.NotFound, "lines.1.sku")
		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(one, "ST", orders.Restock, orders.LineQuantity{Line: &id, Quantity: 1}))
		testkit.Refused(t, err, commerce.NotFound, "lines.0.line")
		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(one, "ST", "LOST", some("HAT", 1)))
		testkit.Refused(t, err, commerce.InvalidInput, "lines.0.disposition")
		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(one, "ST", orders.Restock))
		testkit.Refused(t, err, commerce.InvalidInput, "lines")
		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(one, "XX", orders.Restock, some("HAT", 1)))
		testkit.Refused(t, err, commerce.NotFound, "location")
		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(commerce.NewUUID(), "ST", orders.Restock, some("HAT", 1)))
		testkit.Refused(t, err, commerce.NotFound, "return")

		receive := s.takeIn(one, "ST", orders.Restock, some("HAT", 1))
		for range 2 {
			_, _, err = s.ReceiveReturn(k.Ctx, receive)
			require.NoError(t, err)
		}
		require.Equal(t, []string{"REQUESTED", "HAT.0 1", "HAT.2 1", "HAT.0 1 RESTOCK ST"}, s.returnState(t, one))
		require.Equal(t, [3]int{1, 0, 0}, s.shelf(t, s.hat.ID, s.st.ID), "where it never was there is a level now")
		mixed := s.takeIn(one, "ST", orders.Damaged, some("HAT", 1))
		mixed.Lines = append(mixed.Lines, orders.ReceivedLine{LineQuantity: some("HAT", 1), Disposition: orders.Restock})
		_, _, err = s.ReceiveReturn(k.Ctx, mixed)
		require.NoError(t, err)
		require.Equal(t, []string{"RECEIVED", "HAT.0 1 RESTOCK ST", "HAT.0 1 DAMAGED ST", "HAT.2 1 RESTOCK ST"}, s.returnState(t, one))
		require.Equal(t, [3]int{2, 0, 1}, s.shelf(t, s.hat.ID, s.st.ID))
		require.Equal(t, [3]int{5, 1, 0}, s.shelf(t, s.hat.ID, s.wh.ID))
		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(one, "ST", orders.Restock, some("HAT", 1)))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		_, _, err = s.RejectReturn(k.Ctx, s.refusal(one))
		testkit.Refused(t, err, commerce.IllegalTransition, "")

		_, _, err = s.RejectReturn(k.Ctx, s.refusal(two))
		require.NoError(t, err)
		require.Equal(t, []string{"REJECTED", "HAT.2 1"}, s.returnState(t, two), "a refused return tells what it was of")
		require.Equal(t, []any{int64(1), 0}, []any{s.order(t, id).Returnable, s.order(t, id).ReturnsOpen})
		three := s.announced(t, id, some("HAT", 1))
		_, _, err = s.ReceiveReturn(k.Ctx, s.takeIn(three, "WH", orders.Restock, some("HAT", 1)))
		require.NoError(t, err)
		require.EqualValues(t, []int64{2, 0, 2}, []int64{s.lines(t, id)[0].Returned, s.lines(t, id)[1].Returned, s.lines(t, id)[2].Returned})
		s.sums(t)
	})
}

// What of a return did not come may be announced again; what came stays.
func TestARefusedRemainderMayComeLater(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.left(t, []orders.LineInput{want("HAT", 5)})
		r := s.announced(t, id, some("HAT", 4))
		_, _, err := s.ReceiveReturn(k.Ctx, s.takeIn(r, "WH", orders.Restock, some("HAT", 1)))
		require.NoError(t, err)
		_, _, err = s.RejectReturn(k.Ctx, orders.RejectReturnInput{Key: fresh(), Return: r})
		testkit.Refused(t, err, commerce.InvalidInput, "reason")
		in := s.refusal(r)
		_, _, err = s.RejectReturn(k.Ctx, in)
		require.NoError(t, err)
		_, replayed, err := s.RejectReturn(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, []string{"RECEIVED", "HAT.0 1 RESTOCK WH"}, s.returnState(t, r))
		require.Equal(t, []any{int64(4), 0}, []any{s.order(t, id).Returnable, s.order(t, id).ReturnsOpen})
		_, _, err = s.RequestReturn(k.Ctx, s.back(id, some("HAT", 5)))
		testkit.Refused(t, err, commerce.InvalidInput, "lines.0.quantity")
		s.announced(t, id, some("HAT", 4))
		entries, err := k.Store.Ent.OrderEntry.Query().All(k.Ctx)
		require.NoError(t, err)
		var told []string
		for _, e := range entries[3:] {
			told = append(told, e.Kind+" "+e.Note+" by "+e.Actor)
		}
		require.Equal(t, []string{"RETURN_REQUESTED too small by tester", "RETURN_RECEIVED 1 RESTOCK, 0 DAMAGED by tester",
			"RETURN_REJECTED never came by tester", "RETURN_REQUESTED too small by tester"}, told)
		s.sums(t)
	})
}

func TestWhatHasLeftComesBackWhateverTheOrderIs(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		completed := s.left(t, []orders.LineInput{want("HAT", 1)})
		_, _, err := s.RecordPayment(k.Ctx, s.pay(completed, 10000))
		require.NoError(t, err)
		asked := s.left(t, []orders.LineInput{want("HAT", 2)}, some("HAT", 1))
		_, _, err = s.Cancel(k.Ctx, s.stop(asked))
		require.NoError(t, err)
		for id, state := range map[commerce.UUID]string{completed: "COMPLETED", asked: "CANCEL_REQUESTED"} {
			require.Equal(t, state, s.order(t, id).State)
			r := s.announced(t, id, some("HAT", 1))
			_, _, err := s.ReceiveReturn(k.Ctx, s.takeIn(r, "ST", orders.Restock, some("HAT", 1)))
			require.NoError(t, err)
			require.Equal(t, state, s.order(t, id).State)
		}
		s.sums(t)
	})
}

func TestWhoMayNotReturnOrRefund(t *testing.T) { // TN-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.left(t, []orders.LineInput{want("HAT", 3)})
		_, _, err := s.RecordPayment(k.Ctx, s.pay(id, 30000))
		require.NoError(t, err)
		r := s.announced(t, id, some("HAT", 2))
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
			_, _, err := s.RequestReturn(c.ctx, s.back(id, some("HAT", 1)))
			require.Equal(t, c.code, commerce.CodeOf(err), name)
			_, _, err = s.ReceiveReturn(c.ctx, s.takeIn(r, "ST", orders.Restock, some("HAT", 1)))
			require.Equal(t, c.code, commerce.CodeOf(err), name)
			_, _, err = s.RejectReturn(c.ctx, s.refusal(r))
			require.Equal(t, c.code, commerce.CodeOf(err), name)
			_, _, err = s.Refund(c.ctx, s.giveBack(id, 1))
			require.Equal(t, c.code, commerce.CodeOf(err), name)
			in := s.stop(id)
			in.Lines = []orders.LineQuantity{some("HAT", 1)}
			_, _, err = s.Cancel(c.ctx, in)
			require.Equal(t, c.code, commerce.CodeOf(err), name)
		}
		_, _, err = s.ReceiveReturn(k.At(s.wh.ID), s.takeIn(r, "ST", orders.Restock, some("HAT", 1)))
		testkit.Refused(t, err, commerce.NotFound, "location")
		_, _, err = s.ReceiveReturn(k.At(s.wh.ID), s.takeIn(r, "WH", orders.Restock, some("HAT", 1)))
		require.NoError(t, err, "who is there may")
		s.sums(t)
	})
}

// Many announce and take in the same goods at once: no unit comes back twice.
func TestTheSameGoodsComeBackOnce(t *testing.T) { // MQ-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		id := s.left(t, []orders.LineInput{want("HAT", 7)})
		made := make([]commerce.UUID, 24)
		errs := make([]error, len(made))
		testkit.AtOnce(8, len(made), func(i int) { made[i], _, errs[i] = s.RequestReturn(k.Ctx, s.back(id, some("HAT", 2))) })
		var open []commerce.UUID
		for i, err := range errs {
			if err == nil {
				open = append(open, made[i])
			} else {
				testkit.Refused(t, err, commerce.InvalidInput, "lines.0.quantity")
			}
		}
		require.Len(t, open, 3)
		var taken [24]error
		testkit.AtOnce(8, len(taken), func(i int) {
			if i%4 == 3 {
				_, _, taken[i] = s.RejectReturn(k.Ctx, s.refusal(open[i%3]))
				return
			}
			_, _, taken[i] = s.ReceiveReturn(k.Ctx, s.takeIn(open[i%3], "ST", orders.Restock, some("HAT", 1)))
		})
		won := 0
		for i, err := range taken {
			if err == nil && i%4 != 3 {
				won++
			} else if err != nil {
				require.Contains(t, []commerce.Code{commerce.IllegalTransition, commerce.InvalidInput}, commerce.CodeOf(err))
			}
		}
		require.LessOrEqual(t, won, 6)
		require.Equal(t, [3]int{won, 0, 0}, s.shelf(t, s.hat.ID, s.st.ID))
		require.EqualValues(t, won, s.lines(t, id)[0].Returned)
		require.Zero(t, s.order(t, id).ReturnsOpen)
		s.sums(t)
	})
}
