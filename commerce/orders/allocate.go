package orders

import (
	"context"
	"database/sql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent/rule"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// outOf says that a variant cannot be given as often as an order demands it.
type outOf struct {
	variant   commerce.UUID
	available int64
}

func (outOf) Error() string { return "not enough stock" }

// allocate promises stock to the lines of one order: it chooses locations, reserves there and writes the work and its allocations.
// It answers outOf when there is not enough, having changed nothing.
func allocate(ctx context.Context, tx *events.Tx, order commerce.UUID, number string, lines []line) error {
	var demanded []commerce.UUID
	demand := map[commerce.UUID]int64{}
	for _, l := range lines {
		if demand[l.variant] == 0 {
			demanded = append(demanded, l.variant)
		}
		demand[l.variant] += l.quantity
	}
	supplies, err := supplies(ctx, tx, demanded)
	if err != nil {
		return err
	}
	shares, short, available := plan(demanded, demand, supplies)
	if short != nil {
		return outOf{*short, available}
	}
	movements := make([]stock.Movement, len(shares))
	for i, s := range shares {
		movements[i] = stock.Movement{
			Place: stock.Place{Variant: s.variant, Location: s.location}, Kind: stock.Reserve, Reserved: s.quantity,
			Reason: "order placed", Reference: reference(number),
		}
	}
	if _, err := stock.Move(ctx, tx, movements); err != nil {
		return err
	}
	return writeWork(ctx, tx, order, lines, spread(lines, shares))
}

// reference is how the ledger names an order.
func reference(number string) commerce.Reference {
	return commerce.Reference{System: "order", Value: number}
}

// supplies reads what the locations of the pool that the viewer sees can give, preferred ones first, and keeps the levels from
// others until the transaction ends, so that the plan holds.
func supplies(ctx context.Context, tx *events.Tx, variants []commerce.UUID) ([]supply, error) {
	if tx.Engine() == db.Postgres {
		// The rows are locked in the order of their ids by a statement of its own: the next one sees them as they are then.
		in, args := db.In("variant_id", variants)
		if _, err := tx.Exec(ctx, "SELECT 1 FROM stock_levels WHERE brand_id = ? AND "+in+" ORDER BY variant_id, location_id FOR UPDATE",
			append([]any{tx.Viewer.Brand}, args...)...); err != nil {
			return nil, err
		}
	}
	where, args := rule.Where(rule.AtLocation, tx.Viewer, "s")
	in, ids := db.In("s.variant_id", variants)
	rows, err := tx.Query(ctx, `SELECT s.location_id, s.variant_id, s.on_hand - s.reserved - s.safety_stock FROM stock_levels s
		JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id
		WHERE `+where+" AND "+in+" AND s.on_hand - s.reserved - s.safety_stock > 0 AND "+stock.Pool+` ORDER BY l.priority, l.code`,
		append(args, ids...)...)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (s share, err error) {
		return s, r.Scan(&s.location, &s.variant, &s.quantity)
	})
	if err != nil {
		return nil, err
	}
	var out []supply
	for _, s := range found {
		if len(out) == 0 || out[len(out)-1].location != s.location {
			out = append(out, supply{s.location, map[commerce.UUID]int64{}})
		}
		out[len(out)-1].available[s.variant] = s.quantity
	}
	return out, nil
}

// writeWork writes one piece of work for each location and the allocations in it.
func writeWork(ctx context.Context, tx *events.Tx, order commerce.UUID, lines []line, allocations []promise) error {
	work := map[commerce.UUID]commerce.UUID{}
	var rows int
	var args []any
	for _, a := range allocations {
		if _, ok := work[a.location]; ok {
			continue
		}
		work[a.location] = commerce.NewUUID()
		rows++
		args = append(args, work[a.location], tx.Viewer.Brand, order, a.location, WorkOpen, 0, 1, tx.Now, tx.Now)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO fulfillment_orders (id, brand_id, order_id, location_id, state, dispatch, version, created_at, updated_at)
		VALUES `+db.Rows(rows, 9), args...); err != nil {
		return err
	}
	args = args[:0]
	for _, a := range allocations {
		args = append(args, commerce.NewUUID(), tx.Viewer.Brand, order, lines[a.line].id, work[a.location], a.variant, a.location, a.quantity, 0, 0)
	}
	_, err := tx.Exec(ctx, `INSERT INTO allocations (id, brand_id, order_id, order_line_id, fulfillment_order_id, variant_id, location_id,
		quantity, fulfilled, released) VALUES `+db.Rows(len(allocations), 10), args...)
	return err
}
