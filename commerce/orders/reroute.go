package orders

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// openLines is what of an order is promised nowhere: of each line, what is not canceled less what its allocations have sent or
// still promise. Lines without a variant want nothing yet.
func openLines(ctx context.Context, tx *events.Tx, order commerce.UUID) ([]line, error) {
	rows, err := tx.Query(ctx, `SELECT l.id, l.variant_id, l.quantity - l.canceled - CAST(COALESCE((SELECT SUM(a.quantity - a.released) FROM allocations a
		WHERE a.brand_id = l.brand_id AND a.order_id = l.order_id AND a.order_line_id = l.id), 0) AS bigint)
		FROM order_lines l WHERE l.brand_id = ? AND l.order_id = ? AND l.variant_id IS NOT NULL ORDER BY l.position`, tx.Viewer.Brand, order)
	return db.Collect(rows, err, func(r *sql.Rows) (l line, err error) { return l, r.Scan(&l.id, &l.variant, &l.quantity) })
}

// reroute takes work of a locked order from its location and has others do it: what has not left is promised elsewhere and given back
// here. It answers the new work, or outOf when nobody can give it, having changed nothing.
func reroute(ctx context.Context, tx *events.Tx, o locked, w *ent.FulfillmentOrder, reason string, missing bool) ([]commerce.UUID, error) {
	promised, err := openOf(ctx, tx, w)
	if err != nil {
		return nil, err
	}
	lines, err := openLines(ctx, tx, o.ID)
	if err != nil {
		return nil, err
	}
	for i := range lines {
		for _, a := range promised {
			if a.OrderLineID == lines[i].id {
				lines[i].quantity += a.Quantity - a.Fulfilled - a.Released
			}
		}
	}
	// What others can give is promised first: so levels are locked in the one order in which everybody locks them.
	work, err := elsewhere(ctx, tx, o, lines, append(refusers(o), w.LocationID))
	if err != nil {
		return nil, err
	}
	return work, takeBack(ctx, tx, o, w, reason, missing)
}

// elsewhere promises lines of a locked order, but not at some locations; wherever that is, also beyond what a narrowed viewer sees.
func elsewhere(ctx context.Context, tx *events.Tx, o locked, lines []line, except []commerce.UUID) ([]commerce.UUID, error) {
	lines = slices.DeleteFunc(lines, func(l line) bool { return l.quantity <= 0 })
	if len(lines) == 0 {
		return nil, nil
	}
	wide := tx.Viewer.Unnarrowed()
	d := o.demand(lines)
	d.except = except
	return allocate(auth.With(ctx, wide), tx.As(wide), d)
}

// promiseOpen promises all that is open of a locked order and tells whether there is enough; when there is not it changes nothing. A
// location that said no is asked again once goods have arrived there.
func promiseOpen(ctx context.Context, tx *events.Tx, o locked) (bool, error) {
	lines, err := openLines(ctx, tx, o.ID)
	if err != nil {
		return false, err
	}
	except, err := stillRefusing(ctx, tx, o, lines)
	if err != nil {
		return false, err
	}
	_, err = elsewhere(ctx, tx, o, lines, except)
	if _, short := errors.AsType[outOf](err); short {
		return false, nil
	}
	return err == nil, err
}

// refused tells whether a location said no to work. Work that was closed keeps a reason only when its rest was refused.
func refused(w *ent.FulfillmentOrder) bool {
	state := WorkState(w.State)
	return state == WorkRejected || state == WorkClosed && w.HoldReason != ""
}

// refusers are the locations that said no to an order.
func refusers(o locked) (out []commerce.UUID) {
	for _, w := range o.work {
		if refused(w) {
			out = append(out, w.LocationID)
		}
	}
	return out
}

