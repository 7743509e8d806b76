package testkit_test

import (
	"testing"
	"testing/synctest"
	"time"

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
	synctest.Test(t, func(t *testing.T) {
		begun, ran := time.Now(), make([]bool, 20)
		testkit.AtOnce(3, len(ran), func(i int) {
			time.Sleep(time.Second) // of the bubble: nobody waits
			ran[i] = true
		})
		require.Equal(t, 7*time.Second, time.Since(begun), "six times three, and two")
		require.NotContains(t, ran, false)
	})
}
