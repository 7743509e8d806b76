package db

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTurnsOfAProcess(t *testing.T) {
	d, ctx := &DB{}, context.Background()
	first, err := d.Turn(ctx, "cart", 1)
	require.NoError(t, err)
	other, err := d.Turn(ctx, "cart", 2)
	require.NoError(t, err, "another thing has turns of its own")
	other()

	gone, stop := context.WithCancel(ctx)
	stop()
	_, err = d.Turn(gone, "cart", 1)
	require.ErrorIs(t, err, context.Canceled, "who is gone does not wait")

	const many = 50
	var has int // guarded by the turn itself
	done := make(chan int, many)
	for range many {
		go func() {
			end, err := d.Turn(ctx, "cart", 1)
			if err != nil {
				done <- -1
				return
			}
			has++
			now := has
			has--
			end()
			done <- now
		}()
	}
	require.Empty(t, done)
	first()
	for range many {
		require.Equal(t, 1, <-done)
	}
	require.Empty(t, d.turns.lines, "nothing is remembered of those who have gone")
}
