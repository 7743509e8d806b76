package graph

import (
	"context"
	"errors"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/read"
)

// pager is a list that can be paged through.
type pager[T any] struct {
	order  keyset.Order
	values func(T) []any
	// read runs the query with the page's shape put onto it.
	read func(ctx context.Context, shape func(*sql.Selector)) ([]T, error)
}

// paged is a page of rows with their cursors.
type paged[T any] struct {
	rows    []T
	cursors []string
	info    *model.PageInfo
}

// page reads a page of a list. Cursors are bound to the brand and the order.
func page[T any](ctx context.Context, c *keyset.Codec, l pager[T], a keyset.Args) (paged[T], error) {
	binding := auth.From(ctx).Brand.String()
	plan, err := l.order.Plan(c, binding, a)
	if err != nil {
		return paged[T]{}, pageError(err)
	}
	rows, err := l.read(ctx, read.Page(plan))
	if err != nil {
		return paged[T]{}, err
	}
	rows, info := keyset.Cut(plan, rows)
	return withCursors(c, binding, l, rows, info)
}

func withCursors[T any](c *keyset.Codec, binding string, l pager[T], rows []T, info keyset.Info) (paged[T], error) {
	out := paged[T]{rows: rows, info: &model.PageInfo{HasNextPage: info.HasNext, HasPreviousPage: info.HasPrevious}}
	for _, r := range rows {
		cursor, err := l.order.Cursor(c, binding, l.values(r)...)
		if err != nil {
			return out, err
		}
		out.cursors = append(out.cursors, cursor)
	}
	if n := len(out.cursors); n > 0 {
		out.info.StartCursor, out.info.EndCursor = &out.cursors[0], &out.cursors[n-1]
	}
	return out, nil
}

func pageError(err error) error {
	switch {
	case errors.Is(err, keyset.ErrSize):
		return commerce.Errorf(commerce.BadRequest, "%s", keyset.ErrSize.Error())
	case errors.Is(err, keyset.ErrCursor):
		return commerce.Errorf(commerce.BadRequest, "%s", keyset.ErrCursor.Error())
	}
	return err
}

func args(first *int, after *string, last *int, before *string) keyset.Args {
	return keyset.Args{First: first, After: after, Last: last, Before: before}
}

// argsOf reads the same from the arguments of a collected field, which are as the document or the variables have them.
func argsOf(given map[string]any) (keyset.Args, error) {
	var out keyset.Args
	for name, into := range map[string]**int{"first": &out.First, "last": &out.Last} {
		if v := given[name]; v != nil {
			n, err := model.UnmarshalInt(v)
			if err != nil {
				return out, pageError(keyset.ErrSize)
			}
			*into = &n
		}
	}
	for name, into := range map[string]**string{"after": &out.After, "before": &out.Before} {
		if v, ok := given[name].(string); ok {
			*into = &v
		}
	}
	return out, nil
}

// pageField is a field that asks for a page, and what it asks of it.
type pageField struct {
	graphql.CollectedField
	asked selection
}

// pages are the fields of a name that ask for pages, one for each page: aliases of the same page share what is read for it, so it has
// what any of them asks.
func (s selection) pages(name string, types ...string) []pageField {
	var out []pageField
	places := map[string]int{}
	for _, f := range s.fields(name, types...) {
		a, err := argsOf(s.arguments(f))
		if err != nil {
			return []pageField{{CollectedField: f}} // whoever reads the page refuses it
		}
		key := model.PageKey(a.First, a.After, a.Last, a.Before)
		if i, ok := places[key]; ok {
			out[i].asked.set = append(out[i].asked.set, f.Selections)
			continue
		}
		places[key] = len(out)
		out = append(out, pageField{f, selection{s.oc, []ast.SelectionSet{f.Selections}}})
	}
	return out
}

// byID is the order of lists that have no other.
var byID = keyset.Order{Name: "id", Keys: []keyset.Key{{Expr: "id"}}}
