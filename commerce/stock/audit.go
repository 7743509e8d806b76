package stock

import (
	"context"
	"database/sql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Difference is a level that is not the sum of its movements.
type Difference struct {
	Brand               commerce.UUID
	Level, Ledger       Level  // what stands, and what the movements add up to
	Code, SKU, Location string // of the brand, the variant and the place
}

// Audited is what an audit found.
type Audited struct {
	Levels      int          // that were compared, with those that only the ledger knows
	Different   int          // of them
	Differences []Difference // the first of those
}

// Audit adds up the whole ledger and compares every level of every brand with it, as both are at one moment; limit bounds how many
// differences are listed. It only reads, and holds up nobody. It asks nobody's rights: it is for operators and our own work.
func Audit(ctx context.Context, d *db.DB, limit int) (Audited, error) {
	var a Audited
	err := d.Snapshot(ctx, func(c db.Conn) error {
		if err := c.QueryRow(ctx, sums+" SELECT COUNT(*), COALESCE(SUM(CASE WHEN on_hand <> moved_on_hand OR reserved <> moved_reserved THEN 1 ELSE 0 END), 0) FROM sums").
			Scan(&a.Levels, &a.Different); err != nil || a.Different == 0 {
			return err
		}
		rows, err := c.Query(ctx, sums+` SELECT s.brand_id, s.variant_id, s.location_id, s.on_hand, s.reserved, s.moved_on_hand, s.moved_reserved, b.code, v.sku, l.code
			FROM sums s JOIN brands b ON b.id = s.brand_id JOIN variants v ON v.id = s.variant_id JOIN locations l ON l.id = s.location_id
			WHERE s.on_hand <> s.moved_on_hand OR s.reserved <> s.moved_reserved ORDER BY b.code, v.sku, l.code LIMIT ?`, limit)
		a.Differences, err = db.Collect(rows, err, func(r *sql.Rows) (d Difference, err error) {
			err = r.Scan(&d.Brand, &d.Level.Variant, &d.Level.Location, &d.Level.OnHand, &d.Level.Reserved, &d.Ledger.OnHand, &d.Ledger.Reserved, &d.Code, &d.SKU, &d.Location)
			d.Ledger.Place = d.Level.Place
			return d, err
		})
		return err
	})
	return a, err
}

// sums are levels beside the sums of their movements; what only one side knows is 0 on the other. Adding up both in one pass costs one
// reading of each table, whatever is different.
const sums = `WITH sums AS (
	SELECT brand_id, variant_id, location_id, CAST(SUM(on_hand) AS bigint) AS on_hand, CAST(SUM(reserved) AS bigint) AS reserved,
		CAST(SUM(moved_on_hand) AS bigint) AS moved_on_hand, CAST(SUM(moved_reserved) AS bigint) AS moved_reserved
	FROM (
		SELECT brand_id, variant_id, location_id, on_hand, reserved, 0 AS moved_on_hand, 0 AS moved_reserved FROM stock_levels
		UNION ALL
		SELECT brand_id, variant_id, location_id, 0, 0, on_hand_delta, reserved_delta FROM stock_movements
	) both_sides GROUP BY brand_id, variant_id, location_id)`
