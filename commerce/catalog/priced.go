package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/rule"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// PricedVariant is what an order must know of a variant.
type PricedVariant struct {
	ID    commerce.UUID
	SKU   string
	Title string // what a line calls it: the product's title, then the variant's own or its choices

	variant *ent.Variant // as far as it names and prices itself
	prices  []*ent.Price
}

// Price is what the variant costs at a moment on a channel that was asked for; false when there is no price. home is the brand's
// currency. What it is compared at is not asked for.
func (p *PricedVariant) Price(channel commerce.UUID, at commerce.Instant, home commerce.Currency) (Price, bool) {
	if r := choose(p.prices, &channel, at); r != nil {
		return shown(r), true
	}
	return basePrice(p.variant, home)
}

// FindPriced answers variants in the order of refs, each with the prices that are in force on some channels at a moment; nil where
// the viewer has no such variant. However many refs there are, it takes one statement, and one more for external references.
func FindPriced(ctx context.Context, s *events.Store, refs []commerce.VariantRef, channels []commerce.UUID, at commerce.Instant) ([]*PricedVariant, error) {
	refs = commerce.Cleaned(refs)
	names, err := namesOf(ctx, s.Ent, refs)
	if err != nil {
		return nil, err
	}
	out := make([]*PricedVariant, len(refs))
	if len(names.ids)+len(names.skus)+len(names.barcodes) == 0 {
		return out, nil
	}
	read, viewer := s.DB.Read(), auth.From(ctx)
	seen, args := rule.Where(rule.PerhapsOf, viewer, "r")
	on, more := db.Any(read, "r.channel_id", channels)
	args = append(append(append(args, at, at), more...), viewer.Brand)
	var named []string
	name := func(which string, more []any) { named, args = append(named, which), append(args, more...) }
	if len(names.ids) > 0 {
		name(db.Any(read, "v.id", names.ids))
	}
	if len(names.skus) > 0 {
		name(db.Any(read, "v.sku_folded", names.skus))
	}
	if len(names.barcodes) > 0 {
		name(db.Any(read, "v.barcode", names.barcodes))
	}
	rows, err := read.Query(ctx, `SELECT v.id, v.sku, v.sku_folded, v.barcode, v.title, v.selected_options, v.price_amount, p.title,
		r.id, r.channel_id, r.amount, r.currency, r.valid_from, r.valid_until
		FROM variants v JOIN products p ON p.brand_id = v.brand_id AND p.id = v.product_id
		LEFT JOIN prices r ON `+seen+` AND r.variant_id = v.id AND r.valid_from <= ? AND (r.valid_until = 0 OR r.valid_until > ?)
			AND (r.channel_id IS NULL OR `+on+`)
		WHERE v.brand_id = ? AND (`+strings.Join(named, " OR ")+")", args...)
	found := map[commerce.UUID]*PricedVariant{}
	variants, err := db.Collect(rows, err, func(r *sql.Rows) (*ent.Variant, error) {
		v, price, err := scanPriced(r)
		if err != nil {
			return nil, err
		}
		if found[v.ID] == nil {
			found[v.ID] = v
		}
		if price != nil {
			found[v.ID].prices = append(found[v.ID].prices, price)
		}
		return found[v.ID].variant, nil
	})
	for i, v := range names.match(refs, variants) {
		if v != nil {
			out[i] = found[v.ID]
		}
	}
	return out, err
}

// scanPriced reads a variant with one of its prices, nil for none.
func scanPriced(r *sql.Rows) (*PricedVariant, *ent.Price, error) {
	var v ent.Variant
	var options []byte
	var product string
	var price, channel *commerce.UUID
	var amount, from, until *int64
	var currency *string
	if err := r.Scan(&v.ID, &v.Sku, &v.SkuFolded, &v.Barcode, &v.Title, &options, &v.PriceAmount, &product,
		&price, &channel, &amount, &currency, &from, &until); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(options, &v.SelectedOptions); err != nil {
		return nil, nil, err
	}
	out := &PricedVariant{ID: v.ID, SKU: v.Sku, Title: lineTitle(product, &v), variant: &v}
	if price == nil {
		return out, nil, nil
	}
	return out, &ent.Price{
		ID: *price, ChannelID: channel, Amount: *amount, Currency: commerce.Currency(*currency),
		ValidFrom: commerce.Instant(*from), ValidUntil: commerce.Instant(*until),
	}, nil
}

func lineTitle(product string, v *ent.Variant) string {
	own := v.Title
	if own == "" {
		values := make([]string, len(v.SelectedOptions))
		for i, o := range v.SelectedOptions {
			values[i] = o.Value
		}
		own = strings.Join(values, " / ")
	}
	switch own {
	case "", product:
		return product
	}
	return product + " – " + own
}
