package main

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// soakKills is how often a server is killed in the long form of a test.
const soakKills = 200

// soak tells how often servers are killed: as often as a short test does, or in the long form, which ONESHELF_SOAK asks for: 1 for the
// usual length, any other number for as many.
func soak(short int) int {
	switch n, err := strconv.Atoi(os.Getenv("ONESHELF_SOAK")); {
	case err != nil || n < 1:
		return short
	case n == 1:
		return soakKills
	default:
		return n
	}
}

// soaking tells whether the long form is asked for.
func soaking() bool { return soak(0) > 0 }

// seedOf is what chance begins with: ONESHELF_SEED repeats a run that failed, as far as other processes let it be repeated.
func seedOf(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("ONESHELF_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("ONESHELF_SEED=%d", seed)
	return seed
}
