package orders

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
)

// revision is what of an order's amounts and address becomes another by what its marketplace says.
type revision struct {
	lines                               []*ent.OrderLine // those that cost something else, as they are then
	subtotal, discount, shipping, total int64
	amounts                             bool
	address                             *commerce.Address // nil when it stays
}

// revision judges what of an order is not as the marketplace says. Nothing is once something has left or the order has ended, nor by
// news from before a payment that we know of.
func (n News) revision(o *ent.Order, lines []*ent.OrderLine) revision {
	r := revision{subtotal: o.Subtotal, discount: o.Discount, shipping: o.Shipping, total: o.Total}
	open := (State(o.State) == Open || State(o.State) == Held) && FulfillmentState(o.FulfillmentState) == Unfulfilled
	if !open || n.Closed || n.HoldFor == HeldUnpaid && n.Paid < o.Paid {
		return r
	}
	if o.Address != nil && n.Address != nil && *n.Address != *o.Address {
		r.address = n.Address
	}
	n.reprice(o, lines, &r)
	return r
}

// reprice works out the amounts. They are taken over together or not at all: each line of ours must be one of the marketplace's.
func (n News) reprice(o *ent.Order, lines []*ent.OrderLine, r *revision) {
	var costly []*ent.OrderLine
	var subtotal, goods int64
	for _, l := range lines {
		says, ok := n.line(l)
		if !ok || says.Total < 0 || says.Total > commerce.MaxAmount {
			return
		}
		now := says.priced(l)
		if now.Total != l.Total {
			costly = append(costly, now)
		}
		subtotal += l.UnitPrice * (l.Quantity - l.Canceled)
		goods += now.Total
	}
	total := goods + n.Shipping
	if len(lines) == 0 || n.Shipping < 0 || max(goods, n.Shipping, total) > commerce.MaxAmount {
		return
	}
	r.lines, r.subtotal, r.discount, r.shipping, r.total = costly, subtotal, subtotal-goods, n.Shipping, total
	r.amounts = len(costly) > 0 || n.Shipping != o.Shipping || total != o.Total
}

// line finds what is said of a line of ours.
func (n News) line(l *ent.OrderLine) (NewsLine, bool) {
	at := slices.IndexFunc(n.Lines, func(says NewsLine) bool {
		return says.ExternalID != "" && says.ExternalID == l.ExternalID && says.Quantity == l.Quantity
	})
	if at < 0 {
		return NewsLine{}, false
	}
	return n.Lines[at], true
}

// priced is a line with what it costs now, as far as it is not canceled. Who pays for its discount is forgotten when they would pay for
// more than there is.
func (n NewsLine) priced(l *ent.OrderLine) *ent.OrderLine {
	now := *l
	now.Canceled, now.Total, now.DiscountShares = 0, n.Total, nil
	unnamed := l.UnitPrice*l.Quantity - n.Total
	for _, s := range l.DiscountShares {
		if s.Bought != 0 {
			s.Amount, s.Bought = s.Bought, 0
		}
		if s.Payer != "" {
			now.DiscountShares = append(now.DiscountShares, s)
			unnamed -= s.Amount
		}
	}
	if unnamed < 0 {
		now.DiscountShares = nil
	}
	if l.Canceled > 0 {
		now.Total, now.DiscountShares = standing(&now, l.Canceled)
		now.Canceled = l.Canceled
	}
	return &now
}

func (r revision) empty() bool { return !r.amounts && r.address == nil }

// revise brings the amounts and the address of a locked order to what its marketplace says, in one step, and tells whether they were
// something else. The timeline says what changed, but of an address only that it did.
func revise(ctx context.Context, tx *events.Tx, o locked, news News) (bool, error) {
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return false, err
	}
	r := news.revision(o.Order, lines)
	if r.empty() {
		return false, nil
	}
	brand := tx.Viewer.Brand
	var said []string
	if r.amounts {
		for _, l := range r.lines {
			shares, err := encodeShares(l.DiscountShares)
			if err != nil {
				return false, err
			}
			if _, err := tx.Exec(ctx, "UPDATE order_lines SET total = ?, discount_shares = ? WHERE brand_id = ? AND id = ?", l.Total, shares, brand, l.ID); err != nil {
				return false, err
			}
		}
		paidAt := o.PaidAt
		if o.Paid < r.total {
			paidAt = 0
		} else if paidAt == 0 {
			paidAt = tx.Now
		}
		if _, err := tx.Exec(ctx, `UPDATE orders SET subtotal = ?, discount = ?, shipping = ?, total = ?, payment_state = ?, paid_at = ? WHERE brand_id = ? AND id = ?`,
			r.subtotal, r.discount, r.shipping, r.total, paymentState(o.Paid, o.Refunded, r.total), paidAt, brand, o.ID); err != nil {
			return false, err
		}
		said = append(said, "total "+commerce.Money{Amount: r.total, Currency: o.Currency}.String()+", was "+commerce.Money{Amount: o.Total, Currency: o.Currency}.String())
	}
	if r.address != nil {
		text, err := json.Marshal(r.address)
		if err != nil {
			return false, err
		}
		if _, err := tx.Exec(ctx, "UPDATE orders SET address = ?, near = NULL WHERE brand_id = ? AND id = ?", string(text), brand, o.ID); err != nil {
			return false, err
		}
		said = append(said, "address")
	}
	note(tx, o.ID, "REVISED", strings.Join(said, "; "))
	return true, sayOrder(ctx, tx, o)
}
