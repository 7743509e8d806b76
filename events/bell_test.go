package events_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/events"
)

func TestABellWakesWhoWaits(t *testing.T) {
	b := events.NewBell()
	b.Ring() // nobody waits: nothing is kept
	one, endOne := b.Wait()
	two, endTwo := b.Wait()
	require.Equal(t, 2, b.Waiting())
	require.Empty(t, one)
	for range 100 {
		b.Ring() // never blocks
	}
	require.Len(t, one, 1, "one ring is pending, never more")
	<-one
	require.Empty(t, one)
	endOne()
	b.Ring()
	require.Empty(t, one)
	require.Len(t, two, 1)
	endTwo()
	endTwo()
	require.Zero(t, b.Waiting())
}

func TestABellIsRungAndWaitedForByManyAtOnce(t *testing.T) {
	b := events.NewBell()
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			rings, end := b.Wait()
			defer end()
			b.Ring()
			<-rings
		})
	}
	all.Wait()
	require.Zero(t, b.Waiting())
}
