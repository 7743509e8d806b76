package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestAConsumerReadsEverythingAtLeastOnceAndOneAtATime(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		// Rows with a channel, so that every column is read.
		channel, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (*ent.Channel, error) {
			return tx.Ent.Channel.Create().SetCode("c").SetCodeFolded("c").SetName("c").SetKind("STOREFRONT").SetState("ACTIVE").SetCurrency("CNY").
				SetSettings(map[string]string{}).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Save(k.Ctx)
		})
		require.NoError(t, err)
		rows := make([]commerce.UUID, 5)
		for i := range rows {
			rows[i] = commerce.NewUUID()
			f := changed(rows[i], 1)
			f.Channel, f.Data = &channel.ID, map[string]int{"n": i}
			require.NoError(t, say(k.Ctx, k.Store, f))
		}
		_, err = tail(k.Ctx, k.Store, 0, len(rows))
		require.NoError(t, err)
		var got []commerce.UUID
		take := func(_ context.Context, entries []events.Entry) error {
			for _, e := range entries {
				var data struct{ N int }
				require.NoError(t, json.Unmarshal(e.Data, &data))
				require.Equal(t, rows[data.N], e.Aggregate)
				require.Equal(t, channel.ID, *e.Channel)
				require.Equal(t, k.Brand.ID, e.Brand)
				require.Equal(t, events.ProductChanged, e.Type)
				got = append(got, e.Aggregate)
			}
			return nil
		}
		refuse := func(context.Context, []events.Entry) error { return errors.New("not now") }
		advance := func(holder string, handle func(context.Context, []events.Entry) error) (int, error) {
			return k.Store.Advance(k.Ctx, "pushes", holder, 2, handle)
		}
		n, err := advance("one", take)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		n, err = advance("two", take)
		require.NoError(t, err)
		require.Zero(t, n, "another holds the place")
		_, err = advance("one", refuse)
		require.EqualError(t, err, "not now")
		n, err = advance("one", take)
		require.NoError(t, err)
		require.Equal(t, 2, n, "what was not handled comes again")

		k.Clock.Advance(9 * time.Second) // longer than a lease
		n, err = advance("two", take)
		require.NoError(t, err)
		require.Equal(t, 1, n, "another takes over")
		require.Equal(t, rows, got, "each once, in order")
		n, err = advance("one", take)
		require.NoError(t, err)
		require.Zero(t, n, "and holds it")
		require.NoError(t, k.Store.LetGo(k.Ctx, "one"))
		require.NoError(t, say(k.Ctx, k.Store, events.Fact{Type: events.ProductChanged, Aggregate: rows[0], Sequence: 2, Channel: &channel.ID, Data: map[string]int{"n": 0}}))
		_, err = tail(k.Ctx, k.Store, 0, 6)
		require.NoError(t, err)
		n, err = advance("one", take)
		require.NoError(t, err)
		require.Zero(t, n, "letting go of nothing takes nothing away")
		require.NoError(t, k.Store.LetGo(k.Ctx, "two"))
		n, err = advance("one", take)
		require.NoError(t, err)
		require.Equal(t, 1, n, "no need to wait for a lease that was given up")
		n, err = k.Store.Advance(k.Ctx, "mails", "two", 99, take)
		require.NoError(t, err)
		require.Equal(t, 6, n, "each consumer has a place of its own")
	})
}

// A holder whose lease ran out while it worked does not move on the place that another has taken over.
func TestASlowHolderDoesNotMoveThePlaceOfAnother(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1)))
		_, err := tail(k.Ctx, k.Store, 0, 1)
		require.NoError(t, err)
		handled := 0
		_, err = k.Store.Advance(k.Ctx, "pushes", "slow", 9, func(context.Context, []events.Entry) error {
			handled++
			k.Clock.Advance(time.Minute)
			_, err := k.Store.Advance(k.Ctx, "pushes", "quick", 9, func(context.Context, []events.Entry) error {
				handled++
				return errors.New("died")
			})
			require.EqualError(t, err, "died")
			return nil
		})
		require.NoError(t, err)
		n, err := k.Store.Advance(k.Ctx, "pushes", "quick", 9, func(context.Context, []events.Entry) error {
			handled++
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, []int{1, 3}, []int{n, handled})
	})
}

func TestManyHoldersAtOnceAreOne(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1)))
		_, err := tail(k.Ctx, k.Store, 0, 1)
		require.NoError(t, err)
		counts := make([]int, 12)
		var all sync.WaitGroup
		for i := range counts {
			all.Go(func() {
				n, err := k.Store.Advance(k.Ctx, "pushes", fmt.Sprint(i), 9, func(context.Context, []events.Entry) error { return nil })
				if err != nil {
					t.Error(err)
				}
				counts[i] = n
			})
		}
		all.Wait()
		sum := 0
		for _, n := range counts {
			sum += n
		}
		require.Equal(t, 1, sum)
	})
}
