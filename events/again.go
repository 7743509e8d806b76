package events

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
)

// attempts is how often Again runs what others raced: what somebody else made at the same moment is found the next time.
const attempts = 3

// ErrRaced says that what was looked for and not found is there now.
var ErrRaced = errors.New("made by somebody else meanwhile")

// Again is Do, run again while fn answers ErrRaced or meets somebody else's row where one must be unique. One who loses every time is
// told CONFLICT, worth trying again, without the error beneath: that may quote contact data.
func Again[A any](ctx context.Context, s *Store, fn func(*Tx) (A, error)) (A, error) {
	for try := 1; ; try++ {
		answer, err := Do(ctx, s, fn)
		if !errors.Is(err, ErrRaced) && !db.IsUnique(err) {
			return answer, err
		}
		if try == attempts {
			return answer, &commerce.Error{Code: commerce.Conflict, Message: "somebody else is writing the same", Retryable: true}
		}
	}
}
