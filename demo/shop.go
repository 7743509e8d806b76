package demo

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/order"
)

// ownShop is the brand's own shop: its orders come through the use cases, as a frontend's would.
type ownShop struct {
	Deps
	variants []*ent.Variant // read once
}

func (s *ownShop) shelf(ctx context.Context) ([]good, error) {
	if len(s.variants) == 0 {
		found, err := s.Deps.variants(ctx, func(int) bool { return true })
		if err != nil {
			return nil, err
		}
		s.variants = found
	}
	ids := make([]commerce.UUID, len(s.variants))
	for i, v := range s.variants {
		ids[i] = v.ID
	}
	available, err := stock.Available(ctx, s.Store.DB.Read(), auth.From(ctx), ids)
	if err != nil {
		return nil, err
	}
	goods := make([]good, len(s.variants))
	for i, v := range s.variants {
		goods[i] = good{SKU: v.Sku, Quantity: int(available[v.ID]), OnSale: true}
	}
	return goods, nil
}

func (s *ownShop) place(ctx context.Context, b buyer, lines []line, pay bool) (string, error) {
	key := "demo-" + commerce.NewUUID().String()
	member := memberRef(int(b))
	in := orders.PlaceInput{
		Key: key, Channel: commerce.ChannelRef{Code: Shop}, External: &commerce.Reference{System: system, Value: key},
		Member: &commerce.MemberRef{External: &member}, Address: b.address(),
	}
	for _, l := range lines {
		in.Lines = append(in.Lines, orders.LineInput{Variant: commerce.VariantRef{SKU: l.SKU}, Quantity: int64(l.Quantity)})
	}
	placed, _, err := s.Orders.Place(ctx, in)
	if err != nil {
		return "", err
	}
	id := commerce.ID{Kind: commerce.OrderID, UUID: placed.Order}.String()
	if pay {
		return id, s.settle(ctx, id, paid)
	}
	return id, nil
}

func (s *ownShop) settle(ctx context.Context, id, state string) error {
	u, err := commerce.ParseID(commerce.OrderID, id)
	if err != nil {
		return err
	}
	ref := commerce.OrderRef{ID: &u}
	if state == closed {
		_, _, err := s.Orders.Cancel(ctx, orders.CancelInput{Key: "demo-cancel-" + id, Order: ref, Reason: "changed their mind"})
		return err
	}
	o, err := orders.Find(ctx, s.Store.Ent, ref)
	if err != nil || o == nil {
		return err
	}
	_, _, err = s.Orders.RecordPayment(ctx, orders.RecordPaymentInput{
		Key: "demo-pay-" + id, Order: ref,
		Payment: orders.PaymentInput{Method: "DEMO", Amount: commerce.Money{Amount: o.Total - o.Paid, Currency: o.Currency}, Reference: id},
	})
	return err
}

func (s *ownShop) unpaid(ctx context.Context) ([]string, error) {
	found, err := s.Store.Ent.Order.Query().Where(
		order.ExternalSystem(system), order.State(string(orders.Open)), order.PaymentState(string(orders.Pending)),
	).Limit(100).All(ctx)
	out := make([]string, len(found))
	for i, o := range found {
		out[i] = commerce.ID{Kind: commerce.OrderID, UUID: o.ID}.String()
	}
	return out, err
}
