// Package memory is a marketplace inside the process and the adapter for it: the reference for what the words of package integrations
// mean, and the quickest shop for tests. It has every ability and keeps nothing.
package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
)

// Adapter describes the shops of one market. It has no settings: whoever holds the market is let in.
func Adapter(m *Market) integrations.Adapter {
	return integrations.Adapter{
		Kind: "MEMORY", Title: "In memory", Currency: "CNY", Parts: integrations.Units,
		Abilities: []integrations.Ability{
			integrations.ReadOrders, integrations.ReadListings, integrations.PushStock, integrations.Publish, integrations.Ship, integrations.FetchOrder,
		},
		Open: func(integrations.Config) (integrations.Shop, error) { return shop{m}, nil },
	}
}

type shop struct{ m *Market }

func (s shop) Close() error { return nil }

const perBatch = 50

// Orders notes which orders are in the window and reads each as it is when its batch is yielded, so none is lost to changes meanwhile.
func (s shop) Orders(_ context.Context, since, until time.Time, yield func([]integrations.Order) error) error {
	var ids []string
	err := s.m.do(integrations.ReadOrders, func() error {
		for _, o := range s.m.orders {
			if !o.Modified.Before(since) && o.Modified.Before(until) {
				ids = append(ids, o.ExternalID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, perBatch) {
		var batch []integrations.Order
		for _, id := range some {
			batch = append(batch, s.m.read(id))
		}
		if err := yield(batch); err != nil {
			return err
		}
	}
	return nil
}

// Order reads one order as it is now.
func (s shop) Order(_ context.Context, externalID string) (out integrations.Order, err error) {
	err = s.m.do(integrations.FetchOrder, func() error {
		if s.m.order(externalID) == nil {
			return failed(integrations.Missing, "NO_ORDER", "there is no such order")
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	return s.m.read(externalID), nil
}

// Listings yields all units.
func (s shop) Listings(_ context.Context, yield func([]integrations.RemoteListing) error) error {
	var all []integrations.RemoteListing
	err := s.m.do(integrations.ReadListings, func() error {
		for _, u := range s.m.units {
			if s.m.shows(u) {
				all = append(all, u.RemoteListing)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(all, perBatch) {
		if err := yield(batch); err != nil {
			return err
		}
	}
	return nil
}

// PushStock sets figures; each push fails alone.
func (s shop) PushStock(_ context.Context, pushes []integrations.StockPush) ([]error, error) {
	results := make([]error, len(pushes))
	err := s.m.do(integrations.PushStock, func() error {
		for i, p := range pushes {
			u := s.m.find(func(u *unit) bool { return u.ExternalID == p.ExternalID && u.ExternalSKUID == p.ExternalSKUID })
			switch {
			case u == nil:
				results[i] = failed(integrations.Missing, "NO_UNIT", "there is no such unit")
			case p.Quantity < 0:
				results[i] = failed(integrations.Rejected, "QUANTITY", "a quantity is never negative")
			default:
				u.Quantity = p.Quantity
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Publish makes or updates an item; the draft's outer codes tell whether it is there.
func (s shop) Publish(_ context.Context, d integrations.Draft) (integrations.Published, error) {
	if len(d.Images) == 0 {
		return integrations.Published{}, failed(integrations.Rejected, "IMAGE_MISSING", "the product has no image")
	}
	out := integrations.Published{ExternalID: d.ExternalID, SKUs: map[string]string{}}
	var late error
	err := s.m.do(integrations.Publish, func() error {
		shown := func(code string) *unit {
			return s.m.find(func(u *unit) bool {
				return u.OuterCode == code && (out.ExternalID == "" || u.ExternalID == out.ExternalID) && s.m.shows(u)
			})
		}
		for _, v := range d.Variants {
			u := shown(v.OuterCode)
			if u == nil && v.Unseen {
				return failed(integrations.Temporary, "NOT_SHOWN", "what was given is not shown yet")
			}
			if u != nil {
				out.ExternalID = u.ExternalID
			}
		}
		if out.ExternalID == "" {
			out.ExternalID = s.m.id()
		}
		for _, v := range d.Variants {
			u := shown(v.OuterCode)
			if u == nil {
				u = &unit{shownFrom: s.m.now().Add(s.m.late)}
				u.ExternalID, u.ExternalSKUID, u.OuterCode = out.ExternalID, s.m.id(), v.OuterCode
				s.m.units = append(s.m.units, u)
			}
			u.Title, u.Price, u.Quantity, u.Live = d.Title, v.Price, v.Quantity, true
			if out.SKUs[v.OuterCode] = u.ExternalSKUID; !s.m.shows(u) {
				delete(out.SKUs, v.OuterCode)
				late = failed(integrations.Temporary, "NOT_SHOWN", "what was given is not shown yet")
			}
		}
		return nil
	})
	if err != nil {
		return integrations.Published{}, err
	}
	return out, late
}

// Unpublish takes units off sale.
func (s shop) Unpublish(_ context.Context, un integrations.Unpublication) error {
	return s.m.do(integrations.Publish, func() error {
		for _, u := range s.m.units {
			named := slices.ContainsFunc(un.Remove, func(r integrations.RemoteUnit) bool {
				return r.ExternalSKUID == u.ExternalSKUID || r.ExternalSKUID == "" && r.OuterCode == u.OuterCode
			})
			if u.ExternalID == un.ExternalID && (named || un.Remaining == 0) {
				u.Live = false
			}
		}
		return nil
	})
}

// Ship takes any part of a paid order, and the same parcel as often as it is told.
func (s shop) Ship(_ context.Context, p integrations.Shipment) error {
	return s.m.do(integrations.Ship, func() error {
		o := s.m.order(p.Order)
		if o == nil {
			return failed(integrations.Missing, "NO_ORDER", "there is no such order")
		}
		if slices.ContainsFunc(o.parcels, func(told integrations.Shipment) bool { return told.TrackingNumber == p.TrackingNumber }) {
			return nil
		}
		if o.State != integrations.ToShip {
			return failed(integrations.Rejected, "STATE", "the order does not wait to be shipped")
		}
		for _, l := range p.Lines {
			if l.Quantity < 1 || l.Quantity > o.left(l.ExternalID) {
				return failed(integrations.Rejected, "QUANTITY", "that much of the line is not left to ship")
			}
		}
		o.parcels = append(o.parcels, p)
		o.State = integrations.Shipped
		for i := range o.Lines {
			l := &o.Lines[i]
			if slices.ContainsFunc(p.Lines, func(in integrations.ShipmentLine) bool { return in.ExternalID == l.ExternalID }) {
				l.TrackingNumber = p.TrackingNumber
			}
			if l.Shipped = o.left(l.ExternalID) == 0; !l.Shipped {
				o.State = integrations.ToShip
			}
		}
		o.Modified = s.m.now()
		return nil
	})
}

// read is an order as the marketplace shows it, with a Raw of its own.
func (m *Market) read(id string) integrations.Order {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.order(id)
	out := o.Order
	out.Lines = slices.Clone(o.Lines)
	raw, err := json.Marshal(map[string]any{"id": o.ExternalID, "state": o.own, "lines": o.Lines})
	if err != nil {
		panic(fmt.Sprintf("memory: an order that is no JSON: %v", err)) // text and numbers always are
	}
	out.Raw = raw
	return out
}

func failed(kind integrations.ErrorKind, code, message string) error {
	return &integrations.Error{Kind: kind, Code: code, Message: message}
}

var (
	_ integrations.Publisher = shop{}
	_ integrations.Shipper   = shop{}
	_ integrations.Fetcher   = shop{}
)
