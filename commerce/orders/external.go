package orders

import (
	"context"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
)

// What a marketplace says of its orders comes in here, inside transactions of commerce/channels. None of these asks for scopes: the
// caller is our own worker.

// Receive writes orders as marketplaces sent them. Nothing is dropped: without stock, mapping or lines they are HELD.
func Receive(ctx context.Context, tx *events.Tx, commands []Command) ([]Outcome, error) {
	outcomes, err := place(ctx, tx, commands)
	if err != nil {
		return nil, err
	}
	return outcomes, tx.Flush(ctx)
}

// News is what a marketplace's order is now, for an order of ours that was made of it.
type News struct {
	// HoldFor is why it must not be worked on yet, "" when it may be.
	HoldFor string
	// Paid is what the marketplace has received in all.
	Paid int64
	// Closed is set when it was canceled or refunded in full: what of it has not left stays here.
	Closed bool
	// Left is set when the marketplace says that everything has left, with the parcel's number as far as it tells.
	Left                    bool
	Carrier, TrackingNumber string
	// Variants maps order lines that were not mapped.
	Variants map[commerce.UUID]commerce.UUID
	// Lines are its lines, by which ours are brought up to date, and Shipping is what their way costs.
	Lines    []NewsLine
	Shipping int64
	// Address is where it goes, nil when that is not told.
	Address *commerce.Address
}

// NewsLine is what a marketplace says of a line, by its name for it.
type NewsLine struct {
	ExternalID string
	Quantity   int64 // as it was bought
	Total      int64 // what all of it costs after discounts
	Closed     bool  // refunded: what of it has not left stays here
}

// Follow brings an order to what its marketplace says; its amounts and address while nothing has left. Repeating the same news changes
// nothing, and news that lag behind what has happened here never turn anything back. It answers whether something changed.
func Follow(ctx context.Context, tx *events.Tx, id commerce.UUID, news News) (bool, error) {
	before, err := tx.Ent.Order.Get(ctx, id)
	if err != nil {
		return false, err
	}
	lines, err := linesOf(ctx, tx, id)
	if err != nil {
		return false, err
	}
	if news.revision(before, lines).empty() && len(news.closed(before, lines)) == 0 && !differs(before, news) {
		return false, nil
	}
	o, err := lock(ctx, tx, id)
	if err != nil {
		return false, err
	}
	changed, err := revise(ctx, tx, o, news)
	if err != nil {
		return false, err
	}
	if changed {
		if o, err = lock(ctx, tx, id); err != nil {
			return false, err
		}
	}
	if due := min(news.Paid, o.Total) - o.Paid; due > 0 && State(o.State) != Canceled {
		p := PaymentInput{Method: "MARKETPLACE", Amount: commerce.Money{Amount: due, Currency: o.Currency}}
		if err := receive(ctx, tx, o, p); err != nil {
			return false, err
		}
		changed = true
		if o, err = lock(ctx, tx, id); err != nil {
			return false, err
		}
	}
	closed, err := closeLines(ctx, tx, o, news)
	if err != nil {
		return false, err
	}
	if closed {
		changed = true
		if o, err = lock(ctx, tx, id); err != nil {
			return false, err
		}
	}
	moved := false
	switch {
	case news.Closed && (State(o.State) == Open || State(o.State) == Held):
		moved, err = true, cancel(ctx, tx, o, closedOutside)
	case news.Left && State(o.State) != Canceled && FulfillmentState(o.FulfillmentState) != Fulfilled:
		moved, err = leave(ctx, tx, o, news)
	case State(o.State) == Held:
		moved, err = release(ctx, tx, o, news)
	case State(o.State) == Open && news.holds() && !o.left:
		moved, err = true, hold(ctx, tx, o, news.HoldFor)
	}
	return changed || moved, err
}

// closedOutside is why what a marketplace has closed is canceled.
const closedOutside = "closed by the marketplace"

// holds tells whether the news hold back an order that is open. That it is not paid is no such news: it was, or it would not be open.
func (n News) holds() bool { return n.HoldFor != "" && n.HoldFor != HeldUnpaid }

