package graph

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/read"
)

// existing is the order that an ALREADY_EXISTS names.
func existing(err error) *commerce.UUID {
	for _, e := range every(err) {
		if d, ok := e.Details.(commerce.Existing); ok {
			return &d.ID.UUID
		}
	}
	return nil
}

func placeInput(in model.OrderPlaceInput) (orders.PlaceInput, error) {
	channel, err := channelRef(*in.Channel)
	if err != nil {
		return orders.PlaceInput{}, err
	}
	member, err := perhaps(in.Member, memberRef)
	if err != nil {
		return orders.PlaceInput{}, err
	}
	var r reading
	out := orders.PlaceInput{
		Key: in.IdempotencyKey, Channel: channel, External: externalOf(in.ExternalRef), Member: member, Note: or(in.Note),
		Shipping: r.moneyPtr(in.Shipping, "shipping"), ExpectedTotal: r.moneyPtr(in.ExpectedTotal, "expectedTotal"),
	}
	if err := deliveryInput(in.Delivery, &out); err != nil {
		return out, err
	}
	if out.Store, err = perhaps(in.Store, locationRef); err != nil {
		return out, err
	}
	out.Reservation, out.Guide = idOf(commerce.ReservationID, in.Reservation), or(in.Guide)
	if t := in.PlacedAt.Value(); t != nil {
		at := commerce.InstantOf(*t)
		out.PlacedAt = &at
	}
	for i, l := range in.Lines {
		variant, err := variantRef(*l.Variant)
		if err != nil {
			return out, err
		}
		line := orders.LineInput{
			Variant: variant, Quantity: int64(l.Quantity), UnitPrice: r.moneyPtr(l.UnitPrice, "lines", strconv.Itoa(i), "unitPrice"),
		}
		for j, s := range l.DiscountShares.Value() {
			line.Shares = append(line.Shares, orders.ShareInput{
				Payer: string(s.Payer), Amount: r.money(s.Amount, "lines", strconv.Itoa(i), "discountShares", strconv.Itoa(j), "amount"),
			})
		}
		out.Lines = append(out.Lines, line)
	}
	for i, p := range in.Payments.Value() {
		out.Payments = append(out.Payments, orders.PaymentInput{
			Method: p.Method, Amount: r.money(p.Amount, "payments", strconv.Itoa(i), "amount"), Reference: or(p.Reference),
		})
	}
	return out, errors.Join(r.errs...)
}

// deliveryInput reads how an order gets to the buyer.
func deliveryInput(in *model.DeliveryInput, out *orders.PlaceInput) error {
	ship, pickup := in.Ship.Value(), in.Pickup.Value()
	if !oneOf(field(in.Ship), field(in.Pickup)) {
		return errOneOf
	}
	if pickup != nil {
		at, err := locationRef(*pickup.Location)
		out.Pickup = &at
		return err
	}
	out.Address = addressIn(ship.Address)
	if p := ship.Near.Value(); p != nil {
		out.Near = &commerce.Point{Latitude: p.Latitude, Longitude: p.Longitude}
	}
	return nil
}

func paymentInput(in model.OrderPaymentRecordInput) (orders.RecordPaymentInput, error) {
	ref, err := orderRef(*in.Order)
	if err != nil {
		return orders.RecordPaymentInput{}, err
	}
	var r reading
	out := orders.RecordPaymentInput{
		Key: in.IdempotencyKey, Order: ref,
		Payment: orders.PaymentInput{Method: in.Method, Amount: r.money(in.Amount, "amount"), Reference: in.Reference},
	}
	return out, errors.Join(r.errs...)
}

func shipInput(in model.FulfillmentShipInput) orders.ShipInput {
	return orders.ShipInput{
		Key: in.IdempotencyKey, Work: *uid(commerce.FulfillmentOrderID, in.FulfillmentOrder), Token: in.DispatchToken,
		Carrier: in.Carrier, TrackingNumber: in.TrackingNumber, Lines: lineQuantities(in.Lines.Value()),
	}
}

