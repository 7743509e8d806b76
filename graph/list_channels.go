package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

func kindModel(k channels.Kind) *model.ChannelKind {
	out := &model.ChannelKind{Kind: k.Kind, Title: k.Title, Abilities: k.Abilities, Settings: []*model.ChannelKindSetting{}}
	for _, s := range k.Settings {
		out.Settings = append(out.Settings, &model.ChannelKindSetting{Name: s.Name, Title: s.Title, Secret: s.Secret, Required: s.Required})
	}
	return out
}

func listInput(c *model.ChannelRef, vs []*model.VariantRef) (channels.ListInput, error) {
	channel, err := channelRef(*c)
	if err != nil {
		return channels.ListInput{}, err
	}
	variants, err := refs(vs, variantRef)
	return channels.ListInput{Channel: channel, Variants: variants}, err
}

func (r *Resolver) channelConnection(ctx context.Context, a keyset.Args) (*model.ChannelConnection, error) {
	q := r.Store.Ent.Channel.Query()
	p, err := page(ctx, r.Cursors, pager[*ent.Channel]{
		order: byCodeOrder("channels"), values: func(c *ent.Channel) []any { return []any{c.Code, c.ID} },
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.Channel, error) {
			return q.Clone().Where(shape).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	out := &model.ChannelConnection{PageInfo: p.info, Edges: make([]*model.ChannelEdge, len(p.rows))}
	for i, c := range p.rows {
		out.Edges[i] = &model.ChannelEdge{Cursor: p.cursors[i], Node: r.channelModel(c)}
	}
	if selected(ctx).has("totalCount", "ChannelConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}

func (r *Resolver) listingConnection(ctx context.Context, a keyset.Args, w *model.ListingWhere) (*model.ListingConnection, error) {
	q := r.Store.Ent.Listing.Query()
	if w != nil {
		channel, err := r.filterChannel(ctx, w.Channel.Value())
		if err != nil {
			return nil, err
		}
		variant, err := r.filterVariant(ctx, w.Variant.Value())
		if err != nil {
			return nil, err
		}
		q = q.Where(of(listing.FieldChannelID, channel), of(listing.FieldVariantID, variant))
		if s := w.State.Value(); s != nil {
			q = q.Where(listing.State(string(*s)))
		}
	}
	p, err := page(ctx, r.Cursors, pager[*ent.Listing]{
		order: byIDOrder("listings"), values: func(l *ent.Listing) []any { return []any{l.ID} },
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.Listing, error) {
			return q.Clone().Where(shape).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	models, err := r.listingModels(ctx, p.rows, s.nodes("ListingConnection", "ListingEdge"))
	if err != nil {
		return nil, err
	}
	out := &model.ListingConnection{PageInfo: p.info, Edges: make([]*model.ListingEdge, len(models))}
	for i, m := range models {
		out.Edges[i] = &model.ListingEdge{Cursor: p.cursors[i], Node: m}
	}
	if s.has("totalCount", "ListingConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}
