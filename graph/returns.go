package graph

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/ent/orderreturn"
	"github.com/oneshelf/oneshelf/ent/orderreturnline"
	"github.com/oneshelf/oneshelf/ent/refund"
	"github.com/oneshelf/oneshelf/graph/model"
)

// lineQuantities translates lines with quantities; nil stays nil.
func lineQuantities(in []*model.LineQuantityInput) []orders.LineQuantity {
	if in == nil {
		return nil
	}
	return each(in, func(l *model.LineQuantityInput) orders.LineQuantity {
		return orders.LineQuantity{Line: idOf(commerce.OrderLineID, l.Line), SKU: or(l.Sku), Quantity: int64(l.Quantity)}
	})
}

func returnInput(in model.ReturnRequestInput) (orders.ReturnInput, error) {
	ref, err := orderRef(*in.Order)
	return orders.ReturnInput{Key: in.IdempotencyKey, Order: ref, Lines: each(in.Lines, func(l *model.ReturnLineInput) orders.ReturnLine {
		return orders.ReturnLine{
			LineQuantity: orders.LineQuantity{Line: idOf(commerce.OrderLineID, l.Line), SKU: or(l.Sku), Quantity: int64(l.Quantity)}, Reason: l.Reason,
		}
	})}, err
}

func receiveInput(in model.ReturnReceiveInput) (orders.ReceiveInput, error) {
	location, err := locationRef(*in.Location)
	return orders.ReceiveInput{
		Key: in.IdempotencyKey, Return: *uid(commerce.ReturnID, in.Return), Location: location,
		Lines: each(in.Lines, func(l *model.ReturnReceiveLineInput) orders.ReceivedLine {
			return orders.ReceivedLine{
				LineQuantity: orders.LineQuantity{Line: idOf(commerce.OrderLineID, l.Line), SKU: or(l.Sku), Quantity: int64(l.Quantity)},
				Disposition:  orders.Disposition(l.Disposition),
			}
		}),
	}, err
}

func refundInput(in model.RefundCreateInput) (orders.RefundInput, error) {
	ref, err := orderRef(*in.Order)
	if err != nil {
		return orders.RefundInput{}, err
	}
	var r reading
	out := orders.RefundInput{
		Key: in.IdempotencyKey, Order: ref, Amount: r.money(in.Amount, "amount"), Reason: in.Reason, Return: idOf(commerce.ReturnID, in.Return),
	}
	return out, errors.Join(r.errs...)
}

// orderReturns reads what came back of orders and what was given back for them, as far as it is asked.
func (r *Resolver) orderReturns(ctx context.Context, rows []*ent.Order, s selection, p *orderParts, out []*model.Order) error {
	ids := make([]commerce.UUID, len(rows))
	for i, o := range rows {
		ids[i] = o.ID
	}
	if sub, ok := s.child("returns", "Order"); ok {
		all, err := r.Store.Ent.OrderReturn.Query().Where(orderreturn.OrderIDIn(ids...)).Order(orderreturn.ByID()).All(ctx)
		if err != nil {
			return err
		}
		models, err := r.returnModels(ctx, all, sub, p.lineByID)
		if err != nil {
			return err
		}
		of := map[commerce.UUID][]*model.Return{}
		for i, x := range all {
			of[x.OrderID] = append(of[x.OrderID], models[i])
		}
		for i, o := range rows {
			out[i].Returns = append(out[i].Returns, of[o.ID]...)
		}
	}
	if !s.has("refunds", "Order") {
		return nil
	}
	all, err := r.Store.Ent.Refund.Query().Where(refund.OrderIDIn(ids...)).Order(refund.ByID()).All(ctx)
	of := group(all, func(x *ent.Refund) commerce.UUID { return x.OrderID })
	for i, o := range rows {
		for _, x := range of[o.ID] {
			out[i].Refunds = append(out[i].Refunds, refundModel(x, o.Currency))
		}
	}
	return err
}

func refundModel(x *ent.Refund, c commerce.Currency) *model.Refund {
	return &model.Refund{ID: id(commerce.RefundID, x.ID), Amount: amount(x.Amount, c), Reason: x.Reason}
}

// returnModels turns returns into what is asked of them; lines of orders that are read already need not be read again.
func (r *Resolver) returnModels(ctx context.Context, rows []*ent.OrderReturn, s selection, lines map[commerce.UUID]*ent.OrderLine) ([]*model.Return, error) {
	out := make([]*model.Return, len(rows))
	ids, of := make([]commerce.UUID, len(rows)), make([]commerce.UUID, len(rows))
	for i, x := range rows {
		ids[i], of[i] = x.ID, x.OrderID
		out[i] = &model.Return{ID: id(commerce.ReturnID, x.ID), State: model.ReturnState(x.State), Lines: []*model.ReturnLine{}}
	}
	if len(rows) == 0 || !s.has("lines", "Return") {
		return out, nil
	}
	content, err := r.Store.Ent.OrderReturnLine.Query().Where(orderreturnline.OrderReturnIDIn(ids...)).Order(orderreturnline.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	if lines == nil {
		all, err := r.Store.Ent.OrderLine.Query().Where(orderline.OrderIDIn(of...)).All(ctx)
		if err != nil {
			return nil, err
		}
		lines = zip(all, func(l *ent.OrderLine) commerce.UUID { return l.ID }, all)
	}
	byReturn := group(content, func(l *ent.OrderReturnLine) commerce.UUID { return l.OrderReturnID })
	for i, x := range rows {
		for _, l := range byReturn[x.ID] {
			m := &model.ReturnLine{Quantity: int(l.Quantity)}
			if line := lines[l.OrderLineID]; line != nil {
				m.Sku = line.Sku
			}
			if l.Disposition != "" {
				d := model.ReturnDisposition(l.Disposition)
				m.Disposition = &d
			}
			out[i].Lines = append(out[i].Lines, m)
		}
	}
	return out, nil
}

func (r *Resolver) returnsByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Return, error) {
	rows, err := r.Store.Ent.OrderReturn.Query().Where(orderreturn.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.returnModels(ctx, rows, s, nil)
	return zip(rows, func(x *ent.OrderReturn) commerce.UUID { return x.ID }, models), err
}

func (r *Resolver) refundsByID(ctx context.Context, ids []commerce.UUID, _ selection) (map[commerce.UUID]*model.Refund, error) {
	rows, err := r.Store.Ent.Refund.Query().Where(refund.IDIn(ids...)).All(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	of := make([]commerce.UUID, len(rows))
	for i, x := range rows {
		of[i] = x.OrderID
	}
	parents, err := r.Store.Ent.Order.Query().Where(order.IDIn(of...)).All(ctx)
	if err != nil {
		return nil, err
	}
	currency := map[commerce.UUID]commerce.Currency{}
	for _, o := range parents {
		currency[o.ID] = o.Currency
	}
	return zip(rows, func(x *ent.Refund) commerce.UUID { return x.ID }, each(rows, func(x *ent.Refund) *model.Refund {
		return refundModel(x, currency[x.OrderID])
	})), nil
}

// discountShares are the shares of a line whose payer is known.
func discountShares(l *ent.OrderLine, c commerce.Currency) []*model.DiscountShare {
	out := []*model.DiscountShare{}
	for _, s := range l.DiscountShares {
		if s.Payer != "" && s.Amount != 0 {
			out = append(out, &model.DiscountShare{Payer: model.DiscountPayer(s.Payer), Amount: amount(s.Amount, c)})
		}
	}
	return out
}
