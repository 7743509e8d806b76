package server

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/internal/keyset"
)

// What things cost: an object 1, a connection 2 and its page size times what a node costs, a plain list twice what one of it costs
// (its length is not known, but its natural bound is small), a mutation 10. Scalars are free.
const (
	costObject     = 1
	costConnection = 2
	costMutation   = 10
	plainList      = 2
)

// coster computes what a validated operation costs before anything is read.
type coster struct {
	schema    *ast.Schema
	variables map[string]any
	limit     int
}

func (c coster) operation(op *ast.OperationDefinition) int {
	n := c.set(op.SelectionSet, 1)
	if op.Operation == ast.Mutation {
		n += costMutation * len(op.SelectionSet)
	}
	return n
}

// set costs a selection; size is the page size that applies to edges in it.
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
	def := c.schema.Types[f.Definition.Type.Name()]
	switch {
	case def != nil && def.Fields.ForName("pageInfo") != nil && def.Fields.ForName("edges") != nil:
		return costConnection + c.set(f.SelectionSet, c.pageSize(f))
	case f.Name == "edges":
		return min(size*c.set(f.SelectionSet, 1), saturated)
	case f.Name == "nodes" && f.Definition.Type.Elem != nil:
		return min(max(1, c.length(f, "ids"))*(costObject+c.set(f.SelectionSet, 1)), saturated)
	case f.Definition.Type.Elem != nil:
		return min(plainList*(costObject+c.set(f.SelectionSet, 1)), saturated)
	}
	return costObject + c.set(f.SelectionSet, 1)
}

// pageSize is how many a connection is asked for; sizes that will be refused cost what the largest page costs.
func (c coster) pageSize(f *ast.Field) int {
	size := 0
	for _, name := range []string{"first", "last"} {
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
