package events_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestWhatWasRacedIsRunAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		twice := func(tx *events.Tx) error { // a brand has one category of a path
			for range 2 {
				if _, err := tx.Exec(k.Ctx, "INSERT INTO categories (id, brand_id, name, path, path_key) VALUES (?, ?, 'a', '[]', 'a')",
					commerce.NewUUID(), tx.Viewer.Brand); err != nil {
					return err
				}
			}
			return nil
		}
		raced := func(*events.Tx) error { return events.ErrRaced }
		other := errors.New("something else")
		for name, c := range map[string]struct {
			lose  func(*events.Tx) error
			times int // that it is lost
			runs  int
			code  commerce.Code
		}{
			"somebody else made it":          {raced, 1, 2, ""},
			"twice":                          {raced, 2, 3, ""},
			"every time":                     {raced, 9, 3, commerce.Conflict},
			"what must be unique":            {twice, 2, 3, ""},
			"what must be unique every time": {twice, 9, 3, commerce.Conflict},
			"what is no race":                {func(*events.Tx) error { return other }, 9, 1, commerce.Internal},
		} {
			runs := 0
			answer, err := events.Again(k.Ctx, k.Store, func(tx *events.Tx) (int, error) {
				if runs++; runs <= c.times {
					return 0, c.lose(tx)
				}
				return runs, nil
			})
			require.Equal(t, c.runs, runs, name)
			require.Equal(t, c.code, commerce.CodeOf(err), name)
			switch c.code {
			case "":
				require.Equal(t, runs, answer, name)
			case commerce.Conflict:
				require.Equal(t, &commerce.Error{Code: commerce.Conflict, Message: "somebody else is writing the same", Retryable: true}, err, name)
			default:
				require.ErrorIs(t, err, other, name)
			}
		}
		require.Zero(t, k.Count(t, "categories", "")) // what is lost leaves nothing
	})
}
