package stock

import (
	"context"
	"database/sql"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// openingsOfTx is how many openings one transaction takes, so that it holds its locks for a short while only.
const openingsOfTx = 500

// openingReason is what the ledger says of movements that a file brought.
const openingReason = "import"

// Opening is how many units of a variant a location begins with.
type Opening struct {
	Variant  commerce.VariantRef
	Quantity int64
}

// Opened is what came of a list of openings.
type Opened struct {
	Applied int                     // levels that were made or changed
	Refused map[int]*commerce.Error // by their place in the list
}

// Open tells a location what it begins with: a quantity counts when it makes the level, and is ignored where there is one already,
// however it changed since. With set every level is brought to its quantity. An opening that is refused does not stop the others:
// NOT_FOUND for an unknown variant; INVALID_INPUT for an impossible quantity or a variant said twice within 500; INSUFFICIENT_STOCK when
// set would leave less than what is reserved. Saying the same again changes nothing. Each 500 are one transaction: after an error those
// before it stand, and Applied counts them. Two who open the same level at once make it once.
// Errors: FORBIDDEN without stock:write; NOT_FOUND for an unknown location.
func (s *Service) Open(ctx context.Context, at commerce.LocationRef, openings []Opening, set bool) (Opened, error) {
	out := Opened{Refused: map[int]*commerce.Error{}}
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return out, err
	}
	first := 0
	for some := range slices.Chunk(openings, openingsOfTx) {
		part, err := events.Do(ctx, s.Store, func(tx *events.Tx) (Opened, error) { return open(ctx, tx, at, some, set) })
		if err != nil {
			return out, err
		}
		out.Applied += part.Applied
		for i, refusal := range part.Refused {
			out.Refused[first+i] = refusal
		}
		first += len(some)
	}
	return out, nil
}

func open(ctx context.Context, tx *events.Tx, at commerce.LocationRef, openings []Opening, set bool) (Opened, error) {
	out := Opened{Refused: map[int]*commerce.Error{}}
	location, err := FindLocation(ctx, tx.Ent, at)
	if err != nil {
		return out, err
	}
	if location == nil {
		return out, commerce.Errorf(commerce.NotFound, "there is no such location").At("location")
	}
	counts, err := judgeOpenings(ctx, tx, openings, out.Refused)
	if err != nil {
		return out, err
	}
	made, err := makeLevels(ctx, tx, location.ID, counts)
	if err != nil {
		return out, err
	}
	var stands map[commerce.UUID]Level
	if set {
		if stands, err = levelsOf(ctx, tx, location.ID, counts); err != nil {
			return out, err
		}
	}
	var movements []Movement
	for _, c := range counts {
		delta := c.quantity
		if !made[c.variant] {
			level, there := stands[c.variant]
			if !there {
				continue // not to be touched, or nothing of something that has no level
			}
			if c.quantity < level.Reserved {
				out.Refused[c.index] = commerce.Errorf(commerce.InsufficientStock, "what is reserved must remain").At("quantity")
				continue
			}
			delta -= level.OnHand
		}
		if delta != 0 {
			movements = append(movements, Movement{Place: Place{c.variant, location.ID}, Kind: Counted, OnHand: delta, Reason: openingReason})
		}
	}
	out.Applied = len(movements)
	if len(movements) == 0 {
		return out, nil
	}
	_, err = Move(ctx, tx, movements)
	return out, err
}

// opened is an opening whose variant is known.
type opened struct {
	index    int
	variant  commerce.UUID
	quantity int64
}

// judgeOpenings finds the variants and answers the openings that make sense, in the order in which places are taken.
func judgeOpenings(ctx context.Context, tx *events.Tx, openings []Opening, refused map[int]*commerce.Error) ([]opened, error) {
	refs := make([]commerce.VariantRef, len(openings))
	for i, o := range openings {
		refs[i] = o.Variant
	}
	variants, err := catalog.FindVariants(ctx, tx.Ent, refs)
	if err != nil {
		return nil, err
	}
	counts := make([]opened, 0, len(openings))
	seen := make(map[commerce.UUID]bool, len(openings))
	for i, v := range variants {
		switch n := openings[i].Quantity; {
		case v == nil:
			refused[i] = commerce.Errorf(commerce.NotFound, "there is no such variant").At("variant")
		case seen[v.ID]:
			refused[i] = commerce.Invalid([]string{"variant"}, "is said a second time")
		case commerce.Between(n, 0, commerce.MaxQuantity) != nil:
			refused[i] = commerce.Between(n, 0, commerce.MaxQuantity).At("quantity")
		default:
			seen[v.ID] = true
			counts = append(counts, opened{i, v.ID, n})
		}
	}
	slices.SortFunc(counts, func(a, b opened) int { return comparePlaces(Place{Variant: a.variant}, Place{Variant: b.variant}) })
	return counts, nil
}

// makeLevels makes the levels that are missing where there is something to begin with, and tells which it made. One statement, so that
// of two who open the same level one makes it and the other finds it made.
func makeLevels(ctx context.Context, tx *events.Tx, location commerce.UUID, counts []opened) (map[commerce.UUID]bool, error) {
	args := make([]any, 0, 10*len(counts))
	n := 0
	for _, c := range counts {
		if c.quantity > 0 {
			args = append(args, commerce.NewUUID(), tx.Viewer.Brand, c.variant, location, 0, 0, 0, 0, tx.Now, tx.Now)
			n++
		}
	}
	if n == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `INSERT INTO stock_levels (id, brand_id, variant_id, location_id, on_hand, reserved, safety_stock, version, created_at, updated_at)
		VALUES `+db.Groups(n, 10)+` ON CONFLICT (brand_id, variant_id, location_id) DO NOTHING RETURNING variant_id`, args...)
	variants, err := db.Collect(rows, err, db.ScanUUID)
	if err != nil {
		return nil, err
	}
	made := make(map[commerce.UUID]bool, len(variants))
	for _, v := range variants {
		made[v] = true
	}
	return made, nil
}

// levelsOf reads the levels of a location and keeps others from changing them until the transaction ends.
func levelsOf(ctx context.Context, tx *events.Tx, location commerce.UUID, counts []opened) (map[commerce.UUID]Level, error) {
	variants := make([]commerce.UUID, len(counts))
	for i, c := range counts {
		variants[i] = c.variant
	}
	in, ids := db.In("variant_id", variants)
	rows, err := tx.Query(ctx, "SELECT variant_id, on_hand, reserved FROM stock_levels WHERE brand_id = ? AND location_id = ? AND "+in+
		" ORDER BY variant_id"+tx.ForUpdate(), append([]any{tx.Viewer.Brand, location}, ids...)...)
	levels, err := db.Collect(rows, err, func(r *sql.Rows) (l Level, err error) { return l, r.Scan(&l.Variant, &l.OnHand, &l.Reserved) })
	if err != nil {
		return nil, err
	}
	out := make(map[commerce.UUID]Level, len(levels))
	for _, l := range levels {
		out[l.Variant] = l
	}
	return out, nil
}
