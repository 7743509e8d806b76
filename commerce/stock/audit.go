package stock

import (
	"context"
	"database/sql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Difference is a level that is not the sum of its movements, or whose figures nothing stands behind.
type Difference struct {
	Brand               commerce.UUID
	Level, Ledger       Level  // what stands, and what the movements add up to
	Promised            int64  // to orders and by reservations: what is reserved should be this
	Sent                int64  // in transfers and not received: what is incoming should be this
	Code, SKU, Location string // of the brand, the variant and the place
}

// Audited is what an audit found.
type Audited struct {
	Levels      int          // that were compared, with those that only another side knows
	Different   int          // of them
	Differences []Difference // the first of those
}

// Audit adds up the whole ledger, every open promise and every transfer on its way, and compares every level of every brand with them,
// as all are at one moment; limit bounds how many differences are listed. It only reads, and holds up nobody. It asks nobody's rights:
// it is for operators and our own work.
func Audit(ctx context.Context, d *db.DB, limit int) (Audited, error) {
	var a Audited
	err := d.Snapshot(ctx, func(c db.Conn) error {
		if err := c.QueryRow(ctx, sums+" SELECT COUNT(*), COALESCE(SUM(CASE WHEN "+differs+" THEN 1 ELSE 0 END), 0) FROM sums s").
			Scan(&a.Levels, &a.Different); err != nil || a.Different == 0 {
			return err
		}
		rows, err := c.Query(ctx, sums+` SELECT s.brand_id, s.variant_id, s.location_id, s.on_hand, s.reserved, s.incoming, s.damaged,
			s.moved_on_hand, s.moved_reserved, s.moved_incoming, s.moved_damaged, s.promised, s.sent, b.code, v.sku, l.code
			FROM sums s JOIN brands b ON b.id = s.brand_id JOIN variants v ON v.id = s.variant_id JOIN locations l ON l.id = s.location_id
			WHERE `+differs+" ORDER BY b.code, v.sku, l.code LIMIT ?", limit)
		a.Differences, err = db.Collect(rows, err, func(r *sql.Rows) (d Difference, err error) {
			err = r.Scan(&d.Brand, &d.Level.Variant, &d.Level.Location, &d.Level.OnHand, &d.Level.Reserved, &d.Level.Incoming, &d.Level.Damaged,
				&d.Ledger.OnHand, &d.Ledger.Reserved, &d.Ledger.Incoming, &d.Ledger.Damaged, &d.Promised, &d.Sent, &d.Code, &d.SKU, &d.Location)
			d.Ledger.Place = d.Level.Place
			return d, err
		})
		return err
	})
	return a, err
}

const differs = `(s.on_hand <> s.moved_on_hand OR s.reserved <> s.moved_reserved OR s.incoming <> s.moved_incoming
	OR s.damaged <> s.moved_damaged OR s.reserved <> s.promised OR s.incoming <> s.sent)`

// sums are levels beside the sums of their movements, of the promises and of the transfers on their way; what only one side knows is 0
// on the others. Adding up all in one pass costs one reading of each table, whatever is different.
const sums = `WITH sums AS (
	SELECT brand_id, variant_id, location_id, CAST(SUM(on_hand) AS bigint) AS on_hand, CAST(SUM(reserved) AS bigint) AS reserved,
		CAST(SUM(incoming) AS bigint) AS incoming, CAST(SUM(damaged) AS bigint) AS damaged,
		CAST(SUM(moved_on_hand) AS bigint) AS moved_on_hand, CAST(SUM(moved_reserved) AS bigint) AS moved_reserved,
		CAST(SUM(moved_incoming) AS bigint) AS moved_incoming, CAST(SUM(moved_damaged) AS bigint) AS moved_damaged,
		CAST(SUM(promised) AS bigint) AS promised, CAST(SUM(sent) AS bigint) AS sent
	FROM (
		SELECT brand_id, variant_id, location_id, on_hand, reserved, incoming, damaged, 0 AS moved_on_hand, 0 AS moved_reserved,
			0 AS moved_incoming, 0 AS moved_damaged, 0 AS promised, 0 AS sent FROM stock_levels
		UNION ALL
		SELECT brand_id, variant_id, location_id, 0, 0, 0, 0, on_hand_delta, reserved_delta, incoming_delta, damaged_delta, 0, 0 FROM stock_movements
		UNION ALL
		SELECT brand_id, variant_id, location_id, 0, 0, 0, 0, 0, 0, 0, 0, quantity - fulfilled - released, 0 FROM allocations
			WHERE fulfilled + released < quantity
		UNION ALL
		SELECT k.brand_id, k.variant_id, k.location_id, 0, 0, 0, 0, 0, 0, 0, 0, k.quantity, 0 FROM reservation_lines k
			JOIN reservations r ON r.brand_id = k.brand_id AND r.id = k.reservation_id WHERE r.state = 'ACTIVE'
		UNION ALL
		SELECT k.brand_id, k.variant_id, t.to_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, k.quantity - k.received FROM stock_transfer_lines k
			JOIN stock_transfers t ON t.brand_id = k.brand_id AND t.id = k.stock_transfer_id WHERE t.state = 'IN_TRANSIT' AND k.received < k.quantity
	) every_side GROUP BY brand_id, variant_id, location_id)`
