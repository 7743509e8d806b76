package orders

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
)

// IssueAt makes orders ones that are fetched.
func IssueAt(ctx context.Context, tx *events.Tx, location commerce.UUID, orders ...commerce.UUID) error {
	var wanted []pickup
	for _, o := range orders {
		if _, err := tx.Exec(ctx, "UPDATE orders SET pickup_location_id = ? WHERE id = ?", location, o); err != nil {
			return err
		}
		wanted = append(wanted, pickup{o, location})
	}
	return issueCodes(ctx, tx, wanted)
}