// stillRefusing are the locations that said no to an order and got no goods of what it wants since.
func stillRefusing(ctx context.Context, tx *events.Tx, o locked, lines []line) ([]commerce.UUID, error) {
	since := map[commerce.UUID]commerce.Instant{}
	for _, w := range o.work {
		if refused(w) { // whatever other work it has meanwhile
			since[w.LocationID] = max(since[w.LocationID], w.UpdatedAt)
		}
	}
	var variants []commerce.UUID
	for _, l := range lines {
		if l.quantity > 0 {
			variants = append(variants, l.variant)
		}
	}
	in, args := db.In("variant_id", variants)
	var out []commerce.UUID
	for at, moment := range since {
		var arrived bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM stock_movements WHERE brand_id = ? AND location_id = ? AND occurred_at > ? AND on_hand_delta > 0 AND "+in+")",
			append([]any{tx.Viewer.Brand, at, moment}, args...)...).Scan(&arrived)
		if err != nil {
			return nil, err
		}
		if !arrived {
			out = append(out, at)
		}
	}
	return out, nil
}

// takeBack takes work from its location: what has not left is given back, and is not on hand either when it is missing.
func takeBack(ctx context.Context, tx *events.Tx, o locked, w *ent.FulfillmentOrder, reason string, missing bool) error {
	promised, err := openOf(ctx, tx, w)
	if err != nil {
		return err
	}
	var movements []stock.Movement
	open := map[commerce.UUID]int64{}
	for _, a := range promised {
		n := a.Quantity - a.Fulfilled - a.Released
		open[a.VariantID] += n
		movements = append(movements, stock.Movement{
			Place: stock.Place{Variant: a.VariantID, Location: a.LocationID}, Kind: stock.Release, Reserved: -n,
			Reason: "work taken from the location: " + reason, Reference: reference(o.Number),
		})
	}
	if missing && len(open) > 0 {
		gone, err := countOff(ctx, tx, o, w.LocationID, open, reason)
		if err != nil {
			return err
		}
		movements = append(movements, gone...)
	}
	if _, err := tx.Exec(ctx, "UPDATE allocations SET released = quantity - fulfilled WHERE brand_id = ? AND fulfillment_order_id = ?",
		tx.Viewer.Brand, w.ID); err != nil {
		return err
	}
	state := WorkRejected
	left, err := tx.Ent.Allocation.Query().Where(allocation.FulfillmentOrderID(w.ID), allocation.FulfilledGT(0)).
		Exist(auth.With(ctx, tx.Viewer.Unnarrowed()))
	if err != nil {
		return err
	}
	if left {
		state = WorkClosed
	}
	if err := bring(ctx, tx, w, state, reason, 0); err != nil || len(movements) == 0 {
		return err
	}
	_, err = stock.Move(ctx, tx, movements)
	return err
}

// countOff is what takes goods that are not there off what is on hand: as much as was thought to be there.
func countOff(ctx context.Context, tx *events.Tx, o locked, at commerce.UUID, open map[commerce.UUID]int64, reason string) ([]stock.Movement, error) {
	there, err := onHand(ctx, tx, at, slices.Collect(maps.Keys(open)))
	var out []stock.Movement
	for v, n := range there {
		if n = min(n, open[v]); n > 0 {
			out = append(out, stock.Movement{
				Place: stock.Place{Variant: v, Location: at}, Kind: stock.Adjusted, OnHand: -n, Reason: "missing: " + reason, Reference: reference(o.Number),
			})
		}
	}
	return out, err
}

// onHand is how many of variants are on hand at a location; the levels are kept from others until the transaction ends.
func onHand(ctx context.Context, tx *events.Tx, at commerce.UUID, variants []commerce.UUID) (map[commerce.UUID]int64, error) {
	in, args := db.In("variant_id", variants)
	rows, err := tx.Query(ctx, "SELECT variant_id, on_hand FROM stock_levels WHERE brand_id = ? AND location_id = ? AND "+in+" ORDER BY variant_id"+tx.ForUpdate(),
		append([]any{tx.Viewer.Brand, at}, args...)...)
	out := map[commerce.UUID]int64{}
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var v commerce.UUID
		var n int64
		err := r.Scan(&v, &n)
		out[v] = n
		return struct{}{}, err
	})
	return out, err
}

// openOf is what a piece of work still promises.
func openOf(ctx context.Context, tx *events.Tx, w *ent.FulfillmentOrder) ([]*ent.Allocation, error) {
	all, err := openAllocations(ctx, tx, w.OrderID)
	return slices.DeleteFunc(all, func(a *ent.Allocation) bool { return a.FulfillmentOrderID != w.ID }), err
}
