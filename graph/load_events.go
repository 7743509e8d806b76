package graph

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/ent/product"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/graph/model"
)

// logCursor is the binding of the log's cursors: sockets and the pull feed share them.
func logCursor(v *auth.Viewer) string { return "events\x00" + v.Brand.String() }

func (r *Resolver) cursorOf(ctx context.Context, seq int64) string {
	return r.Cursors.Seal(logCursor(auth.From(ctx)), strconv.AppendInt(nil, seq, 10))
}

// place reads a cursor of the log. One that points before what the log keeps is told so.
func (r *Resolver) place(ctx context.Context, cursor string) (int64, error) {
	raw, err := r.Cursors.Open(logCursor(auth.From(ctx)), cursor)
	if err != nil {
		return 0, pageError(err)
	}
	seq, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, badRequest("the cursor cannot be read")
	}
	oldest, err := r.Store.Oldest(ctx)
	if err != nil {
		return 0, err
	}
	if oldest > 0 && seq < oldest-1 {
		return 0, &commerce.Error{Code: commerce.BadRequest, Message: "the log does not reach back that far", Details: CursorTooOld}
	}
	return seq, nil
}

// eventModels turns events into what a request asks of them.
func (r *Resolver) eventModels(ctx context.Context, rows []*ent.Event, s selection) ([]model.Event, error) {
	load, err := r.subjects(ctx, rows, s)
	if err != nil {
		return nil, err
	}
	out := make([]model.Event, len(rows))
	for i, e := range rows {
		cursor := r.cursorOf(ctx, *e.Seq)
		uid, sequence, at := id(commerce.EventID, e.UID), int(e.Sequence), e.OccurredAt.Time()
		switch events.Type(e.Type) {
		case events.StockChanged:
			data, err := stockData(e)
			if err != nil {
				return nil, err
			}
			onHand, reserved, available := int(data.OnHand), int(data.Reserved), int(data.Available)
			m := &model.StockChanged{
				ID: uid, Cursor: cursor, Type: model.EventTypeStockChanged, AggregateID: id(commerce.StockLevelID, e.AggregateID), Sequence: sequence,
				OccurredAt: at, Actor: e.Actor, Cause: e.Cause, Variant: load.variants[data.Variant],
				OnHand: &onHand, Reserved: &reserved, Available: &available,
			}
			if e.LocationID != nil {
				m.Location = load.locations[*e.LocationID]
			}
			out[i] = m
		case events.OrderChanged:
			out[i] = &model.OrderChanged{ID: uid, Cursor: cursor, Type: model.EventTypeOrderChanged, AggregateID: id(commerce.OrderID, e.AggregateID),
				Sequence: sequence, OccurredAt: at, Actor: e.Actor, Cause: e.Cause, Order: load.orders[e.AggregateID]}
		case events.ListingChanged:
			out[i] = &model.ListingChanged{ID: uid, Cursor: cursor, Type: model.EventTypeListingChanged, AggregateID: id(commerce.ListingID, e.AggregateID),
				Sequence: sequence, OccurredAt: at, Actor: e.Actor, Cause: e.Cause, Listing: load.listings[e.AggregateID]}
		case events.ProductChanged:
			out[i] = &model.ProductChanged{ID: uid, Cursor: cursor, Type: model.EventTypeProductChanged, AggregateID: id(commerce.ProductID, e.AggregateID),
				Sequence: sequence, OccurredAt: at, Actor: e.Actor, Cause: e.Cause, Product: load.products[e.AggregateID]}
		case events.MemberChanged:
			out[i] = &model.MemberChanged{ID: uid, Cursor: cursor, Type: model.EventTypeMemberChanged, AggregateID: id(commerce.MemberID, e.AggregateID),
				Sequence: sequence, OccurredAt: at, Actor: e.Actor, Cause: e.Cause, Member: load.members[e.AggregateID]}
		}
	}
	return out, nil
}

func stockData(e *ent.Event) (events.Stock, error) {
	var data events.Stock
	return data, json.Unmarshal(e.Data, &data)
}

// loaded is what events are about, as far as it is asked and the viewer's scopes allow.
type loaded struct {
	variants  map[commerce.UUID]*model.Variant
	locations map[commerce.UUID]*model.Location
	orders    map[commerce.UUID]*model.Order
	listings  map[commerce.UUID]*model.Listing
	products  map[commerce.UUID]*model.Product
	members   map[commerce.UUID]*model.Member
}

// subjects reads what events are about, one kind at a time.
func (r *Resolver) subjects(ctx context.Context, rows []*ent.Event, s selection) (loaded, error) {
	var out loaded
	about := map[events.Type][]commerce.UUID{}
	var variants, locations []commerce.UUID
	for _, e := range rows {
		about[events.Type(e.Type)] = append(about[events.Type(e.Type)], e.AggregateID)
		if events.Type(e.Type) == events.StockChanged {
			data, err := stockData(e)
			if err != nil {
				return out, err
			}
			variants = append(variants, data.Variant)
			if e.LocationID != nil {
				locations = append(locations, *e.LocationID)
			}
		}
	}
	var err error
	if out.variants, out.locations, err = r.variantAndLocation(ctx, "StockChanged", s, variants, locations); err != nil {
		return out, err
	}
	if sub, ok := s.child("order", "OrderChanged"); ok && can(ctx, auth.OrdersRead) {
		if out.orders, err = r.ordersByID(ctx, about[events.OrderChanged], sub); err != nil {
			return out, err
		}
	}
	if sub, ok := s.child("member", "MemberChanged"); ok && can(ctx, auth.MembersRead) {
		if out.members, err = r.membersByID(ctx, about[events.MemberChanged], sub); err != nil {
			return out, err
		}
	}
	if sub, ok := s.child("listing", "ListingChanged"); ok && can(ctx, auth.ChannelsRead) {
		if out.listings, err = r.listingsByID(ctx, about[events.ListingChanged], sub); err != nil {
			return out, err
		}
	}
	if sub, ok := s.child("product", "ProductChanged"); ok {
		out.products, err = r.productsByID(ctx, about[events.ProductChanged], sub)
	}
	return out, err
}

func (r *Resolver) listingsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Listing, error) {
	out := map[commerce.UUID]*model.Listing{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := r.Store.Ent.Listing.Query().Where(listing.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.listingModels(ctx, rows, s)
	if err != nil {
		return nil, err
	}
	for i, l := range rows {
		out[l.ID] = models[i]
	}
	return out, nil
}

func (r *Resolver) productsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Product, error) {
	out := map[commerce.UUID]*model.Product{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := r.Store.Ent.Product.Query().Where(product.IDIn(ids...)).Modify(productShapes(s)...).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.products(ctx, rows, s)
	if err != nil {
		return nil, err
	}
	for i, p := range rows {
		out[p.ID] = models[i]
	}
	return out, nil
}
