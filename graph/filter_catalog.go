package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqljson"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent/product"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/read"
)

// productFilter turns a where into one condition. Its depth and breadth are bounded, so that a request cannot buy a long statement.
type productFilter struct {
	ctx   context.Context
	index catalog.Index
	parts int
	found map[string][]commerce.UUID // what the index answered
}

// maxFound is how many products a search finds at most.
const maxFound = 1000

// search asks the index, once for each query.
func (f *productFilter) search(query string) ([]commerce.UUID, error) {
	if found, ok := f.found[query]; ok {
		return found, nil
	}
	found, err := f.index.Search(f.ctx, auth.From(f.ctx), query, maxFound)
	if err != nil {
		return nil, err
	}
	if f.found == nil {
		f.found = map[string][]commerce.UUID{}
	}
	f.found[query] = found
	return found, nil
}

const (
	maxFilterDepth = 5
	maxFilterParts = 100
)

type condition func(*sql.Selector) *sql.Predicate

func (f *productFilter) predicate(w *model.ProductWhere, depth int) (condition, error) {
	f.parts++
	if depth > maxFilterDepth || f.parts > maxFilterParts {
		return nil, badRequest("the filter is too deep or too wide")
	}
	var all []condition
	add := func(c condition) { all = append(all, c) }
	equal := func(column string, v any) {
		add(func(s *sql.Selector) *sql.Predicate { return sql.EQ(s.C(column), v) })
	}
	if t := w.Query.Value(); t != nil {
		found, err := f.search(*t)
		if err != nil {
			return nil, err
		}
		add(func(s *sql.Selector) *sql.Predicate { return sql.In(s.C(product.FieldID), anys(found)...) })
	}
	if v := w.Status.Value(); v != nil {
		equal(product.FieldStatus, string(*v))
	}
	if v := w.Vendor.Value(); v != nil {
		equal(product.FieldVendor, *v)
	}
	if path := w.Category.Value(); len(path) > 0 {
		add(func(*sql.Selector) *sql.Predicate { return read.InCategory(auth.From(f.ctx), path) })
	}
	for _, tag := range w.Tags.Value() {
		add(func(s *sql.Selector) *sql.Predicate { return sqljson.ValueContains(product.FieldTags, tag) })
	}
	if handles := w.Handles.Value(); handles != nil {
		add(func(s *sql.Selector) *sql.Predicate { return sql.In(s.C(product.FieldHandle), anys(handles)...) })
	}
	if skus := w.Skus.Value(); skus != nil {
		add(func(*sql.Selector) *sql.Predicate { return read.WithSKU(auth.From(f.ctx), skus) })
	}
	if t := w.UpdatedAfter.Value(); t != nil {
		add(func(s *sql.Selector) *sql.Predicate {
			return sql.GT(s.C(product.FieldUpdatedAt), int64(commerce.InstantOf(*t)))
		})
	}
	if err := f.prices(w, add); err != nil {
		return nil, err
	}
	if v := w.InStock.Value(); v != nil {
		if err := auth.Need(f.ctx, auth.StockRead); err != nil {
			return nil, err
		}
		equal(product.FieldInStock, *v)
	}
	if err := f.nested(w, depth, add); err != nil {
		return nil, err
	}
	return join(all, sql.And), nil
}

func (f *productFilter) nested(w *model.ProductWhere, depth int, add func(condition)) error {
	for _, inner := range w.And.Value() {
		c, err := f.predicate(inner, depth+1)
		if err != nil {
			return err
		}
		add(c)
	}
	if either := w.Or.Value(); either != nil {
		var any []condition
		for _, inner := range either {
			c, err := f.predicate(inner, depth+1)
			if err != nil {
				return err
			}
			any = append(any, c)
		}
		if len(any) == 0 {
			any = []condition{func(*sql.Selector) *sql.Predicate { return sql.False() }}
		}
		add(join(any, sql.Or))
	}
	if inner := w.Not.Value(); inner != nil {
		c, err := f.predicate(inner, depth+1)
		if err != nil {
			return err
		}
		add(func(s *sql.Selector) *sql.Predicate { return sql.Not(c(s)) })
	}
	return nil
}

// join puts conditions together; none at all always holds.
func join(all []condition, with func(...*sql.Predicate) *sql.Predicate) condition {
	return func(s *sql.Selector) *sql.Predicate {
		switch len(all) {
		case 0:
			return read.Always()
		case 1:
			return all[0](s) // ent forgets the parentheses of a disjunction that stands alone in a conjunction
		}
		ps := make([]*sql.Predicate, len(all))
		for i, c := range all {
			ps[i] = c(s)
		}
		return with(ps...)
	}
}

func anys[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// prices keeps to base prices in the brand's currency; another currency is refused.
func (f *productFilter) prices(w *model.ProductWhere, add func(condition)) error {
	home := auth.From(f.ctx).Currency
	bound := func(in *model.MoneyInput, column string, compare func(string, any) *sql.Predicate) error {
		if in == nil {
			return nil
		}
		if commerce.Currency(in.Currency) != home {
			return badRequest("prices are filtered in %s", home)
		}
		n, err := commerce.ParseAmount(in.Amount, home)
		if err != nil {
			return badRequest("%s", err.Message)
		}
		// Never null, so that not turns it around.
		add(func(s *sql.Selector) *sql.Predicate {
			return sql.And(sql.NotNull(s.C(column)), compare(s.C(column), n))
		})
		return nil
	}
	if err := bound(w.PriceMin.Value(), product.FieldMaxPrice, func(c string, v any) *sql.Predicate { return sql.GTE(c, v) }); err != nil {
		return err
	}
	return bound(w.PriceMax.Value(), product.FieldMinPrice, func(c string, v any) *sql.Predicate { return sql.LTE(c, v) })
}
