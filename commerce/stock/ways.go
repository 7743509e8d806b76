package stock

import (
	"cmp"
	"math"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
)

// Way is a way to get a variant.
type Way string

// The ways there are.
const (
	TakeNow           Way = "TAKE_NOW"
	PickUp            Way = "PICK_UP"
	ShipFromStore     Way = "SHIP_FROM_STORE"
	ShipFromWarehouse Way = "SHIP_FROM_WAREHOUSE"
)

// Spot is a location with what it has of a variant, as the rule of ways sees it.
type Spot struct {
	Location  commerce.UUID
	Code      string
	Kind      string
	Ownership string
	Lent      bool
	Active    bool
	Pickup    bool
	ShipFrom  bool
	LeftOut   bool // by the routing policy: it sends nothing
	Priority  int
	Point     *commerce.Point
	Available int64 // what can be sold online, in the sense of Sellable
}

// Offer is what a spot can do for a shopper: ways, or why there are none.
type Offer struct {
	Spot
	DistanceKm *float64
	Ways       []Way
	Excluded   string
}

// Why a spot offers nothing.
const (
	Inactive     = "INACTIVE"
	NoStock      = "NO_STOCK"
	TooFar       = "TOO_FAR"
	UnknownPlace = "UNKNOWN_PLACE"
	NotLent      = "NOT_LENT"
	NotEnabled   = "NOT_ENABLED" // the routing policy leaves it out, and it only ships
	NoWay        = "NO_WAY"
)

// Ways judges spots for a shopper at near, nil for nowhere, who would go radiusKm, 0 for any distance. Spots with a way come first,
// nearest first, else by priority; ties by code.
func Ways(spots []Spot, near *commerce.Point, radiusKm float64) []Offer {
	out := make([]Offer, len(spots))
	for i, s := range spots {
		out[i] = offer(s, near, radiusKm)
	}
	slices.SortFunc(out, func(a, b Offer) int {
		return cmp.Or(
			compareBool(a.Excluded != "", b.Excluded != ""), cmp.Compare(distanceOf(a), distanceOf(b)),
			cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Code, b.Code),
		)
	})
	return out
}

func offer(s Spot, near *commerce.Point, radiusKm float64) Offer {
	o := Offer{Spot: s, Ways: []Way{}}
	if near != nil && s.Point != nil {
		d := near.DistanceKm(*s.Point)
		o.DistanceKm = &d
	}
	switch {
	case !s.Active:
		o.Excluded = Inactive
	case s.Available <= 0:
		o.Excluded = NoStock
	case radiusKm > 0 && o.DistanceKm == nil:
		o.Excluded = UnknownPlace
	case radiusKm > 0 && *o.DistanceKm > radiusKm:
		o.Excluded = TooFar
	}
	if o.Excluded != "" {
		return o
	}
	store := s.Kind == "STORE" || s.Kind == "COUNTER"
	if store {
		o.Ways = append(o.Ways, TakeNow)
	}
	if s.Pickup {
		o.Ways = append(o.Ways, PickUp)
	}
	pooled := s.Ownership == "OWN" || s.Lent
	if s.ShipFrom && pooled && !s.LeftOut {
		o.Ways = append(o.Ways, map[bool]Way{true: ShipFromStore, false: ShipFromWarehouse}[store])
	}
	switch {
	case len(o.Ways) > 0:
	case s.ShipFrom && !pooled:
		o.Excluded = NotLent
	case s.ShipFrom:
		o.Excluded = NotEnabled
	default:
		o.Excluded = NoWay
	}
	return o
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func distanceOf(o Offer) float64 {
	if o.DistanceKm == nil {
		return math.Inf(1)
	}
	return *o.DistanceKm
}
