package auth

import (
	"context"
	"slices"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
)

// Scope is one thing a token may do.
type Scope string

// All scopes there are.
const (
	ProductsRead  Scope = "products:read"
	ProductsWrite Scope = "products:write"
	PricesWrite   Scope = "prices:write"
	StockRead     Scope = "stock:read"
	StockWrite    Scope = "stock:write"
	MembersRead   Scope = "members:read"
	MembersPII    Scope = "members:pii"
	MembersWrite  Scope = "members:write"
	OrdersRead    Scope = "orders:read"
	OrdersWrite   Scope = "orders:write"
	ChannelsRead  Scope = "channels:read"
	ChannelsWrite Scope = "channels:write"
	EventsRead    Scope = "events:read"
	WebhooksWrite Scope = "webhooks:write"
	PartnersAdmin Scope = "partners:admin"
	AuditRead     Scope = "audit:read"
	JobsRead      Scope = "jobs:read"
)

// Scopes lists every scope in the order people read them.
func Scopes() []Scope {
	return []Scope{ProductsRead, ProductsWrite, PricesWrite, StockRead, StockWrite, MembersRead, MembersPII, MembersWrite,
		OrdersRead, OrdersWrite, ChannelsRead, ChannelsWrite, EventsRead, WebhooksWrite, PartnersAdmin, AuditRead, JobsRead}
}

// Viewer is whoever calls now. It is made once per request and not changed afterwards.
type Viewer struct {
	Brand    commerce.UUID
	Code     string // of the brand
	Name     string // of the brand
	Currency commerce.Currency

	Subject string
	Kind    Kind
	Scopes  []Scope
	// Channels and Locations narrow what the viewer sees; nil is all, an empty list is nothing.
	Channels  []commerce.UUID
	Locations []commerce.UUID

	Expires time.Time // zero for our own workers
	Request string    // request id, for logs and causes
}

// Kind tells what sort of caller a viewer is.
type Kind string

// The kinds of viewers.
const (
	Person Kind = "TOKEN"  // a bearer token
	Worker Kind = "WORKER" // our own background work
)

// Can tells whether the viewer holds the scope.
func (v *Viewer) Can(s Scope) bool { return v != nil && slices.Contains(v.Scopes, s) }

// NarrowedByChannel and NarrowedByLocation tell whether rows outside the named ones are hidden.
func (v *Viewer) NarrowedByChannel() bool  { return v.Channels != nil }
func (v *Viewer) NarrowedByLocation() bool { return v.Locations != nil }

// SeesChannel tells whether the channel exists for the viewer.
func (v *Viewer) SeesChannel(id commerce.UUID) bool {
	return v.Channels == nil || slices.Contains(v.Channels, id)
}

// SeesLocation tells whether the location exists for the viewer.
func (v *Viewer) SeesLocation(id commerce.UUID) bool {
	return v.Locations == nil || slices.Contains(v.Locations, id)
}

// Unnarrowed is the same viewer, for whom no row of the brand is hidden: for what is judged or moved, but not shown.
func (v *Viewer) Unnarrowed() *Viewer {
	wide := *v
	wide.Channels, wide.Locations = nil, nil
	return &wide
}

type viewerKey struct{}

// With returns a context that carries the viewer.
func With(ctx context.Context, v *Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// From is the viewer of the context, nil when there is none.
func From(ctx context.Context) *Viewer {
	v, _ := ctx.Value(viewerKey{}).(*Viewer)
	return v
}

// Need answers nil when the context's viewer holds every scope, UNAUTHENTICATED without a viewer, FORBIDDEN otherwise.
func Need(ctx context.Context, scopes ...Scope) error {
	v := From(ctx)
	if v == nil {
		return commerce.Errorf(commerce.Unauthenticated, "a bearer token is needed")
	}
	for _, s := range scopes {
		if !v.Can(s) {
			return commerce.Errorf(commerce.Forbidden, "the scope %s is needed", s)
		}
	}
	return nil
}

// System is the viewer of our own background work for one brand: every scope, no narrowing.
func System(brand commerce.UUID, currency commerce.Currency, subject string) *Viewer {
	return &Viewer{Brand: brand, Currency: currency, Subject: subject, Kind: Worker, Scopes: Scopes()}
}