// orderOrder is the order of orders a request asks, newest first when it asks none.
func orderOrder(by []*model.OrderOrder) (keyset.Order, func(*ent.Order) []any, error) {
	out := keyset.Order{Name: "orders"}
	var values []func(*ent.Order) any
	add := func(column string, desc bool, value func(*ent.Order) any) {
		out.Keys = append(out.Keys, keyset.Key{Expr: column, Desc: desc})
		values = append(values, value)
	}
	var seen []model.OrderOrderField
	last := false
	for _, o := range by {
		if slices.Contains(seen, o.Field) {
			return out, nil, badRequest("orderBy names %s twice", o.Field)
		}
		seen = append(seen, o.Field)
		last = o.Direction == model.OrderDirectionDesc
		out.Name += ":" + string(o.Field) + ":" + string(o.Direction)
		switch o.Field {
		case model.OrderOrderFieldPlacedAt:
			add("placed_at", last, func(o *ent.Order) any { return o.PlacedAt })
		case model.OrderOrderFieldUpdatedAt:
			add("updated_at", last, func(o *ent.Order) any { return o.UpdatedAt })
		case model.OrderOrderFieldNumber:
			add("number", last, func(o *ent.Order) any { return o.Number })
		}
	}
	if len(by) == 0 {
		last = true
		out.Name += ":PLACED_AT:DESC"
		add("placed_at", true, func(o *ent.Order) any { return o.PlacedAt })
	}
	add("id", last, func(o *ent.Order) any { return o.ID })
	return out, func(o *ent.Order) []any {
		row := make([]any, len(values))
		for i, v := range values {
			row[i] = v(o)
		}
		return row
	}, nil
}

