package stock

import (
	"context"
	"database/sql"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/rule"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Available sums what the pool's locations that the viewer sees can give of each variant; a variant without stock is not in the map.
func Available(ctx context.Context, c db.Conn, v *auth.Viewer, variants []commerce.UUID) (map[commerce.UUID]int64, error) {
	return Offered(ctx, c, v, variants, nil)
}

// Offered is Available of locations that may send what is sold, nil for all: what the pool has elsewhere is there, but nobody gets it sent.
func Offered(ctx context.Context, c db.Conn, v *auth.Viewer, variants, senders []commerce.UUID) (map[commerce.UUID]int64, error) {
	sending, among := Sending(c, senders)
	type row struct {
		variant commerce.UUID
		sum     int64
	}
	out := make(map[commerce.UUID]int64, len(variants))
	for some := range slices.Chunk(variants, 1000) {
		where, args := rule.Where(rule.AtLocation, v, "s")
		in, ids := db.In("s.variant_id", some)
		rows, err := c.Query(ctx, `SELECT s.variant_id, SUM(`+Sellable+`) FROM stock_levels s
			JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id
			WHERE `+where+" AND "+in+" AND "+Sellable+" > 0 AND "+Pool+sending+" GROUP BY s.variant_id",
			slices.Concat(args, ids, among)...)
		sums, err := db.Collect(rows, err, func(r *sql.Rows) (x row, err error) { return x, r.Scan(&x.variant, &x.sum) })
		if err != nil {
			return nil, err
		}
		for _, s := range sums {
			out[s.variant] = s.sum
		}
	}
	return out, nil
}

// Sending is the condition, after others, that a location, named l, is one of those that may send, nil for all, and its arguments.
func Sending(c db.Conn, senders []commerce.UUID) (string, []any) {
	if senders == nil {
		return "", nil
	}
	among, args := db.Any(c, "l.id", senders)
	return " AND " + among, args
}
