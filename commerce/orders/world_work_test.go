package orders_test

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/pickupcode"
)

// worked is what staff do with work.
func (w *world) worked(r *rand.Rand, name string, l *life) *act {
	from := map[string][]string{"accept": {"OPEN"}, "go on": {"ON_HOLD"}, "ship": {"ACCEPTED"}, "ship a part": {"ACCEPTED"}, "hold": {"OPEN", "ACCEPTED"}}[name]
	if from == nil {
		from = []string{"OPEN", "ACCEPTED", "ON_HOLD"}
	}
	may := func(o *ent.FulfillmentOrder) bool { return slices.Contains(from, o.State) }
	if len(l.work) == 0 {
		return nil
	}
	work := l.work[r.IntN(len(l.work))]
	for range 40 { // mostly where it can be done
		if may(work) && (l.is("OPEN") || chance(r, 4)) {
			break
		}
		l = w.orders[r.IntN(len(w.orders))]
		if len(l.work) > 0 {
			work = l.work[r.IntN(len(l.work))]
		}
	}
	if name == "ship" || name == "ship a part" {
		return w.parcelOf(r, name, l, work)
	}
	if name == "accept" {
		in := orders.AcceptInput{Key: fresh(), Work: work.ID}
		return keyed(name, first(illegal(l.is("OPEN") && may(work))), func(ctx context.Context) (orders.Accepted, bool, error) { return w.Accept(ctx, in) },
			func(orders.Accepted) error { return w.change(l, func() { becomes(l, work.ID, orders.WorkAccepted) }) })
	}
	in := because(work.ID, "no hands")
	refusal := first(illegal(l.is("OPEN") && may(work)))
	done := func(state orders.WorkState) func(commerce.UUID) error {
		return func(commerce.UUID) error { return w.change(l, func() { becomes(l, work.ID, state) }) }
	}
	switch name {
	case "hold":
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.Hold(ctx, in) }, done(orders.WorkOnHold))
	case "go on":
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.Release(ctx, in) }, done(orders.WorkOpen))
	}
	in.Missing = name == "refuse, missing"
	open, nobody := l.open(work.ID), w.nobody(l, work)
	return keyed(name, refusal, func(ctx context.Context) (orders.Rejected, bool, error) { return w.Reject(ctx, in) }, func(orders.Rejected) error {
		return w.change(l, func() {
			l.refused(work.ID, open, nobody)
			for _, a := range open {
				if in.Missing {
					level := w.levels[place(a.VariantID, &ent.Location{ID: work.LocationID})]
					level.onHand -= min(level.onHand, a.Quantity-a.Fulfilled-a.Released)
				}
			}
		})
	})
}

// parcelOf lets a parcel leave, whole or a part of what is to be sent.
func (w *world) parcelOf(r *rand.Rand, name string, l *life, work *ent.FulfillmentOrder) *act {
	stale := chance(r, 8)
	dispatch := work.Dispatch
	if stale {
		dispatch--
	}
	in := w.parcel(orders.Accepted{Work: work.ID, Token: w.Tokens.Token(work.ID, dispatch)})
	open := l.open(work.ID)
	tooMany := len(open) == 0
	leaves := map[commerce.UUID]int64{} // by line
	for _, a := range open {
		leaves[a.OrderLineID] = a.Quantity - a.Fulfilled - a.Released
	}
	if name == "ship a part" && len(open) > 0 {
		a := open[r.IntN(len(open))]
		n := upTo(r, leaves[a.OrderLineID])
		if chance(r, 8) {
			n++
		}
		tooMany = n > leaves[a.OrderLineID]
		in.Lines = []orders.LineQuantity{{Line: &a.OrderLineID, Quantity: n}}
		leaves = map[commerce.UUID]int64{a.OrderLineID: n}
	}
	revoked := judgement{stale || work.State != "ACCEPTED" || !l.is("OPEN", "CANCEL_REQUESTED") || l.pickup, commerce.DispatchRevoked}
	refusal := first(revoked, invalid(tooMany), tooFew(w.lacks(l, leaves, work.LocationID)))
	return keyed(name, refusal, func(ctx context.Context) (orders.Shipped, bool, error) { return w.Ship(ctx, in) }, func(orders.Shipped) error {
		return w.change(l, func() {
			l.sent(work.ID, leaves)
			w.leave(l, leaves, work.LocationID)
		})
	})
}

// lacks tells whether there is less on the shelf of a location than is to leave: a count may have come out below what was promised.
func (w *world) lacks(l *life, leaves map[commerce.UUID]int64, at commerce.UUID) bool {
	sums := map[commerce.UUID]int64{}
	for _, b := range l.lines {
		sums[b.variant.ID] += leaves[b.id]
	}
	for v, n := range sums {
		if n > w.levels[place(v, &ent.Location{ID: at})].onHand {
			return true
		}
	}
	return false
}

// leave takes what leaves off the shelf.
func (w *world) leave(l *life, leaves map[commerce.UUID]int64, at commerce.UUID) {
	for i := range l.lines {
		b := &l.lines[i]
		b.fulfilled += leaves[b.id]
		w.levels[place(b.variant.ID, &ent.Location{ID: at})].onHand -= leaves[b.id]
	}
}

