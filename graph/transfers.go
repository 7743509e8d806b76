package graph

import (
	"context"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/stocktransfer"
	"github.com/oneshelf/oneshelf/ent/stocktransferline"
	"github.com/oneshelf/oneshelf/graph/model"
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

// transfersByID reads transfers of which the viewer sees an end; the other end is shown when they see it too.
func (r *Resolver) transfersByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.StockTransfer, error) {
	out := map[commerce.UUID]*model.StockTransfer{}
	rows, err := r.Store.Ent.StockTransfer.Query().Where(stocktransfer.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	v := auth.From(ctx)
	rows = slices.DeleteFunc(rows, func(t *ent.StockTransfer) bool { return !v.SeesLocation(t.FromID) && !v.SeesLocation(t.ToID) })
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
	locations := map[commerce.UUID]*model.Location{}
	if len(shown.set) > 0 {
		if locations, err = r.locationsByID(ctx, places, shown); err != nil {
			return nil, err
		}
	}
	for _, t := range rows {
		out[t.ID] = &model.StockTransfer{
			ID: id(commerce.TransferID, t.ID), State: model.TransferState(t.State), From: locations[t.FromID], To: locations[t.ToID],
			Lines: []*model.StockTransferLine{},
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
