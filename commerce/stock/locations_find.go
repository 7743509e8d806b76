package stock

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/location"
)

// FindLocations answers the locations in the order of refs, nil where the viewer has none such. Codes that differ only by case or
// width are the same. However many refs there are, it takes at most three statements.
func FindLocations(ctx context.Context, c *ent.Client, refs []commerce.LocationRef) ([]*ent.Location, error) {
	refs = commerce.Cleaned(refs)
	var named []commerce.Reference
	for _, r := range refs {
		if r.External != nil {
			named = append(named, *r.External)
		}
	}
	external, err := catalog.FindExternal(ctx, c, catalog.OfLocation, named)
	if err != nil {
		return nil, err
	}
	ids, codes := map[commerce.UUID]*ent.Location{}, map[string]*ent.Location{}
	for _, r := range refs {
		switch {
		case r.ID != nil:
			ids[*r.ID] = nil
		case r.External != nil:
			ids[external[*r.External]] = nil
		default:
			codes[commerce.Fold(r.Code)] = nil
		}
	}
	if len(ids) > 0 {
		found, err := c.Location.Query().Where(location.IDIn(keys(ids)...)).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, l := range found {
			ids[l.ID] = l
		}
	}
	if len(codes) > 0 {
		found, err := c.Location.Query().Where(location.CodeFoldedIn(keys(codes)...)).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, l := range found {
			codes[l.CodeFolded] = l
		}
	}
	out := make([]*ent.Location, len(refs))
	for i, r := range refs {
		switch {
		case r.ID != nil:
			out[i] = ids[*r.ID]
		case r.External != nil:
			out[i] = ids[external[*r.External]]
		default:
			out[i] = codes[commerce.Fold(r.Code)]
		}
	}
	return out, nil
}

// FindLocation answers one location, nil when the viewer has none such.
func FindLocation(ctx context.Context, c *ent.Client, ref commerce.LocationRef) (*ent.Location, error) {
	found, err := FindLocations(ctx, c, []commerce.LocationRef{ref})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func keys[K comparable, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