// differs tells whether news could change an order, so that an order polled again and again is not locked each time.
func differs(o *ent.Order, n News) bool {
	switch {
	case State(o.State) == Canceled, State(o.State) == Completed:
		return false
	case min(n.Paid, o.Total) > o.Paid:
		return true
	case n.Closed:
		return State(o.State) == Open || State(o.State) == Held
	case n.Left:
		return FulfillmentState(o.FulfillmentState) != Fulfilled
	case State(o.State) == Held:
		return n.HoldFor != o.HoldReason
	}
	return State(o.State) == Open && n.holds() && FulfillmentState(o.FulfillmentState) == Unfulfilled
}

// closed is what of an order its marketplace has closed, line by line or as a whole, and has not left. An order is canceled as a whole
// as long as nothing of it has.
func (n News) closed(o *ent.Order, lines []*ent.OrderLine) (out []LineQuantity) {
	if State(o.State) == Canceled || State(o.State) == Completed || n.Closed && FulfillmentState(o.FulfillmentState) == Unfulfilled {
		return nil
	}
	for _, l := range lines {
		if says, ok := n.line(l); (n.Closed || ok && says.Closed) && l.Fulfilled+l.Canceled < l.Quantity {
			out = append(out, LineQuantity{Line: &l.ID, Quantity: l.Quantity - l.Fulfilled - l.Canceled})
		}
	}
	return out
}

// closeLines cancels what a marketplace has closed of a locked order, so that the rest can go on; when it has closed all of it nobody
// will send that, and the order is to be canceled. It answers whether there was any.
func closeLines(ctx context.Context, tx *events.Tx, o locked, news News) (bool, error) {
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return false, err
	}
	parts := news.closed(o.Order, lines)
	if len(parts) == 0 {
		return false, nil
	}
	if news.Closed {
		if err := requestCancel(ctx, tx, o, closedOutside); err != nil {
			return false, err
		}
	}
	return true, cancelPart(ctx, tx, o, CancelInput{Reason: closedOutside, Lines: parts})
}

// hold keeps an order back; work taken on is taken back, so that no token given out before ships it.
func hold(ctx context.Context, tx *events.Tx, o locked, reason string) error {
	for _, w := range o.work {
		if WorkState(w.State) == WorkAccepted {
			if err := turn(ctx, tx, w.ID, WorkOpen); err != nil {
				return err
			}
		}
	}
	return stand(ctx, tx, o, Held, reason, "HELD")
}

// release lets a held order go on as far as it can: lines are mapped, what is open is promised, and what still stands in the way stays
// its reason. It answers whether something changed.
func release(ctx context.Context, tx *events.Tx, o locked, news News) (bool, error) {
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return false, err
	}
	mapped, err := mapLines(ctx, tx, lines, news.Variants)
	if err != nil {
		return false, err
	}
	if len(lines) == 0 {
		news.HoldFor = HeldUnread
	} else if !mapped {
		news.HoldFor = HeldUnmapped
	} else if enough, err := promiseOpen(ctx, tx, o); err != nil {
		return false, err
	} else if !enough && news.HoldFor == "" { // what the marketplace says outranks it: goods that arrive must not let the order go
		news.HoldFor = HeldShort
	}
	if news.HoldFor != "" {
		if news.HoldFor == o.HoldReason {
			return false, nil
		}
		return true, stand(ctx, tx, o, Held, news.HoldFor, "HELD")
	}
	return true, reopen(ctx, tx, o)
}

// reopen lets a held order go on. Nobody could accept or fetch it while it was held: the time for that begins anew.
func reopen(ctx context.Context, tx *events.Tx, o locked) error {
	until, err := acceptBy(ctx, tx, o)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE fulfillment_orders SET accept_by = ? WHERE brand_id = ? AND order_id = ? AND state = ? AND accept_by > 0",
		until, tx.Viewer.Brand, o.ID, WorkOpen); err != nil {
		return err
	}
	if err := renewPickup(ctx, tx, o); err != nil {
		return err
	}
	o.State = string(Open)
	if err := stand(ctx, tx, o, settled(o), "", "RELEASED"); err != nil {
		return err
	}
	noteCompleted(tx, o)
	return nil
}

