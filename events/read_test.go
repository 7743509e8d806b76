package events_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestAStreamResumesExactly(t *testing.T) { // SU-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		var facts []events.Fact
		for i := range 250 { // more than a batch
			facts = append(facts, changed(commerce.NewUUID(), int64(i)))
		}
		require.NoError(t, say(k.Ctx, k.Store, facts...))
		require.NoError(t, say(k.OtherCtx, k.Store, changed(commerce.NewUUID(), 1)))
		after := int64(0)
		for at := 0; at < len(facts); {
			n := min(1+at, len(facts)-at)
			seen, err := tail(k.Ctx, k.Store, after, n)
			require.NoError(t, err)
			for _, e := range seen {
				require.Equal(t, facts[at].Aggregate, e.AggregateID)
				require.Equal(t, k.Brand.ID, e.BrandID)
				at++
			}
			after = *seen[len(seen)-1].Seq
		}
		theirs, err := tail(k.OtherCtx, k.Store, 0, 1)
		require.NoError(t, err)
		require.Equal(t, k.Other.ID, theirs[0].BrandID)
		head, err := k.Store.Head(k.Ctx)
		require.NoError(t, err)
		require.EqualValues(t, 251, head)
		oldest, err := k.Store.Oldest(k.Ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, oldest)
	})
}

// Streams end with their context, and with the first error of their reader.
func TestAStreamEnds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		ctx, stop := context.WithCancel(k.Ctx)
		ended := make(chan error, 1)
		go func() { ended <- k.Store.Stream(ctx, events.Query{}, func(*ent.Event) error { return nil }) }()
		stop()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Eventually(t, func() bool { return k.Store.Bell().Waiting() == 0 }, soon, time.Millisecond)
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1)))
		broken := errors.New("broken pipe")
		require.ErrorIs(t, k.Store.Stream(k.Ctx, events.Query{}, func(*ent.Event) error { return broken }), broken)
		require.Error(t, k.Store.Stream(context.Background(), events.Query{}, func(*ent.Event) error { return nil }), "without a viewer")
	})
}

func TestOnlyTheTypesAskedForAreRead(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		require.NoError(t, say(k.Ctx, k.Store, changed(commerce.NewUUID(), 1), events.Fact{Type: events.MemberChanged, Aggregate: commerce.NewUUID(), Sequence: 1}))
		_, err := tail(k.Ctx, k.Store, 0, 2)
		require.NoError(t, err)
		found, err := k.Store.Read(k.Ctx, events.Query{Types: []events.Type{events.MemberChanged}, Limit: 9})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, "MEMBER_CHANGED", found[0].Type)
	})
}
