package stock

import (
	"context"
	"database/sql"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Pool is the condition under which a location, named l, gives its stock to the online pool. Joint ventures and franchises give
// theirs only when it is lent.
const Pool = "l.active AND l.ship_from AND (l.ownership = 'OWN' OR l.lent)"

// Sellable is what a level s of a location l can give online, never below 0: what is available, and of that only the location's
// percentage, rounded down, while its count is stale. What has been promised stays promised: it is only the rest that is cut.
const Sellable = `(CASE WHEN s.on_hand - s.reserved - s.safety_stock <= 0 THEN 0
	WHEN s.stale THEN (s.on_hand - s.reserved - s.safety_stock) * l.stale_percent / 100
	ELSE s.on_hand - s.reserved - s.safety_stock END)`

// Online is Sellable of figures already read.
func Online(available int64, stale bool, percent int) int64 {
	switch {
	case available <= 0:
		return 0
	case stale:
		return available * int64(percent) / 100
	}
	return available
}

// inStock is whether the pool can give any variant of the product in question. The joins are written in the order in which they are
// to be made, which SQLite keeps to, and the limit makes PostgreSQL look each product up instead of hashing every level there is.
const inStock = `COALESCE((SELECT TRUE FROM variants v CROSS JOIN stock_levels s CROSS JOIN locations l
	WHERE v.brand_id = products.brand_id AND v.product_id = products.id AND s.brand_id = v.brand_id AND s.variant_id = v.id
	AND l.brand_id = s.brand_id AND l.id = s.location_id AND ` + Sellable + ` > 0 AND ` + Pool + ` LIMIT 1), FALSE)`

// refreshVariants brings the in-stock flags of the variants' products up to date. It is called when a level crossed zero.
func refreshVariants(ctx context.Context, tx *events.Tx, variants []commerce.UUID) error {
	for some := range slices.Chunk(variants, 1000) {
		in, args := db.In("id", some)
		if _, err := refresh(ctx, tx, "SELECT product_id FROM variants WHERE brand_id = ? AND "+in, append([]any{tx.Viewer.Brand}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// refreshShelf brings the flags of everything stocked at a location up to date. It is called when the location joined or left the pool,
// or gives another part of what is stale.
func refreshShelf(ctx context.Context, tx *events.Tx, location commerce.UUID) error {
	_, err := refresh(ctx, tx, `SELECT v.product_id FROM stock_levels s JOIN variants v ON v.brand_id = s.brand_id AND v.id = s.variant_id
		WHERE s.brand_id = ? AND s.location_id = ?`, tx.Viewer.Brand, location)
	return err
}

// RefreshFlags judges the in-stock flag of every product of every brand by one statement, sets those that are wrong and answers how many
// were. There is one way to make a flag wrong: a location joins or leaves the pool while another transaction makes the first level of a
// product there, so that neither sees the other. To keep them from each other, movements would have to lock locations after products.
// What is right is neither locked nor written. It asks nobody's rights.
func (s *Service) RefreshFlags(ctx context.Context) (int, error) {
	type suspect struct{ brand, product commerce.UUID }
	rows, err := s.Store.DB.Read().Query(ctx, "SELECT brand_id, id FROM products WHERE in_stock <> "+inStock)
	suspects, err := db.Collect(rows, err, func(r *sql.Rows) (x suspect, err error) { return x, r.Scan(&x.brand, &x.product) })
	if err != nil {
		return 0, err
	}
	byBrand := map[commerce.UUID][]commerce.UUID{}
	for _, x := range suspects {
		byBrand[x.brand] = append(byBrand[x.brand], x.product)
	}
	set := 0
	for brand, products := range byBrand {
		ctx := auth.With(ctx, auth.System(brand, "", "audit"))
		for some := range slices.Chunk(products, 500) {
			in, args := db.In("id", some)
			n, err := events.Do(ctx, s.Store, func(tx *events.Tx) (int, error) {
				return refresh(ctx, tx, "SELECT id FROM products WHERE brand_id = ? AND "+in, append([]any{brand}, args...)...)
			})
			if set += n; err != nil {
				return set, err
			}
		}
	}
	return set, nil
}

// refresh sets the flags of the products that a statement names and answers how many were wrong. Two transactions that empty the last two
// levels of a product would each see the other's as full: so the products are locked first, and the flag is judged by a statement that
// begins afterwards.
func refresh(ctx context.Context, tx *events.Tx, named string, args ...any) (set int, err error) {
	rows, err := tx.Query(ctx, "SELECT id FROM products WHERE brand_id = ? AND id IN ("+named+") ORDER BY id"+tx.ForUpdate(),
		append([]any{tx.Viewer.Brand}, args...)...)
	products, err := db.Collect(rows, err, db.ScanUUID)
	if err != nil {
		return 0, err
	}
	for some := range slices.Chunk(products, 500) {
		in, ids := db.In("id", some)
		n, err := tx.Exec(ctx, "UPDATE products SET in_stock = NOT in_stock WHERE brand_id = ? AND "+in+" AND in_stock <> "+inStock,
			append([]any{tx.Viewer.Brand}, ids...)...)
		if set += int(n); err != nil {
			return set, err
		}
	}
	return set, nil
}
