package orders

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
)

// ReserveInput is stock to be kept for a while.
type ReserveInput struct {
	Key       string `json:"-"`
	Lines     []ReserveLine
	TTL       int // seconds
	Member    *commerce.MemberRef
	Reference commerce.Reference
}

// ReserveLine is so many of a variant to be kept, at a location or wherever routing finds them.
type ReserveLine struct {
	Variant  commerce.VariantRef
	Quantity int64
	Location *commerce.LocationRef
}

func (s *Service) Reserve(ctx context.Context, in ReserveInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}

// ReleaseReservationInput gives back what was kept.
type ReleaseReservationInput struct {
	Key         string `json:"-"`
	Reservation commerce.UUID
}

func (s *Service) ReleaseReservation(ctx context.Context, in ReleaseReservationInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}
