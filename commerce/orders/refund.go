package orders

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
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

func (s *Service) Refund(ctx context.Context, in RefundInput) (RefundMade, bool, error) {
	return RefundMade{}, false, errors.New("not built")
}
