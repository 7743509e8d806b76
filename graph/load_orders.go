package graph

import (
	"context"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/ent/fulfillment"
	"github.com/oneshelf/oneshelf/ent/fulfillmentline"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/ent/orderentry"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/ent/payment"
	"github.com/oneshelf/oneshelf/graph/model"
)

// orderParts is what belongs to some orders, as far as a request asks it, by order.
type orderParts struct {
	now          commerce.Instant // when nextActions are judged
	lines        map[commerce.UUID][]*ent.OrderLine
	lineByID     map[commerce.UUID]*ent.OrderLine
	allocations  map[commerce.UUID][]*ent.Allocation
	work         map[commerce.UUID][]*ent.FulfillmentOrder
	parcels      map[commerce.UUID][]*ent.Fulfillment
	parcelLines  map[commerce.UUID][]*ent.FulfillmentLine // by parcel
	payments     map[commerce.UUID][]*ent.Payment
	timeline     map[commerce.UUID][]*ent.OrderEntry
	allWorkState map[commerce.UUID][]orders.WorkState // for nextActions, whatever the viewer sees of it
	sentFromHere map[commerce.UUID]bool               // the orders that a location of the viewer's sends
}

// orderModels turns rows into what a request asks of them.
func (r *Resolver) orderModels(ctx context.Context, rows []*ent.Order, s selection) ([]*model.Order, error) {
	out := make([]*model.Order, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	s = withWork(s)
	parts, err := r.orderParts(ctx, rows, s)
	if err != nil {
		return nil, err
	}
	if parts.sentFromHere, err = r.sentFromHere(ctx, rows, s); err != nil {
		return nil, err
	}
	byID := map[commerce.UUID]*model.Order{}
	for i, o := range rows {
		out[i] = orderModel(ctx, o, parts)
		byID[o.ID] = out[i]
	}
	if err := r.orderChannels(ctx, rows, s, out); err != nil {
		return nil, err
	}
	if err := r.orderMembers(ctx, rows, s, out); err != nil {
		return nil, err
	}
	if err := r.orderReturns(ctx, rows, s, parts, out); err != nil {
		return nil, err
	}
	if err := r.orderPickups(ctx, rows, s, out); err != nil {
		return nil, err
	}
	lines, wantLines := s.child("lines", "Order")
	work, wantWork := s.child("fulfillmentOrders", "Order")
	parcels, wantParcels := s.child("fulfillments", "Order")
	var places []commerce.UUID
	var shown selection // what is asked of a location anywhere below
	shown.oc = s.oc
	gather := func(from selection, types ...string) {
		sub, _ := from.child("location", types...)
		shown.set = append(shown.set, sub.set...)
	}
	if wantLines {
		allocations, _ := lines.child("allocations", "OrderLine")
		gather(allocations, "Allocation")
	}
	gather(work, "FulfillmentOrder")
	var allWork []*ent.FulfillmentOrder
	for _, o := range rows {
		allWork = append(allWork, parts.work[o.ID]...)
	}
	judged, judgedAt := judgedPlaces(work, allWork)
	shown.set, places = append(shown.set, judged.set...), append(places, judgedAt...)
	gather(parcels, "Fulfillment")
	if earned, ok := s.child("attribution", "Order"); ok {
		store, _ := earned.child("store", "Attribution")
		shown.set = append(shown.set, store.set...)
	}
	for _, o := range rows {
		if o.StoreID != nil {
			places = append(places, *o.StoreID)
		}
		for _, a := range parts.allocations[o.ID] {
			places = append(places, a.LocationID)
		}
		for _, w := range parts.work[o.ID] {
			places = append(places, w.LocationID)
		}
		for _, p := range parts.parcels[o.ID] {
			places = append(places, p.LocationID)
		}
	}
	locations := map[commerce.UUID]*model.Location{}
	if len(shown.set) > 0 {
		if locations, err = r.locationsByID(ctx, places, shown); err != nil {
			return nil, err
		}
	}
	for i, o := range rows {
		m := out[i]
		m.Lines = lineModels(o, parts, locations)
		m.Attribution = attribution(o, locations)
		if wantWork {
			for _, w := range parts.work[o.ID] {
				m.FulfillmentOrders = append(m.FulfillmentOrders, workModel(ctx, w, orders.State(o.State), parts, locations, m))
			}
		}
		if wantParcels {
			for _, p := range parts.parcels[o.ID] {
				m.Fulfillments = append(m.Fulfillments, parcelModel(p, parts, locations))
			}
		}
	}
	return out, nil
}

// withWork adds what is asked of orders as the orders of their own work: that is the same order, read once with all of it.
func withWork(s selection) selection {
	for next := s; ; {
		work, _ := next.child("fulfillmentOrders", "Order")
		inner, asked := work.child("order", "FulfillmentOrder")
		if !asked {
			return s
		}
		s.set, next = slices.Concat(s.set, inner.set), inner
	}
}

func (r *Resolver) orderParts(ctx context.Context, rows []*ent.Order, s selection) (*orderParts, error) {
	ids := make([]commerce.UUID, len(rows))
	for i, o := range rows {
		ids[i] = o.ID
	}
	lines, wantLines := s.child("lines", "Order")
	wantWork, wantParcels := s.has("fulfillmentOrders", "Order"), s.has("fulfillments", "Order")
	wantAllocations := wantWork || wantLines && lines.has("allocations", "OrderLine")
	p := &orderParts{now: r.Store.Instant()}
	var err error
	if wantLines || wantWork || wantParcels {
		all, e := r.Store.Ent.OrderLine.Query().Where(orderline.OrderIDIn(ids...)).Order(orderline.ByPosition(), orderline.ByID()).All(ctx)
		p.lines, err = group(all, func(l *ent.OrderLine) commerce.UUID { return l.OrderID }), e
		p.lineByID = map[commerce.UUID]*ent.OrderLine{}
		for _, l := range all {
			p.lineByID[l.ID] = l
		}
	}
	if err == nil && wantAllocations {
		all, e := r.Store.Ent.Allocation.Query().Where(allocation.OrderIDIn(ids...)).Order(allocation.ByID()).All(ctx)
		p.allocations, err = group(all, func(a *ent.Allocation) commerce.UUID { return a.OrderID }), e
	}
	if err == nil && (wantWork || s.has("nextActions", "Order")) {
		// One statement for both: what is shown is narrowed, what is judged is not.
		everywhere := auth.With(ctx, auth.From(ctx).Unnarrowed())
		all, e := r.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderIDIn(ids...)).Order(fulfillmentorder.ByID()).All(everywhere)
		err = e
		p.work, p.allWorkState = map[commerce.UUID][]*ent.FulfillmentOrder{}, map[commerce.UUID][]orders.WorkState{}
		for _, w := range all {
			p.allWorkState[w.OrderID] = append(p.allWorkState[w.OrderID], orders.WorkState(w.State))
			if auth.From(ctx).SeesLocation(w.LocationID) {
				p.work[w.OrderID] = append(p.work[w.OrderID], w)
			}
		}
	}
	if err == nil && wantParcels {
		all, e := r.Store.Ent.Fulfillment.Query().Where(fulfillment.OrderIDIn(ids...)).Order(fulfillment.ByID()).All(ctx)
		p.parcels, err = group(all, func(f *ent.Fulfillment) commerce.UUID { return f.OrderID }), e
		if err == nil && len(all) > 0 {
			var parcels []commerce.UUID
			for _, f := range all {
				parcels = append(parcels, f.ID)
			}
			content, e := r.Store.Ent.FulfillmentLine.Query().Where(fulfillmentline.FulfillmentIDIn(parcels...)).Order(fulfillmentline.ByID()).All(ctx)
			p.parcelLines, err = group(content, func(l *ent.FulfillmentLine) commerce.UUID { return l.FulfillmentID }), e
		}
	}
	if err == nil && s.has("payments", "Order") {
		all, e := r.Store.Ent.Payment.Query().Where(payment.OrderIDIn(ids...)).Order(payment.ByID()).All(ctx)
		p.payments, err = group(all, func(x *ent.Payment) commerce.UUID { return x.OrderID }), e
	}
	if err == nil && s.has("timeline", "Order") {
		all, e := r.Store.Ent.OrderEntry.Query().Where(orderentry.OrderIDIn(ids...)).Order(orderentry.ByID()).All(ctx)
		p.timeline, err = group(all, func(x *ent.OrderEntry) commerce.UUID { return x.OrderID }), e
	}
	return p, err
}

