package events_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// Callers who share a transaction have keys, verdicts and names of their own.
func TestCallersTogetherAreJudgedApart(t *testing.T) { // ID-01, ID-02, ID-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		refused := commerce.Errorf(commerce.Conflict, "no")
		call := func(who, key string, input any) events.Caller {
			v := *auth.From(k.Ctx)
			v.Subject = who
			return events.Caller{Call: events.Call{Operation: "try", Key: key, Input: input}, Viewer: &v}
		}
		run := func(callers ...events.Caller) ([]events.Verdict[string], error) {
			return events.OnceTogether(k.Ctx, k.Store, callers, func(tx *events.Tx, fresh []int) ([]events.Verdict[string], error) {
				out := make([]events.Verdict[string], len(fresh))
				for n, i := range fresh {
					if callers[i].Input == "refuse" {
						out[n].Err = refused
						continue
					}
					out[n].Answer = fmt.Sprint(callers[i].Viewer.Subject, callers[i].Input)
					tx.As(callers[i].Viewer).Record(changed(commerce.NewUUID(), 1))
				}
				return out, nil
			})
		}
		first, err := run(call("ann", "1", "a"), call("bob", "1", "b"), call("ann", "2", "refuse"), call("ann", "", "x"))
		require.NoError(t, err)
		require.Equal(t, []events.Verdict[string]{{Answer: "anna"}, {Answer: "bobb"}, {Err: refused}}, first[:3])
		testkit.Refused(t, first[3].Err, commerce.InvalidInput, "idempotencyKey")
		require.Equal(t, 2, k.Count(t, "idempotency_keys", ""))
		require.Equal(t, 1, k.Count(t, "events", "actor = 'bob'"))

		again, err := run(call("ann", "2", "c"), call("ann", "1", "a"), call("bob", "1", "other"), call("bob", "3", "d"))
		require.NoError(t, err)
		require.Equal(t, events.Verdict[string]{Answer: "annc"}, again[0])
		require.Equal(t, events.Verdict[string]{Answer: "anna", Replayed: true}, again[1])
		testkit.Refused(t, again[2].Err, commerce.IdempotencyMismatch, "idempotencyKey")
		require.Equal(t, events.Verdict[string]{Answer: "bobd"}, again[3])
		require.Equal(t, 4, k.Count(t, "events", ""))

		_, err = run(call("ann", "9", "a"), call("ann", "9", "b"))
		require.Error(t, err)
		broken := errors.New("broken")
		_, err = events.OnceTogether(k.Ctx, k.Store, []events.Caller{call("ann", "5", "a")}, func(tx *events.Tx, _ []int) ([]events.Verdict[string], error) {
			tx.Record(changed(commerce.NewUUID(), 1))
			return nil, broken
		})
		require.ErrorIs(t, err, broken)
		require.Equal(t, 4, k.Count(t, "events", ""))
		require.Equal(t, 4, k.Count(t, "idempotency_keys", ""))
	})
}

// The same call may be made at another process while this one runs, and be why it is refused here: then what it was answered is told,
// and the refusals of others stay.
func TestARefusalThatTheSameCallBroughtAboutIsNotTold(t *testing.T) { // ID-04
	k := testkit.Postgres(t) // SQLite's writers take turns: there the key is found before anything else
	refused := commerce.Errorf(commerce.InsufficientStock, "the last unit is gone")
	callers := []events.Caller{
		{Call: events.Call{Operation: "try", Key: "1", Input: "a"}, Viewer: auth.From(k.Ctx)},
		{Call: events.Call{Operation: "try", Key: "2", Input: "b"}, Viewer: auth.From(k.Ctx)},
		{Call: events.Call{Operation: "try", Key: "3", Input: "c"}, Viewer: auth.From(k.Ctx)},
	}
	elsewhere := slices.Clone(callers[:2])
	elsewhere[1].Input = "other"
	verdicts, err := events.OnceTogether(k.Ctx, k.Store, callers, func(_ *events.Tx, fresh []int) ([]events.Verdict[string], error) {
		require.Len(t, fresh, 3)
		_, err := events.OnceTogether(k.Ctx, another(t, k), elsewhere, func(*events.Tx, []int) ([]events.Verdict[string], error) {
			return []events.Verdict[string]{{Answer: "won"}, {Answer: "won"}}, nil
		})
		return []events.Verdict[string]{{Err: refused}, {Err: refused}, {Err: refused}}, err
	})
	require.NoError(t, err)
	require.Equal(t, events.Verdict[string]{Answer: "won", Replayed: true}, verdicts[0])
	testkit.Refused(t, verdicts[1].Err, commerce.IdempotencyMismatch, "idempotencyKey")
	require.Equal(t, events.Verdict[string]{Err: refused}, verdicts[2])
}
