package orders_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
)

func place(v commerce.UUID, l *ent.Location) stock.Place {
	return stock.Place{Variant: v, Location: l.ID}
}

// stocked is what warehouses and other systems do with stock.
func (w *world) stocked(r *rand.Rand, name string) *act {
	v, l := w.what[r.IntN(2)], w.where[r.IntN(2)]
	p := place(v.ID, l)
	level, reserved := w.levels[p], w.reservedAt(p)
	at := commerce.LocationRef{Code: l.Code}
	switch name {
	case "adjust":
		in := stock.AdjustInput{Key: fresh(), Variant: variantRef(v), Location: at, Delta: upTo(r, 9), Reason: "found"}
		if chance(r, 2) {
			in.Delta = -in.Delta
		}
		refusal := first(tooFew(in.Delta < 0 && level.onHand+in.Delta < reserved))
		return keyed(name, refusal, func(ctx context.Context) (stock.AdjustedLevel, bool, error) { return w.stock.Adjust(ctx, in) },
			func(stock.AdjustedLevel) error { return w.now(func() { level.onHand += in.Delta }) })
	case "set":
		in := stock.SetInput{Key: fresh(), Variant: variantRef(v), Location: at, OnHand: reserved + r.Int64N(30) - r.Int64N(3), Reason: "counted"}
		in.OnHand = max(0, in.OnHand)
		if chance(r, 4) {
			in.Expected = commerce.Some(level.onHand + r.Int64N(2))
		}
		if chance(r, 2) {
			in.Safety = commerce.Some(r.Int64N(8))
		}
		refusal := first(judgement{in.Expected.Or(level.onHand) != level.onHand, commerce.StockConflict}, tooFew(in.OnHand < reserved))
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.stock.Set(ctx, in) }, func(commerce.UUID) error {
			return w.now(func() { level.onHand, level.safety = in.OnHand, in.Safety.Or(level.safety) })
		})
	case "sync":
		return w.synced(r)
	case "keep", "let go":
		return w.keep(r, name)
	}
	return w.sent(r, name, v, l)
}

// now tells the model what has become of stock.
func (w *world) now(how func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	how()
	return nil
}

// synced is another system's count, which may be late and may come out below what is promised.
func (w *world) synced(r *rand.Rand) *act {
	in := stock.SyncInput{Key: fresh(), Source: "WMS"}
	var then []func()
	for _, v := range w.what[:1+r.IntN(2)] {
		l := w.where[r.IntN(2)]
		level := w.at(v, l)
		n := w.reservedAt(place(v.ID, l)) + r.Int64N(30)
		if chance(r, 6) {
			n = r.Int64N(5)
		}
		asOf := w.Store.Instant().Add(-20 * time.Second * time.Duration(r.Int64N(3)))
		in.Rows = append(in.Rows, stock.SyncRow{Variant: variantRef(v), Location: commerce.LocationRef{Code: l.Code}, OnHand: n, AsOf: asOf})
		if asOf > level.counted {
			then = append(then, func() { level.onHand, level.counted = n, asOf })
		}
	}
	return keyed("sync", "", func(ctx context.Context) (stock.Synced, bool, error) { return w.stock.Sync(ctx, in) }, func(stock.Synced) error {
		return w.now(func() {
			for _, do := range then {
				do()
			}
		})
	})
}

