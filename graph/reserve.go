package graph

import (
	"context"
	"maps"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/reservation"
	"github.com/oneshelf/oneshelf/ent/reservationline"
	"github.com/oneshelf/oneshelf/graph/model"
)

func reserveInput(in model.StockReserveInput) (orders.ReserveInput, error) {
	member, err := perhaps(in.Member, memberRef)
	if err != nil {
		return orders.ReserveInput{}, err
	}
	out := orders.ReserveInput{Key: in.IdempotencyKey, TTL: in.TTLSeconds, Member: member, Reference: reference(in.Reference.Value())}
	for _, l := range in.Lines {
		variant, err := variantRef(*l.Variant)
		if err != nil {
			return out, err
		}
		location, err := perhaps(l.Location, locationRef)
		if err != nil {
			return out, err
		}
		out.Lines = append(out.Lines, orders.ReserveLine{Variant: variant, Quantity: int64(l.Quantity), Location: location})
	}
	return out, nil
}

// reservationsByID reads reservations with what is asked of them; of their lines those at places that the viewer sees. One that keeps
// nothing at any of them does not exist for the viewer.
func (r *Resolver) reservationsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Reservation, error) {
	out := map[commerce.UUID]*model.Reservation{}
	rows, err := r.Store.Ent.Reservation.Query().Where(reservation.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	told, err := r.told(ctx, each(rows, func(row *ent.Reservation) commerce.Reference {
		return commerce.Reference{System: row.ReferenceSystem, Value: row.ReferenceValue}
	}))
	if err != nil {
		return nil, err
	}
	now := r.Store.Instant()
	for i, row := range rows {
		out[row.ID] = &model.Reservation{
			ID: id(commerce.ReservationID, row.ID), State: model.ReservationState(orders.StateOf(row, now)), ExpiresAt: row.ExpiresAt.Time(),
			Reference: told[i], Lines: []*model.ReservationLine{},
		}
	}
	sub, ok := s.child("lines", "Reservation")
	narrowed := auth.From(ctx).NarrowedByLocation()
	if !ok && !narrowed || len(rows) == 0 {
		return out, nil
	}
	lines, err := r.Store.Ent.ReservationLine.Query().Where(reservationline.ReservationIDIn(ids...)).Order(reservationline.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	var variants, locations []commerce.UUID
	for _, l := range lines {
		variants, locations = append(variants, l.VariantID), append(locations, l.LocationID)
	}
	vs, ls, err := r.variantAndLocation(ctx, "ReservationLine", sub, variants, locations)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		of := out[l.ReservationID]
		of.Lines = append(of.Lines, &model.ReservationLine{Variant: vs[l.VariantID], Location: ls[l.LocationID], Quantity: int(l.Quantity)})
	}
	maps.DeleteFunc(out, func(_ commerce.UUID, of *model.Reservation) bool { return narrowed && len(of.Lines) == 0 })
	return out, nil
}
