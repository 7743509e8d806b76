package orders

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/routing"
)

// PolicyInput says how locations are chosen from now on.
type PolicyInput struct {
	Criteria     commerce.Maybe[[]routing.Criterion]
	Locations    commerce.Maybe[[]commerce.LocationRef]
	Regions      commerce.Maybe[[]string]
	MaxParcels   commerce.Maybe[int]
	AcceptWithin commerce.Maybe[int] // seconds
}

func (s *Service) SetPolicy(ctx context.Context, in PolicyInput) (routing.Policy, error) {
	return routing.Policy{}, errors.New("not built")
}

// SimulateInput is an order that is not placed.
type SimulateInput struct {
	Lines   []SimulateLine
	Address *commerce.Address
	Near    *commerce.Point
}

// SimulateLine is so many of a variant.
type SimulateLine struct {
	Variant  commerce.VariantRef
	Quantity int64
}