func (r *Resolver) orderConnection(ctx context.Context, a keyset.Args, w *model.OrderWhere, by []*model.OrderOrder) (*model.OrderConnection, error) {
	q := r.Store.Ent.Order.Query()
	if w != nil {
		conditions, err := r.orderFilter(ctx, w)
		if err != nil {
			return nil, err
		}
		for _, c := range conditions {
			q = q.Where(c)
		}
	}
	ordering, values, err := orderOrder(by)
	if err != nil {
		return nil, err
	}
	p, err := page(ctx, r.Cursors, pager[*ent.Order]{order: ordering, values: values,
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.Order, error) {
			return q.Clone().Where(shape).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	models, err := r.orderModels(ctx, p.rows, s.nodes("OrderConnection", "OrderEdge"))
	if err != nil {
		return nil, err
	}
	out := &model.OrderConnection{PageInfo: p.info, Edges: make([]*model.OrderEdge, len(models))}
	for i, m := range models {
		out.Edges[i] = &model.OrderEdge{Cursor: p.cursors[i], Node: m}
	}
	if s.has("totalCount", "OrderConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}

// orderFilter turns a where into conditions. A filter by something the viewer may not read or see finds nothing.
func (r *Resolver) orderFilter(ctx context.Context, w *model.OrderWhere) ([]func(*sql.Selector), error) {
	var out []func(*sql.Selector)
	channel, err := r.filterChannel(ctx, w.Channel.Value())
	if err != nil {
		return nil, err
	}
	out = append(out, of(order.FieldChannelID, channel))
	if in := w.Member.Value(); in != nil {
		if err := auth.Need(ctx, auth.MembersRead); err != nil {
			return nil, err
		}
		ref, err := memberRef(*in)
		if err != nil {
			return nil, err
		}
		found, err := members.Find(ctx, r.Store.Ent, []commerce.MemberRef{ref})
		if err != nil {
			return nil, err
		}
		who := &commerce.UUID{}
		if found[0] != nil {
			who = &found[0].ID
		}
		out = append(out, of(order.FieldMemberID, who))
	}
	location, err := r.filterLocation(ctx, w.Location.Value())
	if err != nil {
		return nil, err
	}
	if location != nil {
		out = append(out, func(s *sql.Selector) { s.Where(read.WorkAt(auth.From(ctx), *location)) })
	}
	out = append(out, oneOfTexts(order.FieldState, w.States.Value()), oneOfTexts(order.FieldPaymentState, w.PaymentStates.Value()),
		oneOfTexts(order.FieldFulfillmentState, w.FulfillmentStates.Value()))
	if t := w.PlacedAfter.Value(); t != nil {
		out = append(out, sql.FieldGTE(order.FieldPlacedAt, int64(commerce.InstantOf(*t))))
	}
	if t := w.PlacedBefore.Value(); t != nil {
		out = append(out, sql.FieldLT(order.FieldPlacedAt, int64(commerce.InstantOf(*t))))
	}
	if t := w.Query.Value(); t != nil {
		out = append(out, orderQuery(auth.From(ctx), *t))
	}
	return out, nil
}

// orderQuery keeps orders to a beginning of a number, or a whole external reference or SKU. Numbers are written in capitals; the prefix
// is too, since LIKE tells cases apart on one engine and not on the other.
func orderQuery(v *auth.Viewer, query string) func(*sql.Selector) {
	query, wrong := commerce.ShortText.Clean(query) // as external references are stored
	return func(s *sql.Selector) {
		if wrong != nil {
			none(s)
			return
		}
		s.Where(sql.Or(
			sql.HasPrefix(s.C(order.FieldNumber), orders.AsNumber(query)), sql.EQ(s.C(order.FieldExternalValue), query),
			read.WithLineOf(v, query),
		))
	}
}

// oneOfTexts keeps a column to one of some values; an absent list keeps everything, an empty one nothing.
func oneOfTexts[T ~string](column string, values []T) func(*sql.Selector) {
	return func(s *sql.Selector) {
		if values == nil {
			return
		}
		in := make([]any, len(values))
		for i, v := range values {
			in[i] = string(v)
		}
		s.Where(sql.In(s.C(column), in...))
	}
}

func (r *Resolver) filterChannel(ctx context.Context, in *model.ChannelRef) (*commerce.UUID, error) {
	if in == nil {
		return nil, nil
	}
	ref, err := channelRef(*in)
	if err != nil {
		return nil, err
	}
	found, err := channels.Find(ctx, r.Store.Ent, []commerce.ChannelRef{ref})
	if err != nil || found[0] == nil {
		return &commerce.UUID{}, err
	}
	return &found[0].ID, nil
}

func (r *Resolver) workConnection(ctx context.Context, a keyset.Args, w *model.FulfillmentOrderWhere) (*model.FulfillmentOrderConnection, error) {
	q := r.Store.Ent.FulfillmentOrder.Query()
	if w != nil {
		location, err := r.filterLocation(ctx, w.Location.Value())
		if err != nil {
			return nil, err
		}
		q = q.Where(of(fulfillmentorder.FieldLocationID, location), oneOfTexts(fulfillmentorder.FieldState, w.States.Value()))
	}
	p, err := page(ctx, r.Cursors, pager[*ent.FulfillmentOrder]{
		order: byIDOrder("work"), values: func(w *ent.FulfillmentOrder) []any { return []any{w.ID} },
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.FulfillmentOrder, error) {
			return q.Clone().Where(shape).Modify(read.WithOrderState).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	models, err := r.workModels(ctx, p.rows, s.nodes("FulfillmentOrderConnection", "FulfillmentOrderEdge"))
	if err != nil {
		return nil, err
	}
	out := &model.FulfillmentOrderConnection{PageInfo: p.info, Edges: make([]*model.FulfillmentOrderEdge, len(models))}
	for i, m := range models {
		out.Edges[i] = &model.FulfillmentOrderEdge{Cursor: p.cursors[i], Node: m}
	}
	if s.has("totalCount", "FulfillmentOrderConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}