func group[T any](rows []T, by func(T) commerce.UUID) map[commerce.UUID][]T {
	out := map[commerce.UUID][]T{}
	for _, r := range rows {
		out[by(r)] = append(out[by(r)], r)
	}
	return out
}

func orderModel(ctx context.Context, o *ent.Order, p *orderParts) *model.Order {
	m := &model.Order{
		ID: id(commerce.OrderID, o.ID), Number: o.Number, State: model.OrderState(o.State), HoldReason: text(o.HoldReason),
		PaymentState: model.PaymentState(o.PaymentState), FulfillmentState: model.FulfillmentState(o.FulfillmentState),
		PlacedAt: o.PlacedAt.Time(), PaidAt: moment(o.PaidAt), CanceledAt: moment(o.CanceledAt), Currency: string(o.Currency), Note: text(o.Note),
		Totals: &model.OrderTotals{
			Subtotal: amount(o.Subtotal, o.Currency), Discount: amount(o.Discount, o.Currency), Shipping: amount(o.Shipping, o.Currency),
			Total: amount(o.Total, o.Currency), Paid: amount(o.Paid, o.Currency), Refunded: amount(o.Refunded, o.Currency),
		},
		Delivery: model.ShipDelivery{Address: deliveryAddress(ctx, o, p.sentFromHere[o.ID])},
		Payments: []*model.Payment{}, Timeline: []*model.TimelineEntry{}, Returns: []*model.Return{}, Refunds: []*model.Refund{},
		FulfillmentOrders: []*model.FulfillmentOrder{}, Fulfillments: []*model.Fulfillment{},
	}
	m.NextActions = orders.SituationOf(o, p.allWorkState[o.ID], p.now).Actions()
	if o.ExternalSystem != nil && o.ExternalValue != nil {
		m.ExternalRef = &model.ExternalRef{System: *o.ExternalSystem, Value: *o.ExternalValue}
	}
	for _, x := range p.payments[o.ID] {
		m.Payments = append(m.Payments, &model.Payment{
			ID: id(commerce.PaymentID, x.ID), Method: x.Method, State: model.PaymentEntryState(x.State), Amount: amount(x.Amount, o.Currency), Reference: text(x.Reference),
		})
	}
	for _, e := range p.timeline[o.ID] {
		entry := &model.TimelineEntry{At: e.At.Time(), Actor: e.Actor, Kind: e.Kind, Note: text(e.Note)}
		if e.LocationID != nil && !auth.From(ctx).SeesLocation(*e.LocationID) {
			entry.Note = nil // what other locations shipped, and why they refused or held their work, is theirs
		}
		m.Timeline = append(m.Timeline, entry)
	}
	return m
}