// handOut gives goods to somebody who shows a code.
func (w *world) handOut(r *rand.Rand) *act {
	waiting := slices.DeleteFunc(slices.Clone(w.orders), func(l *life) bool { return !l.pickup || l.used && !chance(r, 8) })
	if len(waiting) == 0 {
		return nil
	}
	l := waiting[r.IntN(len(waiting))]
	code, err := w.Store.Ent.PickupCode.Query().Where(pickupcode.OrderID(l.id)).Only(w.ctx)
	if err != nil {
		return &act{name: "hand out", call: func(context.Context) (any, bool, error) { return nil, false, err }}
	}
	in := show(w.CodeText(code))
	leaves, given := map[commerce.UUID]int64{}, []commerce.UUID{}
	for _, work := range l.work {
		if work.State == "OPEN" || work.State == "ACCEPTED" {
			given = append(given, work.ID)
			for _, a := range l.open(work.ID) {
				leaves[a.OrderLineID] += a.Quantity - a.Fulfilled - a.Released
			}
		}
	}
	refusal := first(
		judgement{l.used, commerce.AlreadyUsed}, judgement{l.o.PickupUntil <= w.Store.Instant() || l.is("CANCELED"), commerce.Expired},
		illegal(l.is("OPEN") && !l.has("ON_HOLD", &w.st.ID) && (l.has("OPEN", &w.st.ID) || l.has("ACCEPTED", &w.st.ID))),
		tooFew(w.lacks(l, leaves, w.st.ID)))
	return keyed("hand out", refusal, func(ctx context.Context) (orders.Placed, bool, error) { return w.VerifyPickup(ctx, in) }, func(orders.Placed) error {
		return w.change(l, func() {
			l.used = true
			for _, work := range given {
				becomes(l, work, orders.WorkClosed)
			}
			w.leave(l, leaves, w.st.ID)
		})
	})
}

// returned is what becomes of goods that come back.
func (w *world) returned(r *rand.Rand, name string, l *life) *act {
	for range 12 { // mostly an order of which something has left
		if l.out() > 0 || len(l.returns) > 0 {
			break
		}
		l = w.orders[r.IntN(len(w.orders))]
	}
	if name == "announce a return" {
		b := &l.lines[r.IntN(len(l.lines))]
		n := upTo(r, b.fulfilled-b.returned-b.coming)
		in := w.back(l.id, orders.LineQuantity{Line: &b.id, Quantity: n})
		refusal := first(illegal(l.out() > 0), invalid(n > b.fulfilled-b.returned-b.coming))
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.RequestReturn(ctx, in) }, func(id commerce.UUID) error {
			return w.change(l, func() {
				b.coming += n
				becomes(l, id, orders.ReturnRequested)
			})
		})
	}
	if len(l.returns) == 0 {
		return nil
	}
	back := l.returns[r.IntN(len(l.returns))]
	coming := map[commerce.UUID]int64{}
	awaited, arrived := int64(0), int64(0)
	for _, row := range l.coming {
		switch {
		case row.OrderReturnID != back.ID:
		case row.Disposition == "":
			coming[row.OrderLineID] += row.Quantity
			awaited += row.Quantity
		default:
			arrived += row.Quantity
		}
	}
	if name == "turn a return away" {
		in := w.refusal(back.ID)
		return keyed(name, first(illegal(back.State == "REQUESTED")), func(ctx context.Context) (commerce.UUID, bool, error) { return w.RejectReturn(ctx, in) },
			func(commerce.UUID) error {
				return w.change(l, func() {
					for i := range l.lines {
						l.lines[i].coming -= coming[l.lines[i].id]
					}
					becomes(l, back.ID, orders.ReturnRejected)
					if arrived > 0 {
						becomes(l, back.ID, orders.ReturnReceived)
					}
				})
			})
	}
	i := max(0, slices.IndexFunc(l.lines, func(b bought) bool { return coming[b.id] > 0 }))
	b, n, at := &l.lines[i], upTo(r, coming[l.lines[i].id]), w.where[r.IntN(2)]
	if chance(r, 8) {
		n++
	}
	as := map[string]orders.Disposition{"take in": orders.Restock, "take in damaged": orders.Damaged}[name]
	in := w.takeIn(back.ID, at.Code, as, orders.LineQuantity{Line: &b.id, Quantity: n})
	refusal := first(illegal(back.State == "REQUESTED"), invalid(n > coming[b.id]))
	return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.ReceiveReturn(ctx, in) }, func(commerce.UUID) error {
		return w.change(l, func() {
			b.coming -= n
			b.returned += n
			becomes(l, back.ID, orders.ReturnRequested)
			if awaited == n {
				becomes(l, back.ID, orders.ReturnReceived)
			}
			if as == orders.Restock {
				w.at(b.variant, at).onHand += n
			} else {
				w.at(b.variant, at).damaged += n
			}
		})
	})
}
