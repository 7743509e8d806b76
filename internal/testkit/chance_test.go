package testkit_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestASeedCanBeRepeated(t *testing.T) {
	t.Setenv("ONESHELF_SEED", "42")
	require.EqualValues(t, 42, testkit.Seed(t))
	t.Setenv("ONESHELF_SEED", "")
	require.NotEqualValues(t, 42, testkit.Seed(t))
}

func TestSoManyRunAtOnceAndNoMore(t *testing.T) {
	var mu sync.Mutex
	var now, most int
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		now += by
		most = max(most, now)
	}
	var met sync.WaitGroup
	met.Add(3) // the first three wait for each other: they do run at once
	ran := make([]bool, 20)
	testkit.AtOnce(3, len(ran), func(i int) {
		count(1)
		defer count(-1)
		if i < 3 {
			met.Done()
			met.Wait()
		}
		ran[i] = true
	})
	require.Equal(t, 3, most)
	require.NotContains(t, ran, false)
}
