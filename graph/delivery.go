package graph

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/fulfillment"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/graph/model"
)

// sentFromHere are the orders that a location sends, has sent or hands out, of those that a token narrowed to locations sees. Work that
// came to nothing leaves the order to be seen, since why it was refused is the location's own, but where its buyer lives is not any more.
// Nobody else needs to know, so nothing is read for them.
func (r *Resolver) sentFromHere(ctx context.Context, rows []*ent.Order, s selection) (map[commerce.UUID]bool, error) {
	v := auth.From(ctx)
	if !v.NarrowedByLocation() || v.Can(auth.MembersPII) || !s.has("delivery", "Order") {
		return nil, nil
	}
	out := map[commerce.UUID]bool{}
	ids := make([]commerce.UUID, len(rows))
	for i, o := range rows {
		ids[i] = o.ID
		out[o.ID] = o.PickupLocationID != nil && v.SeesLocation(*o.PickupLocationID)
	}
	work, err := r.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderIDIn(ids...), fulfillmentorder.StateIn(
		string(orders.WorkOpen), string(orders.WorkAccepted), string(orders.WorkOnHold), string(orders.WorkClosed),
	)).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range work {
		out[w.OrderID] = true
	}
	parcels, err := r.Store.Ent.Fulfillment.Query().Where(fulfillment.OrderIDIn(ids...)).All(ctx)
	for _, p := range parcels {
		out[p.OrderID] = true
	}
	return out, err
}

// deliveryAddress is plain to members:pii and to a token narrowed to the location that sends the order; masked to anybody else.
func deliveryAddress(ctx context.Context, o *ent.Order, sentFromHere bool) *model.Address {
	a := o.Address
	if a == nil {
		a = &commerce.Address{}
	}
	if sentFromHere || auth.From(ctx).Can(auth.MembersPII) {
		return address(a)
	}
	return address(members.MaskAddress(a))
}
