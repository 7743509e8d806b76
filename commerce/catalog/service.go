// Package catalog holds the rules of what is described and bought: products, their variants, categories, external names and prices.
package catalog

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
)

// Service is the one door through which the catalog changes. It may be used by many at once.
type Service struct {
	Store *events.Store
}

// lockProduct keeps a product from others until the transaction ends, so that its variants, prices and figures agree.
func lockProduct(ctx context.Context, tx *events.Tx, id commerce.UUID) error {
	_, err := tx.Exec(ctx, "SELECT 1 FROM products WHERE brand_id = ? AND id = ?"+tx.ForUpdate(), tx.Viewer.Brand, id)
	return err
}

// changed says that a product is not what it was: its fact, and that cached answers are stale.
func changed(ctx context.Context, tx *events.Tx, product commerce.UUID, version int64) error {
	tx.Record(events.Fact{Type: events.ProductChanged, Aggregate: product, Sequence: version})
	return tx.RaiseGeneration(ctx)
}
