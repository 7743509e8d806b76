package orders_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// shop sells HAT at 100.00, CAP at 30.50 and BAG, which has no price, on the channel shop, from the locations WH (priority 1) and ST.
type shop struct {
	*orders.Service
	stock   *stock.Service
	kit     *testkit.Kit
	ctx     context.Context
	channel *ent.Channel
	wh, st  *ent.Location
	hat     *ent.Variant
	cap     *ent.Variant
}

func newShop(t testing.TB, k *testkit.Kit, ctx context.Context) *shop {
	t.Helper()
	s := &shop{
		Service: &orders.Service{Store: k.Store, Tokens: orders.NewDispatch([]byte("a key of the test's own"))},
		stock:   &stock.Service{Store: k.Store}, kit: k, ctx: ctx,
	}
	option := func(name string) commerce.Maybe[[]commerce.Option] {
		return commerce.Some([]commerce.Option{{Name: "Kind", Value: name}})
	}
	currency := commerce.Currency("CNY")
	if ctx == k.OtherCtx {
		currency = "JPY"
	}
	_, err := (&catalog.Service{Store: k.Store}).Upsert(ctx, catalog.UpsertInput{
		Handle: commerce.Some("wear"), Title: commerce.Some("Wear"),
		Options: commerce.Some([]commerce.OptionSet{{Name: "Kind", Values: []string{"hat", "cap", "bag"}}}),
		Variants: []catalog.VariantInput{
			{SKU: commerce.Some("HAT"), SelectedOptions: option("hat"), Price: commerce.Some(commerce.Money{Amount: 10000, Currency: currency})},
			{SKU: commerce.Some("CAP"), SelectedOptions: option("cap"), Price: commerce.Some(commerce.Money{Amount: 3050, Currency: currency})},
			{SKU: commerce.Some("BAG"), SelectedOptions: option("bag")},
		},
	})
	require.NoError(t, err)
	s.hat, s.cap = s.variant(t, "HAT"), s.variant(t, "CAP")
	s.wh, s.st = s.location(t, "WH", 1), s.location(t, "ST", 2)
	s.channel = s.open(t, "shop", currency)
	return s
}

func (s *shop) variant(t testing.TB, sku string) *ent.Variant {
	t.Helper()
	v, err := catalog.FindVariant(s.ctx, s.Store.Ent, commerce.VariantRef{SKU: sku})
	require.NoError(t, err)
	return v
}

func (s *shop) location(t testing.TB, code string, priority int) *ent.Location {
	t.Helper()
	l, err := s.stock.LocationUpsert(s.ctx, stock.LocationInput{Code: commerce.Some(code), Priority: commerce.Some(priority)})
	require.NoError(t, err)
	return l.Location
}

// open makes a channel.
func (s *shop) open(t testing.TB, code string, currency commerce.Currency) *ent.Channel {
	t.Helper()
	c, err := events.Do(s.ctx, s.Store, func(tx *events.Tx) (*ent.Channel, error) {
		return tx.Ent.Channel.Create().SetCode(code).SetCodeFolded(code).SetName(code).SetKind("STOREFRONT").SetState("ACTIVE").
			SetCurrency(currency).SetSettings(map[string]string{}).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Save(s.ctx)
	})
	require.NoError(t, err)
	return c
}

// put sets what is on hand.
func (s *shop) put(t testing.TB, sku, location string, n int64) {
	t.Helper()
	_, _, err := s.stock.Set(s.ctx, stock.SetInput{Key: fresh(), Variant: commerce.VariantRef{SKU: sku}, Location: commerce.LocationRef{Code: location}, OnHand: n, Reason: "count"})
	require.NoError(t, err)
}

// fresh is a key that nobody used.
func fresh() string { return commerce.NewUUID().String() }

func want(sku string, n int64) orders.LineInput {
	return orders.LineInput{Variant: commerce.VariantRef{SKU: sku}, Quantity: n}
}

func (s *shop) input(lines ...orders.LineInput) orders.PlaceInput {
	return orders.PlaceInput{Key: fresh(), Channel: commerce.ChannelRef{Code: "shop"}, Lines: lines}
}

func (s *shop) placed(t testing.TB, lines ...orders.LineInput) commerce.UUID {
	t.Helper()
	p, _, err := s.Place(s.ctx, s.input(lines...))
	require.NoError(t, err)
	return p.Order
}

func (s *shop) order(t testing.TB, id commerce.UUID) *ent.Order {
	t.Helper()
	o, err := s.Store.Ent.Order.Get(s.ctx, id)
	require.NoError(t, err)
	return o
}

func (s *shop) lines(t testing.TB, order commerce.UUID) []*ent.OrderLine {
	t.Helper()
	l, err := s.Store.Ent.OrderLine.Query().Where(orderline.OrderID(order)).Order(orderline.ByPosition()).All(s.ctx)
	require.NoError(t, err)
	return l
}

func (s *shop) work(t testing.TB, order commerce.UUID) []*ent.FulfillmentOrder {
	t.Helper()
	w, err := s.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderID(order)).Order(fulfillmentorder.ByID()).All(s.ctx)
	require.NoError(t, err)
	return w
}

// promised tells what is promised where, as "WH HAT 2".
func (s *shop) promised(t testing.TB, order commerce.UUID) (out []string) {
	t.Helper()
	all, err := s.Store.Ent.Allocation.Query().Where(allocation.OrderID(order)).Order(allocation.ByID()).All(s.ctx)
	require.NoError(t, err)
	names := map[commerce.UUID]string{s.wh.ID: "WH", s.st.ID: "ST", s.hat.ID: "HAT", s.cap.ID: "CAP"}
	for _, a := range all {
		out = append(out, fmt.Sprintf("%s %s %d", names[a.LocationID], names[a.VariantID], a.Quantity-a.Fulfilled-a.Released))
	}
	return out
}

