package orders_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/pickupcode"
)

// act is something that somebody does: the call, what the model says to it beforehand, and what is so when it is answered.
type act struct {
	name    string
	keyed   bool // it may be made again
	call    call
	refusal commerce.Code // "" when it is not to be refused
	then    func(answer any) error
}

// keyed is an act with a key.
func keyed[A any](name string, refusal commerce.Code, do func(context.Context) (A, bool, error), then func(A) error) *act {
	return &act{name, true, func(ctx context.Context) (any, bool, error) { return erase(do(ctx)) }, refusal, func(answer any) error { return then(answer.(A)) }}
}

func erase[A any](answer A, replayed bool, err error) (any, bool, error) {
	return answer, replayed, err
}

// first is the code of the first of some judgements that is against it.
func first(judgements ...judgement) commerce.Code {
	for _, j := range judgements {
		if j.against {
			return j.code
		}
	}
	return ""
}

type judgement struct {
	against bool
	code    commerce.Code
}

func illegal(unless bool) judgement                 { return judgement{!unless, commerce.IllegalTransition} }
func invalid(when bool) judgement                   { return judgement{when, commerce.InvalidInput} }
func tooFew(when bool) judgement                    { return judgement{when, commerce.InsufficientStock} }
func chance(r *rand.Rand, one int) bool             { return r.IntN(one) == 0 }
func upTo(r *rand.Rand, n int64) int64              { return 1 + r.Int64N(max(1, n)) }
func variantRef(v *ent.Variant) commerce.VariantRef { return commerce.VariantRef{SKU: v.Sku} }

// acts are what may happen, named; some of them are tried more often.
var acts = []string{
	"place", "fetch", "take what is kept", "pay", "cancel", "cancel a part", "accept", "refuse", "refuse, missing", "hold", "go on", "ship", "ship a part",
	"hand out", "announce a return", "take in", "take in damaged", "turn a return away", "give back", "adjust", "set", "sync", "send", "arrive", "call back",
	"keep", "let go", "time passes",
}

var often = map[string]int{"place": 4, "fetch": 3, "pay": 3, "accept": 8, "ship": 3, "ship a part": 3, "hand out": 2, "announce a return": 2, "take in": 2, "set": 2, "keep": 4, "give back": 2}

// anything picks something to do; nil when there is nothing to do it on.
func (w *world) anything(r *rand.Rand) *act {
	var among []string
	for _, name := range acts {
		for range max(1, often[name]) {
			among = append(among, name)
		}
	}
	name := among[r.IntN(len(among))]
	if chance(r, 4) { // what was done least, so that everything has its turn
		name = slices.MinFunc(acts, func(a, b string) int { return w.done[a] - w.done[b] })
	}
	return w.try(r, name)
}

// try makes an act of one name; nil when there is nothing to do it on.
func (w *world) try(r *rand.Rand, name string) *act {
	switch name {
	case "place", "fetch", "take what is kept":
		return w.buy(r, name)
	case "adjust", "set", "sync", "send", "arrive", "call back", "keep", "let go":
		return w.stocked(r, name)
	case "time passes":
		return w.timePasses(r)
	}
	if len(w.orders) == 0 {
		return nil
	}
	l := w.orders[max(0, len(w.orders)-1-r.IntN(14))]
	switch name {
	case "accept", "refuse", "refuse, missing", "hold", "go on", "ship", "ship a part":
		return w.worked(r, name, l)
	case "announce a return", "take in", "take in damaged", "turn a return away":
		return w.returned(r, name, l)
	case "hand out":
		return w.handOut(r)
	case "cancel", "cancel a part":
		return w.called(r, name, l)
	}
	return w.paid(r, name, l)
}

