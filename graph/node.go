package graph

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/fulfillment"
	"github.com/oneshelf/oneshelf/ent/fulfillmentline"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/job"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/ent/stocklevel"
	"github.com/oneshelf/oneshelf/ent/stockmovement"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/read"
)

// nodeKind is a kind of thing that can be found by its id alone: the scope it needs and how many are read at once.
type nodeKind struct {
	scope auth.Scope
	read  func(r *Resolver, ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]model.Node, error)
}

// nodeKinds is every such kind; an id of another kind is as unknown as a made-up one.
var nodeKinds = map[commerce.Kind]nodeKind{
	commerce.ProductID:          {auth.ProductsRead, asNodes((*Resolver).productsByID)},
	commerce.VariantID:          {auth.ProductsRead, asNodes((*Resolver).variantsByID)},
	commerce.LocationID:         {auth.StockRead, asNodes((*Resolver).locationsByID)},
	commerce.StockLevelID:       {auth.StockRead, asNodes((*Resolver).levelsByID)},
	commerce.StockMovementID:    {auth.StockRead, asNodes((*Resolver).movementsByID)},
	commerce.ReservationID:      {auth.StockRead, asNodes((*Resolver).reservationsByID)},
	commerce.TransferID:         {auth.StockRead, asNodes((*Resolver).transfersByID)},
	commerce.OrderID:            {auth.OrdersRead, asNodes((*Resolver).ordersByID)},
	commerce.FulfillmentOrderID: {auth.OrdersRead, asNodes((*Resolver).workByID)},
	commerce.FulfillmentID:      {auth.OrdersRead, asNodes((*Resolver).parcelsByID)},
	commerce.ReturnID:           {auth.OrdersRead, asNodes((*Resolver).returnsByID)},
	commerce.RefundID:           {auth.OrdersRead, asNodes((*Resolver).refundsByID)},
	commerce.MemberID:           {auth.MembersRead, asNodes((*Resolver).membersByID)},
	commerce.ChannelID:          {auth.ChannelsRead, asNodes((*Resolver).channelsByID)},
	commerce.ListingID:          {auth.ChannelsRead, asNodes((*Resolver).listingsByID)},
	commerce.JobID:              {auth.JobsRead, asNodes((*Resolver).jobsByID)},
}

func asNodes[T model.Node](read func(*Resolver, context.Context, []commerce.UUID, selection) (map[commerce.UUID]T, error)) func(*Resolver, context.Context, []commerce.UUID, selection) (map[commerce.UUID]model.Node, error) {
	return func(r *Resolver, ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]model.Node, error) {
		found, err := read(r, ctx, ids, s)
		out := make(map[commerce.UUID]model.Node, len(found))
		for u, n := range found {
			out[u] = n
		}
		return out, err
	}
}

// nodes reads things by their ids, kind by kind, and answers them in order; nil where the viewer sees none. FORBIDDEN when an id is
// of a kind whose scope is missing, whether the thing exists or not.
func (r *Resolver) nodes(ctx context.Context, asked []string, s selection) ([]model.Node, error) {
	parsed := make([]commerce.ID, len(asked))
	byKind := map[commerce.Kind][]commerce.UUID{}
	for i, text := range asked {
		one, err := commerce.ParseAnyID(text)
		kind, known := nodeKinds[one.Kind]
		if err != nil || !known {
			continue
		}
		if err := auth.Need(ctx, kind.scope); err != nil {
			return nil, err
		}
		parsed[i] = one
		byKind[one.Kind] = append(byKind[one.Kind], one.UUID)
	}
	out := make([]model.Node, len(asked))
	for kind, ids := range byKind {
		found, err := nodeKinds[kind].read(r, ctx, ids, s)
		if err != nil {
			return nil, err
		}
		for i, p := range parsed {
			if n, ok := found[p.UUID]; ok && p.Kind == kind {
				out[i] = n
			}
		}
	}
	return out, nil
}

func (r *Resolver) levelsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.StockLevel, error) {
	rows, err := r.Store.Ent.StockLevel.Query().Where(stocklevel.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.levels(ctx, rows, s)
	return zip(rows, func(l *ent.StockLevel) commerce.UUID { return l.ID }, models), err
}

func (r *Resolver) movementsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.StockMovement, error) {
	rows, err := r.Store.Ent.StockMovement.Query().Where(stockmovement.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.movements(ctx, rows, s)
	return zip(rows, func(m *ent.StockMovement) commerce.UUID { return m.ID }, models), err
}

func (r *Resolver) workByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.FulfillmentOrder, error) {
	rows, err := r.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.IDIn(ids...)).Modify(read.WithOrderState).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.workModels(ctx, rows, s)
	return zip(rows, func(w *ent.FulfillmentOrder) commerce.UUID { return w.ID }, models), err
}

func (r *Resolver) parcelsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Fulfillment, error) {
	out := map[commerce.UUID]*model.Fulfillment{}
	rows, err := r.Store.Ent.Fulfillment.Query().Where(fulfillment.IDIn(ids...)).All(ctx)
	if err != nil || len(rows) == 0 {
		return out, err
	}
	var places, orders []commerce.UUID
	for _, f := range rows {
		places, orders = append(places, f.LocationID), append(orders, f.OrderID)
	}
	sub, _ := s.child("location", "Fulfillment")
	locations, err := r.locationsByID(ctx, places, sub)
	if err != nil {
		return nil, err
	}
	parts := &orderParts{lineByID: map[commerce.UUID]*ent.OrderLine{}}
	if s.has("lines", "Fulfillment") {
		content, err := r.Store.Ent.FulfillmentLine.Query().Where(fulfillmentline.FulfillmentIDIn(ids...)).Order(fulfillmentline.ByID()).All(ctx)
		if err != nil {
			return nil, err
		}
		parts.parcelLines = group(content, func(l *ent.FulfillmentLine) commerce.UUID { return l.FulfillmentID })
		lines, err := r.Store.Ent.OrderLine.Query().Where(orderline.OrderIDIn(orders...)).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			parts.lineByID[l.ID] = l
		}
	}
	for _, f := range rows {
		out[f.ID] = parcelModel(f, parts, locations)
	}
	return out, nil
}

func (r *Resolver) jobsByID(ctx context.Context, ids []commerce.UUID, _ selection) (map[commerce.UUID]*model.Job, error) {
	rows, err := r.Store.Ent.Job.Query().Where(job.IDIn(ids...)).All(ctx)
	out := map[commerce.UUID]*model.Job{}
	for _, j := range rows {
		out[j.ID] = jobModel(j)
	}
	return out, err
}

func jobModel(j *ent.Job) *model.Job {
	return &model.Job{
		ID: id(commerce.JobID, j.ID), Kind: j.Kind, State: model.JobState(j.State), Progress: &model.JobProgress{Done: j.Done, Total: j.Total}, Error: text(j.Error),
	}
}

// zip puts models by the ids of the rows they were made of.
func zip[R, M any](rows []R, by func(R) commerce.UUID, models []M) map[commerce.UUID]M {
	out := make(map[commerce.UUID]M, len(models))
	for i, m := range models {
		out[by(rows[i])] = m
	}
	return out
}
