package orders

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/events"
)

// CancelInput cancels an order, or some of it.
type CancelInput struct {
	Key    string `json:"-"`
	Order  commerce.OrderRef
	Reason string
	Lines  []LineQuantity `json:",omitempty"` // all when nil
}

// Cancel cancels an order, or so many of its lines, and gives their stock back once. When what is to be canceled has left, the order
// becomes CANCEL_REQUESTED instead, and nothing is given back; lines that have not left can still be canceled then, as long as
// some work has not ended.
// Errors: FORBIDDEN without orders:write, or when it would touch work at a location that the caller does not see; NOT_FOUND;
// INVALID_INPUT; ILLEGAL_TRANSITION.
func (s *Service) Cancel(ctx context.Context, in CancelInput) (Placed, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return Placed{}, false, err
	}
	var errs fields
	errs.Clean(&in.Reason, commerce.Text{Max: 200, Required: true}, "reason")
	errs.lineQuantities(in.Lines, in.Lines != nil)
	if err := errs.Err(); err != nil {
		return Placed{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "orderCancel", Key: in.Key, Input: in}, func(tx *events.Tx) (Placed, error) {
		o, err := findAndLock(ctx, tx, in.Order)
		if err != nil {
			return Placed{}, err
		}
		if err := o.situation().May(Cancel); err != nil {
			return Placed{}, err
		}
		if in.Lines != nil {
			return Placed{Order: o.ID}, cancelPart(ctx, tx, o, in)
		}
		if err := o.seenBy(tx.Viewer); err != nil {
			return Placed{}, err
		}
		return Placed{Order: o.ID}, cancel(ctx, tx, o, in.Reason)
	})
}

// errElsewhere keeps the writes of a narrowed token at its places.
var errElsewhere = commerce.Errorf(commerce.Forbidden, "a token narrowed to locations cannot cancel what is promised elsewhere")

// seenBy answers errElsewhere when there is work of a locked order that a viewer does not see: the whole order is not theirs to stop.
func (l locked) seenBy(v *auth.Viewer) error {
	for _, w := range l.work {
		if ended := WorkState(w.State) == WorkRejected || WorkState(w.State) == WorkCanceled; !ended && !v.SeesLocation(w.LocationID) {
			return errElsewhere
		}
	}
	return nil
}

// cancel ends a locked order, or asks for it when goods have left.
func cancel(ctx context.Context, tx *events.Tx, o locked, reason string) error {
	if o.left {
		return requestCancel(ctx, tx, o, reason)
	}
	if err := giveBack(ctx, tx, o); err != nil {
		return err
	}
	return halt(ctx, tx, o, Canceled, tx.Now, reason)
}

// requestCancel says, once, that an order is to be canceled of which goods have left. Nothing is given back.
func requestCancel(ctx context.Context, tx *events.Tx, o locked, reason string) error {
	if State(o.State) == CancelRequested {
		return nil
	}
	return halt(ctx, tx, o, CancelRequested, 0, reason)
}

// halt writes that an order goes no further; the timeline calls that what the state is called.
func halt(ctx context.Context, tx *events.Tx, o locked, state State, at commerce.Instant, reason string) error {
	o.State, o.HoldReason = string(state), ""
	if _, err := tx.Exec(ctx, "UPDATE orders SET state = ?, hold_reason = '', canceled_at = ? WHERE brand_id = ? AND id = ?",
		state, at, tx.Viewer.Brand, o.ID); err != nil {
		return err
	}
	note(tx, o.ID, string(state), reason)
	return sayOrder(ctx, tx, o)
}

// giveBack releases everything an order still reserves and ends its work; dispatch tokens given out before are void.
func giveBack(ctx context.Context, tx *events.Tx, o locked) error {
	open, err := openAllocations(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	movements := make([]stock.Movement, len(open))
	for i, a := range open {
		movements[i] = stock.Movement{
			Place: stock.Place{Variant: a.VariantID, Location: a.LocationID}, Kind: stock.Release,
			Reserved: -(a.Quantity - a.Fulfilled - a.Released), Reason: "order canceled", Reference: reference(o.Number),
		}
	}
	brand := tx.Viewer.Brand
	if _, err := tx.Exec(ctx, `UPDATE fulfillment_orders SET state = ?, dispatch = dispatch + 1, version = version + 1, updated_at = ?
		WHERE brand_id = ? AND order_id = ? AND state NOT IN (?, ?, ?)`, WorkCanceled, tx.Now, brand, o.ID, WorkClosed, WorkRejected, WorkCanceled); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE allocations SET released = quantity - fulfilled WHERE brand_id = ? AND order_id = ?", brand, o.ID); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE order_lines SET canceled = quantity - fulfilled WHERE brand_id = ? AND order_id = ?", brand, o.ID); err != nil {
		return err
	}
	if len(movements) == 0 {
		return nil
	}
	_, err = stock.Move(ctx, tx, movements)
	return err
}

// openAllocations are those of an order that still reserve something, wherever they are.
func openAllocations(ctx context.Context, tx *events.Tx, order commerce.UUID) ([]*ent.Allocation, error) {
	all, err := tx.Ent.Allocation.Query().Where(allocation.OrderID(order)).Order(allocation.ByID()).
		All(auth.With(ctx, tx.Viewer.Unnarrowed()))
	if err != nil {
		return nil, err
	}
	var open []*ent.Allocation
	for _, a := range all {
		if a.Fulfilled+a.Released < a.Quantity {
			open = append(open, a)
		}
	}
	return open, nil
}
