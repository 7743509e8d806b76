package graph

import (
	"context"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/stocklevel"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

// availabilityOf answers the ways to get a variant: every location the viewer sees, judged, nearest first.
func (r *Resolver) availabilityOf(ctx context.Context, variant commerce.UUID, near *commerce.Point, radiusKm float64, limit int) (*model.Availability, error) {
	read, viewer := r.Store.DB.Read(), auth.From(ctx)
	senders, err := orders.Senders(ctx, read, viewer)
	if err != nil {
		return nil, err
	}
	sums, err := stock.Offered(ctx, read, viewer, []commerce.UUID{variant}, senders)
	if err != nil {
		return nil, err
	}
	out := &model.Availability{Sellable: int(sums[variant]), Places: []*model.AvailabilityPlace{}}
	s := selected(ctx)
	sub, ok := s.child("places", "Availability")
	if !ok {
		return out, nil
	}
	locations, err := r.Store.Ent.Location.Query().All(ctx)
	if err != nil {
		return nil, err
	}
	levels, err := r.Store.Ent.StockLevel.Query().Where(stocklevel.VariantID(variant)).All(ctx)
	if err != nil {
		return nil, err
	}
	offers := stock.Ways(spots(locations, levels, senders), near, radiusKm)
	offers = offers[:min(limit, len(offers))]
	shown, _ := sub.child("location", "AvailabilityPlace")
	models, err := r.locationModels(ctx, locations, shown)
	if err != nil {
		return nil, err
	}
	byID := zip(locations, func(l *ent.Location) commerce.UUID { return l.ID }, models)
	for _, o := range offers {
		out.Places = append(out.Places, &model.AvailabilityPlace{
			Location: byID[o.Location], Available: int(o.Available), DistanceKm: o.DistanceKm, ExcludedBecause: text(o.Excluded),
			Ways: each(o.Ways, func(w stock.Way) model.AvailabilityWay { return model.AvailabilityWay(w) }),
		})
	}
	return out, nil
}

func spots(locations []*ent.Location, levels []*ent.StockLevel, senders []commerce.UUID) []stock.Spot {
	at := map[commerce.UUID]*ent.StockLevel{}
	for _, l := range levels {
		at[l.LocationID] = l
	}
	return each(locations, func(l *ent.Location) stock.Spot {
		s := stock.Spot{
			Location: l.ID, Code: l.Code, Kind: l.Kind, Ownership: l.Ownership, Lent: l.Lent, Active: l.Active, Pickup: l.Pickup,
			ShipFrom: l.ShipFrom, LeftOut: senders != nil && !slices.Contains(senders, l.ID), Priority: l.Priority,
		}
		if level := at[l.ID]; level != nil {
			s.Available = stock.Online(level.OnHand-level.Reserved-level.SafetyStock, level.Stale, l.StalePercent)
		}
		if l.Latitude != nil && l.Longitude != nil {
			s.Point = &commerce.Point{Latitude: *l.Latitude, Longitude: *l.Longitude}
		}
		return s
	})
}

// nearby checks where a shopper is and how far they would go.
func nearby(near *model.PointInput, radiusKm *float64, limit *int) (*commerce.Point, float64, int, error) {
	n := keyset.DefaultSize
	if limit != nil {
		n = *limit
	}
	if n < 1 || n > keyset.MaxSize {
		return nil, 0, 0, badRequest("limit must be from 1 to %d", keyset.MaxSize)
	}
	if near == nil {
		if radiusKm != nil {
			return nil, 0, 0, badRequest("radiusKm needs near")
		}
		return nil, 0, n, nil
	}
	km := 21000.0
	if radiusKm != nil {
		km = *radiusKm
	}
	if _, err := within(*near, km); err != nil {
		return nil, 0, 0, err
	}
	if radiusKm == nil {
		km = 0
	}
	return &commerce.Point{Latitude: near.Latitude, Longitude: near.Longitude}, km, n, nil
}
