package graph

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/graph/model"
)

func (r *Resolver) channelModel(c *ent.Channel) *model.Channel {
	m := &model.Channel{
		ID: id(commerce.ChannelID, c.ID), Code: c.Code, Kind: c.Kind, Name: c.Name, State: model.ChannelState(c.State), Currency: string(c.Currency),
		Health:    &model.ChannelHealth{LastSuccessAt: moment(c.LastSuccessAt)},
		StockRule: &model.StockRule{Percent: 100},
	}
	if c.LastErrorCode != "" {
		m.Health.LastError = &model.PlatformError{Code: c.LastErrorCode, Message: c.LastErrorMessage}
	}
	if c.Kind != channels.Storefront {
		read := c.OrdersUntil
		if read == 0 {
			read = c.CreatedAt
		}
		lag := int(max(0, r.Store.Now().Sub(read.Time()).Seconds()))
		m.Health.LagSeconds = &lag
	}
	return m
}

func (r *Resolver) channelsByID(ctx context.Context, ids []commerce.UUID, _ selection) (map[commerce.UUID]*model.Channel, error) {
	out := map[commerce.UUID]*model.Channel{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := r.Store.Ent.Channel.Query().Where(channel.IDIn(ids...)).All(ctx)
	for _, c := range rows {
		out[c.ID] = r.channelModel(c)
	}
	return out, err
}

// listingModels turns rows into what a request asks of them.
func (r *Resolver) listingModels(ctx context.Context, rows []*ent.Listing, s selection) ([]*model.Listing, error) {
	out := make([]*model.Listing, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	var variants, where []commerce.UUID
	for _, l := range rows {
		variants, where = append(variants, l.VariantID), append(where, l.ChannelID)
	}
	vs := map[commerce.UUID]*model.Variant{}
	var err error
	if sub, ok := s.child("variant", "Listing"); ok {
		if vs, err = r.variantsByID(ctx, variants, sub); err != nil {
			return nil, err
		}
	}
	sub, _ := s.child("channel", "Listing")
	cs, err := r.channelsByID(ctx, where, sub)
	if err != nil {
		return nil, err
	}
	for i, l := range rows {
		m := &model.Listing{
			ID: id(commerce.ListingID, l.ID), Channel: cs[l.ChannelID], Variant: vs[l.VariantID], State: model.ListingState(l.State),
			ExternalID: text(l.ExternalID), ExternalSkuID: text(l.ExternalSkuID), PublishedQuantity: intPtr(l.PublishedQuantity),
			DesiredQuantity: int(l.DesiredQuantity), LastPushedAt: moment(l.LastPushedAt),
		}
		if c := cs[l.ChannelID]; l.PublishedPrice != nil && c != nil {
			m.Price = amount(*l.PublishedPrice, commerce.Currency(c.Currency))
		}
		if l.ErrorCode != "" {
			m.PlatformError = &model.PlatformError{Code: l.ErrorCode, Message: l.ErrorMessage}
		}
		out[i] = m
	}
	return out, nil
}