// demand is what is wanted for lines of a locked order.
func (l locked) demand(wanted []line) demand {
	d := demand{order: l.ID, number: l.Number, lines: wanted, near: l.Near, pickup: l.PickupLocationID}
	if l.Address != nil {
		d.address = *l.Address
	}
	return d
}

func stand(ctx context.Context, tx *events.Tx, o locked, state State, reason, kind string) error {
	if _, err := tx.Exec(ctx, "UPDATE orders SET state = ?, hold_reason = ? WHERE brand_id = ? AND id = ?", state, reason, tx.Viewer.Brand, o.ID); err != nil {
		return err
	}
	note(tx, o.ID, kind, reason)
	return sayOrder(ctx, tx, o)
}

// mapLines gives lines the variants that are known by now, with their SKUs, and tells whether every line has one that is not canceled
// as a whole. Until every such line has one none is changed.
func mapLines(ctx context.Context, tx *events.Tx, lines []*ent.OrderLine, known map[commerce.UUID]commerce.UUID) (bool, error) {
	for _, l := range lines {
		if _, ok := known[l.ID]; l.VariantID == nil && !ok && l.Canceled < l.Quantity {
			return false, nil
		}
	}
	for _, l := range lines {
		v, ok := known[l.ID]
		if l.VariantID != nil || !ok {
			continue
		}
		brand := tx.Viewer.Brand
		if _, err := tx.Exec(ctx, `UPDATE order_lines SET variant_id = ?, sku = COALESCE((SELECT sku FROM variants WHERE brand_id = ? AND id = ?), sku)
			WHERE brand_id = ? AND id = ?`, v, brand, v, brand, l.ID); err != nil {
			return false, err
		}
		l.VariantID = &v
	}
	return true, nil
}

// leave books as shipped what a marketplace says has left without us: the seller shipped it in the marketplace's own console. Lines
// that it closed have not left. Work that was held back here has left all the same, and a count may have found before that the goods are
// gone. It answers whether something changed.
func leave(ctx context.Context, tx *events.Tx, o locked, news News) (changed bool, err error) {
	if State(o.State) == Held {
		if changed, err = release(ctx, tx, o, News{Variants: news.Variants}); err != nil {
			return false, err
		}
		if o, err = lock(ctx, tx, o.ID); err != nil || State(o.State) == Held {
			return changed, err
		}
	}
	carrier, number := news.Carrier, news.TrackingNumber
	if carrier == "" {
		carrier = "MARKETPLACE"
	}
	if number == "" {
		number = "unknown"
	}
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return false, err
	}
	for _, w := range o.work {
		if s := WorkState(w.State); s != WorkOpen && s != WorkAccepted && s != WorkOnHold {
			continue
		}
		gone, err := news.gone(ctx, tx, w, lines)
		if err != nil {
			return false, err
		}
		if len(gone) == 0 {
			continue
		}
		if _, err := ship(ctx, tx, o, w, ShipInput{Carrier: carrier, TrackingNumber: number, Lines: gone, gone: true}); err != nil {
			return false, err
		}
		if o, err = lock(ctx, tx, o.ID); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// gone is what of work has left when a marketplace says that everything has.
func (n News) gone(ctx context.Context, tx *events.Tx, w *ent.FulfillmentOrder, lines []*ent.OrderLine) (out []LineQuantity, err error) {
	open, err := openOf(ctx, tx, w)
	for _, a := range open {
		at := slices.IndexFunc(lines, func(l *ent.OrderLine) bool { return l.ID == a.OrderLineID })
		if says, ok := n.line(lines[at]); !ok || !says.Closed {
			out = append(out, LineQuantity{Line: &a.OrderLineID, Quantity: a.Quantity - a.Fulfilled - a.Released})
		}
	}
	return out, err
}
