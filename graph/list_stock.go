package graph

import (
	"context"
	"encoding/binary"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/location"
	"github.com/oneshelf/oneshelf/ent/stocklevel"
	"github.com/oneshelf/oneshelf/ent/stockmovement"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/read"
)

// asked is what is asked of a field of the running resolver's payload.
func asked(ctx context.Context, name, payload string) selection {
	sub, _ := selected(ctx).child(name, payload)
	sub.oc = selected(ctx).oc
	return sub
}

// one reads one thing by its id as far as a payload's field of it is asked.
func one[T any](ctx context.Context, read func(context.Context, []commerce.UUID, selection) (map[commerce.UUID]*T, error), u commerce.UUID, name, payload string) (*T, error) {
	if !selected(ctx).has(name, payload) {
		return nil, nil
	}
	found, err := read(ctx, []commerce.UUID{u}, asked(ctx, name, payload))
	return found[u], err
}

func placeRefs(v *model.VariantRef, l *model.LocationRef) (commerce.VariantRef, commerce.LocationRef, error) {
	variant, err := variantRef(*v)
	if err != nil {
		return variant, commerce.LocationRef{}, err
	}
	location, err := locationRef(*l)
	return variant, location, err
}

func syncInput(in model.StockSyncInput) (stock.SyncInput, error) {
	out := stock.SyncInput{Key: in.IdempotencyKey, Source: in.Source, Rows: make([]stock.SyncRow, len(in.Rows))}
	for i, row := range in.Rows {
		variant, location, err := placeRefs(row.Variant, row.Location)
		if err != nil {
			return out, err
		}
		out.Rows[i] = stock.SyncRow{Variant: variant, Location: location, OnHand: int64(row.OnHand), AsOf: commerce.InstantOf(row.AsOf)}
	}
	return out, nil
}

func syncResults(done stock.Synced) []*model.StockSyncResult {
	out := make([]*model.StockSyncResult, len(done.Rows))
	for i, v := range done.Rows {
		out[i] = &model.StockSyncResult{Index: i, Outcome: model.StockSyncOutcome(v.Outcome), UserErrors: []model.UserError{}}
		if v.Code != "" {
			out[i].UserErrors = append(out[i].UserErrors, userError(&commerce.Error{Code: v.Code, Field: v.Path, Message: v.Message}))
		}
	}
	return out
}

func locationInput(in model.LocationUpsertInput) (stock.LocationInput, error) {
	by, err := perhaps(in.By, locationRef)
	if err != nil {
		return stock.LocationInput{}, err
	}
	return stock.LocationInput{
		By: by, Code: maybe(in.Code), Name: maybe(in.Name),
		Kind:      maybeOf(in.Kind, func(k model.LocationKind) string { return string(k) }),
		Ownership: maybeOf(in.Ownership, func(o model.LocationOwnership) string { return string(o) }),
		Active:    maybe(in.Active), Pickup: maybe(in.Pickup), ShipFrom: maybe(in.ShipFrom), Priority: maybe(in.Priority),
		Lent: maybe(in.Lent), StaleAfter: maybe(in.StaleAfterSeconds), StalePercent: maybe(in.StalePercent),
		Point: maybeOf(in.Point, func(p model.PointInput) commerce.Point {
			return commerce.Point{Latitude: p.Latitude, Longitude: p.Longitude}
		}),
		Address:      maybeOf(in.Address, func(a model.AddressInput) commerce.Address { return addressIn(&a) }),
		ExternalRefs: maybeList(in.ExternalRefs, reference),
	}, nil
}

// byCodeOrder is the order by code under a name of its own, so that no list takes the cursors of another.
func byCodeOrder(name string) keyset.Order {
	return keyset.Order{Name: name, Keys: []keyset.Key{{Expr: "code"}, {Expr: "id"}}}
}

