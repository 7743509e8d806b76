package orders_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// What a request may not do, no request may do to those it shares a transaction with.
func TestAPanicIsOfNobodyElse(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		store := k.Again(t).Store
		var log bytes.Buffer
		store.Log = slog.New(slog.NewTextHandler(&log, nil))
		asked := 0
		store.Now = func() time.Time {
			if asked++; asked == 2 || asked == 4 { // in the transaction that all share, and in that of the first by itself
				panic("Anna, 13800138000")
			}
			return k.Clock.Now()
		}
		desk := &orders.Service{Store: store, Tokens: s.Tokens}
		verdicts := desk.PlaceTogether(k.Ctx, time.Minute, time.Minute, s.input(want("HAT", 1)), s.input(want("HAT", 2)), s.input(want("HAT", 3)))
		require.ErrorContains(t, verdicts[0].Err, "panicked: string")
		require.Empty(t, testkit.All(verdicts[0].Err), "a fault")
		require.NoError(t, verdicts[1].Err)
		require.NoError(t, verdicts[2].Err)
		require.Equal(t, 2, k.Count(t, "orders", ""))
		require.Equal(t, 2, strings.Count(log.String(), "level=ERROR"))
		require.Contains(t, log.String(), "events.Do", "where it was")
		require.NotContains(t, log.String(), "Anna")
		_, reserved := s.level(t, s.hat)
		require.Equal(t, 5, reserved)
		s.sums(t)
	})
}

// A transaction that takes too long for all leaves each a time of its own, and who has none left may come again.
func TestALongWaitIsToldAsOneThatMayBeTriedAgain(t *testing.T) { // CC-06
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 9)
		in := []orders.PlaceInput{s.input(want("HAT", 1)), s.input(want("HAT", 2))}
		for _, alone := range []int{2, 1} {
			for _, v := range s.PlaceTogether(k.Ctx, time.Nanosecond, time.Nanosecond, in[:alone]...) {
				require.True(t, testkit.Refused(t, v.Err, commerce.Conflict, "").Retryable)
			}
		}
		require.Zero(t, k.Count(t, "orders", ""))
		for i, v := range s.PlaceTogether(k.Ctx, time.Nanosecond, time.Minute, in...) {
			require.NoError(t, v.Err, i)
		}
		require.Equal(t, 2, k.Count(t, "orders", ""))
		s.sums(t)
	})
}

// A caller who comes again at another process while the first call is under way is told its order, not that the last unit is gone: that
// very order has it.
func TestTheSameOrderOfTheLastUnitAtTwoProcesses(t *testing.T) { // ID-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		processes := []*orders.Service{s.Service, {Store: k.Again(t).Store, Tokens: s.Tokens}}
		const rounds = 100
		for i := range rounds {
			s.put(t, "HAT", "WH", int64(i+1)) // one more than is reserved
			in := s.input(want("HAT", 1))
			var placed [2]orders.Placed
			var errs [2]error
			testkit.AtOnce(2, 2, func(i int) { placed[i], _, errs[i] = processes[i].Place(k.Ctx, in) })
			require.NoError(t, errs[0])
			require.NoError(t, errs[1])
			require.Equal(t, placed[0], placed[1])
		}
		require.Equal(t, rounds, k.Count(t, "orders", ""))
		s.sums(t)
	})
}
