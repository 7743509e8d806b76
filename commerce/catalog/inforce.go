package catalog

import (
	"cmp"
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/price"
	"github.com/oneshelf/oneshelf/internal/db"
)

// PriceSource tells where a price comes from, as the API shows it.
type PriceSource string

// The sources there are.
const (
	Base    PriceSource = "BASE"
	Channel PriceSource = "CHANNEL"
)

// Price is a price in force; CompareAt is nil without one.
type Price struct {
	Amount    commerce.Money
	CompareAt *commerce.Money
	Source    PriceSource
}

// PricesInForce answers a function that tells what a variant costs at a moment: on a channel, or anywhere with nil. It answers false
// when there is no price. home is the brand's currency. One statement, none for no variant. A channel that the viewer does not see
// shows base prices.
func PricesInForce(ctx context.Context, c *ent.Client, variants []*ent.Variant, channels []commerce.UUID, at commerce.Instant,
	home commerce.Currency) (func(variant commerce.UUID, channel *commerce.UUID) (Price, bool), error) {
	base := make(map[commerce.UUID]*ent.Variant, len(variants))
	ids := make([]commerce.UUID, 0, len(variants))
	for _, v := range variants {
		if base[v.ID] == nil {
			base[v.ID] = v
			ids = append(ids, v.ID)
		}
	}
	rows := map[commerce.UUID][]*ent.Price{}
	if len(ids) > 0 {
		scope := price.ChannelIDIsNil()
		if len(channels) > 0 {
			scope = price.Or(scope, price.ChannelIDIn(db.Distinct(channels)...))
		}
		found, err := c.Price.Query().Where(price.VariantIDIn(ids...), scope, price.ValidFromLTE(at),
			price.Or(price.ValidUntil(0), price.ValidUntilGT(at))).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			rows[r.VariantID] = append(rows[r.VariantID], r)
		}
	}
	return func(variant commerce.UUID, channel *commerce.UUID) (Price, bool) {
		v := base[variant]
		if v == nil {
			return Price{}, false
		}
		if r := choose(rows[variant], channel, at); r != nil {
			return shown(r), true
		}
		return basePrice(v, home)
	}, nil
}

// choose picks the row in force at a moment: the channel's before the brand's, one with a window before one without, the latest to
// begin, the latest to be made. It answers nil when the variant's own price stands.
func choose(rows []*ent.Price, channel *commerce.UUID, at commerce.Instant) *ent.Price {
	var best *ent.Price
	for _, r := range rows {
		if r.ValidFrom > at || (r.ValidUntil != 0 && r.ValidUntil <= at) {
			continue
		}
		if r.ChannelID != nil && (channel == nil || *r.ChannelID != *channel) {
			continue
		}
		if best == nil || precedence(r, best) > 0 {
			best = r
		}
	}
	return best
}

// precedence is above 0 when a goes before b.
func precedence(a, b *ent.Price) int {
	return cmp.Or(
		rank(a.ChannelID != nil)-rank(b.ChannelID != nil),
		rank(windowed(a))-rank(windowed(b)),
		cmp.Compare(a.ValidFrom, b.ValidFrom),
		cmp.Compare(a.ID.String(), b.ID.String()),
	)
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func windowed(r *ent.Price) bool { return r.ValidFrom != 0 || r.ValidUntil != 0 }

// shown is a row as a price.
func shown(r *ent.Price) Price {
	p := Price{Amount: commerce.Money{Amount: r.Amount, Currency: r.Currency}, Source: Base}
	if r.ChannelID != nil {
		p.Source = Channel
	}
	if r.CompareAtAmount != nil {
		p.CompareAt = &commerce.Money{Amount: *r.CompareAtAmount, Currency: r.Currency}
	}
	return p
}

// basePrice is the variant's own price.
func basePrice(v *ent.Variant, home commerce.Currency) (Price, bool) {
	if v.PriceAmount == nil {
		return Price{}, false
	}
	p := Price{Amount: commerce.Money{Amount: *v.PriceAmount, Currency: home}, Source: Base}
	if v.CompareAtAmount != nil {
		p.CompareAt = &commerce.Money{Amount: *v.CompareAtAmount, Currency: home}
	}
	return p, true
}
