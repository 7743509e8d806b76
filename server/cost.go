package server

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

// What things cost: an object 1, a connection 2 and its page size times what a node costs, a plain list twice what one of it costs
// (its length is not known, but its natural bound is small) or as often as a limit that its parent takes or a bound of its own says, a
// mutation 10. Scalars are free. Lists inside each other multiply, and who goes from a list's entries back to where they hang repeats that
// as often: a list met again costs a hundred times what one of it costs, and what is asked of an object that is met again through a list
// fifty times, which makes the two a hundred.
const (
	costObject     = 1
	costConnection = 2
	costMutation   = 10
	plainList      = 2
	repeatedList   = 100
	repeatedObject = repeatedList / plainList
)

// bounded are plain lists that are long by nature, and how long.
var bounded = map[string]int{"RoutingSimulation.candidates": orders.CandidatesTold}

// coster computes what a validated operation costs before anything is read.
type coster struct {
	schema    *ast.Schema
	variables map[string]any
	path      []place
}

// place is an object on the path: its type, and the plain list that it is an entry of, "" when it is of none.
type place struct{ kind, list string }

func (c coster) operation(op *ast.OperationDefinition) int {
	c.path = []place{{}} // its kind is that of the fields asked of it
	n := c.set(op.SelectionSet, 1)
	if op.Operation == ast.Mutation {
		n += costMutation * len(op.SelectionSet)
	}
	return n
}

// set costs a selection; size is the page size that applies to edges in it, and to plain lists where it is a limit.
func (c coster) set(set ast.SelectionSet, size int) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n += c.field(s, size)
		case *ast.InlineFragment:
			n += c.set(s.SelectionSet, size)
		case *ast.FragmentSpread:
			if s.Definition != nil {
				n += c.set(s.Definition.SelectionSet, size)
			}
		}
		if n > saturated {
			return saturated
		}
	}
	return n
}

func (c coster) field(f *ast.Field, size int) int {
	if len(f.SelectionSet) == 0 || f.Definition == nil {
		return 0
	}
	def, within := c.schema.Types[f.Definition.Type.Name()], c.into(f, "")
	switch {
	case def != nil && def.Fields.ForName("pageInfo") != nil && def.Fields.ForName("edges") != nil:
		return costConnection + within.set(f.SelectionSet, c.pageSize(f))
	case f.Name == "edges":
		return min(size*within.set(f.SelectionSet, 1), saturated)
	case f.Name == "nodes" && f.Definition.Type.Elem != nil:
		return min(max(1, c.length(f, "ids"))*(costObject+within.set(f.SelectionSet, 1)), saturated)
	case f.Definition.Type.Elem != nil:
		list := f.ObjectDefinition.Name + "." + f.Name
		return min(max(c.times(f, list), size, bounded[list])*(costObject+c.into(f, list).set(f.SelectionSet, 1)), saturated)
	case c.repeats(f):
		return min(costObject+repeatedObject*within.set(f.SelectionSet, c.limit(f)), saturated)
	}
	return costObject + within.set(f.SelectionSet, c.limit(f))
}

// into is the coster of what is asked of a field's objects. What a field is asked of says the type of its object better than the field
// that led there, which may know only an interface.
func (c coster) into(f *ast.Field, list string) coster {
	last := len(c.path) - 1
	c.path[last].kind = f.ObjectDefinition.Name
	c.path = append(c.path[:last+1:last+1], place{f.Definition.Type.Name(), list})
	return c
}

// times is how often what one entry of a plain list costs is counted. The schema itself, which has types in types everywhere, is no
// larger than it is: there it is one and the same list inside itself that repeats.
func (c coster) times(f *ast.Field, list string) int {
	kind := f.Definition.Type.Name()
	for _, p := range c.path {
		switch {
		case introspective(kind) && p.list == list:
			return repeatedList * repeatedObject
		case !introspective(kind) && p.kind == kind:
			return repeatedList
		}
	}
	return plainList
}

// repeats tells whether a plain list lies between a field's object and the last one of its type.
func (c coster) repeats(f *ast.Field) bool {
	kind, through := f.Definition.Type.Name(), false
	for _, p := range slices.Backward(c.path) {
		if p.kind == kind {
			return through && !introspective(kind)
		}
		through = through || p.list != ""
	}
	return false
}

func introspective(kind string) bool { return strings.HasPrefix(kind, "__") }

// pageSize is how many a connection is asked for; sizes that will be refused cost what the largest page costs.
func (c coster) pageSize(f *ast.Field) int { return c.size(f, "first", "last") }

// limit is how long a field's lists may be when it takes a limit, 1 when it takes none.
func (c coster) limit(f *ast.Field) int {
	if f.Definition.Arguments.ForName("limit") == nil {
		return 1
	}
	return c.size(f, "limit")
}

func (c coster) size(f *ast.Field, names ...string) int {
	size := 0
	for _, name := range names {
		if a := f.Arguments.ForName(name); a != nil {
			if n, ok := c.number(a.Value); ok {
				if n < 1 || n > keyset.MaxSize {
					n = keyset.MaxSize
				}
				size = max(size, n)
			}
		}
	}
	if size == 0 {
		return keyset.DefaultSize
	}
	return size
}

func (c coster) number(v *ast.Value) (int, bool) {
	x, err := v.Value(c.variables)
	if err != nil {
		return 0, false
	}
	switch n := x.(type) {
	case int64:
		return int(max(-1, min(n, saturated))), true
	case int:
		return n, true
	case interface{ String() string }:
		i, err := strconv.Atoi(n.String())
		return i, err == nil
	}
	return 0, false
}

func (c coster) length(f *ast.Field, name string) int {
	a := f.Arguments.ForName(name)
	if a == nil {
		return 0
	}
	x, err := a.Value.Value(c.variables)
	if list, ok := x.([]any); ok && err == nil {
		return len(list)
	}
	return 1
}
