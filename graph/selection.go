package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// selection is what a request asks of an object. It is read once, at the root; loaders follow it and fetch level by level, so the
// number of statements follows the shape of the request and never the number of rows.
//
// What several fields ask of the same thing is kept apart: they may call different things by one name.
type selection struct {
	oc  *graphql.OperationContext
	set []ast.SelectionSet
}

// selected is what the running resolver's field asks.
func selected(ctx context.Context) selection {
	return selection{graphql.GetOperationContext(ctx), []ast.SelectionSet{graphql.GetFieldContext(ctx).Field.Selections}}
}

// abstract are the types that stand for others. A fragment on one of them applies wherever validation has let it stand.
var abstract = []string{"Node", "Event", "UserError", "Delivery"}

// collected are all fields that apply to one of the types. gqlgen remembers what it collects by where a set lies in memory, so it is
// given none that may be gone before the request is: sets are as gqlgen has made them, never put together.
func (s selection) collected(types ...string) []graphql.CollectedField {
	var out []graphql.CollectedField
	types = slices.Concat(types, abstract)
	for _, set := range s.set {
		out = append(out, graphql.CollectFields(s.oc, set, types)...)
	}
	return out
}

// fields are the fields of a name, one for each alias, as far as they apply to one of the types.
func (s selection) fields(name string, types ...string) []graphql.CollectedField {
	var out []graphql.CollectedField
	for _, f := range s.collected(types...) {
		if f.Name == name {
			out = append(out, f)
		}
	}
	return out
}

// has tells whether a field is asked.
func (s selection) has(name string, types ...string) bool { return len(s.fields(name, types...)) > 0 }

// only tells whether nothing is asked but fields of these names.
func (s selection) only(typ string, names ...string) bool {
	return !slices.ContainsFunc(s.collected(typ), func(f graphql.CollectedField) bool {
		return !slices.Contains(names, f.Name)
	})
}

// child is what is asked of a field, over all its aliases; ok is false when it is not asked.
func (s selection) child(name string, types ...string) (selection, bool) {
	fields := s.fields(name, types...)
	out := selection{oc: s.oc}
	for _, f := range fields {
		out.set = append(out.set, f.Selections)
	}
	return out, len(fields) > 0
}

// nodes is what is asked of the nodes of a connection.
func (s selection) nodes(connection, edge string) selection {
	edges, _ := s.child("edges", connection)
	nodes, _ := edges.child("node", edge)
	nodes.oc = s.oc
	return nodes
}

// arguments are those of a collected field after coercion.
func (s selection) arguments(f graphql.CollectedField) map[string]any {
	return f.ArgumentMap(s.oc.Variables)
}
