package stock

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
)

// TransferInput is goods to be sent to another location.
type TransferInput struct {
	Key       string `json:"-"`
	From, To  commerce.LocationRef
	Lines     []TransferLine
	Reference commerce.Reference
}

// TransferLine is so many of a variant.
type TransferLine struct {
	Variant  commerce.VariantRef
	Quantity int64
}

func (s *Service) CreateTransfer(ctx context.Context, in TransferInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}

// ReceiveTransferInput is goods that arrived.
type ReceiveTransferInput struct {
	Key      string `json:"-"`
	Transfer commerce.UUID
	Lines    []TransferLine // all that is missing when empty
}

func (s *Service) ReceiveTransfer(ctx context.Context, in ReceiveTransferInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}

// CancelTransferInput calls back what has not been received.
type CancelTransferInput struct {
	Key      string `json:"-"`
	Transfer commerce.UUID
	Reason   string
}

func (s *Service) CancelTransfer(ctx context.Context, in CancelTransferInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}