// buy places an order: by parcel, to be fetched, or with what is kept.
func (w *world) buy(r *rand.Rand, name string) *act {
	in := orders.PlaceInput{Key: fresh(), Channel: commerce.ChannelRef{Code: "shop"}}
	l := &life{pickup: name == "fetch", shipping: r.Int64N(1000)}
	in.Shipping = cny(l.shipping)
	wanted := map[commerce.UUID]int64{}
	for range 1 + r.IntN(3) {
		v := w.what[r.IntN(2)]
		b := bought{variant: v, quantity: upTo(r, 4), price: map[string]int64{"HAT": 10000, "CAP": 3050}[v.Sku]}
		line := want(v.Sku, b.quantity)
		if chance(r, 3) {
			b.price = 1000 + r.Int64N(5000)
			line.UnitPrice = cny(b.price)
		}
		for _, payer := range []string{"BRAND", "PLATFORM", "STORE"}[:r.IntN(4)] {
			share := upTo(r, 300)
			b.shares = append(b.shares, share)
			line = off(line, payer, share)
		}
		wanted[v.ID] += b.quantity
		l.lines, in.Lines = append(l.lines, b), append(in.Lines, line)
	}
	if total := l.total(); chance(r, 3) {
		l.paid = upTo(r, total)
		in.Payments = []orders.PaymentInput{{Method: "CARD", Amount: *cny(l.paid), Reference: "at once"}}
	}
	var taken *kept
	if name == "take what is kept" {
		if len(w.keeping) == 0 {
			return nil
		}
		taken = w.keeping[max(0, len(w.keeping)-1-r.IntN(4))]
		in.Reservation = &taken.id
		for p, n := range taken.lines {
			wanted[p.Variant] -= min(n, max(0, wanted[p.Variant]))
		}
	}
	short := false
	for v, n := range wanted {
		if l.pickup {
			in.Pickup = &commerce.LocationRef{Code: "ST"}
			short = short || n > w.available(place(v, w.st))
		} else {
			short = short || n > w.pool(v)
		}
	}
	refusal := first(tooFew(short))
	if taken != nil {
		refusal = first(w.unkept(taken, commerce.Expired), tooFew(short))
	}
	return keyed(name, refusal, func(ctx context.Context) (orders.Placed, bool, error) { return w.Place(ctx, in) }, func(p orders.Placed) error {
		l.id = p.Order
		err := errors.Join(w.readLines(l), w.read(l))
		w.mu.Lock()
		defer w.mu.Unlock()
		w.orders = append(w.orders, l)
		if taken != nil {
			taken.state = orders.ReservationConsumed
		}
		return err
	})
}

// unkept judges what becomes of a reservation that is to be ended; released is what is said of one that was let go.
func (w *world) unkept(k *kept, released commerce.Code) judgement {
	switch {
	case k.state == orders.ReservationReleased:
		return judgement{true, released}
	case k.state == orders.ReservationConsumed:
		return judgement{true, commerce.AlreadyUsed}
	}
	return judgement{k.state != orders.ReservationActive || k.expires <= w.Store.Instant(), commerce.Expired}
}

// paid is money that comes or goes.
func (w *world) paid(r *rand.Rand, name string, l *life) *act {
	if name == "pay" {
		due := l.total() - l.paid
		in := w.shop.pay(l.id, upTo(r, due+due/3))
		refusal := first(illegal(due > 0 && !l.is("CANCELED")), invalid(in.Payment.Amount.Amount > due))
		return keyed(name, refusal, func(ctx context.Context) (orders.Placed, bool, error) { return w.RecordPayment(ctx, in) }, func(orders.Placed) error {
			return w.change(l, func() { l.paid += in.Payment.Amount.Amount })
		})
	}
	for range 12 { // mostly an order of which something can be given back
		if l.paid > l.refunded && (l.refunded > 0 || chance(r, 2)) { // a second time rather than a first
			break
		}
		l = w.orders[r.IntN(len(w.orders))]
	}
	left := l.paid - l.refunded
	in := w.shop.giveBack(l.id, upTo(r, left+left/2))
	refusal := first(illegal(left > 0), invalid(in.Amount.Amount > left))
	return keyed(name, refusal, func(ctx context.Context) (orders.RefundMade, bool, error) { return w.Refund(ctx, in) }, func(orders.RefundMade) error {
		return w.change(l, func() { l.refunded += in.Amount.Amount })
	})
}