// attribution is who earned the sale: nil when nobody was named. A store that the viewer does not see is left out.
func attribution(o *ent.Order, locations map[commerce.UUID]*model.Location) *model.Attribution {
	if o.Evidence == "" {
		return nil
	}
	out := &model.Attribution{Guide: text(o.Guide), Evidence: o.Evidence}
	if o.StoreID != nil {
		out.Store = locations[*o.StoreID]
	}
	return out
}

func lineModels(o *ent.Order, p *orderParts, locations map[commerce.UUID]*model.Location) []*model.OrderLine {
	out := []*model.OrderLine{}
	for _, l := range p.lines[o.ID] {
		m := &model.OrderLine{
			ID: id(commerce.OrderLineID, l.ID), Sku: l.Sku, Title: l.Title, Quantity: int(l.Quantity), FulfilledQuantity: int(l.Fulfilled),
			ReturnedQuantity: int(l.Returned), CanceledQuantity: int(l.Canceled), UnitPrice: amount(l.UnitPrice, o.Currency),
			Total: amount(l.Total, o.Currency), DiscountShares: discountShares(l, o.Currency), Allocations: []*model.Allocation{},
		}
		for _, a := range p.allocations[o.ID] {
			if n := a.Quantity - a.Released; a.OrderLineID == l.ID && n > 0 {
				m.Allocations = append(m.Allocations, &model.Allocation{Location: locations[a.LocationID], Quantity: int(n)})
			}
		}
		out = append(out, m)
	}
	return out
}

func (r *Resolver) orderChannels(ctx context.Context, rows []*ent.Order, s selection, out []*model.Order) error {
	sub, ok := s.child("channel", "Order")
	if !ok {
		return nil
	}
	ids := make([]commerce.UUID, len(rows))
	for i, o := range rows {
		ids[i] = o.ChannelID
	}
	found, err := r.channelsByID(ctx, ids, sub)
	for i, o := range rows {
		out[i].Channel = found[o.ChannelID]
	}
	return err
}

func (r *Resolver) orderMembers(ctx context.Context, rows []*ent.Order, s selection, out []*model.Order) error {
	sub, ok := s.child("member", "Order")
	if !ok || !can(ctx, auth.MembersRead) {
		return nil
	}
	var ids []commerce.UUID
	for _, o := range rows {
		if o.MemberID != nil {
			ids = append(ids, *o.MemberID)
		}
	}
	found, err := r.membersByID(ctx, ids, sub)
	for i, o := range rows {
		if o.MemberID != nil {
			out[i].Member = found[*o.MemberID]
		}
	}
	return err
}

// orderByID reads one order with what is asked of it, nil when the viewer does not see it.
func (r *Resolver) orderByID(ctx context.Context, u commerce.UUID, s selection) (*model.Order, error) {
	row, err := r.Store.Ent.Order.Query().Where(order.ID(u)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	models, err := r.orderModels(ctx, []*ent.Order{row}, s)
	if err != nil {
		return nil, err
	}
	return models[0], nil
}

func (r *Resolver) ordersByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Order, error) {
	out := map[commerce.UUID]*model.Order{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := r.Store.Ent.Order.Query().Where(order.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.orderModels(ctx, rows, s)
	for i, o := range rows {
		if err == nil {
			out[o.ID] = models[i]
		}
	}
	return out, err
}
