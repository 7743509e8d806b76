package graph

import (
	"context"
	"maps"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/externalref"
	"github.com/oneshelf/oneshelf/ent/location"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/ent/variant"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/read"
)

// in is the condition that a column is one of some values.
func in(column string, values []any) func(*sql.Selector) {
	return func(s *sql.Selector) { s.Where(sql.In(s.C(column), values...)) }
}

func (r *Resolver) locationModels(ctx context.Context, rows []*ent.Location, s selection) ([]*model.Location, error) {
	out := make([]*model.Location, len(rows))
	byID := make(map[commerce.UUID]*model.Location, len(rows))
	for i, l := range rows {
		out[i] = &model.Location{
			ID: id(commerce.LocationID, l.ID), Code: l.Code, Name: l.Name, Kind: model.LocationKind(l.Kind), Ownership: model.LocationOwnership(l.Ownership),
			Active: l.Active, Pickup: l.Pickup, ShipFrom: l.ShipFrom, Priority: l.Priority,
			Lent: l.Lent, StalePercent: l.StalePercent, Address: address(l.Address), ExternalRefs: []*model.ExternalRef{},
		}
		if l.Latitude != nil && l.Longitude != nil {
			out[i].Point = &model.Point{Latitude: *l.Latitude, Longitude: *l.Longitude}
		}
		if l.StaleAfter > 0 {
			out[i].StaleAfterSeconds = &l.StaleAfter
		}
		byID[l.ID] = out[i]
	}
	if len(rows) == 0 || !s.has("externalRefs", "Location") {
		return out, nil
	}
	return out, r.externalRefs(ctx, externalref.FieldLocationID, keys(byID), func(id commerce.UUID, ref *model.ExternalRef) {
		byID[id].ExternalRefs = append(byID[id].ExternalRefs, ref)
	})
}

