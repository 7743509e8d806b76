package orders_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
)

// state is the state that an order should be in, by what the model knows of it.
func (l *life) state() orders.State {
	switch {
	case l.void:
		return orders.Canceled
	case l.asked:
		return orders.CancelRequested
	case l.held && l.remains() > 0:
		return orders.Held
	case l.remains() == 0 && l.paid >= l.total():
		return orders.Completed
	}
	return orders.Open
}

// payment is whether it should be paid.
func (l *life) payment() orders.PaymentState {
	switch {
	case l.refunded > 0 && l.refunded == l.paid:
		return orders.Refunded
	case l.refunded > 0:
		return orders.PartiallyRefunded
	case l.paid >= l.total():
		return orders.Paid
	case l.paid > 0:
		return orders.PartiallyPaid
	}
	return orders.Pending
}

// fulfillment is whether it should have left.
func (l *life) fulfillment() orders.FulfillmentState {
	left := int64(0)
	for _, b := range l.lines {
		left += b.fulfilled
	}
	switch {
	case left == 0:
		return orders.Unfulfilled
	case l.remains() == 0:
		return orders.Fulfilled
	}
	return orders.PartiallyFulfilled
}

// remains is what is still to be sent.
func (l *life) remains() (n int64) {
	for _, b := range l.lines {
		n += b.open()
	}
	return n
}

// open is what of a line is still to be sent.
func (b bought) open() int64 { return b.quantity - b.fulfilled - b.canceled }

// cancel takes units off a line: first those that nobody has promised.
func (b *bought) cancel(n int64) {
	b.canceled += n
	b.loose -= min(b.loose, n)
}

// ask tells the model that an order is to be canceled of which something has left: every promise of it stays what it is.
func (l *life) ask() {
	l.asked, l.frozen = true, figures(l.promises)
}

// nobody tells whether nobody else can give what a location refuses: a buyer comes to one place only, who has said no is not asked
// again, and the only other location may have too few.
func (w *world) nobody(l *life, work *ent.FulfillmentOrder) bool {
	other := w.where[0]
	if other.ID == work.LocationID {
		other = w.where[1]
	}
	for _, said := range l.work {
		if said.LocationID == other.ID && (said.State == "REJECTED" || said.State == "CLOSED" && said.HoldReason != "") {
			return true
		}
	}
	wanted := map[commerce.UUID]int64{}
	for _, a := range l.open(work.ID) {
		wanted[a.VariantID] += a.Quantity - a.Fulfilled - a.Released
	}
	for v, n := range wanted {
		if n > w.available(place(v, other)) {
			return true
		}
	}
	return l.pickup
}

// refused tells the model what a location does not do: what nobody else can give is promised nowhere, and the order waits.
func (l *life) refused(work commerce.UUID, open []*ent.Allocation, nobody bool) {
	becomes(l, work, orders.WorkRejected)
	if slices.ContainsFunc(l.promises, func(a *ent.Allocation) bool { return a.FulfillmentOrderID == work && a.Fulfilled > 0 }) {
		becomes(l, work, orders.WorkClosed)
	}
	for i := range l.lines {
		for _, a := range open {
			if nobody && a.OrderLineID == l.lines[i].id {
				l.lines[i].loose += a.Quantity - a.Fulfilled - a.Released
			}
		}
	}
	l.held = l.held || nobody
}

// goesOn tells the model whether a held order was found everything that is missing; who finds it, and when, it does not foresee.
func (l *life) goesOn() {
	if !l.held || l.asked || l.void || l.is("HELD") {
		return
	}
	l.held = false
	for i := range l.lines {
		l.lines[i].loose = 0
	}
}

// becomes tells the model what work or a return is after an act.
func becomes[S ~string](l *life, what commerce.UUID, state S) {
	if l.becomes == nil {
		l.becomes = map[commerce.UUID]string{}
	}
	l.becomes[what] = string(state)
}

// sent tells the model what work is when so much of each line leaves.
func (l *life) sent(work commerce.UUID, leaves map[commerce.UUID]int64) {
	state := orders.WorkClosed
	for _, a := range l.open(work) {
		if a.Quantity-a.Fulfilled-a.Released > leaves[a.OrderLineID] {
			state = orders.WorkAccepted
		}
	}
	becomes(l, work, state)
}

