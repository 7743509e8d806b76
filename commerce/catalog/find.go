package catalog

import (
	"context"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/product"
	"github.com/oneshelf/oneshelf/ent/variant"
)

// FindProducts answers the products in the order of refs, nil where the viewer has none such. However many refs there are, it takes
// at most three statements. The shapes are put onto those that read products, as to bring along more than their own columns.
func FindProducts(ctx context.Context, c *ent.Client, refs []commerce.ProductRef, shapes ...func(*sql.Selector)) ([]*ent.Product, error) {
	external, err := FindExternal(ctx, c, OfProduct, externals(refs, func(r commerce.ProductRef) *commerce.Reference { return r.External }))
	if err != nil {
		return nil, err
	}
	var ids []commerce.UUID
	var handles []string
	for _, r := range refs {
		switch {
		case r.ID != nil:
			ids = append(ids, *r.ID)
		case r.External != nil:
			if id, ok := external[*r.External]; ok {
				ids = append(ids, id)
			}
		default:
			handles = append(handles, r.Handle)
		}
	}
	byID, byHandle := map[commerce.UUID]*ent.Product{}, map[string]*ent.Product{}
	if len(ids) > 0 {
		found, err := c.Product.Query().Where(product.IDIn(distinct(ids)...)).Modify(shapes...).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			byID[p.ID] = p
		}
	}
	if len(handles) > 0 {
		found, err := c.Product.Query().Where(product.HandleIn(distinct(handles)...)).Modify(shapes...).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			byHandle[p.Handle] = p
		}
	}
	out := make([]*ent.Product, len(refs))
	for i, r := range refs {
		switch {
		case r.ID != nil:
			out[i] = byID[*r.ID]
		case r.External != nil:
			out[i] = byID[external[*r.External]]
		default:
			out[i] = byHandle[r.Handle]
		}
	}
	return out, nil
}

// FindProduct answers one product, nil when the viewer has none such.
func FindProduct(ctx context.Context, c *ent.Client, ref commerce.ProductRef, shapes ...func(*sql.Selector)) (*ent.Product, error) {
	found, err := FindProducts(ctx, c, []commerce.ProductRef{ref}, shapes...)
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// FindVariants answers the variants in the order of refs, nil where the viewer has none such. SKUs that differ only by case or width
// are the same. However many refs there are, it takes at most four statements.
func FindVariants(ctx context.Context, c *ent.Client, refs []commerce.VariantRef) ([]*ent.Variant, error) {
	external, err := FindExternal(ctx, c, OfVariant, externals(refs, func(r commerce.VariantRef) *commerce.Reference { return r.External }))
	if err != nil {
		return nil, err
	}
	var ids []commerce.UUID
	var skus, barcodes []string
	for _, r := range refs {
		switch {
		case r.ID != nil:
			ids = append(ids, *r.ID)
		case r.External != nil:
			if id, ok := external[*r.External]; ok {
				ids = append(ids, id)
			}
		case r.Barcode != "":
			barcodes = append(barcodes, r.Barcode)
		default:
			skus = append(skus, commerce.Fold(r.SKU))
		}
	}
	var found []*ent.Variant
	find := func(q *ent.VariantQuery) error {
		some, err := q.All(ctx)
		found = append(found, some...)
		return err
	}
	if len(ids) > 0 {
		err = find(c.Variant.Query().Where(variant.IDIn(distinct(ids)...)))
	}
	if err == nil && len(skus) > 0 {
		err = find(c.Variant.Query().Where(variant.SkuFoldedIn(distinct(skus)...)))
	}
	if err == nil && len(barcodes) > 0 {
		err = find(c.Variant.Query().Where(variant.BarcodeIn(distinct(barcodes)...)))
	}
	if err != nil {
		return nil, err
	}
	byID, bySKU, byBarcode := map[commerce.UUID]*ent.Variant{}, map[string]*ent.Variant{}, map[string]*ent.Variant{}
	for _, v := range found {
		byID[v.ID], bySKU[v.SkuFolded] = v, v
		if v.Barcode != nil {
			byBarcode[*v.Barcode] = v
		}
	}
	out := make([]*ent.Variant, len(refs))
	for i, r := range refs {
		switch {
		case r.ID != nil:
			out[i] = byID[*r.ID]
		case r.External != nil:
			out[i] = byID[external[*r.External]]
		case r.Barcode != "":
			out[i] = byBarcode[r.Barcode]
		default:
			out[i] = bySKU[commerce.Fold(r.SKU)]
		}
	}
	return out, nil
}

// FindVariant answers one variant, nil when the viewer has none such.
func FindVariant(ctx context.Context, c *ent.Client, ref commerce.VariantRef) (*ent.Variant, error) {
	found, err := FindVariants(ctx, c, []commerce.VariantRef{ref})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// Titles answers what a line of an order calls each variant: the product's title, then the variant's own or its choices. One statement.
func Titles(ctx context.Context, c *ent.Client, variants []*ent.Variant) (map[commerce.UUID]string, error) {
	if len(variants) == 0 {
		return nil, nil
	}
	ids := make([]commerce.UUID, len(variants))
	for i, v := range variants {
		ids[i] = v.ProductID
	}
	products, err := c.Product.Query().Where(product.IDIn(distinct(ids)...)).All(ctx)
	if err != nil {
		return nil, err
	}
	titles := make(map[commerce.UUID]string, len(products))
	for _, p := range products {
		titles[p.ID] = p.Title
	}
	out := make(map[commerce.UUID]string, len(variants))
	for _, v := range variants {
		out[v.ID] = lineTitle(titles[v.ProductID], v)
	}
	return out, nil
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

func distinct[T comparable](in []T) []T {
	seen := make(map[T]bool, len(in))
	out := make([]T, 0, len(in))
	for _, v := range in {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
