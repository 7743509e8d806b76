// Package members holds the rules of shoppers a brand knows: their contact data, and how other systems know them.
package members

import "github.com/oneshelf/oneshelf/events"

// Service is the one door through which members change. It may be used by many at once.
type Service struct {
	Store *events.Store
}
