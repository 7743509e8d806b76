package orders

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
)

// RefundInput is money to be given back.
type RefundInput struct {
	Key    string `json:"-"`
	Order  commerce.OrderRef
	Amount commerce.Money
	Reason string
	Return *commerce.UUID
}

// RefundMade names the refund and its order.
type RefundMade struct{ Refund, Order commerce.UUID }

// Refund records money given back: never more than was paid, in parts and at once.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION when nothing is left to give back.
func (s *Service) Refund(ctx context.Context, in RefundInput) (RefundMade, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return RefundMade{}, false, err
	}
	var errs fields
	errs.Clean(&in.Reason, commerce.Text{Max: 200, Required: true}, "reason")
	errs.amount(in.Amount, true, "amount")
	if err := errs.Err(); err != nil {
		return RefundMade{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "refundCreate", Key: in.Key, Input: in}, func(tx *events.Tx) (RefundMade, error) {
		o, err := findAndLock(ctx, tx, in.Order)
		if err != nil {
			return RefundMade{}, err
		}
		if in.Amount.Currency != o.Currency {
			return RefundMade{}, commerce.Invalid([]string{"amount", "currency"}, "this order is in %s", o.Currency)
		}
		if in.Return != nil {
			of, err := FindReturn(ctx, tx.Ent, *in.Return)
			if err != nil {
				return RefundMade{}, err
			}
			if of == nil || of.OrderID != o.ID {
				return RefundMade{}, commerce.Errorf(commerce.NotFound, "this order has no such return").At("return")
			}
		}
		if err := o.situation().May(Refund); err != nil {
			return RefundMade{}, err
		}
		if left := o.Paid - o.Refunded; in.Amount.Amount > left {
			return RefundMade{}, commerce.Invalid([]string{"amount"}, "is more than the %s that can be given back", commerce.Money{Amount: left, Currency: o.Currency})
		}
		return refund(ctx, tx, o, in)
	})
}

// refund gives back money of a locked order. What was paid stays what it was: nothing becomes due again.
func refund(ctx context.Context, tx *events.Tx, o locked, in RefundInput) (RefundMade, error) {
	made, brand := RefundMade{commerce.NewUUID(), o.ID}, tx.Viewer.Brand
	if _, err := tx.Exec(ctx, `INSERT INTO refunds (id, brand_id, order_id, order_return_id, amount, reason, actor, refunded_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, made.Refund, brand, o.ID, in.Return, in.Amount.Amount, in.Reason, tx.Viewer.Subject, tx.Now); err != nil {
		return made, err
	}
	o.Refunded += in.Amount.Amount
	if _, err := tx.Exec(ctx, "UPDATE orders SET refunded = ?, payment_state = ? WHERE brand_id = ? AND id = ?",
		o.Refunded, paymentState(o.Paid, o.Refunded, o.Total), brand, o.ID); err != nil {
		return made, err
	}
	if o.Refunded == o.Paid {
		if _, err := tx.Exec(ctx, "UPDATE payments SET state = 'REFUNDED' WHERE brand_id = ? AND order_id = ? AND state = 'PAID'", brand, o.ID); err != nil {
			return made, err
		}
	}
	note(tx, o.ID, "REFUNDED", in.Amount.String()+": "+in.Reason)
	return made, sayOrder(ctx, tx, o)
}