// change tells the model what has become of an order, and reads it.
func (w *world) change(l *life, how func()) error {
	w.mu.Lock()
	how()
	w.mu.Unlock()
	return w.read(l)
}

// called cancels an order or a part of it.
func (w *world) called(r *rand.Rand, name string, l *life) *act {
	in := w.stop(l.id)
	cut := make([]int64, len(l.lines))
	tooMany, gone, remains, left := false, false, int64(0), false
	for i, b := range l.lines {
		if name == "cancel a part" && (len(in.Lines) == 0 || chance(r, 2)) {
			open := b.quantity - b.canceled - b.fulfilled
			cut[i] = upTo(r, open)
			if chance(r, 6) {
				cut[i] += r.Int64N(3)
			}
			in.Lines = append(in.Lines, orders.LineQuantity{Line: &b.id, Quantity: cut[i]})
			gone = gone || cut[i] > open
			tooMany = tooMany || cut[i] > b.quantity-b.canceled
		}
		remains += b.quantity - b.canceled - b.fulfilled - cut[i]
		left = left || b.fulfilled > 0
	}
	whole := name == "cancel" || remains == 0 && !left
	refusal := first(illegal(l.is("OPEN", "HELD")), invalid(tooMany))
	return keyed(name, refusal, func(ctx context.Context) (orders.Placed, bool, error) { return w.Cancel(ctx, in) }, func(orders.Placed) error {
		return w.change(l, func() {
			if gone || whole && left { // it is only asked for
				return
			}
			if whole {
				l.sum, l.void = l.total(), true
			}
			for i := range l.lines {
				b := &l.lines[i]
				if b.canceled += cut[i]; whole {
					b.canceled = b.quantity
				}
			}
		})
	})
}

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
			func(orders.Accepted) error { return w.read(l) })
	}
	in := because(work.ID, "no hands")
	refusal := first(illegal(l.is("OPEN") && may(work)))
	done := func(commerce.UUID) error { return w.read(l) }
	switch name {
	case "hold":
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.Hold(ctx, in) }, done)
	case "go on":
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.Release(ctx, in) }, done)
	}
	in.Missing = name == "refuse, missing"
	open := l.open(work.ID)
	return keyed(name, refusal, func(ctx context.Context) (orders.Rejected, bool, error) { return w.Reject(ctx, in) }, func(orders.Rejected) error {
		return w.change(l, func() {
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
		return w.change(l, func() { w.leave(l, leaves, work.LocationID) })
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
	leaves := map[commerce.UUID]int64{}
	for _, work := range l.work {
		if work.State == "OPEN" || work.State == "ACCEPTED" {
			for _, a := range l.open(work.ID) {
				leaves[a.OrderLineID] += a.Quantity - a.Fulfilled - a.Released
			}
		}
	}
	refusal := first(
		judgement{l.used, commerce.AlreadyUsed}, judgement{code.ExpiresAt <= w.Store.Instant() || l.is("CANCELED"), commerce.Expired},
		illegal(l.is("OPEN") && !l.has("ON_HOLD", &w.st.ID) && (l.has("OPEN", &w.st.ID) || l.has("ACCEPTED", &w.st.ID))),
		tooFew(w.lacks(l, leaves, w.st.ID)))
	return keyed("hand out", refusal, func(ctx context.Context) (orders.Placed, bool, error) { return w.VerifyPickup(ctx, in) }, func(orders.Placed) error {
		return w.change(l, func() {
			l.used = true
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
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.RequestReturn(ctx, in) }, func(commerce.UUID) error {
			return w.change(l, func() { b.coming += n })
		})
	}
	if len(l.returns) == 0 {
		return nil
	}
	back := l.returns[r.IntN(len(l.returns))]
	coming := map[commerce.UUID]int64{}
	for _, row := range l.coming {
		if row.OrderReturnID == back.ID && row.Disposition == "" {
			coming[row.OrderLineID] += row.Quantity
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
			if as == orders.Restock {
				w.at(b.variant, at).onHand += n
			} else {
				w.at(b.variant, at).damaged += n
			}
		})
	})
}
