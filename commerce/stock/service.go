// Package stock holds the rules of what is where: an append-only ledger of movements, levels that are its sums, and locations. Only
// Move changes a level, by one conditional update per variant and location with CHECK constraints behind it.
package stock

import "github.com/oneshelf/oneshelf/events"

// Service is the one door to stock. It may be used by many at once.
type Service struct {
	Store *events.Store
}
