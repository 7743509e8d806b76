package orders

import (
	"context"
	"encoding/json"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

var (
	orderTable = db.Into("orders", `id uuid, brand_id uuid, number text, state text, payment_state text, fulfillment_state text, channel_id uuid,
		external_system text, external_value text, member_id uuid, currency text, subtotal bigint, discount bigint, shipping bigint, total bigint,
		paid bigint, refunded bigint, note text, hold_reason text, address jsonb, near jsonb, pickup_location_id uuid, pickup_until bigint, guide text, store_id uuid, evidence text,
		placed_at bigint, paid_at bigint, canceled_at bigint, version bigint, created_at bigint, updated_at bigint`)
	lineTable = db.Into("order_lines", `id uuid, brand_id uuid, order_id uuid, variant_id uuid, position bigint, sku text, title text, quantity bigint,
		fulfilled bigint, canceled bigint, returned bigint, unit_price bigint, total bigint, discount_shares jsonb, external_id text`)
	paymentTable = db.Into("payments", "id uuid, brand_id uuid, order_id uuid, method text, state text, amount bigint, reference text, recorded_at bigint")
	entryTable   = db.Into("order_entries", "id uuid, brand_id uuid, order_id uuid, location_id uuid, at bigint, actor text, kind text, note text")
)

// writeOrders writes new orders with their lines, payments, first line of the timeline and facts when the transaction's work is done.
// When one of them is to be picked up, the rows of all are written at once, since a code points at its order, and then the codes. An
// order with a reason to be held is.
func writeOrders(ctx context.Context, tx *events.Tx, commands []*Command, holds []string) error {
	var orders, lines, payments, entries []any
	var pickups []pickup
	brand := tx.Viewer.Brand
	for i, c := range commands {
		row, err := c.row(tx, holds[i])
		if err != nil {
			return err
		}
		orders = append(orders, row...)
		written, err := c.lineRows(brand)
		if err != nil {
			return err
		}
		lines = append(lines, written...)
		for _, p := range c.Payments {
			payments = append(payments, paymentRow(tx, c.Order, p)...)
		}
		by := tx
		if c.By != nil {
			by = tx.As(c.By)
		}
		entries = append(entries, entryRow(by, c.Order, nil, "PLACED", holds[i])...)
		by.Record(orderChanged(c.Order, 1, c.Channel.ID))
		if c.Pickup != nil {
			pickups = append(pickups, pickup{c.Order, *c.Pickup})
		}
	}
	tx.Later(db.Rows{Table: orderTable, Values: orders}, db.Rows{Table: lineTable, Values: lines}, db.Rows{Table: paymentTable, Values: payments},
		db.Rows{Table: entryTable, Values: entries})
	if len(pickups) == 0 {
		return nil
	}
	if err := tx.Flush(ctx); err != nil {
		return err
	}
	return issueCodes(ctx, tx, pickups)
}

// lineRows are its lines as lineTable has them.
func (c *Command) lineRows(brand commerce.UUID) (rows []any, err error) {
	for n, l := range c.Lines {
		shares, err := encodeShares(l.Shares)
		if err != nil {
			return nil, err
		}
		rows = append(rows, l.id, brand, c.Order, l.Variant, n, l.SKU, l.Title, l.Quantity, 0, 0, 0, l.UnitPrice, l.Total, shares, l.ExternalID)
	}
	return rows, nil
}

// sums are what the lines cost before and after discounts.
func (c *Command) sums() (subtotal, goods int64) {
	for _, l := range c.Lines {
		subtotal += l.UnitPrice * l.Quantity
		goods += l.Total
	}
	return subtotal, goods
}

// row is the order as orderTable has it.
func (c *Command) row(tx *events.Tx, hold string) ([]any, error) {
	var paid int64
	subtotal, goods := c.sums()
	for _, p := range c.Payments {
		paid += p.Amount.Amount
	}
	total := goods + c.Shipping
	state, paidAt := Open, commerce.Instant(0)
	if hold != "" {
		state = Held
	}
	payment := paymentState(paid, 0, total)
	if hold == HeldUnread { // what is due is not known
		payment = Pending
	} else if paid >= total {
		paidAt = tx.Now
	}
	var address, near any
	var until commerce.Instant
	if c.Pickup != nil {
		until = tx.Now.Add(pickupTime)
	} else {
		text, err := json.Marshal(c.Address)
		if err != nil {
			return nil, err
		}
		address = string(text)
		if c.Near != nil {
			if text, err = json.Marshal(c.Near); err != nil {
				return nil, err
			}
			near = string(text)
		}
	}
	var system, value *string
	if c.External != nil {
		system, value = &c.External.System, &c.External.Value
	}
	return []any{
		c.Order, tx.Viewer.Brand, c.Number, state, payment, Unfulfilled, c.Channel.ID, system, value, c.Member, c.Channel.Currency,
		subtotal, subtotal - goods, c.Shipping, total, paid, 0, c.Note, hold, address, near, c.Pickup, until, c.Guide, c.Store, c.Evidence,
		c.PlacedAt, paidAt, 0, 1, tx.Now, tx.Now,
	}, nil
}

// encodeShares is how the shares of a discount are stored: null when there are none.
func encodeShares(shares []commerce.DiscountShare) (any, error) {
	if len(shares) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(shares)
	return string(text), err
}
