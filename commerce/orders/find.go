package orders

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Find answers the order a ref names, nil when the viewer sees none. An external reference that several channels gave names none.
func Find(ctx context.Context, c *ent.Client, ref commerce.OrderRef) (*ent.Order, error) {
	ref = ref.Clean()
	q := c.Order.Query()
	switch {
	case ref.ID != nil:
		q = q.Where(order.ID(*ref.ID))
	case ref.Number != "":
		q = q.Where(order.Number(AsNumber(ref.Number)))
	case ref.External != nil:
		q = q.Where(order.ExternalSystem(ref.External.System), order.ExternalValue(ref.External.Value))
	default:
		return nil, nil
	}
	found, err := q.Limit(2).All(ctx)
	if err != nil || len(found) != 1 {
		return nil, err
	}
	return found[0], nil
}

// findChannel answers the channel a ref names, nil when the viewer sees none.
func findChannel(ctx context.Context, c *ent.Client, ref commerce.ChannelRef) (*ent.Channel, error) {
	ref = ref.Clean()
	q := c.Channel.Query()
	if ref.ID != nil {
		q = q.Where(channel.ID(*ref.ID))
	} else {
		q = q.Where(channel.CodeFolded(commerce.Fold(ref.Code)))
	}
	found, err := q.Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}

// lock keeps an order from others until the transaction ends and reads it with all its work, whatever of it the viewer sees: what is
// done to an order that the viewer sees may touch places it does not see.
// The order is the first thing every transaction on it locks: that is what fences shipping from canceling.
func lock(ctx context.Context, tx *events.Tx, id commerce.UUID) (locked, error) {
	if tx.Engine() == db.Postgres { // SQLite has one writer. The lock lets others write rows that point at the order.
		if _, err := tx.Exec(ctx, "SELECT 1 FROM orders WHERE brand_id = ? AND id = ? FOR NO KEY UPDATE", tx.Viewer.Brand, id); err != nil {
			return locked{}, err
		}
	}
	all := auth.With(ctx, tx.Viewer.Unnarrowed())
	o, err := tx.Ent.Order.Get(all, id)
	if err != nil {
		return locked{}, err
	}
	work, err := tx.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderID(id)).Order(fulfillmentorder.ByID()).All(all)
	return locked{Order: o, now: tx.Now, work: work, left: FulfillmentState(o.FulfillmentState) != Unfulfilled}, err
}

// locked is an order that the running transaction keeps from others.
type locked struct {
	*ent.Order
	now  commerce.Instant // when it was locked
	work []*ent.FulfillmentOrder
	left bool
}

func (l locked) situation() Situation {
	states := make([]WorkState, len(l.work))
	for i, w := range l.work {
		states[i] = WorkState(w.State)
	}
	return SituationOf(l.Order, states, l.now)
}
