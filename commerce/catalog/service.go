// Package catalog holds the rules of what is described and bought: products, their variants, categories, external names and prices.
package catalog

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Service is the one door through which the catalog changes. It may be used by many at once.
type Service struct {
	Store *events.Store
}

// attempts is how often an upsert is run again when somebody else made the same row at the same moment: then it is found.
const attempts = 3

// errRaced says that what was looked for and not found is there now.
var errRaced = errors.New("made by somebody else meanwhile")

// again runs fn until it meets no race for what is unique; one who still loses then is told CONFLICT, worth trying again.
func again[A any](ctx context.Context, s *events.Store, fn func(*events.Tx) (A, error)) (A, error) {
	for try := 1; ; try++ {
		answer, err := events.Do(ctx, s, fn)
		raced := errors.Is(err, errRaced)
		if !raced && !db.IsUnique(err) {
			return answer, err
		}
		if try == attempts {
			return answer, &commerce.Error{Code: commerce.Conflict, Message: "somebody else is writing the same", Retryable: true, Err: err}
		}
	}
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
