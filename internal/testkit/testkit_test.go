package testkit_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestAKitRemembersAndTells(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		row := commerce.NewUUID()
		_, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (int, error) {
			tx.Record(events.Fact{Type: events.ProductChanged, Aggregate: row, Sequence: 3})
			return 0, nil
		})
		require.NoError(t, err)
		require.Equal(t, []events.Fact{{Type: events.ProductChanged, Aggregate: row, Sequence: 3}}, k.Facts(t, row))
		require.Equal(t, 1, k.Count(t, "events", "brand_id = ?", k.Brand.ID))
		require.Zero(t, k.Count(t, "events", "brand_id = ?", k.Other.ID))

		ctx, stop := context.WithTimeout(k.Ctx, 10*time.Second)
		defer stop()
		var seen commerce.UUID
		err = k.Store.Stream(ctx, events.Query{}, func(e *ent.Event) error {
			seen = e.AggregateID
			return context.Canceled
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, row, seen, "numbered in the background")
	})
}

func TestViewersHoldWhatTheyAreGiven(t *testing.T) {
	k := testkit.SQLite(t)
	require.NoError(t, auth.Need(k.Ctx, auth.Scopes()...))
	require.Equal(t, commerce.Forbidden, commerce.CodeOf(auth.Need(k.Without(auth.MembersPII), auth.MembersPII)))
	require.NoError(t, auth.Need(k.As(auth.StockRead), auth.StockRead))
	place := commerce.NewUUID()
	require.True(t, auth.From(k.At(place)).SeesLocation(place))
	require.False(t, auth.From(k.At()).SeesLocation(place))
	require.False(t, auth.From(k.On()).SeesChannel(place))
	require.Equal(t, k.Other.ID, auth.From(k.OtherCtx).Brand)
}
