package orders

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
)

// cancelPart cancels so many of the lines of a locked order: what nobody has promised first, then promises, and the sums fall by what
// is not bought any more. Units that can only be met by what has left are not canceled: then that is asked for, and nothing else
// happens. When nothing remains to be sent the order is canceled, or has left; one that is to be canceled stays so.
func cancelPart(ctx context.Context, tx *events.Tx, o locked, in CancelInput) error {
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	parts, left, err := meant(lines, in.Lines)
	if err != nil {
		return err
	}
	if left {
		if err := o.seenBy(tx.Viewer); err != nil {
			return err
		}
		return requestCancel(ctx, tx, o, in.Reason)
	}
	open, err := openAllocations(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	back, err := o.release(tx.Viewer.SeesLocation, parts, open)
	if err != nil {
		return err
	}
	remains := int64(0)
	for _, l := range lines {
		remains += l.Quantity - l.Fulfilled - l.Canceled
	}
	for _, p := range parts {
		remains -= p.quantity
	}
	if remains == 0 && !o.left {
		return cancel(ctx, tx, o, in.Reason)
	}
	if err := o.letGo(ctx, tx, open, back); err != nil {
		return err
	}
	for _, p := range parts {
		if err := o.cut(ctx, tx, p); err != nil {
			return err
		}
	}
	released := remains == 0 && State(o.State) == Held // nothing is left to be held
	if released {
		o.State, o.HoldReason = string(Open), ""
	}
	if remains == 0 {
		o.FulfillmentState = string(Fulfilled)
	}
	if o.Paid >= o.Total && o.PaidAt == 0 {
		o.PaidAt = tx.Now
	}
	if _, err := tx.Exec(ctx, `UPDATE orders SET subtotal = ?, discount = ?, total = ?, payment_state = ?, paid_at = ?, fulfillment_state = ?,
		state = ?, hold_reason = ? WHERE brand_id = ? AND id = ?`, o.Subtotal, o.Discount, o.Total, paymentState(o.Paid, o.Refunded, o.Total), o.PaidAt,
		o.FulfillmentState, settled(o), o.HoldReason, tx.Viewer.Brand, o.ID); err != nil {
		return err
	}
	note(tx, o.ID, "PARTIALLY_CANCELED", in.Reason)
	if released {
		note(tx, o.ID, "RELEASED", "")
	}
	noteCompleted(tx, o)
	return sayOrder(ctx, tx, o)
}

// meant finds what is asked among the lines, in their order. left tells that some of it can only be met by what has left.
func meant(lines []*ent.OrderLine, asked []LineQuantity) (parts []someOf, left bool, err error) {
	open, gone := map[commerce.UUID]int64{}, map[commerce.UUID]int64{}
	for _, l := range lines {
		open[l.ID], gone[l.ID] = l.Quantity-l.Fulfilled-l.Canceled, l.Fulfilled
	}
	sums := map[commerce.UUID]int64{}
	for i, want := range asked {
		found, missing, err := want.among(i, lines, open)
		if err != nil {
			return nil, false, err
		}
		if missing > 0 {
			left = true
			rest := want
			rest.Quantity = missing
			if _, missing, _ = rest.among(i, lines, gone); missing > 0 {
				return nil, false, commerce.Invalid([]string{"lines", strconv.Itoa(i), "quantity"}, "is more than was bought and not canceled")
			}
		}
		for _, p := range found {
			sums[p.line.ID] += p.quantity
		}
	}
	for _, l := range lines {
		if n := sums[l.ID]; n > 0 {
			parts = append(parts, someOf{l, n})
		}
	}
	return parts, left, nil
}

// release chooses which promises are given back for the parts: those of work that waits before work that is kept back before work
// taken on, the newest first. Places that are not seen keep theirs.
func (l locked) release(sees func(commerce.UUID) bool, parts []someOf, open []*ent.Allocation) ([]taking, error) {
	state := map[commerce.UUID]int{}
	for _, w := range l.work {
		state[w.ID] = slices.Index([]WorkState{WorkOpen, WorkOnHold, WorkAccepted}, WorkState(w.State))
	}
	order := slices.Clone(open)
	slices.SortFunc(order, func(a, b *ent.Allocation) int {
		return cmp.Or(cmp.Compare(state[a.FulfillmentOrderID], state[b.FulfillmentOrderID]),
			bytes.Compare(b.FulfillmentOrderID[:], a.FulfillmentOrderID[:]), bytes.Compare(b.ID[:], a.ID[:]))
	})
	var out []taking
	for _, p := range parts {
		free := p.line.Quantity - p.line.Fulfilled - p.line.Canceled // what nobody has promised
		for _, a := range order {
			if a.OrderLineID == p.line.ID {
				free -= a.Quantity - a.Fulfilled - a.Released
			}
		}
		wanted := p.quantity - min(p.quantity, free)
		for _, a := range order {
			if a.OrderLineID != p.line.ID || wanted == 0 || !sees(a.LocationID) {
				continue
			}
			n := min(wanted, a.Quantity-a.Fulfilled-a.Released)
			wanted -= n
			out = append(out, taking{a, n})
		}
		if wanted > 0 {
			return nil, errElsewhere
		}
	}
	return out, nil
}

// letGo gives promises back. Work of which nothing is left ends, and its dispatch token with it; a token of other work stays valid for
// what remains.
func (l locked) letGo(ctx context.Context, tx *events.Tx, open []*ent.Allocation, back []taking) error {
	brand := tx.Viewer.Brand
	var movements []stock.Movement
	remains, touched := map[commerce.UUID]int64{}, map[commerce.UUID]bool{}
	for _, a := range open {
		remains[a.FulfillmentOrderID] += a.Quantity - a.Fulfilled - a.Released
	}
	for _, t := range back {
		if _, err := tx.Exec(ctx, "UPDATE allocations SET released = released + ? WHERE brand_id = ? AND id = ?", t.quantity, brand, t.ID); err != nil {
			return err
		}
		movements = append(movements, stock.Movement{
			Place: stock.Place{Variant: t.VariantID, Location: t.LocationID}, Kind: stock.Release, Reserved: -t.quantity,
			Reason: "order canceled in part", Reference: reference(l.Number),
		})
		remains[t.FulfillmentOrderID] -= t.quantity
		touched[t.FulfillmentOrderID] = true
	}
	for _, w := range l.work {
		if !touched[w.ID] {
			continue
		}
		var err error
		if remains[w.ID] > 0 {
			_, err = tx.Exec(ctx, "UPDATE fulfillment_orders SET version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ?", tx.Now, brand, w.ID)
		} else {
			err = l.finish(ctx, tx, w)
		}
		if err != nil {
			return err
		}
	}
	if len(movements) == 0 {
		return nil
	}
	_, err := stock.Move(ctx, tx, movements)
	return err
}

// finish ends work of which nothing is left to send: it is done when something has left, and canceled otherwise.
func (l locked) finish(ctx context.Context, tx *events.Tx, w *ent.FulfillmentOrder) error {
	var parcels int
	if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM fulfillments WHERE brand_id = ? AND fulfillment_order_id = ?", tx.Viewer.Brand, w.ID).Scan(&parcels); err != nil {
		return err
	}
	if parcels > 0 {
		return bring(ctx, tx, w, WorkClosed, "", 0)
	}
	return bring(ctx, tx, w, WorkCanceled, "", 0)
}

