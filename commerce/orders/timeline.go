package orders

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// note writes a line of an order's timeline: who did what, and why.
func note(tx *events.Tx, order commerce.UUID, kind, text string) {
	tx.Later(db.Rows{Table: entryTable, Values: entryRow(tx, order, nil, kind, text)})
}

// noteAt is note for what was done with a location's work: who is narrowed to other locations is not told why.
func noteAt(tx *events.Tx, order, location commerce.UUID, kind, text string) {
	tx.Later(db.Rows{Table: entryTable, Values: entryRow(tx, order, &location, kind, text)})
}

func entryRow(tx *events.Tx, order commerce.UUID, location *commerce.UUID, kind, text string) []any {
	return []any{commerce.NewUUID(), tx.Viewer.Brand, order, location, tx.Now, tx.Viewer.Subject, kind, text}
}

// sayOrder raises the version of a locked order and says that it changed, both in one: so there is no version without its fact, and
// looking at an order again without changing it leaves its version alone.
func sayOrder(ctx context.Context, tx *events.Tx, o locked) error {
	var version int64
	err := tx.QueryRow(ctx, "UPDATE orders SET version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ? RETURNING version",
		tx.Now, tx.Viewer.Brand, o.ID).Scan(&version)
	if err != nil {
		return err
	}
	tx.Record(orderChanged(o.ID, version, o.ChannelID))
	return nil
}

func orderChanged(order commerce.UUID, version int64, channel commerce.UUID) events.Fact {
	return events.Fact{Type: events.OrderChanged, Aggregate: order, Sequence: version, Channel: &channel}
}