// sent is goods between locations.
func (w *world) sent(r *rand.Rand, name string, v *ent.Variant, from *ent.Location) *act {
	if name == "send" {
		to := w.where[0]
		if to == from {
			to = w.where[1]
		}
		n := upTo(r, 6)
		if chance(r, 4) { // more than there may be
			n += w.available(place(v.ID, from))
		}
		in := stock.TransferInput{
			Key: fresh(), From: commerce.LocationRef{Code: from.Code}, To: commerce.LocationRef{Code: to.Code},
			Lines: []stock.TransferLine{{Variant: variantRef(v), Quantity: n}},
		}
		refusal := first(tooFew(n > w.available(place(v.ID, from))))
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.stock.CreateTransfer(ctx, in) }, func(id commerce.UUID) error {
			return w.now(func() {
				w.at(v, from).onHand -= n
				w.at(v, to).incoming += n
				w.transfers = append(w.transfers, &transit{id: id, variant: v, from: from, to: to, missing: n})
			})
		})
	}
	on := slices.IndexFunc(w.transfers, func(t *transit) bool { return t.missing > 0 })
	if on < 0 {
		return nil
	}
	t := w.transfers[on]
	if chance(r, 4) { // one that may have ended
		t = w.transfers[r.IntN(len(w.transfers))]
	}
	if name == "call back" {
		in := stock.CancelTransferInput{Key: fresh(), Transfer: t.id, Reason: "not needed"}
		return keyed(name, first(illegal(t.missing > 0)), func(ctx context.Context) (commerce.UUID, bool, error) { return w.stock.CancelTransfer(ctx, in) },
			func(commerce.UUID) error {
				return w.now(func() {
					w.at(t.variant, t.from).onHand += t.missing
					w.at(t.variant, t.to).incoming -= t.missing
					t.missing = 0
				})
			})
	}
	in, n := stock.ReceiveTransferInput{Key: fresh(), Transfer: t.id}, t.missing
	if chance(r, 2) {
		n = upTo(r, t.missing+1)
		in.Lines = []stock.TransferLine{{Variant: variantRef(t.variant), Quantity: n}}
	}
	return keyed(name, first(illegal(t.missing > 0), invalid(n > t.missing)),
		func(ctx context.Context) (commerce.UUID, bool, error) { return w.stock.ReceiveTransfer(ctx, in) }, func(commerce.UUID) error {
			return w.now(func() {
				w.at(t.variant, t.to).onHand += n
				w.at(t.variant, t.to).incoming -= n
				t.missing -= n
			})
		})
}

// keep is a cart that keeps what is in it, or gives it back.
func (w *world) keep(r *rand.Rand, name string) *act {
	if name == "let go" {
		if len(w.keeping) == 0 {
			return nil
		}
		k := w.keeping[max(0, len(w.keeping)-1-r.IntN(4))]
		in := orders.ReleaseReservationInput{Key: fresh(), Reservation: k.id}
		refusal := first(w.unkept(k, commerce.IllegalTransition))
		return keyed(name, refusal, func(ctx context.Context) (commerce.UUID, bool, error) { return w.ReleaseReservation(ctx, in) }, func(commerce.UUID) error {
			return w.now(func() { k.state = orders.ReservationReleased })
		})
	}
	var lines []orders.ReserveLine
	short, placed := false, chance(r, 2)
	for _, v := range w.what[r.IntN(2):] {
		n, l := upTo(r, 4), w.where[r.IntN(2)]
		if chance(r, 4) { // more than there may be
			n += w.available(place(v.ID, l))
		}
		if placed {
			lines, short = append(lines, holdAt(v.Sku, n, l.Code)), short || n > w.available(place(v.ID, l))
		} else {
			lines, short = append(lines, hold(v.Sku, n)), short || n > w.pool(v.ID)
		}
	}
	in := toHold(lines...)
	in.TTL = 60 + r.IntN(5000)
	return keyed(name, first(tooFew(short)), func(ctx context.Context) (commerce.UUID, bool, error) { return w.Reserve(ctx, in) }, func(id commerce.UUID) error {
		k, err := w.readKept(id)
		return errors.Join(err, w.now(func() { w.keeping = append(w.keeping, k) }))
	})
}

// timePasses moves the clock on and does what is due: reservations end, work is rerouted, held orders go on.
func (w *world) timePasses(r *rand.Rand) *act {
	by := r.Int64N(1500)
	if chance(r, 10) { // so much that buyers come too late
		by += 4 * 24 * 3600
	}
	return &act{name: "time passes", call: func(ctx context.Context) (any, bool, error) {
		w.seconds(by)
		_, ended := w.Expire(ctx)
		_, rerouted := w.TimeOut(ctx)
		retrier := orders.Retrier{Orders: w.Service}
		_, wentOn := retrier.Round(ctx)
		return nil, false, errors.Join(ended, rerouted, wentOn)
	}, then: func(any) error {
		w.mu.Lock()
		for _, k := range w.keeping {
			if k.state == orders.ReservationActive && k.expires <= w.Store.Instant() {
				k.state = orders.ReservationExpired
			}
		}
		all := append([]*life{}, w.orders...)
		w.mu.Unlock()
		var errs []error
		for _, l := range all {
			errs = append(errs, w.read(l))
			w.mu.Lock()
			l.goesOn()
			w.mu.Unlock()
		}
		return errors.Join(errs...)
	}}
}
