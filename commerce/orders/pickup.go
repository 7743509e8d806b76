package orders

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
)

// PickupInput is a code shown at a counter.
type PickupInput struct {
	Key      string `json:"-"`
	Code     string
	Location commerce.LocationRef
}

func (s *Service) VerifyPickup(ctx context.Context, in PickupInput) (Placed, bool, error) {
	return Placed{}, false, errors.New("not built")
}
