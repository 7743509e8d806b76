package graph

import (
	"context"
	"slices"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/externalref"
	"github.com/oneshelf/oneshelf/ent/product"
	"github.com/oneshelf/oneshelf/ent/variant"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/read"
)

// products turns rows into what a request asks of them: one statement for each sort of thing, however many rows there are. The rows
// were read with productShapes.
func (r *Resolver) products(ctx context.Context, rows []*ent.Product, s selection) ([]*model.Product, error) {
	out := make([]*model.Product, len(rows))
	byID := make(map[commerce.UUID]*model.Product, len(rows))
	for i, p := range rows {
		out[i] = productModel(p)
		byID[p.ID] = out[i]
	}
	if len(rows) == 0 {
		return out, nil
	}
	if s.has("category", "Product") {
		for i, p := range rows {
			var err error
			if out[i].Category, err = categoryModel(p); err != nil {
				return nil, err
			}
		}
	}
	if s.has("externalRefs", "Product") {
		if err := r.externalRefs(ctx, externalref.FieldProductID, keys(byID), func(id commerce.UUID, ref *model.ExternalRef) {
			byID[id].ExternalRefs = append(byID[id].ExternalRefs, ref)
		}); err != nil {
			return nil, err
		}
	}
	sub, wantVariants := s.child("variants", "Product")
	ranges := s.fields("priceRange", "Product")
	if !wantVariants && len(ranges) == 0 {
		return out, nil
	}
	variants, err := r.Store.Ent.Variant.Query().Where(variant.ProductIDIn(keys(byID)...)).Order(variant.ByPosition(), variant.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	prices, err := r.prices(ctx, variants, channelArguments(s, ranges, sub.fieldsIf(wantVariants, "price", "Variant")))
	if err != nil {
		return nil, err
	}
	for _, f := range ranges {
		prices.ranges(variants, channelArgument(s, f), byID)
	}
	if !wantVariants {
		return out, nil
	}
	models, err := r.variants(ctx, variants, sub, prices, byID)
	if err != nil {
		return nil, err
	}
	for i, v := range variants {
		p := byID[v.ProductID]
		p.Variants = append(p.Variants, models[i])
	}
	return out, nil
}

func productModel(p *ent.Product) *model.Product {
	m := &model.Product{
		ID: id(commerce.ProductID, p.ID), Handle: p.Handle, Title: p.Title, Description: p.Description, Status: model.ProductStatus(p.Status),
		Vendor: text(p.Vendor), Tags: p.Tags, CreatedAt: p.CreatedAt.Time(), UpdatedAt: p.UpdatedAt.Time(),
		Options: make([]*model.ProductOption, len(p.Options)), Media: make([]*model.Media, len(p.Media)), Variants: []*model.Variant{},
		ExternalRefs: []*model.ExternalRef{},
	}
	if m.Tags == nil {
		m.Tags = []string{}
	}
	for i, o := range p.Options {
		m.Options[i] = &model.ProductOption{Name: o.Name, Values: o.Values}
	}
	for i, x := range p.Media {
		m.Media[i] = &model.Media{URL: x.URL, Alt: text(x.Alt)}
	}
	return m
}

// productShapes are what the statement that reads products needs so that products finds there what is asked.
func productShapes(s selection) []func(*sql.Selector) {
	if s.has("category", "Product") {
		return []func(*sql.Selector){read.WithCategory}
	}
	return nil
}

func categoryModel(p *ent.Product) (*model.Category, error) {
	path, err := read.CategoryOf(p)
	if err != nil || len(path) == 0 {
		return nil, err
	}
	return &model.Category{ID: id(commerce.CategoryID, *p.CategoryID), Path: path, Name: path[len(path)-1]}, nil
}

// variants does for variants what products does. prices and parents are what is known already; both may be nil.
func (r *Resolver) variants(ctx context.Context, rows []*ent.Variant, s selection, prices *priceList, parents map[commerce.UUID]*model.Product) ([]*model.Variant, error) {
	out := make([]*model.Variant, len(rows))
	byID := make(map[commerce.UUID]*model.Variant, len(rows))
	for i, v := range rows {
		if known := byID[v.ID]; known != nil {
			out[i] = known
			continue
		}
		out[i] = variantModel(v)
		byID[v.ID] = out[i]
	}
	if len(rows) == 0 {
		return out, nil
	}
	if fields := s.fields("price", "Variant"); len(fields) > 0 {
		if prices == nil {
			var err error
			if prices, err = r.prices(ctx, rows, channelArguments(s, fields)); err != nil {
				return nil, err
			}
		}
		for _, f := range fields {
			prices.fill(rows, channelArgument(s, f), byID)
		}
	}
	if s.has("available", "Variant") && can(ctx, auth.StockRead) {
		if err := r.availability(ctx, byID); err != nil {
			return nil, err
		}
	}
	if can(ctx, auth.StockRead) {
		for _, f := range s.pages("stockLevels", "Variant") {
			if err := r.levelPages(ctx, byID, s, f); err != nil {
				return nil, err
			}
		}
	}
	if s.has("externalRefs", "Variant") {
		if err := r.externalRefs(ctx, externalref.FieldVariantID, keys(byID), func(id commerce.UUID, ref *model.ExternalRef) {
			byID[id].ExternalRefs = append(byID[id].ExternalRefs, ref)
		}); err != nil {
			return nil, err
		}
	}
	if sub, ok := s.child("product", "Variant"); ok {
		if parents == nil || deeper(sub) {
			return out, r.parents(ctx, rows, sub, byID)
		}
		for _, v := range rows {
			byID[v.ID].Product = parents[v.ProductID]
		}
	}
	return out, nil
}

// deeper tells whether more is asked of a product than its own columns.
func deeper(s selection) bool {
	for _, f := range []string{"variants", "priceRange", "category", "externalRefs"} {
		if s.has(f, "Product") {
			return true
		}
	}
	return false
}

func variantModel(v *ent.Variant) *model.Variant {
	m := &model.Variant{
		ID: id(commerce.VariantID, v.ID), Sku: v.Sku, Barcode: v.Barcode, Title: text(v.Title), WeightGrams: v.WeightGrams,
		SelectedOptions: make([]*model.SelectedOption, len(v.SelectedOptions)), ExternalRefs: []*model.ExternalRef{},
	}
	for i, o := range v.SelectedOptions {
		m.SelectedOptions[i] = &model.SelectedOption{Name: o.Name, Value: o.Value}
	}
	return m
}

func (r *Resolver) parents(ctx context.Context, rows []*ent.Variant, s selection, byID map[commerce.UUID]*model.Variant) error {
	var ids []commerce.UUID
	for _, v := range rows {
		ids = append(ids, v.ProductID)
	}
	found, err := r.Store.Ent.Product.Query().Where(product.IDIn(ids...)).Modify(productShapes(s)...).All(ctx)
	if err != nil {
		return err
	}
	models, err := r.products(ctx, found, s)
	if err != nil {
		return err
	}
	for _, v := range rows {
		i := slices.IndexFunc(found, func(p *ent.Product) bool { return p.ID == v.ProductID })
		if i >= 0 {
			byID[v.ID].Product = models[i]
		}
	}
	return nil
}

func (r *Resolver) availability(ctx context.Context, byID map[commerce.UUID]*model.Variant) error {
	sums, err := stock.Available(ctx, r.Store.DB.Read(), auth.From(ctx), keys(byID))
	if err != nil {
		return err
	}
	for u, v := range byID {
		n := int(sums[u])
		v.Stock = &n
	}
	return nil
}

// externalRefs reads what other systems call rows of one kind, oldest first.
func (r *Resolver) externalRefs(ctx context.Context, column string, ids []commerce.UUID, put func(commerce.UUID, *model.ExternalRef)) error {
	marks := make([]any, len(ids))
	for i, u := range ids {
		marks[i] = u
	}
	found, err := r.Store.Ent.ExternalRef.Query().Where(in(column, marks)).Order(externalref.ByID()).All(ctx)
	if err != nil {
		return err
	}
	for _, ref := range found {
		for _, owner := range []*commerce.UUID{ref.ProductID, ref.VariantID, ref.LocationID, ref.MemberID} {
			if owner != nil {
				put(*owner, &model.ExternalRef{System: ref.System, Value: ref.Value})
			}
		}
	}
	return nil
}

// priceList is the prices of some variants on the channels that a request names.
type priceList struct {
	price    func(commerce.UUID, *commerce.UUID) (catalog.Price, bool)
	channels map[string]*commerce.UUID // by model.ChannelKey; "" is none
}

// prices reads prices for every channel argument at once. A channel that does not exist for the viewer shows no price.
func (r *Resolver) prices(ctx context.Context, variants []*ent.Variant, args []*model.ChannelRef) (*priceList, error) {
	list := &priceList{channels: map[string]*commerce.UUID{}}
	var named []*model.ChannelRef
	var asked []commerce.ChannelRef
	for _, a := range args {
		if a == nil {
			continue
		}
		ref, err := channelRef(*a)
		if err != nil {
			return nil, err
		}
		named, asked = append(named, a), append(asked, ref)
	}
	var ids []commerce.UUID
	if len(asked) > 0 {
		found, err := r.seen.find(ctx, r.Store.Ent, asked)
		if err != nil {
			return nil, err
		}
		for i, c := range found {
			if c != nil {
				list.channels[model.ChannelKey(named[i])] = c
				ids = append(ids, *c)
			}
		}
	}
	var err error
	list.price, err = catalog.PricesInForce(ctx, r.Store.Ent, variants, ids, r.Store.Instant(), auth.From(ctx).Currency)
	return list, err
}

func (l *priceList) of(v commerce.UUID, a *model.ChannelRef) (catalog.Price, bool) {
	channel, known := l.channels[model.ChannelKey(a)]
	if a != nil && !known {
		return catalog.Price{}, false
	}
	return l.price(v, channel)
}

func (l *priceList) fill(variants []*ent.Variant, a *model.ChannelRef, byID map[commerce.UUID]*model.Variant) {
	key := model.ChannelKey(a)
	for _, v := range variants {
		if p, ok := l.of(v.ID, a); ok {
			m := byID[v.ID]
			if m.Prices == nil {
				m.Prices = map[string]*model.Price{}
			}
			m.Prices[key] = priceModel(p)
		}
	}
}

func priceModel(p catalog.Price) *model.Price {
	m := &model.Price{Amount: money(p.Amount), Source: model.PriceSource(p.Source)}
	if p.CompareAt != nil {
		m.CompareAt = money(*p.CompareAt)
	}
	return m
}

func (l *priceList) ranges(variants []*ent.Variant, a *model.ChannelRef, byID map[commerce.UUID]*model.Product) {
	type span struct{ low, high commerce.Money }
	spans := map[commerce.UUID]*span{}
	for _, v := range variants {
		p, ok := l.of(v.ID, a)
		if !ok {
			continue
		}
		s := spans[v.ProductID]
		if s == nil {
			spans[v.ProductID] = &span{p.Amount, p.Amount}
			continue
		}
		if p.Amount.Currency != s.low.Currency {
			continue
		}
		if p.Amount.Amount < s.low.Amount {
			s.low = p.Amount
		}
		if p.Amount.Amount > s.high.Amount {
			s.high = p.Amount
		}
	}
	for u, s := range spans {
		if byID[u].Ranges == nil {
			byID[u].Ranges = map[string]*model.PriceRange{}
		}
		byID[u].Ranges[model.ChannelKey(a)] = &model.PriceRange{Min: money(s.low), Max: money(s.high)}
	}
}

// channelArgument is the channel a field is asked for, nil without one.
func channelArgument(s selection, f graphql.CollectedField) *model.ChannelRef {
	raw := s.arguments(f)["channel"]
	switch v := raw.(type) {
	case nil:
		return nil
	case *model.ChannelRef:
		return v
	case map[string]any:
		ref := &model.ChannelRef{}
		if x, ok := v["id"]; ok {
			ref.ID = omittable(x)
		}
		if x, ok := v["code"]; ok {
			ref.Code = omittable(x)
		}
		return ref
	}
	return nil
}

func omittable(x any) graphql.Omittable[*string] {
	if s, ok := x.(string); ok {
		return graphql.OmittableOf(&s)
	}
	return graphql.OmittableOf[*string](nil)
}

func channelArguments(s selection, fields ...[]graphql.CollectedField) []*model.ChannelRef {
	var out []*model.ChannelRef
	for _, list := range fields {
		for _, f := range list {
			out = append(out, channelArgument(s, f))
		}
	}
	return out
}

func (s selection) fieldsIf(yes bool, name string, types ...string) []graphql.CollectedField {
	if !yes {
		return nil
	}
	return s.fields(name, types...)
}

func keys[V any](m map[commerce.UUID]V) []commerce.UUID {
	out := make([]commerce.UUID, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
