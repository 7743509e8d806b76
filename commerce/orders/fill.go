package orders

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Fill gives an order that was kept without lines what its marketplace tells of it by now: of the command its lines, shipping, address
// and member are taken. The order stays HELD, and Follow lets it go on. One that has lines, or is not held any more, is left as it is.
// It answers whether the order changed.
func Fill(ctx context.Context, tx *events.Tx, id commerce.UUID, c Command) (bool, error) {
	o, err := lock(ctx, tx, id)
	if err != nil || State(o.State) != Held || len(c.Lines) == 0 {
		return false, err
	}
	all := auth.With(ctx, tx.Viewer.Unnarrowed())
	if there, err := tx.Ent.OrderLine.Query().Where(orderline.OrderID(id)).Exist(all); err != nil || there {
		return false, err
	}
	c.Order = id
	c.wants() // names the lines
	rows, err := c.lineRows(tx.Viewer.Brand)
	if err != nil {
		return false, err
	}
	subtotal, goods := c.sums()
	total := goods + c.Shipping
	o.PaidAt = 0
	if o.Paid >= total {
		o.PaidAt = tx.Now
	}
	change := tx.Ent.Order.UpdateOneID(id).SetSubtotal(subtotal).SetDiscount(subtotal - goods).SetShipping(c.Shipping).SetTotal(total).
		SetPaymentState(string(paymentState(o.Paid, o.Refunded, total))).SetPaidAt(o.PaidAt).SetAddress(&c.Address)
	if o.MemberID == nil {
		change.SetNillableMemberID(c.Member)
	}
	if err := change.Exec(all); err != nil {
		return false, err
	}
	tx.Later(db.Rows{Table: lineTable, Values: rows})
	if err := tx.Flush(ctx); err != nil {
		return false, err
	}
	note(tx, id, "READ", "")
	return true, sayOrder(ctx, tx, o)
}
