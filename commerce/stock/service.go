// Package stock holds the rules of what is where: an append-only ledger of movements, levels that are its sums, and locations. A figure of
// a level changes in one of two ways, each of which writes its movement in the same transaction: Move, by one conditional update for many
// places with CHECK constraints behind it, and Sync, which takes a count as it is. What is no sum of movements (safety stock, when a level
// was counted, whether that is too long ago) is written by Set, Sync and Age. No other use case writes either table.
package stock

import "github.com/oneshelf/oneshelf/events"

// Service is the one door to stock. It may be used by many at once.
type Service struct {
	Store *events.Store
}
