package graph

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/product"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

func productInput(in model.ProductUpsertInput) (catalog.UpsertInput, error) {
	by, err := perhaps(in.By, productRef)
	if err != nil {
		return catalog.UpsertInput{}, err
	}
	out := catalog.UpsertInput{
		By: by, Handle: maybe(in.Handle), Title: maybe(in.Title), Description: maybe(in.Description), Vendor: maybe(in.Vendor),
		Status: maybeOf(in.Status, func(s model.ProductStatus) string { return string(s) }),
		Tags:   maybeList(in.Tags, same[string]), Category: maybeList(in.Category, same[string]),
		Options: maybeList(in.Options, func(o *model.ProductOptionInput) commerce.OptionSet {
			return commerce.OptionSet{Name: o.Name, Values: o.Values}
		}),
		Media:        maybeList(in.Media, func(m *model.MediaInput) commerce.Media { return commerce.Media{URL: m.URL, Alt: or(m.Alt)} }),
		ExternalRefs: maybeList(in.ExternalRefs, reference),
	}
	var r reading
	for i, v := range in.Variants.Value() {
		one, err := r.variant(v, "variants", strconv.Itoa(i))
		if err != nil {
			return out, err
		}
		out.Variants = append(out.Variants, one)
	}
	return out, errors.Join(r.errs...)
}

func (r *reading) variant(v *model.VariantInput, path ...string) (catalog.VariantInput, error) {
	at := func(name string) []string { return append(slices.Clone(path), name) }
	by, err := perhaps(v.By, variantRef)
	return catalog.VariantInput{
		By: by, SKU: maybe(v.Sku), Barcode: maybe(v.Barcode), Title: maybe(v.Title), WeightGrams: maybe(v.WeightGrams),
		SelectedOptions: maybeList(v.SelectedOptions, func(o *model.SelectedOptionInput) commerce.Option {
			return commerce.Option{Name: o.Name, Value: o.Value}
		}),
		Price: r.maybeMoney(v.Price, at("price")...), CompareAt: r.maybeMoney(v.CompareAt, at("compareAt")...),
		ExternalRefs: maybeList(v.ExternalRefs, reference),
	}, err
}

func priceInput(in model.PriceSetInput) (catalog.PriceInput, error) {
	variant, err := variantRef(*in.Variant)
	if err != nil {
		return catalog.PriceInput{}, err
	}
	channel, err := perhaps(in.Channel, channelRef)
	if err != nil {
		return catalog.PriceInput{}, err
	}
	var r reading
	instant := func(t time.Time) commerce.Instant { return commerce.InstantOf(t) }
	out := catalog.PriceInput{
		Variant: variant, Channel: channel, Amount: r.money(in.Amount, "amount"), CompareAt: r.maybeMoney(in.CompareAt, "compareAt"),
		ValidFrom: maybeOf(in.ValidFrom, instant), ValidUntil: maybeOf(in.ValidUntil, instant),
	}
	return out, errors.Join(r.errs...)
}

