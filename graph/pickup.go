package graph

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/pickupcode"
	"github.com/oneshelf/oneshelf/ent/pickupguard"
	"github.com/oneshelf/oneshelf/graph/model"
)

// orderPickups tells of orders that are fetched where and against which code. To a viewer who does not see the counter the delivery
// is null, as every nested place is filtered.
func (r *Resolver) orderPickups(ctx context.Context, rows []*ent.Order, s selection, out []*model.Order) error {
	delivery, ok := s.child("delivery", "Order")
	if !ok {
		return nil
	}
	var fetched, places []commerce.UUID
	for _, o := range rows {
		if o.PickupLocationID != nil {
			fetched, places = append(fetched, o.ID), append(places, *o.PickupLocationID)
		}
	}
	if len(fetched) == 0 {
		return nil
	}
	locations := map[commerce.UUID]*model.Location{}
	var err error
	if sub, ok := delivery.child("location", "PickupDelivery"); ok {
		if locations, err = r.locationsByID(ctx, places, sub); err != nil {
			return err
		}
	}
	codes := map[commerce.UUID]*model.PickupCode{}
	if sub, ok := delivery.child("code", "PickupDelivery"); ok {
		if codes, err = r.pickupCodes(ctx, rows, fetched, sub); err != nil {
			return err
		}
	}
	viewer := auth.From(ctx)
	for i, o := range rows {
		switch {
		case o.PickupLocationID == nil:
		case viewer.SeesLocation(*o.PickupLocationID):
			out[i].Delivery = model.PickupDelivery{Location: locations[*o.PickupLocationID], Code: codes[o.ID]}
		default:
			out[i].Delivery = nil
		}
	}
	return nil
}

// pickupCodes reads the codes of orders, by order. What the buyer shows is told to the brand's own tokens alone: whoever stands at
// a counter must be shown it.
func (r *Resolver) pickupCodes(ctx context.Context, rows []*ent.Order, fetched []commerce.UUID, s selection) (map[commerce.UUID]*model.PickupCode, error) {
	found, err := r.Store.Ent.PickupCode.Query().Where(pickupcode.OrderIDIn(fetched...)).All(ctx)
	if err != nil {
		return nil, err
	}
	lockedUntil := map[commerce.UUID]commerce.Instant{}
	if s.has("state", "PickupCode") {
		counters := make([]commerce.UUID, len(found))
		for i, c := range found {
			counters[i] = c.LocationID
		}
		guards, err := r.Store.Ent.PickupGuard.Query().Where(pickupguard.LocationIDIn(counters...)).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range guards {
			lockedUntil[g.LocationID] = g.LockedUntil
		}
	}
	order := map[commerce.UUID]*ent.Order{}
	for _, o := range rows {
		order[o.ID] = o
	}
	narrowed, now := auth.From(ctx).NarrowedByLocation(), r.Store.Instant()
	out := map[commerce.UUID]*model.PickupCode{}
	for _, c := range found {
		m := &model.PickupCode{
			State:     model.PickupCodeState(orders.CodeState(c, order[c.OrderID], lockedUntil[c.LocationID], now)),
			ExpiresAt: order[c.OrderID].PickupUntil.Time(),
		}
		if !narrowed {
			value := r.Orders.CodeText(c)
			m.Value = &value
		}
		out[c.OrderID] = m
	}
	return out, nil
}
