// Package orders holds the life of an order, from whatever channel: placing with stock promised at named locations in the same
// transaction, payment, cancellation, and the work of locations up to the parcel. states.go is the table of what is legal when.
//
// Locks are always taken in this order: the turn of a client and of a member to reserve or of a counter, the order, the reservation or
// transfer, the order's work, stock levels, products; and last, by the foreign keys of what a transaction has put off, what its rows
// point at. Whoever keeps one of those from others does so FOR NO KEY UPDATE, which foreign keys do not wait for.
package orders

import "github.com/oneshelf/oneshelf/events"

// Service is the one door to orders. It may be used by many at once.
type Service struct {
	Store  *events.Store
	Tokens Dispatch
	Caps   Caps

	desk desk
}