// productOrder is the order a request asks: the fields in turn, ids last. PRICE puts products without a price last either way.
func productOrder(by []*model.ProductOrder) (keyset.Order, func(*ent.Product) []any, error) {
	out := keyset.Order{Name: "products"}
	var values []func(*ent.Product) any
	seen := map[model.ProductOrderField]bool{}
	for _, o := range by {
		if seen[o.Field] {
			return out, nil, badRequest("orderBy names %s twice", o.Field)
		}
		seen[o.Field] = true
		desc := o.Direction == model.OrderDirectionDesc
		out.Name += ":" + string(o.Field) + ":" + string(o.Direction)
		add := func(expr string, desc bool, value func(*ent.Product) any) {
			out.Keys = append(out.Keys, keyset.Key{Expr: expr, Desc: desc})
			values = append(values, value)
		}
		switch o.Field {
		case model.ProductOrderFieldTitle:
			add("title", desc, func(p *ent.Product) any { return p.Title })
		case model.ProductOrderFieldHandle:
			add("handle", desc, func(p *ent.Product) any { return p.Handle })
		case model.ProductOrderFieldCreatedAt:
			add("created_at", desc, func(p *ent.Product) any { return p.CreatedAt })
		case model.ProductOrderFieldUpdatedAt:
			add("updated_at", desc, func(p *ent.Product) any { return p.UpdatedAt })
		case model.ProductOrderFieldPrice:
			add("CASE WHEN min_price IS NULL THEN 1 ELSE 0 END", false, func(p *ent.Product) any { return btoi(p.MinPrice == nil) })
			add("COALESCE(min_price, 0)", desc, func(p *ent.Product) any {
				if p.MinPrice == nil {
					return 0
				}
				return *p.MinPrice
			})
		}
	}
	if len(by) == 0 {
		out.Name += ":CREATED_AT"
		out.Keys = append(out.Keys, keyset.Key{Expr: "created_at"})
		values = append(values, func(p *ent.Product) any { return p.CreatedAt })
	}
	out.Keys = append(out.Keys, keyset.Key{Expr: "id"})
	values = append(values, func(p *ent.Product) any { return p.ID })
	return out, func(p *ent.Product) []any {
		row := make([]any, len(values))
		for i, v := range values {
			row[i] = v(p)
		}
		return row
	}, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *Resolver) productConnection(ctx context.Context, a keyset.Args, w *model.ProductWhere, by []*model.ProductOrder) (*model.ProductConnection, error) {
	q := r.Store.Ent.Product.Query()
	f := productFilter{ctx: ctx, index: r.Index}
	if w != nil {
		p, err := f.predicate(w, 0)
		if err != nil {
			return nil, err
		}
		q = q.Where(func(s *sql.Selector) { s.Where(p(s)) })
	}
	s := selected(ctx)
	nodes := s.nodes("ProductConnection", "ProductEdge")
	p, err := r.productPage(ctx, a, q, w, by, &f, productShapes(nodes))
	if err != nil {
		return nil, err
	}
	models, err := r.products(ctx, p.rows, nodes)
	if err != nil {
		return nil, err
	}
	out := &model.ProductConnection{PageInfo: p.info, Edges: make([]*model.ProductEdge, len(models))}
	for i, m := range models {
		out.Edges[i] = &model.ProductEdge{Cursor: p.cursors[i], Node: m}
	}
	if s.has("totalCount", "ProductConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}

// productPage reads a page in the order asked; a search that asks none has the best first.
func (r *Resolver) productPage(ctx context.Context, a keyset.Args, q *ent.ProductQuery, w *model.ProductWhere, by []*model.ProductOrder, f *productFilter, shapes []func(*sql.Selector)) (paged[*ent.Product], error) {
	if w != nil && len(by) == 0 {
		if text := w.Query.Value(); text != nil {
			found, err := f.search(*text)
			if err != nil {
				return paged[*ent.Product]{}, err
			}
			return r.rankedPage(ctx, a, q, found, *text, shapes)
		}
	}
	order, values, err := productOrder(by)
	if err != nil {
		return paged[*ent.Product]{}, err
	}
	return page(ctx, r.Cursors, pager[*ent.Product]{order: order, values: values,
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.Product, error) {
			return q.Clone().Where(shape).Modify(shapes...).All(ctx)
		},
	}, a)
}

// byRank is the order of a search's answer; its cursors name the product and are bound to the query.
var byRank = keyset.Order{Name: "products:RANK", Keys: []keyset.Key{{Expr: "id"}}}

// rankedPage cuts a page out of what a search found: narrowed by the query, in the order of the ranks.
func (r *Resolver) rankedPage(ctx context.Context, a keyset.Args, q *ent.ProductQuery, ranked []commerce.UUID, query string, shapes []func(*sql.Selector)) (paged[*ent.Product], error) {
	binding := auth.From(ctx).Brand.String() + "\x00" + query
	plan, err := byRank.Plan(r.Cursors, binding, a)
	if err != nil {
		return paged[*ent.Product]{}, pageError(err)
	}
	seen, err := q.Clone().IDs(ctx)
	if err != nil {
		return paged[*ent.Product]{}, err
	}
	after, before := -1, len(ranked)
	for i, cursor := range []*string{a.After, a.Before} {
		if cursor == nil {
			continue
		}
		at, err := byRank.At(r.Cursors, binding, *cursor)
		if err != nil {
			return paged[*ent.Product]{}, pageError(err)
		}
		place := slices.IndexFunc(ranked, func(u commerce.UUID) bool { return u.String() == at[0] })
		switch {
		case i == 0 && place >= 0:
			after = place
		case i == 0:
			after = len(ranked) // it is not found any more: nothing is known to follow it
		case place >= 0:
			before = place
		}
	}
	visible := make(map[commerce.UUID]bool, len(seen))
	for _, u := range seen {
		visible[u] = true
	}
	var window []commerce.UUID
	for i, u := range ranked {
		if i > after && i < before && visible[u] {
			window = append(window, u)
		}
	}
	if a.Last != nil {
		slices.Reverse(window)
	}
	window, info := keyset.Cut(plan, window[:min(plan.Limit, len(window))])
	rows, err := r.Store.Ent.Product.Query().Where(product.IDIn(window...)).Modify(shapes...).All(ctx)
	if err != nil {
		return paged[*ent.Product]{}, err
	}
	slices.SortFunc(rows, func(x, y *ent.Product) int { return slices.Index(window, x.ID) - slices.Index(window, y.ID) })
	return withCursors(r.Cursors, binding, pager[*ent.Product]{order: byRank, values: func(p *ent.Product) []any { return []any{p.ID} }}, rows, info)
}
