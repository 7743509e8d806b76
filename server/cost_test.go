package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/oneshelf/oneshelf/graph/generated"
)

func schemaOf() *ast.Schema { return generated.NewExecutableSchema(generated.Config{}).Schema() }

// step is one field of a type that leads to objects.
type step struct {
	of    *ast.Definition
	field *ast.FieldDefinition
}

func (s step) String() string { return s.of.Name + "." + s.field.Name }

// plain tells whether a step leads through a list of which nobody says how long it may be.
func (s step) plain() bool {
	return s.field.Type.Elem != nil && s.field.Name != "edges" && s.field.Name != "nodes"
}

// steps are the fields of a type that lead to objects, and the types that they lead to.
func steps(schema *ast.Schema, of *ast.Definition) (out []step, to [][]*ast.Definition) {
	for _, f := range of.Fields {
		if def := schema.Types[f.Type.Name()]; def.IsCompositeType() && !strings.HasPrefix(f.Name, "__") {
			out, to = append(out, step{of, f}), append(to, schema.GetPossibleTypes(def))
		}
	}
	return out, to
}

// cycles are the ways from a type back to itself that come by no other type twice and through a plain list at least once.
func cycles(schema *ast.Schema, start *ast.Definition) (out [][]step) {
	seen := map[string]bool{}
	var walk func(at *ast.Definition, way []step, plain bool)
	walk = func(at *ast.Definition, way []step, plain bool) {
		fields, to := steps(schema, at)
		for i, s := range fields {
			for _, next := range to[i] {
				longer, listed := append(way[:len(way):len(way)], s), plain || s.plain()
				switch {
				case next == start && listed:
					out = append(out, longer)
				case next != start && !seen[next.Name] && next.Name > start.Name: // each cycle from the first of its types alone
					seen[next.Name] = true
					walk(next, longer, listed)
					delete(seen, next.Name)
				}
			}
		}
	}
	walk(start, nil, false)
	return out
}

// ask is the selection that goes a way; pages are of one entry, so that only plain lists make it dear.
func ask(way []step) ast.SelectionSet {
	var inner ast.SelectionSet
	for i := len(way) - 1; i >= 0; i-- {
		f := &ast.Field{Alias: way[i].field.Name, Name: way[i].field.Name, Definition: way[i].field, ObjectDefinition: way[i].of, SelectionSet: inner}
		if f.SelectionSet == nil {
			f.SelectionSet = ast.SelectionSet{&ast.Field{Alias: "__typename", Name: "__typename"}}
		}
		if way[i].field.Arguments.ForName("first") != nil {
			f.Arguments = ast.ArgumentList{{Name: "first", Value: &ast.Value{Raw: "1", Kind: ast.IntValue}}}
		}
		inner = ast.SelectionSet{f}
	}
	return inner
}

func costOfWay(schema *ast.Schema, way []step) int {
	return coster{schema: schema}.operation(&ast.OperationDefinition{Operation: ast.Query, SelectionSet: ask(way)})
}

// GQ-03: a list leads to objects from which one can come back to it. Asked again and again, a few fields would be answered with millions.
func TestNoWayRoundTheSchemaIsCheap(t *testing.T) {
	schema, found := schemaOf(), map[string]bool{}
	for _, start := range schema.Types {
		if start.Kind != ast.Object || start == schema.Mutation || start == schema.Subscription {
			continue
		}
		for _, way := range cycles(schema, start) {
			for turn := range way { // wherever it is entered
				way := append(way[turn:len(way):len(way)], way[:turn]...)
				if !way[0].plain() {
					continue
				}
				name := fmt.Sprint(way)
				found[way[0].String()] = true
				twice := append(way[:len(way):len(way)], way...)
				require.Greater(t, costOfWay(schema, twice), DefaultLimits.Cost, name)
			}
		}
	}
	for _, list := range []string{"Product.variants", "Order.fulfillmentOrders", "__Type.fields"} {
		require.True(t, found[list], "%s is on a cycle: %v", list, found)
	}
}

// What our own documents ask keeps its cost; each is well within the limit.
func TestDocumentsOfTheHouseAreCheap(t *testing.T) {
	schema, operations := schemaOf(), 0
	for _, pattern := range []string{"../graph/testdata/operations/*.graphql", "../clients/page/examples/*.graphql", "../bench/operations/*.graphql", "../docs/examples/*/src/operations/*.graphql"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			doc, err := parser.ParseQuery(&ast.Source{Name: file, Input: string(text)})
			require.NoError(t, err)
			require.Empty(t, validator.ValidateWithRules(schema, doc, nil))
			for _, op := range doc.Operations {
				operations++
				require.Less(t, coster{schema: schema}.operation(op), DefaultLimits.Cost/2, "%s %s", file, op.Name)
			}
		}
	}
	require.Greater(t, operations, 50)
}
