package orders_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
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
	"place", "fetch", "take what is kept", "pay", "cancel", "cancel a part", "cancel what has not left", "accept", "refuse", "refuse, missing", "hold", "go on", "ship", "ship a part",
	"hand out", "announce a return", "take in", "take in damaged", "turn a return away", "give back", "adjust", "set", "sync", "send", "arrive", "call back",
	"keep", "let go", "time passes",
}

var often = map[string]int{"place": 4, "fetch": 3, "pay": 3, "accept": 8, "ship": 3, "ship a part": 3, "hand out": 2, "announce a return": 4, "take in": 2, "set": 2, "keep": 4, "give back": 2, "send": 3}

// everyAct is how often each act is to be done, before a run has seen everything.
const everyAct = 5

// least is how often the act was done that was done least.
func (w *world) least() int {
	return w.done[slices.MinFunc(acts, func(a, b string) int { return w.done[a] - w.done[b] })]
}

// anything picks something to do; nil when there is nothing to do it on.
func (w *world) anything(r *rand.Rand) *act {
	var among []string
	for _, name := range acts {
		for range max(1, often[name]) {
			among = append(among, name)
		}
	}
	if chance(r, 3) { // what was done least of what can be done, so that everything has its turn
		least := func(a, b string) int { return w.done[a] - w.done[b] }
		for _, name := range slices.SortedStableFunc(slices.Values(acts), least) {
			if a := w.try(r, name); a != nil && a.refusal == "" {
				return a
			}
		}
	}
	return w.try(r, among[r.IntN(len(among))])
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
	case "cancel", "cancel a part", "cancel what has not left":
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
	unsent := func(l *life) bool { return l.has("OPEN", nil) || l.has("ACCEPTED", nil) || l.has("ON_HOLD", nil) }
	begun := func(states ...string) []*life { // of which a part has left
		return slices.DeleteFunc(slices.Clone(w.orders), func(l *life) bool {
			return !l.is(states...) || l.o.FulfillmentState != string(orders.PartiallyFulfilled) || !unsent(l)
		})
	}
	if asked := begun("CANCEL_REQUESTED"); name == "cancel what has not left" {
		if len(asked) == 0 {
			return nil
		}
		l = asked[r.IntN(len(asked))]
	}
	if some := begun("OPEN"); name == "cancel" && len(some) > 0 && chance(r, 2) {
		l = some[r.IntN(len(some))]
	}
	in := w.stop(l.id)
	cut := make([]int64, len(l.lines))
	tooMany, gone, remains, left := false, false, int64(0), false
	for i, b := range l.lines {
		open := b.quantity - b.canceled - b.fulfilled
		if name == "cancel what has not left" && open > 0 && (len(in.Lines) == 0 || chance(r, 2)) {
			cut[i] = upTo(r, open)
			in.Lines = append(in.Lines, orders.LineQuantity{Line: &b.id, Quantity: cut[i]})
		}
		if name == "cancel a part" && (len(in.Lines) == 0 || chance(r, 2)) {
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
	refusal := first(illegal(l.is("OPEN", "HELD") || l.is("CANCEL_REQUESTED") && unsent(l)), invalid(tooMany))
	return keyed(name, refusal, func(ctx context.Context) (orders.Placed, bool, error) { return w.Cancel(ctx, in) }, func(orders.Placed) error {
		return w.change(l, func() {
			if gone || whole && left { // it is only asked for
				l.ask()
				return
			}
			if whole {
				l.sum, l.void = l.total(), true
			}
			for i := range l.lines {
				b := &l.lines[i]
				if whole {
					cut[i] = b.open()
				}
				b.cancel(cut[i])
			}
		})
	})
}