func (r *Resolver) locationConnection(ctx context.Context, a keyset.Args, w *model.LocationWhere) (*model.LocationConnection, error) {
	q := r.Store.Ent.Location.Query()
	if w != nil {
		if k := w.Kind.Value(); k != nil {
			q = q.Where(location.Kind(string(*k)))
		}
		if o := w.Ownership.Value(); o != nil {
			q = q.Where(location.Ownership(string(*o)))
		}
		if b := w.Active.Value(); b != nil {
			q = q.Where(location.Active(*b))
		}
		if b := w.Pickup.Value(); b != nil {
			q = q.Where(location.Pickup(*b))
		}
		near, radius := w.Near.Value(), w.RadiusKm.Value()
		if (near == nil) != (radius == nil) {
			return nil, badRequest("near and radiusKm go together")
		}
		if near != nil {
			around, err := within(*near, *radius)
			if err != nil {
				return nil, err
			}
			q = q.Where(around)
		}
	}
	p, err := page(ctx, r.Cursors, pager[*ent.Location]{
		order: byCodeOrder("locations"), values: func(l *ent.Location) []any { return []any{l.Code, l.ID} },
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.Location, error) {
			return q.Clone().Where(shape).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	models, err := r.locationModels(ctx, p.rows, s.nodes("LocationConnection", "LocationEdge"))
	if err != nil {
		return nil, err
	}
	out := &model.LocationConnection{PageInfo: p.info, Edges: []*model.LocationEdge{}}
	for i, m := range models {
		out.Edges = append(out.Edges, &model.LocationEdge{Cursor: p.cursors[i], Node: m})
	}
	if s.has("totalCount", "LocationConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}

// within keeps locations to a circle on the globe.
func within(p model.PointInput, km float64) (func(*sql.Selector), error) {
	at := commerce.Point{Latitude: p.Latitude, Longitude: p.Longitude}
	if !at.OnGlobe() || !(km > 0 && km <= 21000) {
		return nil, badRequest("near must be a point on the globe and radiusKm between 0 and 21000")
	}
	return func(s *sql.Selector) {
		s.Where(read.Within(at, km))
	}, nil
}

// none is a condition that nothing fulfils: a filter named something the viewer does not see.
func none(s *sql.Selector) { s.Where(sql.False()) }

func (r *Resolver) levelConnection(ctx context.Context, a keyset.Args, w model.StockLevelWhere) (*model.StockLevelConnection, error) {
	q := r.Store.Ent.StockLevel.Query()
	v, l, err := r.filterPlace(ctx, w.Variant.Value(), w.Location.Value())
	if err != nil {
		return nil, err
	}
	q = q.Where(of(stocklevel.FieldVariantID, v), of(stocklevel.FieldLocationID, l))
	p, err := page(ctx, r.Cursors, pager[*ent.StockLevel]{
		order: byIDOrder("levels"), values: func(l *ent.StockLevel) []any { return []any{l.ID} },
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.StockLevel, error) {
			return q.Clone().Where(shape).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	models, err := r.levels(ctx, p.rows, s.nodes("StockLevelConnection", "StockLevelEdge"))
	if err != nil {
		return nil, err
	}
	out := &model.StockLevelConnection{PageInfo: p.info, Edges: []*model.StockLevelEdge{}}
	for i, m := range models {
		out.Edges = append(out.Edges, &model.StockLevelEdge{Cursor: p.cursors[i], Node: m})
	}
	if s.has("totalCount", "StockLevelConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}

// of is the condition that a column is what a filter named: nothing asked is always true, nothing found never.
func of(column string, found *commerce.UUID) func(*sql.Selector) {
	return func(s *sql.Selector) {
		switch {
		case found == nil:
		case *found == commerce.UUID{}:
			none(s)
		default:
			s.Where(sql.EQ(s.C(column), *found))
		}
	}
}

// filterPlace finds what a filter names; what the viewer does not see stands as the nil UUID.
func (r *Resolver) filterPlace(ctx context.Context, v *model.VariantRef, l *model.LocationRef) (variant, location *commerce.UUID, err error) {
	if variant, err = r.filterVariant(ctx, v); err != nil || l == nil {
		return
	}
	location, err = r.filterLocation(ctx, l)
	return
}

func (r *Resolver) filterVariant(ctx context.Context, in *model.VariantRef) (*commerce.UUID, error) {
	if in == nil {
		return nil, nil
	}
	ref, err := variantRef(*in)
	if err != nil {
		return nil, err
	}
	found, err := catalog.FindVariants(ctx, r.Store.Ent, []commerce.VariantRef{ref})
	if err != nil || found[0] == nil {
		return &commerce.UUID{}, err
	}
	return &found[0].ID, nil
}

func (r *Resolver) filterLocation(ctx context.Context, in *model.LocationRef) (*commerce.UUID, error) {
	if in == nil {
		return nil, nil
	}
	ref, err := locationRef(*in)
	if err != nil {
		return nil, err
	}
	found, err := stock.FindLocations(ctx, r.Store.Ent, []commerce.LocationRef{ref})
	if err != nil || found[0] == nil {
		return &commerce.UUID{}, err
	}
	return &found[0].ID, nil
}

// notBefore is an id that is below those of all movements since a moment, so that the ledger need not be read from its beginning: no index
// has occurred_at. An id is made after the moment at which its transaction began, by the clock of the same machine, so it cannot be earlier
// by more than clocks are set meanwhile, for which a day is plenty. It may be much later where the store's clock is another than the
// machine's, so that until bounds no ids. A store's clock that runs ahead of the machine's puts ids back by as much.
func (r *Resolver) notBefore(since time.Time) (id commerce.UUID) {
	ahead := max(0, time.Until(r.Store.Now()))
	if at := since.Add(-ahead - 24*time.Hour).UnixMilli(); at > 0 {
		binary.BigEndian.PutUint64(id[:], uint64(at)<<16)
	}
	return id
}

func (r *Resolver) movementConnection(ctx context.Context, a keyset.Args, w model.StockMovementWhere) (*model.StockMovementConnection, error) {
	q := r.Store.Ent.StockMovement.Query()
	v, l, err := r.filterPlace(ctx, w.Variant.Value(), w.Location.Value())
	if err != nil {
		return nil, err
	}
	q = q.Where(of(stockmovement.FieldVariantID, v), of(stockmovement.FieldLocationID, l))
	if k := w.Kind.Value(); k != nil {
		q = q.Where(stockmovement.Kind(string(*k)))
	}
	if t := w.Since.Value(); t != nil {
		q = q.Where(stockmovement.OccurredAtGTE(commerce.InstantOf(*t)))
		if a.After == nil { // else the page begins at its cursor, and of two beginnings SQLite would take the first that it is told
			q = q.Where(stockmovement.IDGTE(r.notBefore(*t)))
		}
	}
	if t := w.Until.Value(); t != nil {
		q = q.Where(stockmovement.OccurredAtLT(commerce.InstantOf(*t)))
	}
	p, err := page(ctx, r.Cursors, pager[*ent.StockMovement]{
		order: byIDOrder("movements"), values: func(m *ent.StockMovement) []any { return []any{m.ID} },
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.StockMovement, error) {
			return q.Clone().Where(shape).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	models, err := r.movements(ctx, p.rows, s.nodes("StockMovementConnection", "StockMovementEdge"))
	if err != nil {
		return nil, err
	}
	out := &model.StockMovementConnection{PageInfo: p.info, Edges: []*model.StockMovementEdge{}}
	for i, m := range models {
		out.Edges = append(out.Edges, &model.StockMovementEdge{Cursor: p.cursors[i], Node: m})
	}
	if s.has("totalCount", "StockMovementConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}
