package demo

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/ent/stocklevel"
	"github.com/oneshelf/oneshelf/events"
)

// Deps is what the demo works with: the use cases, and where its marketplaces are.
type Deps struct {
	Store        *events.Store
	Catalog      *catalog.Service
	Stock        *stock.Service
	Members      *members.Service
	Orders       *orders.Service
	Channels     *channels.Service
	Marketplaces []Marketplace
	Log          *slog.Logger
}

// Marketplace is a sandbox and the channel it is connected as.
type Marketplace struct {
	Kind, Code, Name string
	Settings         []channels.Setting
	Control          string // where its control API is, as in http://127.0.0.1:9101
}

// Shop is the code of the brand's own shop.
const Shop = "shop"

// featured is how many styles are put on marketplaces: every so-many-th of the catalog.
const featured = 12

// Seed brings the demo brand in, for the viewer of ctx, who needs every scope. What is there already is left as it is, whoever changed
// it since: a second call does nothing, and one after a crash goes on where the first was stopped. Errors are those of the use cases.
func Seed(ctx context.Context, d Deps) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"locations", d.seedLocations}, {"products", d.seedProducts}, {"stock", d.seedStock}, {"members", d.seedMembers},
		{"channels", d.seedChannels}, {"listings", d.seedListings},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("bringing in the demo's %s: %w", step.what, err)
		}
	}
	return nil
}

// there answers nil for what is there under another name: somebody renamed it, and that stands.
func there(err error) error {
	if commerce.CodeOf(err) == commerce.AlreadyExists {
		return nil
	}
	return err
}

func (d Deps) seedLocations(ctx context.Context) error {
	wanted := Locations()
	refs := make([]commerce.LocationRef, len(wanted))
	for i, l := range wanted {
		refs[i] = commerce.LocationRef{Code: l.Code.Or("")}
	}
	found, err := stock.FindLocations(ctx, d.Store.Ent, refs)
	if err != nil {
		return err
	}
	for i, l := range wanted {
		if found[i] != nil {
			continue
		}
		if _, err := d.Stock.LocationUpsert(ctx, l); there(err) != nil {
			return err
		}
	}
	return nil
}

func (d Deps) seedProducts(ctx context.Context) error {
	wanted, err := Catalog()
	if err != nil {
		return err
	}
	refs := make([]commerce.ProductRef, len(wanted))
	for i, p := range wanted {
		refs[i] = commerce.ProductRef{Handle: p.Handle.Or("")}
	}
	found, err := catalog.FindProducts(ctx, d.Store.Ent, refs)
	if err != nil {
		return err
	}
	for i, p := range wanted {
		if found[i] != nil {
			continue
		}
		if _, err := d.Catalog.Upsert(ctx, p); there(err) != nil {
			return err
		}
	}
	return nil
}

// seedStock receives what each location begins with, in one transaction for each: a location that has levels had its delivery.
func (d Deps) seedStock(ctx context.Context) error {
	wanted := Locations()
	refs := make([]commerce.LocationRef, len(wanted))
	for i, l := range wanted {
		refs[i] = commerce.LocationRef{Code: l.Code.Or("")}
	}
	locations, err := stock.FindLocations(ctx, d.Store.Ent, refs)
	if err != nil {
		return err
	}
	var variants []*ent.Variant
	for i, l := range locations {
		if l == nil { // renamed, so it had its delivery long ago
			continue
		}
		delivered, err := d.Store.Ent.StockLevel.Query().Where(stocklevel.LocationID(l.ID)).Exist(ctx)
		if err != nil {
			return err
		}
		if delivered {
			continue
		}
		if variants == nil {
			if variants, err = d.variants(ctx, func(int) bool { return true }); err != nil {
				return err
			}
		}
		if err := d.deliver(ctx, l, refs[i].Code, variants); err != nil {
			return err
		}
	}
	return nil
}

func (d Deps) deliver(ctx context.Context, l *ent.Location, code string, variants []*ent.Variant) error {
	var goods []stock.Movement
	for _, v := range variants {
		if n := opening(code, v.Sku); n > 0 {
			goods = append(goods, stock.Movement{
				Place: stock.Place{Variant: v.ID, Location: l.ID}, Kind: stock.Receive, OnHand: n,
				Reason: "opening stock", Reference: commerce.Reference{System: system, Value: "opening"},
			})
		}
	}
	_, err := events.Do(ctx, d.Store, func(tx *events.Tx) (struct{}, error) {
		_, err := stock.Move(ctx, tx, goods)
		return struct{}{}, err
	})
	return err
}

