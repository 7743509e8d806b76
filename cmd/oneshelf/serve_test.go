package main

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnOperatorsGOGCStands(t *testing.T) {
	before := debug.SetGCPercent(50)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "50")
	collectLess()
	require.Equal(t, 50, debug.SetGCPercent(50))
	t.Setenv("GOGC", "")
	collectLess()
	require.Equal(t, 400, debug.SetGCPercent(before))
}
