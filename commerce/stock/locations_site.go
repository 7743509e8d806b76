package stock

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
)

// site is what of a location an upsert says; two equal sites need no update.
type site struct {
	Code, Name, Kind, Ownership string
	Active, Pickup, ShipFrom    bool
	Lent                        bool
	StaleAfter, StalePercent    int // seconds, 0 for never
	Priority                    int
	Point                       *commerce.Point
	Address                     *commerce.Address
}

// newLocation is what a location is when nothing else is said.
var newLocation = site{Kind: "WAREHOUSE", Ownership: "OWN", Active: true, ShipFrom: true, StalePercent: 100, Priority: 100}

func siteOf(l *ent.Location) site {
	s := site{
		Code: l.Code, Name: l.Name, Kind: l.Kind, Ownership: l.Ownership, Active: l.Active, Pickup: l.Pickup, ShipFrom: l.ShipFrom,
		Lent: l.Lent, StaleAfter: l.StaleAfter, StalePercent: l.StalePercent, Priority: l.Priority, Address: l.Address,
	}
	if l.Latitude != nil && l.Longitude != nil {
		s.Point = &commerce.Point{Latitude: *l.Latitude, Longitude: *l.Longitude}
	}
	return s
}

// pool is what decides whether a location gives to the online pool, in the sense of Pool.
func (s site) pool() bool { return s.Active && s.ShipFrom && (s.Ownership == "OWN" || s.Lent) }

// sells is what decides how much of its stock a location gives; a change of it may change every flag of its shelf.
func (s site) sells() any { return [2]any{s.pool(), s.StalePercent} }

// apply puts what the input says into the site.
func (in LocationInput) apply(s *site) {
	if s.Code == "" && in.By != nil {
		s.Code = in.By.Code
	}
	s.Code = in.Code.Or(s.Code)
	s.Name = in.Name.Or(s.Name)
	if s.Name == "" {
		s.Name = s.Code
	}
	s.Kind, s.Ownership = in.Kind.Or(s.Kind), in.Ownership.Or(s.Ownership)
	s.Active = reset(in.Active, newLocation.Active, s.Active)
	s.Pickup = reset(in.Pickup, newLocation.Pickup, s.Pickup)
	s.ShipFrom = reset(in.ShipFrom, newLocation.ShipFrom, s.ShipFrom)
	s.Lent = reset(in.Lent, newLocation.Lent, s.Lent)
	s.StaleAfter = reset(in.StaleAfter, newLocation.StaleAfter, s.StaleAfter)
	s.StalePercent = reset(in.StalePercent, newLocation.StalePercent, s.StalePercent)
	s.Priority = reset(in.Priority, newLocation.Priority, s.Priority)
	if in.Point.Given() {
		s.Point = nil
		if p, ok := in.Point.Get(); ok {
			s.Point = &p
		}
	}
	if in.Address.Given() {
		s.Address = nil
		if a, ok := in.Address.Get(); ok && a != (commerce.Address{}) {
			s.Address = &a
		}
	}
}

// reset is the value said, what a new location begins with for null, or what stands.
func reset[T any](m commerce.Maybe[T], first, stands T) T {
	if m.IsNull() {
		return first
	}
	return m.Or(stands)
}

// save makes the location, or writes it with its next version.
func (s site) save(ctx context.Context, tx *events.Tx, id commerce.UUID, old *ent.Location) (*ent.Location, error) {
	var latitude, longitude *float64
	if s.Point != nil {
		latitude, longitude = &s.Point.Latitude, &s.Point.Longitude
	}
	if old == nil {
		c := tx.Ent.Location.Create().SetID(id).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).
			SetCode(s.Code).SetCodeFolded(commerce.Fold(s.Code)).SetName(s.Name).SetKind(s.Kind).SetOwnership(s.Ownership).
			SetActive(s.Active).SetPickup(s.Pickup).SetShipFrom(s.ShipFrom).
			SetLent(s.Lent).SetStaleAfter(s.StaleAfter).SetStalePercent(s.StalePercent).SetPriority(s.Priority).
			SetNillableLatitude(latitude).SetNillableLongitude(longitude)
		if s.Address != nil {
			c.SetAddress(s.Address)
		}
		return c.Save(ctx)
	}
	c := tx.Ent.Location.UpdateOneID(id).AddVersion(1).SetUpdatedAt(tx.Now).
		SetCode(s.Code).SetCodeFolded(commerce.Fold(s.Code)).SetName(s.Name).SetKind(s.Kind).SetOwnership(s.Ownership).
		SetActive(s.Active).SetPickup(s.Pickup).SetShipFrom(s.ShipFrom).
		SetLent(s.Lent).SetStaleAfter(s.StaleAfter).SetStalePercent(s.StalePercent).SetPriority(s.Priority)
	if s.Point != nil {
		c.SetLatitude(*latitude).SetLongitude(*longitude)
	} else {
		c.ClearLatitude().ClearLongitude()
	}
	if s.Address != nil {
		c.SetAddress(s.Address)
	} else {
		c.ClearAddress()
	}
	return c.Save(ctx)
}
