package catalog

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/product"
	"github.com/oneshelf/oneshelf/ent/variant"
	"github.com/oneshelf/oneshelf/internal/db"
)

// FindProducts answers the products in the order of refs, nil where the viewer has none such. However many refs there are, it takes
// at most three statements. The shapes are put onto those that read products, as to bring along more than their own columns.
func FindProducts(ctx context.Context, c *ent.Client, refs []commerce.ProductRef, shapes ...func(*sql.Selector)) ([]*ent.Product, error) {
	refs = commerce.Cleaned(refs)
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
		found, err := c.Product.Query().Where(product.IDIn(db.Distinct(ids)...)).Modify(shapes...).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			byID[p.ID] = p
		}
	}
	if len(handles) > 0 {
		found, err := c.Product.Query().Where(product.HandleIn(db.Distinct(handles)...)).Modify(shapes...).All(ctx)
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
	refs = commerce.Cleaned(refs)
	names, err := namesOf(ctx, c, refs)
	if err != nil {
		return nil, err
	}
	var found []*ent.Variant
	find := func(q *ent.VariantQuery) error {
		some, err := q.All(ctx)
		found = append(found, some...)
		return err
	}
	if len(names.ids) > 0 {
		err = find(c.Variant.Query().Where(variant.IDIn(db.Distinct(names.ids)...)))
	}
	if err == nil && len(names.skus) > 0 {
		err = find(c.Variant.Query().Where(variant.SkuFoldedIn(db.Distinct(names.skus)...)))
	}
	if err == nil && len(names.barcodes) > 0 {
		err = find(c.Variant.Query().Where(variant.BarcodeIn(db.Distinct(names.barcodes)...)))
	}
	if err != nil {
		return nil, err
	}
	return names.match(refs, found), nil
}

// variantNames are the names by which variants are asked for.
type variantNames struct {
	ids            []commerce.UUID
	skus, barcodes []string // SKUs are folded
	external       map[commerce.Reference]commerce.UUID
}

// namesOf sorts refs by what they name variants by, and looks external references up.
func namesOf(ctx context.Context, c *ent.Client, refs []commerce.VariantRef) (n variantNames, err error) {
	n.external, err = FindExternal(ctx, c, OfVariant, externals(refs, func(r commerce.VariantRef) *commerce.Reference { return r.External }))
	if err != nil {
		return n, err
	}
	for _, r := range refs {
		switch {
		case r.ID != nil:
			n.ids = append(n.ids, *r.ID)
		case r.External != nil:
			if id, ok := n.external[*r.External]; ok {
				n.ids = append(n.ids, id)
			}
		case r.Barcode != "":
			n.barcodes = append(n.barcodes, r.Barcode)
		default:
			n.skus = append(n.skus, commerce.Fold(r.SKU))
		}
	}
	return n, nil
}

// match puts what was found in the order of refs, nil where nothing was.
func (n variantNames) match(refs []commerce.VariantRef, found []*ent.Variant) []*ent.Variant {
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
			out[i] = byID[n.external[*r.External]]
		case r.Barcode != "":
			out[i] = byBarcode[r.Barcode]
		default:
			out[i] = bySKU[commerce.Fold(r.SKU)]
		}
	}
	return out
}

// FindVariant answers one variant, nil when the viewer has none such.
func FindVariant(ctx context.Context, c *ent.Client, ref commerce.VariantRef) (*ent.Variant, error) {
	found, err := FindVariants(ctx, c, []commerce.VariantRef{ref})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}
