package graph

import (
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

// Resolver is what resolvers work with: the use cases to write, the store to read, and the codec of cursors.
type Resolver struct {
	Store    *events.Store
	Catalog  *catalog.Service
	Stock    *stock.Service
	Members  *members.Service
	Orders   *orders.Service
	Channels *channels.Service
	Cursors  *keyset.Codec
	// Index finds products by words.
	Index catalog.Index

	seen knownChannels
}
