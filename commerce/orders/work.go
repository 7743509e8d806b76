package orders

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
)

// WorkInput is something done with a piece of work, and why.
type WorkInput struct {
	Key     string `json:"-"`
	Work    commerce.UUID
	Reason  string
	Missing bool // refused because the goods are not there
}

// Rejected names the work and what another location got instead, if any.
type Rejected struct {
	Work        commerce.UUID
	Replacement *commerce.UUID
}

func (s *Service) Reject(ctx context.Context, in WorkInput) (Rejected, bool, error) {
	return Rejected{}, false, errors.New("not built")
}

func (s *Service) Hold(ctx context.Context, in WorkInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}

func (s *Service) Release(ctx context.Context, in WorkInput) (commerce.UUID, bool, error) {
	return commerce.UUID{}, false, errors.New("not built")
}
