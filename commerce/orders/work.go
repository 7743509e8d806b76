package orders

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
)

// WorkInput is something done with a piece of work, and why.
type WorkInput struct {
	Key     string `json:"-"`
	Work    commerce.UUID
	Reason  string
	Missing bool // refused because the goods are not there
}

func (in *WorkInput) clean(required bool) error {
	var errs fields
	errs.Clean(&in.Reason, commerce.Text{Max: 200, Required: required}, "reason")
	return errs.Err()
}

// Rejected names the work and what another location got instead, if any; the first of several.
type Rejected struct {
	Work        commerce.UUID
	Replacement *commerce.UUID
}

// Reject refuses work for its location: what had not left is given back there, once, and promised elsewhere, at locations that have not
// said no to this order. Work of which something has left is closed. When nobody can give it the order is held. With Missing, what is
// refused is counted off what is on hand.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION.
func (s *Service) Reject(ctx context.Context, in WorkInput) (Rejected, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return Rejected{}, false, err
	}
	if err := in.clean(true); err != nil {
		return Rejected{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "fulfillmentReject", Key: in.Key, Input: in}, func(tx *events.Tx) (Rejected, error) {
		o, w, err := lockWork(ctx, tx, in.Work)
		if err != nil {
			return Rejected{}, err
		}
		if err := o.mayWork(Reject, w, WorkOpen, WorkAccepted, WorkOnHold); err != nil {
			return Rejected{}, err
		}
		others, err := reroute(ctx, tx, o, w, in.Reason, in.Missing)
		_, short := errors.AsType[outOf](err)
		if err != nil && !short {
			return Rejected{}, err
		}
		noteAt(tx, o.ID, w.LocationID, "WORK_REJECTED", in.Reason)
		if short {
			if err := takeBack(ctx, tx, o, w, in.Reason, in.Missing); err != nil {
				return Rejected{}, err
			}
			return Rejected{Work: w.ID}, hold(ctx, tx, o, HeldShort)
		}
		out := Rejected{Work: w.ID}
		if len(others) > 0 {
			out.Replacement = &others[0]
		}
		return out, sayOrder(ctx, tx, o)
	})
}

// Hold keeps work back; dispatch tokens given out for it are void.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION.
func (s *Service) Hold(ctx context.Context, in WorkInput) (commerce.UUID, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return commerce.UUID{}, false, err
	}
	if err := in.clean(true); err != nil {
		return commerce.UUID{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "fulfillmentHold", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		o, w, err := lockWork(ctx, tx, in.Work)
		if err != nil {
			return in.Work, err
		}
		if err := o.mayWork(Hold, w, WorkOpen, WorkAccepted); err != nil {
			return in.Work, err
		}
		if err := bring(ctx, tx, w, WorkOnHold, in.Reason, 0); err != nil {
			return in.Work, err
		}
		noteAt(tx, o.ID, w.LocationID, "WORK_HELD", in.Reason)
		return in.Work, sayOrder(ctx, tx, o)
	})
}

// Release lets work that was kept back go on: it is to be accepted again, in as much time as the policy gives, and a buyer who comes for
// it has as much time as for a new order.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION.
func (s *Service) Release(ctx context.Context, in WorkInput) (commerce.UUID, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return commerce.UUID{}, false, err
	}
	if err := in.clean(false); err != nil {
		return commerce.UUID{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "fulfillmentRelease", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		o, w, err := lockWork(ctx, tx, in.Work)
		if err != nil {
			return in.Work, err
		}
		if err := o.mayWork(Release, w, WorkOnHold); err != nil {
			return in.Work, err
		}
		until, err := acceptBy(ctx, tx, o)
		if err != nil {
			return in.Work, err
		}
		if err := bring(ctx, tx, w, WorkOpen, "", until); err != nil {
			return in.Work, err
		}
		if err := renewPickup(ctx, tx, o); err != nil {
			return in.Work, err
		}
		noteAt(tx, o.ID, w.LocationID, "WORK_RELEASED", in.Reason)
		return in.Work, sayOrder(ctx, tx, o)
	})
}

// bring brings a locked order's work to a state, with why and until when it is to be accepted; tokens given out before are void.
func bring(ctx context.Context, tx *events.Tx, w *ent.FulfillmentOrder, state WorkState, reason string, acceptBy commerce.Instant) error {
	w.State = string(state)
	_, err := tx.Exec(ctx, `UPDATE fulfillment_orders SET state = ?, hold_reason = ?, accept_by = ?, dispatch = dispatch + 1, version = version + 1, updated_at = ?
		WHERE brand_id = ? AND id = ?`, state, reason, acceptBy, tx.Now, tx.Viewer.Brand, w.ID)
	return err
}

// acceptBy is until when work of an order that is given out now is to be accepted, 0 for ever.
func acceptBy(ctx context.Context, tx *events.Tx, o locked) (commerce.Instant, error) {
	if o.PickupLocationID != nil { // nobody else may give it
		return 0, nil
	}
	policy, err := policyOf(ctx, tx)
	if policy = policy.For(o.demand(nil).address); err != nil || policy.AcceptWithin == 0 {
		return 0, err
	}
	return tx.Now.Add(policy.Patience()), nil
}
