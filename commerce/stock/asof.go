package stock

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/rule"
	"github.com/oneshelf/oneshelf/internal/db"
)

// AsOf replays the ledger of a place up to and including a moment, as far as the viewer sees it. What was kept back then is not in
// the ledger: Safety is 0.
func AsOf(ctx context.Context, c db.Conn, v *auth.Viewer, p Place, at commerce.Instant) (Level, error) {
	level := Level{Place: p}
	where, args := rule.Where(rule.AtLocation, v, "m")
	err := c.QueryRow(ctx, `SELECT COALESCE(SUM(m.on_hand_delta), 0), COALESCE(SUM(m.reserved_delta), 0),
		COALESCE(SUM(m.incoming_delta), 0), COALESCE(SUM(m.damaged_delta), 0) FROM stock_movements m
		WHERE `+where+" AND m.variant_id = ? AND m.location_id = ? AND m.occurred_at <= ?", append(args, p.Variant, p.Location, at)...).
		Scan(&level.OnHand, &level.Reserved, &level.Incoming, &level.Damaged)
	return level, err
}
