package channels

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/ent/predicate"
)

// sweep brings the desired quantities of all listings of a channel up to date, so that whatever was missed is mended.
func (s *Service) sweep(ctx context.Context, c *ent.Channel) error {
	after, err := s.sweepSome(ctx, c, commerce.UUID{})
	for err == nil && after != (commerce.UUID{}) {
		after, err = s.sweepSome(ctx, c, after)
	}
	return err
}

// sweptAtOnce is how many listings are compared at once.
const sweptAtOnce = 1000

// sweepSome looks at some listings, those of the variants after one, and answers the last one's variant; none when there are no more.
func (s *Service) sweepSome(ctx context.Context, c *ent.Channel, after commerce.UUID) (commerce.UUID, error) {
	listings, err := s.Store.Ent.Listing.Query().
		Where(listing.ChannelID(c.ID), predicate.Listing(sql.FieldGT(listing.FieldVariantID, after)), listing.StateIn(Live, Pending, Rejected)).
		Order(listing.ByVariantID()).Limit(sweptAtOnce).All(ctx)
	if err != nil {
		return commerce.UUID{}, err
	}
	var last commerce.UUID
	if len(listings) == sweptAtOnce {
		last = listings[len(listings)-1].VariantID
	}
	return last, s.correct(ctx, listings)
}

// sweepOwn sweeps a shop of the brand's own. No marketplace changes what that shows, so it is looked at as a whole only when a location
// has or the routing policy has changed, which may change everything and is no event of each level; else a part at a time.
func (s *Service) sweepOwn(ctx context.Context, c *ent.Channel) error {
	m := s.recall(c.ID)
	var sites [2]int64
	if err := s.Store.DB.Read().QueryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(version), 0) + COALESCE((SELECT version FROM routing_policies WHERE brand_id = ?), 0)
		FROM locations WHERE brand_id = ?`, c.BrandID, c.BrandID).Scan(&sites[0], &sites[1]); err != nil {
		return err
	}
	if sites != m.sites {
		if err := s.sweep(ctx, c); err != nil {
			return err
		}
		m.sites = sites
		return nil
	}
	last, err := s.sweepSome(ctx, c, m.swept)
	if err == nil {
		m.swept = last
	}
	return err
}
