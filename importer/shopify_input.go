package importer

import (
	"context"
	"slices"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/variant"
)

// Shopify writes a product without options as one with a single choice of these.
// Source: https://help.shopify.com/en/manual/products/import-export/using-csv
const (
	noOption = "Title"
	noValue  = "Default Title"
)

// plain tells whether the product has no options.
func (p *product) plain() bool {
	return len(p.variants) == 1 && p.names == [maxOptions]string{noOption} && p.variants[0].values[0] == noValue
}

// options are the names that are in use, in order.
func (p *product) options() []string {
	if p.plain() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.names[:]), func(name string) bool { return name == "" })
}

// chosen are the choices that make a variant, the same whatever the file calls a product without options.
func (p *product) chosen(v variantRow) []commerce.Option {
	out := []commerce.Option{}
	for i, name := range p.options() {
		out = append(out, commerce.Option{Name: name, Value: v.values[i]})
	}
	return out
}

// complete is what the file says of the product itself. Values of its options that the catalog has and the file does not are kept,
// behind the others: variants that were sold are not forgotten because the shop no longer lists them.
func (p *product) complete(there *ent.Product) catalog.UpsertInput {
	in := p.input
	sets := []commerce.OptionSet{}
	for i, name := range p.options() {
		set := commerce.OptionSet{Name: name}
		said := map[string]bool{}
		take := func(value string) {
			if !said[value] {
				said[value] = true
				set.Values = append(set.Values, value)
			}
		}
		for _, v := range p.variants {
			take(v.values[i])
		}
		if there != nil {
			for _, stored := range there.Options {
				if stored.Name == name {
					for _, value := range stored.Values {
						take(value)
					}
				}
			}
		}
		sets = append(sets, set)
	}
	in.Options = commerce.Some(sets)
	slices.SortStableFunc(p.pictures, func(a, b picture) int { return a.position - b.position })
	media := make([]commerce.Media, len(p.pictures))
	for i, picture := range p.pictures {
		media[i] = picture.Media
	}
	in.Media = commerce.Some(media)
	return in
}

// inputs are the product's variants, once each has a SKU.
func (p *product) inputs() []catalog.VariantInput {
	out := make([]catalog.VariantInput, len(p.variants))
	for i, v := range p.variants {
		out[i] = v.input
		out[i].SKU = commerce.Some(v.sku)
		out[i].SelectedOptions = commerce.Some(p.chosen(v))
	}
	return out
}

// name gives a SKU to the variants that the file gives none: the one that the catalog has for these choices, else one made of the handle
// and the choices. What two would be called alike, in this product or in the brand, is told apart by a hash.
func (p *product) name(ctx context.Context, c *ent.Client, there *ent.Product) error {
	var nameless []*variantRow
	taken := map[string]int{} // how many of the product want or have a SKU
	for i := range p.variants {
		if v := &p.variants[i]; v.sku == "" {
			nameless = append(nameless, v)
		} else {
			taken[commerce.Fold(v.sku)]++
		}
	}
	if len(nameless) == 0 {
		return nil
	}
	nameless, err := p.recall(ctx, c, there, nameless)
	if err != nil || len(nameless) == 0 {
		return err
	}
	refs := make([]commerce.VariantRef, len(nameless))
	whole := make([]bool, len(nameless))
	for i, v := range nameless {
		v.sku, whole[i] = plainSKU(p.handle, values(p.chosen(*v)))
		refs[i] = commerce.VariantRef{SKU: v.sku}
		taken[commerce.Fold(v.sku)]++
	}
	found, err := catalog.FindVariants(ctx, c, refs)
	if err != nil {
		return err
	}
	for i, v := range nameless {
		if !whole[i] || found[i] != nil || taken[commerce.Fold(refs[i].SKU)] > 1 {
			v.sku = hashedSKU(p.handle, values(p.chosen(*v)))
		}
	}
	return nil
}

// recall gives the variants the SKUs that the catalog has for their choices, and answers the others.
func (p *product) recall(ctx context.Context, c *ent.Client, there *ent.Product, nameless []*variantRow) ([]*variantRow, error) {
	if there == nil {
		return nameless, nil
	}
	stored, err := c.Variant.Query().Where(variant.ProductID(there.ID)).All(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]string, len(stored))
	for _, v := range stored {
		known[choiceKey(v.SelectedOptions)] = v.Sku
	}
	return slices.DeleteFunc(nameless, func(v *variantRow) bool {
		v.sku = known[choiceKey(p.chosen(*v))]
		return v.sku != ""
	}), nil
}

// choiceKey is the same for the same choices in whatever order. No cleaned text holds its separators.
func choiceKey(options []commerce.Option) string {
	pairs := make([]string, len(options))
	for i, o := range options {
		pairs[i] = o.Name + "\x1e" + o.Value
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "\x1f")
}

func values(options []commerce.Option) []string {
	out := make([]string, len(options))
	for i, o := range options {
		out[i] = o.Value
	}
	return out
}
