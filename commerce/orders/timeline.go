package orders

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
)

// note writes a line of an order's timeline: who did what, and why.
func note(ctx context.Context, tx *events.Tx, order commerce.UUID, kind, text string) error {
	_, err := tx.Exec(ctx, "INSERT INTO order_entries (id, brand_id, order_id, at, actor, kind, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
		commerce.NewUUID(), tx.Viewer.Brand, order, tx.Now, tx.Viewer.Subject, kind, text)
	return err
}

// sayOrder says that an order changed.
func sayOrder(tx *events.Tx, order commerce.UUID, version int64, channel commerce.UUID) {
	tx.Record(events.Fact{Type: events.OrderChanged, Aggregate: order, Sequence: version, Channel: &channel})
}
