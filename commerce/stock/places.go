package stock

import (
	"context"
	"database/sql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// chunk is how many levels one statement takes.
const chunk = 500

// The lists of places that statements take along.
var (
	placeList = db.ListOf("places", "v uuid, l uuid")
	freshList = db.ListOf("fresh", "fresh_id uuid, b uuid, v uuid, l uuid, made bigint")
	sumList   = db.ListOf("moved", "v uuid, l uuid, d_on_hand bigint, d_reserved bigint, d_incoming bigint, d_damaged bigint")
)

// levelColumns are what scanLevel reads.
const levelColumns = "id, variant_id, location_id, on_hand, reserved, safety_stock, incoming, damaged, counted_at, stale, version"

func scanLevel(r *sql.Rows) (l Level, err error) {
	return l, r.Scan(&l.ID, &l.Variant, &l.Location, &l.OnHand, &l.Reserved, &l.Safety, &l.Incoming, &l.Damaged, &l.CountedAt, &l.Stale, &l.Version)
}

// ensure makes the levels of places that are missing.
func ensure(ctx context.Context, tx *events.Tx, places []Place) error {
	if len(places) == 0 {
		return nil
	}
	values := make([]any, 0, 5*len(places))
	for _, p := range places {
		values = append(values, commerce.NewUUID(), tx.Viewer.Brand, p.Variant, p.Location, int64(tx.Now))
	}
	with, args := freshList.With(tx.Conn, values)
	_, err := tx.Exec(ctx, with+`INSERT INTO stock_levels (id, brand_id, variant_id, location_id, version, created_at, updated_at)
		SELECT fresh_id, b, v, l, 0, made, made FROM fresh WHERE TRUE ON CONFLICT (brand_id, variant_id, location_id) DO NOTHING`, args...)
	return err
}

// hold reads the levels of places and keeps others from changing them until the transaction ends; a missing one is not in the map. The
// places are those of one chunk, and are locked in order.
func hold(ctx context.Context, tx *events.Tx, places []Place) (map[Place]Level, error) {
	out := make(map[Place]Level, len(places))
	if len(places) == 0 {
		return out, nil
	}
	with, args := placeList.With(tx.Conn, placeValues(places))
	lock := tx.ForUpdate()
	if lock != "" {
		lock += " OF stock_levels"
	}
	rows, err := tx.Query(ctx, with+"SELECT "+levelColumns+` FROM places JOIN stock_levels ON variant_id = v AND location_id = l WHERE brand_id = ?
		ORDER BY variant_id, location_id`+lock, append(args, tx.Viewer.Brand)...)
	levels, err := db.Collect(rows, err, scanLevel)
	for _, l := range levels {
		out[l.Place] = l
	}
	return out, err
}

func placeValues(places []Place) []any {
	values := make([]any, 0, 2*len(places))
	for _, p := range places {
		values = append(values, p.Variant, p.Location)
	}
	return values
}

// changeAll changes the levels of one chunk of sums, which are in order, and answers them in that order. One place needs one
// statement; many that are not held yet are locked in order first, since an update of many takes them in an order of its own.
func changeAll(ctx context.Context, tx *events.Tx, sums []sum, held bool) ([]Level, error) {
	var places, missing []Place
	values := make([]any, 0, 6*len(sums))
	for _, s := range sums {
		places = append(places, s.Place)
		if s.makes() {
			missing = append(missing, s.Place)
		}
		values = append(values, s.Variant, s.Location, s.onHand, s.reserved, s.incoming, s.damaged)
	}
	if err := ensure(ctx, tx, missing); err != nil {
		return nil, err
	}
	if len(sums) > 1 && !held && tx.ForUpdate() != "" {
		if _, err := hold(ctx, tx, places); err != nil {
			return nil, err
		}
	}
	with, args := sumList.With(tx.Conn, values)
	rows, err := tx.Query(ctx, with+`UPDATE stock_levels SET on_hand = on_hand + d_on_hand, reserved = reserved + d_reserved,
		incoming = incoming + d_incoming, damaged = damaged + d_damaged, version = version + 1, updated_at = ?,
		shortfall = CASE WHEN shortfall > 0 AND reserved - on_hand > d_on_hand - d_reserved THEN reserved - on_hand - (d_on_hand - d_reserved) ELSE 0 END
		FROM moved WHERE brand_id = ? AND variant_id = v AND location_id = l
		AND on_hand + d_on_hand BETWEEN 0 AND ? AND incoming + d_incoming BETWEEN 0 AND ? AND damaged + d_damaged BETWEEN 0 AND ?
		AND reserved + d_reserved >= 0 AND on_hand + shortfall + d_on_hand >= reserved + d_reserved
		AND (d_reserved <= 0 OR on_hand + d_on_hand - reserved - safety_stock >= d_reserved)
		RETURNING `+levelColumns,
		append(args, tx.Now, tx.Viewer.Brand, commerce.MaxQuantity, commerce.MaxQuantity, commerce.MaxQuantity)...)
	changed, err := db.Collect(rows, err, scanLevel)
	if err != nil {
		return nil, err
	}
	byPlace := make(map[Place]Level, len(changed))
	for _, l := range changed {
		byPlace[l.Place] = l
	}
	out := make([]Level, len(sums))
	for i, p := range places {
		level, bore := byPlace[p]
		if !bore {
			return nil, shortfall(ctx, tx, p)
		}
		out[i] = level
	}
	return out, nil
}

// shortfall tells how the level stands that could not bear a movement; a missing one is empty.
func shortfall(ctx context.Context, tx *events.Tx, p Place) error {
	stands, err := hold(ctx, tx, []Place{p})
	if err != nil {
		return err
	}
	level, there := stands[p]
	if !there {
		level = Level{Place: p}
	}
	return &Shortfall{level}
}
