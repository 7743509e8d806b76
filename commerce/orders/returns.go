package orders

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
)

// ReturnInput announces goods that come back.
type ReturnInput struct {
	Key   string `json:"-"`
	Order commerce.OrderRef
	Lines []ReturnLine
}

// ReturnLine is so many of an order line that come back, and why.
type ReturnLine struct {
	LineQuantity
	Reason string
}

func (s *Service) RequestReturn(ctx context.Context, in ReturnInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}

// ReceiveInput takes in goods that came back.
type ReceiveInput struct {
	Key      string `json:"-"`
	Return   commerce.UUID
	Location commerce.LocationRef
	Lines    []ReceivedLine
}

// ReceivedLine is so many of an order line that arrived, and what becomes of them.
type ReceivedLine struct {
	LineQuantity
	Disposition Disposition
}

// Disposition is what becomes of goods that came back.
type Disposition string

// The dispositions.
const (
	Restock Disposition = "RESTOCK"
	Damaged Disposition = "DAMAGED"
)

func (s *Service) ReceiveReturn(ctx context.Context, in ReceiveInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}

// RejectReturnInput refuses what of a return has not been taken in.
type RejectReturnInput struct {
	Key    string `json:"-"`
	Return commerce.UUID
	Reason string
}

func (s *Service) RejectReturn(ctx context.Context, in RejectReturnInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}
