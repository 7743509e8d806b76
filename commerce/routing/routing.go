// Package routing decides which locations send an order. It is a rule without a database: what can be given comes in, a plan with
// its reasons goes out, so that a decision can be tried, stored and explained.
package routing

import (
	"slices"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
)

// Criterion is something that makes one way better than another.
type Criterion string

// The criteria.
const (
	// FewestParcels prefers one location that can give everything to a split. As the first criterion it also splits into as few
	// parcels as can be.
	FewestParcels Criterion = "FEWEST_PARCELS"
	// Priority prefers the location with the lower number.
	Priority Criterion = "PRIORITY"
	// Distance prefers the location nearer to the buyer: by coordinates where both are known, else by district, city and province.
	Distance Criterion = "DISTANCE"
	// MostStock prefers the location that has the most of what is asked.
	MostStock Criterion = "MOST_STOCK"
)

var defaultCriteria = []Criterion{FewestParcels, Priority}

// DefaultCriteria are those of a policy that names none: fewest parcels, then priority.
func DefaultCriteria() []Criterion { return slices.Clone(defaultCriteria) }

// Policy is how a brand chooses. The zero value is the default: fewest parcels, then priority.
type Policy struct {
	// Criteria are judged one after the other; ties are broken by code. Without any, DefaultCriteria are judged, and a split takes as
	// much as it can from each location in turn.
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

// For is the policy that is in force for a buyer at an address: the default when the province is not among the policy's regions, or
// not known while it has some.
func (p Policy) For(a commerce.Address) Policy {
	if p.Regions == nil {
		return p
	}
	if province := foldRegion(a.Province); province != "" {
		for _, r := range p.Regions {
			if foldRegion(r) == province {
				return p
			}
		}
	}
	return Policy{}
}

// Why a location was out of the question.
const (
	Inactive   = "INACTIVE"    // it does not work at present
	NoShipping = "NO_SHIPPING" // it ships no parcels
	NotLent    = "NOT_LENT"    // its stock is not the brand's, nor lent to it
	NotEnabled = "NOT_ENABLED" // the policy leaves it out
	Rejected   = "REJECTED"    // it said no to this order before
	NoPickup   = "NO_PICKUP"   // nothing can be picked up there
	OtherPlace = "OTHER_PLACE" // the buyer comes to another one
	NoStock    = "NO_STOCK"    // it has nothing of what is asked
)

// Patience is how long a location has to accept.
func (p Policy) Patience() time.Duration { return time.Duration(p.AcceptWithin) * time.Second }

// Candidate is a location as a decision judged it. The score is 1 for the most preferred and falls to 0 in even steps, one for each
// location that was in the question; a location that was out of it has 0 and says why.
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

// Decision is a plan, or what it failed for, with every location judged: those of the plan first, the others as they were preferred,
// then those out of the question by code. The plan is in the order of the lines, and within a line the preferred location first.
type Decision struct {
	Candidates []Candidate
	Plan       []Share
	Short      *Shortage
}
