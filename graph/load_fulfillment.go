package graph

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/read"
)

// workModel tells work of an order in a state; o is that order where it is asked for.
func workModel(ctx context.Context, w *ent.FulfillmentOrder, state orders.State, p *orderParts, locations map[commerce.UUID]*model.Location, o *model.Order) *model.FulfillmentOrder {
	m := &model.FulfillmentOrder{
		ID: id(commerce.FulfillmentOrderID, w.ID), State: model.FulfillmentOrderState(w.State), Location: locations[w.LocationID], Order: o,
		Routing: routingOf(ctx, w, locations), Lines: []*model.FulfillmentOrderLine{},
	}
	switch orders.WorkState(w.State) {
	case orders.WorkOnHold:
		m.HoldReason = text(w.HoldReason)
	case orders.WorkOpen:
		if state == orders.Open { // else it goes nowhere
			m.AcceptBy = moment(w.AcceptBy)
		}
	}
	for _, a := range p.allocations[w.OrderID] {
		n := a.Quantity
		if state := orders.WorkState(w.State); state != orders.WorkRejected && state != orders.WorkCanceled {
			n -= a.Released // work that came to nothing keeps telling what it was
		}
		if l := p.lineByID[a.OrderLineID]; a.FulfillmentOrderID == w.ID && l != nil && n > 0 {
			m.Lines = append(m.Lines, &model.FulfillmentOrderLine{
				Line: id(commerce.OrderLineID, l.ID), Sku: l.Sku, Quantity: int(n), FulfilledQuantity: int(a.Fulfilled),
			})
		}
	}
	return m
}

func parcelModel(f *ent.Fulfillment, p *orderParts, locations map[commerce.UUID]*model.Location) *model.Fulfillment {
	m := &model.Fulfillment{
		ID: id(commerce.FulfillmentID, f.ID), Carrier: f.Carrier, TrackingNumber: f.TrackingNumber, ShippedAt: f.ShippedAt.Time(),
		Location: locations[f.LocationID], Lines: []*model.FulfillmentLine{},
	}
	for _, l := range p.parcelLines[f.ID] {
		if line := p.lineByID[l.OrderLineID]; line != nil {
			m.Lines = append(m.Lines, &model.FulfillmentLine{Sku: line.Sku, Quantity: int(l.Quantity)})
		}
	}
	return m
}

// workModels turns pieces of work, read with the states of their orders, into what is asked of them: through their orders, since that
// is what they are part of.
func (r *Resolver) workModels(ctx context.Context, rows []*ent.FulfillmentOrder, s selection) ([]*model.FulfillmentOrder, error) {
	out := make([]*model.FulfillmentOrder, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	ids := make([]commerce.UUID, len(rows))
	places := make([]commerce.UUID, len(rows))
	for i, w := range rows {
		ids[i], places[i] = w.OrderID, w.LocationID
	}
	parents := map[commerce.UUID]*model.Order{}
	var err error
	if sub, ok := s.child("order", "FulfillmentOrder"); ok {
		if parents, err = r.ordersByID(ctx, ids, sub); err != nil {
			return nil, err
		}
	}
	locations := map[commerce.UUID]*model.Location{}
	shown, judgedAt := judgedPlaces(s, rows)
	sub, _ := s.child("location", "FulfillmentOrder")
	if shown.set = append(shown.set, sub.set...); len(shown.set) > 0 {
		if locations, err = r.locationsByID(ctx, append(places, judgedAt...), shown); err != nil {
			return nil, err
		}
	}
	parts := &orderParts{lineByID: map[commerce.UUID]*ent.OrderLine{}}
	if s.has("lines", "FulfillmentOrder") {
		allocations, err := r.Store.Ent.Allocation.Query().Where(allocation.OrderIDIn(ids...)).Order(allocation.ByID()).All(ctx)
		if err != nil {
			return nil, err
		}
		parts.allocations = group(allocations, func(a *ent.Allocation) commerce.UUID { return a.OrderID })
		lines, err := r.Store.Ent.OrderLine.Query().Where(orderline.OrderIDIn(ids...)).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			parts.lineByID[l.ID] = l
		}
	}
	for i, w := range rows {
		state, err := read.OrderStateOf(w)
		if err != nil {
			return nil, err
		}
		out[i] = workModel(ctx, w, orders.State(state), parts, locations, parents[w.OrderID])
	}
	return out, nil
}