func (s *shop) accepted(t testing.TB, order commerce.UUID) orders.Accepted {
	t.Helper()
	a, _, err := s.Accept(s.ctx, orders.AcceptInput{Key: fresh(), Work: s.work(t, order)[0].ID})
	require.NoError(t, err)
	return a
}

func (s *shop) parcel(a orders.Accepted, lines ...orders.LineQuantity) orders.ShipInput {
	return orders.ShipInput{Key: fresh(), Work: a.Work, Token: a.Token, Carrier: "SF", TrackingNumber: "SF1", Lines: lines}
}

func (s *shop) stop(order commerce.UUID) orders.CancelInput {
	return orders.CancelInput{Key: fresh(), Order: commerce.OrderRef{ID: &order}, Reason: "changed my mind"}
}

func (s *shop) pay(order commerce.UUID, amount int64) orders.RecordPaymentInput {
	return orders.RecordPaymentInput{Key: fresh(), Order: commerce.OrderRef{ID: &order},
		Payment: orders.PaymentInput{Method: "CARD", Amount: commerce.Money{Amount: amount, Currency: "CNY"}, Reference: "r"}}
}

// level tells what is on hand and reserved of a variant, everywhere.
func (s *shop) level(t testing.TB, v *ent.Variant) (onHand, reserved int) {
	t.Helper()
	require.NoError(t, s.Store.DB.Read().QueryRow(s.ctx,
		"SELECT COALESCE(SUM(on_hand), 0), COALESCE(SUM(reserved), 0) FROM stock_levels WHERE variant_id = ?", v.ID).Scan(&onHand, &reserved))
	return
}

// sums checks what must hold whatever happened: levels are the sums of the ledger, what is reserved is what allocations still promise,
// lines are the sums of their allocations, no canceled order has a parcel, and each version of an order was told once.
func (s *shop) sums(t testing.TB) {
	t.Helper()
	for what, query := range map[string]string{
		"levels are the sums of their movements": `SELECT COUNT(*) FROM stock_levels l WHERE
			l.on_hand <> (SELECT COALESCE(SUM(m.on_hand_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)
			OR l.reserved <> (SELECT COALESCE(SUM(m.reserved_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)
			OR l.damaged <> (SELECT COALESCE(SUM(m.damaged_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)`,
		"what is reserved is what is promised or kept": `SELECT COUNT(*) FROM stock_levels l WHERE l.reserved <>
			(SELECT COALESCE(SUM(a.quantity - a.fulfilled - a.released), 0) FROM allocations a WHERE a.variant_id = l.variant_id AND a.location_id = l.location_id)
			+ (SELECT COALESCE(SUM(k.quantity), 0) FROM reservation_lines k JOIN reservations r ON r.id = k.reservation_id
				WHERE r.state = 'ACTIVE' AND k.variant_id = l.variant_id AND k.location_id = l.location_id)`,
		"lines are the sums of their allocations": `SELECT COUNT(*) FROM order_lines l WHERE
			l.fulfilled <> (SELECT COALESCE(SUM(a.fulfilled), 0) FROM allocations a WHERE a.order_line_id = l.id)
			OR l.fulfilled <> (SELECT COALESCE(SUM(f.quantity), 0) FROM fulfillment_lines f WHERE f.order_line_id = l.id)`,
		"no canceled order has left": `SELECT COUNT(*) FROM orders o WHERE o.state = 'CANCELED' AND EXISTS (SELECT 1 FROM fulfillments f WHERE f.order_id = o.id)`,
		"orders are paid what was recorded": `SELECT COUNT(*) FROM orders o WHERE
			o.paid <> (SELECT COALESCE(SUM(p.amount), 0) FROM payments p WHERE p.order_id = o.id)`,
		"what was given back is what was recorded": `SELECT COUNT(*) FROM orders o WHERE
			o.refunded <> (SELECT COALESCE(SUM(r.amount), 0) FROM refunds r WHERE r.order_id = o.id) OR o.refunded > o.paid`,
		"lines and shipping make the sums": `SELECT COUNT(*) FROM orders o WHERE
			o.total <> o.shipping + (SELECT SUM(l.total) FROM order_lines l WHERE l.order_id = o.id)`,
		"what can come back is what is out": `SELECT COUNT(*) FROM orders o WHERE
			o.returnable <> (SELECT SUM(l.fulfilled - l.returned) FROM order_lines l WHERE l.order_id = o.id)
				- (SELECT COALESCE(SUM(x.quantity), 0) FROM order_return_lines x JOIN order_returns r ON r.id = x.order_return_id
					WHERE r.order_id = o.id AND r.state = 'REQUESTED' AND x.disposition = '')
			OR o.returns_open <> (SELECT COUNT(*) FROM order_returns r WHERE r.order_id = o.id AND r.state = 'REQUESTED')`,
		"what came back is what arrived": `SELECT COUNT(*) FROM order_lines l WHERE
			l.returned <> (SELECT COALESCE(SUM(x.quantity), 0) FROM order_return_lines x WHERE x.order_line_id = l.id AND x.disposition <> '')`,
		"each version of an order was told once": `SELECT COUNT(*) FROM orders o WHERE
			o.version <> (SELECT COUNT(*) FROM events e WHERE e.aggregate_id = o.id) OR o.version <> (SELECT COUNT(DISTINCT e.sequence) FROM events e WHERE e.aggregate_id = o.id)`,
	} {
		var wrong int
		require.NoError(t, s.Store.DB.Read().QueryRow(s.ctx, query).Scan(&wrong), what)
		require.Zero(t, wrong, what)
	}
}