// cut takes units off a line: what stands is what the first units of the line cost as they were bought, so that it does not matter in
// how many parts it came to that. The order's sums fall with it.
func (l locked) cut(ctx context.Context, tx *events.Tx, p someOf) error {
	total, shares := standing(p.line, p.quantity)
	text, err := json.Marshal(shares)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE order_lines SET canceled = canceled + ?, total = ?, discount_shares = ? WHERE brand_id = ? AND id = ?",
		p.quantity, total, string(text), tx.Viewer.Brand, p.line.ID); err != nil {
		return err
	}
	off := p.line.UnitPrice * p.quantity
	l.Subtotal -= off
	l.Total -= p.line.Total - total
	l.Discount -= off - (p.line.Total - total)
	return nil
}

// standing is what a line costs, and who pays for its discount, once so many more of its units are canceled. A discount whose payer
// is not told is a share of its own.
func standing(l *ent.OrderLine, canceled int64) (int64, []commerce.DiscountShare) {
	units := l.Quantity - l.Canceled
	shares := slices.Clone(l.DiscountShares)
	unnamed := l.UnitPrice*units - l.Total
	for _, s := range shares {
		unnamed -= s.Amount
	}
	if unnamed != 0 {
		shares = append(shares, commerce.DiscountShare{Amount: unnamed})
	}
	units -= canceled
	total := l.UnitPrice * units
	for i, s := range shares {
		if s.Bought == 0 {
			s.Bought = s.Amount
		}
		if s.Bought >= 0 {
			s.Amount = commerce.Portion(s.Bought, 0, units, l.Quantity)
		} else {
			s.Amount = -commerce.Portion(-s.Bought, 0, units, l.Quantity) // a marketplace's line may cost more than its units
		}
		shares[i] = s
		total -= s.Amount
	}
	return total, shares
}