// figures are promises by what they are.
func figures(promises []*ent.Allocation) map[commerce.UUID][3]int64 {
	out := map[commerce.UUID][3]int64{}
	for _, a := range promises {
		out[a.ID] = [3]int64{a.Quantity, a.Fulfilled, a.Released}
	}
	return out
}

// stored is what the database says of orders.
type stored struct {
	orders   map[commerce.UUID]*ent.Order
	lines    map[commerce.UUID][]*ent.OrderLine
	promises map[commerce.UUID][]*ent.Allocation
}

// agrees checks that everything is as the model has it.
func (w *world) agrees(t testing.TB) {
	t.Helper()
	all, err := w.Store.Ent.StockLevel.Query().All(w.ctx)
	require.NoError(t, err)
	for _, l := range all {
		p := stock.Place{Variant: l.VariantID, Location: l.LocationID}
		reserved := w.reservedAt(p)
		want := counts{w.levels[p].onHand, w.levels[p].safety, w.levels[p].incoming, w.levels[p].damaged, w.levels[p].counted}
		require.Equal(t, want, counts{l.OnHand, l.SafetyStock, l.Incoming, l.Damaged, l.CountedAt}, "%s", w.name(p))
		require.Equal(t, reserved, l.Reserved, "what is reserved of %s is what orders and reservations are promised", w.name(p))
		require.Equal(t, max(0, l.Reserved-l.OnHand), l.Shortfall, "a shortfall of %s is shown", w.name(p))
	}
	is, err := w.stored()
	require.NoError(t, err)
	require.Len(t, is.orders, len(w.orders))
	for _, l := range w.orders {
		l.stands(t, is)
	}
}

// stands checks that an order is as the model has it, whomever the last act was about.
func (l *life) stands(t testing.TB, all stored) {
	t.Helper()
	o, lines := all.orders[l.id], all.lines[l.id]
	name := o.Number
	require.Equal(t, l.o.Version, o.Version, "%s is changed by what is done with it", name)
	require.Equal(t, figures(l.promises), figures(all.promises[l.id]), "promises to %s change by what is done with it", name)
	if l.frozen != nil {
		require.Equal(t, l.frozen, figures(l.promises), "while it is only asked to cancel %s nothing is given back", name)
	}
	promised, coming := map[commerce.UUID]int64{}, map[commerce.UUID]int64{}
	for _, a := range l.promises {
		promised[a.OrderLineID] += a.Quantity - a.Fulfilled - a.Released
	}
	states := map[commerce.UUID]string{}
	for _, x := range l.work {
		states[x.ID] = x.State
	}
	for _, back := range l.returns {
		states[back.ID] = back.State
		for _, row := range l.coming {
			if row.OrderReturnID == back.ID && row.Disposition == "" && back.State == "REQUESTED" {
				coming[row.OrderLineID] += row.Quantity
			}
		}
	}
	for i, b := range l.lines {
		is := lines[i]
		require.Equal(t, []int64{b.quantity, b.fulfilled, b.canceled, b.returned}, []int64{is.Quantity, is.Fulfilled, is.Canceled, is.Returned},
			"line %d of %s: bought, left, canceled, came back", i, name)
		require.LessOrEqual(t, b.returned+b.coming, b.fulfilled, "no more comes back than has left")
		require.Equal(t, b.coming, coming[b.id], "line %d of %s: comes back", i, name)
		require.Equal(t, b.open()-b.loose, promised[b.id], "line %d of %s, %s: is promised", i, name, o.State)
		if l.void {
			require.Zero(t, b.fulfilled, "what is canceled has not left")
		}
	}
	require.Equal(t, []string{string(l.state()), string(l.payment()), string(l.fulfillment())}, []string{o.State, o.PaymentState, o.FulfillmentState}, "states of %s", name)
	require.Equal(t, []int64{l.total(), l.paid, l.refunded}, []int64{o.Total, o.Paid, o.Refunded}, "sums of %s", name)
	require.LessOrEqual(t, l.refunded, l.paid)
	require.Equal(t, l.out(), o.Returnable)
	for what, state := range l.becomes {
		require.Equal(t, state, states[what], "work or a return of %s", name)
	}
	l.becomes, l.frozen = nil, nil
}
