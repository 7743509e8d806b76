package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/predicate"
	"github.com/oneshelf/oneshelf/ent/stocktransfer"
	"github.com/oneshelf/oneshelf/ent/stocktransferline"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

func transferInput(in model.StockTransferCreateInput) (stock.TransferInput, error) {
	out := stock.TransferInput{Key: in.IdempotencyKey, Reference: reference(in.Reference.Value())}
	var err error
	if out.From, err = locationRef(*in.From); err != nil {
		return out, err
	}
	if out.To, err = locationRef(*in.To); err != nil {
		return out, err
	}
	out.Lines, err = transferLines(in.Lines)
	return out, err
}

// transferLines translates lines of a transfer; nil stays nil.
func transferLines(in []*model.StockTransferLineInput) ([]stock.TransferLine, error) {
	if in == nil {
		return nil, nil
	}
	out := make([]stock.TransferLine, len(in))
	for i, l := range in {
		variant, err := variantRef(*l.Variant)
		if err != nil {
			return nil, err
		}
		out[i] = stock.TransferLine{Variant: variant, Quantity: int64(l.Quantity)}
	}
	return out, nil
}

// seenAtAnEnd keeps transfers to those of which the viewer sees an end.
func seenAtAnEnd(v *auth.Viewer) predicate.StockTransfer {
	if !v.NarrowedByLocation() {
		return func(*sql.Selector) {}
	}
	return stocktransfer.Or(stocktransfer.FromIDIn(v.Locations...), stocktransfer.ToIDIn(v.Locations...))
}

func (r *Resolver) transferConnection(ctx context.Context, a keyset.Args, w *model.StockTransferWhere) (*model.StockTransferConnection, error) {
	q := r.Store.Ent.StockTransfer.Query().Where(seenAtAnEnd(auth.From(ctx)))
	if w != nil {
		from, err := r.filterLocation(ctx, w.From.Value())
		if err != nil {
			return nil, err
		}
		variant, to, err := r.filterPlace(ctx, w.Variant.Value(), w.To.Value())
		if err != nil {
			return nil, err
		}
		q = q.Where(of(stocktransfer.FieldFromID, from), of(stocktransfer.FieldToID, to), bringing(variant))
		if state := w.State.Value(); state != nil {
			q = q.Where(stocktransfer.State(string(*state)))
		}
	}
	p, err := page(ctx, r.Cursors, pager[*ent.StockTransfer]{
		order: byIDOrder("transfers"), values: func(t *ent.StockTransfer) []any { return []any{t.ID} },
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.StockTransfer, error) {
			return q.Clone().Where(shape).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	models, err := r.transferModels(ctx, p.rows, s.nodes("StockTransferConnection", "StockTransferEdge"))
	if err != nil {
		return nil, err
	}
	out := &model.StockTransferConnection{PageInfo: p.info, Edges: []*model.StockTransferEdge{}}
	for i, row := range p.rows {
		out.Edges = append(out.Edges, &model.StockTransferEdge{Cursor: p.cursors[i], Node: models[row.ID]})
	}
	if s.has("totalCount", "StockTransferConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}

// bringing is the condition that a transfer has a variant in it; nothing asked is always true, nothing found never.
func bringing(variant *commerce.UUID) func(*sql.Selector) {
	return func(s *sql.Selector) {
		switch {
		case variant == nil:
		case *variant == commerce.UUID{}:
			none(s)
		default:
			l := sql.Table(stocktransferline.Table)
			s.Where(sql.Exists(sql.Select(l.C(stocktransferline.FieldID)).From(l).Where(sql.And(
				sql.ColumnsEQ(l.C(stocktransferline.FieldBrandID), s.C(stocktransfer.FieldBrandID)),
				sql.ColumnsEQ(l.C(stocktransferline.FieldStockTransferID), s.C(stocktransfer.FieldID)),
				sql.EQ(l.C(stocktransferline.FieldVariantID), *variant),
			))))
		}
	}
}

// transfersByID reads transfers of which the viewer sees an end.
func (r *Resolver) transfersByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.StockTransfer, error) {
	rows, err := r.Store.Ent.StockTransfer.Query().Where(stocktransfer.IDIn(ids...), seenAtAnEnd(auth.From(ctx))).All(ctx)
	if err != nil {
		return nil, err
	}
	return r.transferModels(ctx, rows, s)
}

// transferModels tells transfers, by id. Of each end it shows what the viewer sees.
func (r *Resolver) transferModels(ctx context.Context, rows []*ent.StockTransfer, s selection) (map[commerce.UUID]*model.StockTransfer, error) {
	out := map[commerce.UUID]*model.StockTransfer{}
	if len(rows) == 0 {
		return out, nil
	}
	var shown selection // what is asked of a location at either end
	shown.oc = s.oc
	for _, end := range []string{"from", "to"} {
		sub, _ := s.child(end, "StockTransfer")
		shown.set = append(shown.set, sub.set...)
	}
	var places []commerce.UUID
	for _, t := range rows {
		places = append(places, t.FromID, t.ToID)
	}
	told, err := r.told(ctx, each(rows, func(t *ent.StockTransfer) commerce.Reference {
		return commerce.Reference{System: t.ReferenceSystem, Value: t.ReferenceValue}
	}))
	if err != nil {
		return nil, err
	}
	locations := map[commerce.UUID]*model.Location{}
	if len(shown.set) > 0 {
		if locations, err = r.locationsByID(ctx, places, shown); err != nil {
			return nil, err
		}
	}
	for i, t := range rows {
		out[t.ID] = &model.StockTransfer{
			ID: id(commerce.TransferID, t.ID), State: model.TransferState(t.State), From: locations[t.FromID], To: locations[t.ToID],
			Reference: told[i], Lines: []*model.StockTransferLine{},
		}
	}
	if sub, ok := s.child("lines", "StockTransfer"); ok {
		err = r.transferLinesOf(ctx, out, sub)
	}
	return out, err
}

// transferLinesOf reads the lines of transfers.
func (r *Resolver) transferLinesOf(ctx context.Context, transfers map[commerce.UUID]*model.StockTransfer, s selection) error {
	lines, err := r.Store.Ent.StockTransferLine.Query().Where(stocktransferline.StockTransferIDIn(keys(transfers)...)).
		Order(stocktransferline.ByID()).All(ctx)
	if err != nil {
		return err
	}
	var variants []commerce.UUID
	for _, l := range lines {
		variants = append(variants, l.VariantID)
	}
	shown := map[commerce.UUID]*model.Variant{}
	if sub, ok := s.child("variant", "StockTransferLine"); ok {
		if shown, err = r.variantsByID(ctx, variants, sub); err != nil {
			return err
		}
	}
	for _, l := range lines {
		t := transfers[l.StockTransferID]
		t.Lines = append(t.Lines, &model.StockTransferLine{Variant: shown[l.VariantID], Quantity: int(l.Quantity), Received: int(l.Received)})
	}
	return nil
}
