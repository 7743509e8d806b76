package orders

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// RecordPaymentInput is money received for an order.
type RecordPaymentInput struct {
	Key     string `json:"-"`
	Order   commerce.OrderRef
	Payment PaymentInput
}

// RecordPayment records money received. Parts add up; more than what is due is refused.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION when nothing is due or the order is canceled.
func (s *Service) RecordPayment(ctx context.Context, in RecordPaymentInput) (Placed, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return Placed{}, false, err
	}
	var errs fields
	errs.payment(&in.Payment)
	if in.Payment.Reference == "" {
		errs.Invalid([]string{"reference"}, "must not be empty")
	}
	if err := errs.Err(); err != nil {
		return Placed{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "orderPaymentRecord", Key: in.Key, Input: in}, func(tx *events.Tx) (Placed, error) {
		o, err := findAndLock(ctx, tx, in.Order)
		if err != nil {
			return Placed{}, err
		}
		if in.Payment.Amount.Currency != o.Currency {
			return Placed{}, commerce.Invalid([]string{"amount", "currency"}, "this order is in %s", o.Currency)
		}
		if err := o.situation().May(RecordPayment); err != nil {
			return Placed{}, err
		}
		if in.Payment.Amount.Amount > o.Total-o.Paid {
			return Placed{}, commerce.Invalid([]string{"amount"}, "is more than the %s that is due", commerce.Money{Amount: o.Total - o.Paid, Currency: o.Currency})
		}
		return Placed{Order: o.ID}, receive(ctx, tx, o, in.Payment)
	})
}

// receive adds a payment to a locked order.
func receive(ctx context.Context, tx *events.Tx, o locked, p PaymentInput) error {
	tx.Later(db.Rows{Table: paymentTable, Values: paymentRow(tx, o.ID, p)})
	o.Paid += p.Amount.Amount
	if o.Paid >= o.Total {
		o.PaidAt = tx.Now
	}
	if _, err := tx.Exec(ctx, "UPDATE orders SET paid = ?, payment_state = ?, paid_at = ?, state = ? WHERE brand_id = ? AND id = ?",
		o.Paid, paymentState(o.Paid, o.Refunded, o.Total), o.PaidAt, settled(o), tx.Viewer.Brand, o.ID); err != nil {
		return err
	}
	note(tx, o.ID, "PAYMENT_RECORDED", p.Amount.String())
	noteCompleted(tx, o)
	return sayOrder(ctx, tx, o)
}

// settled is the state an order is in once its sums are as they stand: complete when everything has left and is paid.
func settled(o locked) State {
	if State(o.State) == Open && FulfillmentState(o.FulfillmentState) == Fulfilled && o.Paid >= o.Total {
		return Completed
	}
	return State(o.State)
}

// noteCompleted writes into the timeline that what was just done to a locked order has made it complete, if it has.
func noteCompleted(tx *events.Tx, o locked) {
	if State(o.State) == Open && settled(o) == Completed {
		note(tx, o.ID, string(Completed), "")
	}
}

func paymentRow(tx *events.Tx, order commerce.UUID, p PaymentInput) []any {
	return []any{commerce.NewUUID(), tx.Viewer.Brand, order, p.Method, "PAID", p.Amount.Amount, p.Reference, tx.Now}
}

// findAndLock locks the order that a ref names among those the viewer sees.
func findAndLock(ctx context.Context, tx *events.Tx, ref commerce.OrderRef) (locked, error) {
	found, err := Find(ctx, tx.Ent, ref)
	if err != nil {
		return locked{}, err
	}
	if found == nil {
		return locked{}, commerce.Errorf(commerce.NotFound, "there is no such order").At("order")
	}
	return lock(ctx, tx, found.ID)
}
