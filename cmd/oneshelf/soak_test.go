package main

import (
	"os"
	"strconv"
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
