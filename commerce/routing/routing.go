// Package routing decides which locations send an order. It is a rule without a database: what can be given comes in, a plan with
// its reasons goes out, so that a decision can be tried, stored and explained.
package routing

import "github.com/oneshelf/oneshelf/commerce"

// Criterion is something that makes one way better than another.
type Criterion string

// The criteria.
const (
	// FewestParcels prefers one location that can give everything to a split.
	FewestParcels Criterion = "FEWEST_PARCELS"
	// Priority prefers the location with the lower number.
	Priority Criterion = "PRIORITY"
	// Distance prefers the location nearer to the buyer: by coordinates where both are known, else by district, city and province.
	Distance Criterion = "DISTANCE"
	// MostStock prefers the location that has the most of what is asked.
	MostStock Criterion = "MOST_STOCK"
)

// Policy is how a brand chooses. The zero value is the default: fewest parcels, then priority.
type Policy struct {
	// Criteria are judged one after the other; ties are broken by code.
	Criteria []Criterion `json:"criteria,omitempty"`
	// Locations are those that take part, nil for all.
	Locations []commerce.UUID `json:"locations,omitempty"`
	// Regions are the provinces of buyers for whom the policy is in force, nil for everywhere; the others have the default.
	Regions []string `json:"regions,omitempty"`
	// MaxParcels is into how many parcels an order may be split, 0 for any number.
	MaxParcels int `json:"maxParcels,omitempty"`
	// AcceptWithin is how many seconds a location has to accept before its work goes elsewhere, 0 for ever.
	AcceptWithin int `json:"acceptWithin,omitempty"`
}

// Candidate is a location as a decision judged it. A higher score was preferred; those that were out of the question say why.
type Candidate struct {
	Location   commerce.UUID `json:"location"`
	Score      float64       `json:"score"`
	DistanceKm *float64      `json:"distanceKm,omitempty"`
	Excluded   string        `json:"excluded,omitempty"`
}

// Source is a location with what it can give.
type Source struct {
	Location  commerce.UUID
	Code      string
	Priority  int
	Active    bool
	ShipFrom  bool
	Pickup    bool
	Pooled    bool // its stock is the brand's, or lent to it
	Point     *commerce.Point
	Address   commerce.Address
	Available map[commerce.UUID]int64 // by variant
}

// Line is so many of a variant.
type Line struct {
	Variant  commerce.UUID
	Quantity int64
}

// Request is what is asked for. Each variant stands in one line.
type Request struct {
	Lines []Line
	// Near and Address are where the buyer is, as far as is known.
	Near    *commerce.Point
	Address commerce.Address
	// Pickup is the one location that may give, when the buyer comes there.
	Pickup *commerce.UUID
	// Except are locations that said no before.
	Except []commerce.UUID
}

// Share is so many of a variant from a location.
type Share struct {
	Location commerce.UUID
	Line
}

// Shortage is the first variant that cannot be given, and how many of it can.
type Shortage struct {
	Variant   commerce.UUID
	Available int64
}

// Decision is a plan, or what it failed for, with every location judged, best first.
type Decision struct {
	Candidates []Candidate
	Plan       []Share
	Short      *Shortage
}
