// Package members holds the rules of shoppers a brand knows: their contact data, and how other systems know them.
package members

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Service is the one door through which members change. It may be used by many at once.
type Service struct {
	Store *events.Store
}

// attempts is how often an upsert is run again when somebody else wrote the same at the same moment.
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
		if try == attempts { // the error beneath would quote contact data
			return answer, &commerce.Error{Code: commerce.Conflict, Message: "somebody else is writing the same", Retryable: true}
		}
	}
}