// locationsByID reads locations that the viewer sees. Rows that name a location are narrowed by it, so none is missing.
func (r *Resolver) locationsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Location, error) {
	if len(ids) == 0 {
		return map[commerce.UUID]*model.Location{}, nil
	}
	rows, err := r.Store.Ent.Location.Query().Where(location.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.locationModels(ctx, rows, s)
	return zip(rows, func(l *ent.Location) commerce.UUID { return l.ID }, models), err
}

// locationsOf answers where levels are: rows may bring their locations along, else they are read.
func (r *Resolver) locationsOf(ctx context.Context, rows []*ent.StockLevel, s selection) (map[commerce.UUID]*model.Location, error) {
	ids := make([]commerce.UUID, len(rows))
	brought := map[commerce.UUID]*ent.Location{}
	complete := true
	for i, l := range rows {
		ids[i], brought[l.LocationID] = l.LocationID, l.Edges.Location
		complete = complete && l.Edges.Location != nil
	}
	if !complete {
		return r.locationsByID(ctx, ids, s)
	}
	locations := slices.Collect(maps.Values(brought))
	models, err := r.locationModels(ctx, locations, s)
	return zip(locations, func(l *ent.Location) commerce.UUID { return l.ID }, models), err
}

// variantsByID reads variants with what is asked of them.
func (r *Resolver) variantsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Variant, error) {
	out := map[commerce.UUID]*model.Variant{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := r.Store.Ent.Variant.Query().Where(variant.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.variants(ctx, rows, s, nil, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range rows {
		out[v.ID] = models[i]
	}
	return out, nil
}

func (r *Resolver) levels(ctx context.Context, rows []*ent.StockLevel, s selection) ([]*model.StockLevel, error) {
	var variants []commerce.UUID
	for _, l := range rows {
		variants = append(variants, l.VariantID)
	}
	var vs map[commerce.UUID]*model.Variant
	var ls map[commerce.UUID]*model.Location
	var err error
	if sub, ok := s.child("variant", "StockLevel"); ok {
		if vs, err = r.variantsByID(ctx, variants, sub); err != nil {
			return nil, err
		}
	}
	if sub, ok := s.child("location", "StockLevel"); ok {
		if ls, err = r.locationsOf(ctx, rows, sub); err != nil {
			return nil, err
		}
	}
	out := make([]*model.StockLevel, len(rows))
	for i, l := range rows {
		out[i] = &model.StockLevel{
			ID: id(commerce.StockLevelID, l.ID), Variant: vs[l.VariantID], Location: ls[l.LocationID], OnHand: int(l.OnHand), Reserved: int(l.Reserved),
			Available: int(max(0, l.OnHand-l.Reserved-l.SafetyStock)), SafetyStock: int(l.SafetyStock), Shortfall: int(l.Shortfall),
			Incoming: int(l.Incoming), Damaged: int(l.Damaged), Stale: l.Stale,
			AsOf: moment(l.CountedAt), Source: text(l.Source), UpdatedAt: l.UpdatedAt.Time(),
		}
	}
	return out, nil
}

// variantAndLocation reads both as far as a type's fields of these names are asked.
func (r *Resolver) variantAndLocation(ctx context.Context, typ string, s selection, variants, locations []commerce.UUID) (vs map[commerce.UUID]*model.Variant, ls map[commerce.UUID]*model.Location, err error) {
	if sub, ok := s.child("variant", typ); ok {
		if vs, err = r.variantsByID(ctx, variants, sub); err != nil {
			return
		}
	}
	if sub, ok := s.child("location", typ); ok {
		ls, err = r.locationsByID(ctx, locations, sub)
	}
	return
}

func (r *Resolver) movements(ctx context.Context, rows []*ent.StockMovement, s selection) ([]*model.StockMovement, error) {
	var variants, locations []commerce.UUID
	for _, m := range rows {
		variants, locations = append(variants, m.VariantID), append(locations, m.LocationID)
	}
	vs, ls, err := r.variantAndLocation(ctx, "StockMovement", s, variants, locations)
	if err != nil {
		return nil, err
	}
	told, err := r.told(ctx, each(rows, func(m *ent.StockMovement) commerce.Reference {
		return commerce.Reference{System: m.ReferenceSystem, Value: m.ReferenceValue}
	}))
	if err != nil {
		return nil, err
	}
	out := make([]*model.StockMovement, len(rows))
	for i, m := range rows {
		out[i] = &model.StockMovement{
			ID: id(commerce.StockMovementID, m.ID), Kind: model.StockMovementKind(m.Kind), OnHandDelta: int(m.OnHandDelta), ReservedDelta: int(m.ReservedDelta),
			IncomingDelta: int(m.IncomingDelta), DamagedDelta: int(m.DamagedDelta),
			Reason: text(m.Reason), Reference: told[i], Actor: m.Actor, Cause: m.Cause, OccurredAt: m.OccurredAt.Time(), Variant: vs[m.VariantID], Location: ls[m.LocationID],
		}
	}
	return out, nil
}

// told are references as the viewer is told them, in order: null for none, and for one that names an order that does not exist for the
// viewer: what moves and keeps stock follows places, and an order's channel may be none of a narrowed token's.
func (r *Resolver) told(ctx context.Context, refs []commerce.Reference) ([]*model.ExternalRef, error) {
	v := auth.From(ctx)
	narrowed := v.NarrowedByChannel() || v.NarrowedByLocation()
	var numbers []string
	for _, ref := range refs {
		if narrowed && ref.System == ofOrder {
			numbers = append(numbers, ref.Value)
		}
	}
	seen := map[string]bool{}
	if len(numbers) > 0 {
		visible, err := r.Store.Ent.Order.Query().Where(order.NumberIn(numbers...)).Select(order.FieldNumber).Strings(ctx)
		if err != nil {
			return nil, err
		}
		for _, n := range visible {
			seen[n] = true
		}
	}
	return each(refs, func(ref commerce.Reference) *model.ExternalRef {
		if ref.System == "" || narrowed && ref.System == ofOrder && !seen[ref.Value] {
			return nil
		}
		return &model.ExternalRef{System: ref.System, Value: ref.Value}
	}), nil
}

// ofOrder is the system of references to our own orders, by their number.
const ofOrder = "order"

// levelPages reads one page of stock levels for each of many variants in one statement.
func (r *Resolver) levelPages(ctx context.Context, byID map[commerce.UUID]*model.Variant, s selection, f pageField) error {
	a, err := argsOf(s.arguments(f.CollectedField))
	if err != nil {
		return err
	}
	l := pager[*ent.StockLevel]{order: byIDOrder("variant-levels"), values: func(l *ent.StockLevel) []any { return []any{l.ID} }}
	binding := auth.From(ctx).Brand.String()
	plan, err := l.order.Plan(r.Cursors, binding, a)
	if err != nil {
		return pageError(err)
	}
	rows, err := read.LevelsOfVariants(ctx, r.Store.DB.Read(), auth.From(ctx), keys(byID), plan)
	if err != nil {
		return err
	}
	sub := f.asked.nodes("VariantStockLevelConnection", "VariantStockLevelEdge")
	models, err := r.levels(ctx, rows, sub)
	if err != nil {
		return err
	}
	byRow := map[commerce.UUID]*model.StockLevel{}
	for i, row := range rows {
		byRow[row.ID] = models[i]
	}
	key := model.PageKey(a.First, a.After, a.Last, a.Before)
	byVariant := group(rows, func(l *ent.StockLevel) commerce.UUID { return l.VariantID })
	for u, v := range byID {
		own, info := keyset.Cut(plan, byVariant[u])
		p, err := withCursors(r.Cursors, binding, l, own, info)
		if err != nil {
			return err
		}
		c := &model.VariantStockLevelConnection{PageInfo: p.info, Edges: []*model.VariantStockLevelEdge{}}
		for i, row := range own {
			c.Edges = append(c.Edges, &model.VariantStockLevelEdge{Cursor: p.cursors[i], Node: byRow[row.ID]})
		}
		if v.LevelPages == nil {
			v.LevelPages = map[string]*model.VariantStockLevelConnection{}
		}
		v.LevelPages[key] = c
	}
	return nil
}

// byIDOrder is the order by id under a name of its own.
func byIDOrder(name string) keyset.Order { return keyset.Order{Name: name, Keys: byID.Keys} }
