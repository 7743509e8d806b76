package channels

import (
	"context"
	"database/sql"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/internal/db"
)

// What cannot be read of an order may be readable a moment later, although the order has not changed: for readAgainFor it is asked for by
// itself with every sweep, readAgainMost at a time.
const (
	readAgainFor  = time.Hour
	readAgainMost = 50
)

// unread tells whether an order came without lines, or with figures that cannot be. It is kept, held, for a person to see, and takes its
// lines when a later reading has them.
func unread(o integrations.Order) bool {
	if len(o.Lines) == 0 || o.Shipping < 0 || o.Shipping > commerce.MaxAmount {
		return true
	}
	subtotal, total := int64(0), o.Shipping
	for _, l := range o.Lines {
		price, fits := commerce.Times(l.UnitPrice, int64(l.Quantity))
		if !fits || l.Quantity < 1 || l.Quantity > commerce.MaxQuantity || l.Total < 0 || l.Total > commerce.MaxAmount {
			return true
		}
		if subtotal, total = subtotal+price, total+l.Total; subtotal > commerce.MaxAmount || total > commerce.MaxAmount {
			return true
		}
	}
	return false
}

// fill gives an order of ours that was kept unread what the marketplace says by now.
func (s *Service) fill(ctx context.Context, tx *events.Tx, c *ent.Channel, order commerce.UUID, o integrations.Order) error {
	variants, err := s.mapped(ctx, tx, c, o.Lines)
	if err != nil {
		return err
	}
	command := orders.Command{Lines: lines(o, variants), Shipping: o.Shipping, Address: o.Address}
	if command.Member, err = buyer(ctx, tx, c, o); err != nil {
		return err
	}
	_, err = orders.Fill(ctx, tx, order, command)
	return err
}

// readAgain asks for the orders that are held unread and came since, one by one. Only what is wrong with the shop is an error: an order
// that still cannot be read has its next try.
func (s *Service) readAgain(ctx context.Context, c *ent.Channel, shop *integrations.Connection, since commerce.Instant) error {
	rows, err := s.Store.DB.Read().Query(ctx, `SELECT k.external_id FROM channel_orders k JOIN orders o ON o.brand_id = k.brand_id AND o.id = k.order_id
		WHERE k.brand_id = ? AND k.channel_id = ? AND k.received_at >= ? AND o.state = ? AND o.hold_reason = ? ORDER BY k.id DESC LIMIT ?`,
		c.BrandID, c.ID, since, orders.Held, orders.HeldUnread, readAgainMost)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
	if err != nil {
		return err
	}
	for _, id := range ids {
		o, err := shop.Order(ctx, id)
		if e := integrations.AsError(err); err != nil && (gravity(e) > 0 || ctx.Err() != nil) {
			return err
		} else if err != nil {
			s.Log.Debug("an order cannot be read", "channel", c.Code, "order", id, "error", e)
			continue
		}
		errs, err := s.receive(ctx, c, []integrations.Order{o})
		if err != nil {
			return err
		}
		for _, e := range errs {
			s.Log.Error("a marketplace's order cannot be kept", "channel", c.Code, "order", id, "error", e)
		}
	}
	return nil
}