// variants are those of the demo's own catalog that are there, of the styles that pick chooses by their place, in the catalog's order.
func (d Deps) variants(ctx context.Context, pick func(place int) bool) ([]*ent.Variant, error) {
	all, err := Catalog()
	if err != nil {
		return nil, err
	}
	var refs []commerce.VariantRef
	for i, p := range all {
		if !pick(i) {
			continue
		}
		for _, v := range p.Variants {
			refs = append(refs, commerce.VariantRef{SKU: v.SKU.Or("")})
		}
	}
	found, err := catalog.FindVariants(ctx, d.Store.Ent, refs)
	return slices.DeleteFunc(found, func(v *ent.Variant) bool { return v == nil }), err
}

func (d Deps) seedMembers(ctx context.Context) error {
	wanted := Members()
	refs := make([]commerce.MemberRef, len(wanted))
	for i, m := range wanted {
		refs[i] = *m.By
	}
	found, err := members.Find(ctx, d.Store.Ent, refs)
	if err != nil {
		return err
	}
	for i, m := range wanted {
		if found[i] != nil {
			continue
		}
		if _, err := d.Members.Upsert(ctx, m); there(err) != nil {
			return err
		}
	}
	return nil
}

// seedChannels opens the channels that are missing. One whose sandbox is somewhere else than last time, or has other keys, is
// connected anew.
func (d Deps) seedChannels(ctx context.Context) error {
	wanted := []channels.ConnectInput{{Kind: channels.Storefront, Code: Shop, Name: Name + " 官网 Shop"}}
	for _, m := range d.Marketplaces {
		wanted = append(wanted, channels.ConnectInput{Kind: m.Kind, Code: m.Code, Name: m.Name, Settings: m.Settings})
	}
	refs := make([]commerce.ChannelRef, len(wanted))
	for i, c := range wanted {
		refs[i] = commerce.ChannelRef{Code: c.Code}
	}
	found, err := channels.Find(ctx, d.Store.Ent, refs)
	if err != nil {
		return err
	}
	for i, c := range wanted {
		if found[i] != nil && agrees(found[i], c) {
			continue
		}
		if found[i] != nil {
			c.Name = found[i].Name
		}
		if _, err := d.Channels.Connect(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// agrees tells whether a channel has the settings that are no secret.
func agrees(c *ent.Channel, in channels.ConnectInput) bool {
	for _, s := range in.Settings {
		if stands, plain := c.Settings[s.Name]; plain && stands != s.Value {
			return false
		}
	}
	return true
}

// seedListings puts the whole catalog into the brand's own shop and a selection of it on marketplaces; what was ever listed there is
// left as it is.
func (d Deps) seedListings(ctx context.Context) error {
	all, err := styles()
	if err != nil {
		return err
	}
	step := len(all) / featured
	everything, err := d.variants(ctx, func(int) bool { return true })
	if err != nil {
		return err
	}
	some, err := d.variants(ctx, func(place int) bool { return place%step == 0 && place/step < featured })
	if err != nil {
		return err
	}
	if err := d.publish(ctx, Shop, everything); err != nil {
		return err
	}
	for _, m := range d.Marketplaces {
		if err := d.publish(ctx, m.Code, some); err != nil {
			return err
		}
	}
	return nil
}

func (d Deps) publish(ctx context.Context, code string, variants []*ent.Variant) error {
	found, err := channels.Find(ctx, d.Store.Ent, []commerce.ChannelRef{{Code: code}})
	if err != nil || found[0] == nil {
		return err
	}
	listed, err := d.Store.Ent.Listing.Query().Where(listing.ChannelID(found[0].ID)).All(ctx)
	if err != nil {
		return err
	}
	known := make(map[commerce.UUID]bool, len(listed))
	for _, l := range listed {
		known[l.VariantID] = true
	}
	var missing []commerce.VariantRef
	for _, v := range variants {
		if !known[v.ID] {
			missing = append(missing, commerce.VariantRef{ID: &v.ID})
		}
	}
	for refs := range slices.Chunk(missing, 250) {
		if _, err := d.Channels.Publish(ctx, channels.ListInput{Channel: commerce.ChannelRef{ID: &found[0].ID}, Variants: refs}); err != nil {
			return err
		}
	}
	return nil
}
