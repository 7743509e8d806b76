package events_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestNothingIsSaidOfWhatDidNotHappen(t *testing.T) { // SU-02, ID-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		row := commerce.NewUUID()
		refused := commerce.Errorf(commerce.Conflict, "no")
		_, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (int, error) {
			tx.Record(changed(row, 1))
			require.NoError(t, tx.RaiseGeneration(k.Ctx))
			return 7, refused
		})
		require.ErrorIs(t, err, refused)
		_, _, err = events.Once(k.Ctx, k.Store, events.Call{Operation: "x", Key: "k"}, func(tx *events.Tx) (int, error) {
			tx.Record(changed(row, 1))
			return 7, refused
		})
		require.ErrorIs(t, err, refused)
		_, err = events.Do(k.Ctx, k.Store, func(tx *events.Tx) (int, error) {
			tx.Record(changed(row, 1))
			tx.Record(events.Fact{Type: events.ProductChanged, Aggregate: row, Sequence: 2, Data: func() {}}) // cannot be written
			return 7, nil
		})
		require.Error(t, err)
		_, err = events.Do(context.Background(), k.Store, func(*events.Tx) (int, error) { return 7, nil })
		testkit.Refused(t, err, commerce.Unauthenticated, "")
		require.Zero(t, k.Count(t, "events", ""))
		require.Zero(t, k.Count(t, "idempotency_keys", ""))
		require.Equal(t, 2, k.Count(t, "brands", "generation = 1"))
	})
}

func TestAnAnswerIsKeptWithItsKey(t *testing.T) { // ID-01 … ID-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		type answer struct {
			ID commerce.UUID
			N  int64
		}
		ran := 0
		call := func(input any) (answer, bool, error) {
			return events.Once(k.Ctx, k.Store, events.Call{Operation: "try", Key: "key", Input: input}, func(tx *events.Tx) (answer, error) {
				ran++
				tx.Record(changed(commerce.NewUUID(), 1))
				return answer{commerce.NewUUID(), 1<<53 + 1}, nil
			})
		}
		first, replayed, err := call(map[string]int{"a": 1})
		require.NoError(t, err)
		require.False(t, replayed)
		again, replayed, err := call(map[string]int{"a": 1})
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, first, again, "to the last digit")
		_, _, err = call(map[string]int{"a": 2})
		testkit.Refused(t, err, commerce.IdempotencyMismatch, "idempotencyKey")
		require.Equal(t, 1, ran)
		require.Equal(t, 1, k.Count(t, "events", ""))
		for _, key := range []string{"", "a\u202eb", "a\x00", "\t", strings.Repeat("é", 129)} {
			_, _, err := events.Once(k.Ctx, k.Store, events.Call{Key: key}, func(*events.Tx) (int, error) { return 0, errors.New("never run") })
			testkit.Refused(t, err, commerce.InvalidInput, "idempotencyKey")
		}
	})
}

// What is run again in vain is a matter of chance: the caller is told to try again, not that we are broken.
func TestWhoseTurnNeverComesIsToldToTryAgain(t *testing.T) { // CC-06
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		tries := 0
		_, _, err := events.Once(k.Ctx, k.Store, events.Call{Operation: "x", Key: "k"}, func(*events.Tx) (int, error) {
			tries++
			return 0, &pgconn.PgError{Code: "40P01"}
		})
		told, ok := errors.AsType[*commerce.Error](err)
		require.True(t, ok)
		require.Equal(t, commerce.Conflict, told.Code)
		require.True(t, told.Retryable)
		require.Greater(t, tries, 3)
		require.Zero(t, k.Count(t, "idempotency_keys", ""))
	})
}
