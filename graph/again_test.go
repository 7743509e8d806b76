package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// reach is a way through the schema from one thing to another: open is what is written before the selection of the other.
type reach struct {
	open, to string
	steps    int
}

// reaches are all ways from a type to things with an id of their own, so many steps long; the frames of pages are no steps.
func (w *walker) reaches(from string, steps int) (out []reach) {
	def := w.schema.Types[from]
	for _, typ := range w.schema.GetPossibleTypes(def) {
		for _, f := range typ.Fields {
			target := w.schema.Types[f.Type.Name()]
			needs := slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull && a.DefaultValue == nil })
			if !target.IsCompositeType() || strings.HasPrefix(f.Name, "__") || needs {
				continue
			}
			open, left := f.Name+" { ", steps-1
			if def.IsAbstractType() {
				open = "... on " + typ.Name + " { " + open
			}
			if f.Name == "edges" || f.Name == "node" {
				left = steps
			}
			if left < 0 {
				continue
			}
			if slices.Contains(target.Interfaces, "Node") {
				out = append(out, reach{open, target.Name, left})
			}
			for _, further := range w.reaches(target.Name, left) {
				out = append(out, reach{open + further.open, further.to, further.steps})
			}
		}
	}
	return out
}

// found are the objects anywhere in a value that have a key.
func found(v any, key string) (out []map[string]any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			out = append(out, found(x, key)...)
		}
	case map[string]any:
		if _, ok := v[key]; ok {
			return append(out, v)
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, found(v[name], key)...)
		}
	}
	return out
}

// values is the data of an answer, without what is never twice the same.
func values(t *testing.T, r apitest.Response) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(r.Data))
	d.UseNumber()
	var out map[string]any
	require.NoError(t, d.Decode(&out), "%s", r.Body)
	return out
}

// Whatever way a thing is reached by, and whatever was asked on the way, each of its fields is what it is when asked by its id.
func TestAThingIsTheSameWhicheverWayItIsReached(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t), unlimited)
	c := a.Client(t)
	world := apitest.NewWorld(t, c, "Alpha")
	w := newWalker(world)
	known := map[string]map[string]any{} // things as they are by their ids
	itself := func(id, typ string) map[string]any {
		if known[id] == nil {
			r := c.Must(t, fmt.Sprintf("{ node(id: %q) { ... on %s %s } }", id, typ, w.selection(typ, 1)), nil)
			known[id], _ = values(t, r)["node"].(map[string]any)
			require.NotEmpty(t, known[id], id)
		}
		return known[id]
	}
	reached, again := map[string]bool{}, 0
	for name, id := range world.IDs {
		r := c.Must(t, fmt.Sprintf("{ node(id: %q) { __typename } }", id), nil)
		from := r.Text("node.__typename")
		if from == "" {
			continue // a line, a payment: seen through what has it
		}
		for _, way := range w.reaches(from, 3) {
			var query strings.Builder
			for i, f := range w.schema.Types[way.to].Fields {
				sub := &strings.Builder{}
				w.field(sub, f, f.Name, 1)
				if sub.Len() > 0 {
					fmt.Fprintf(&query, "f%d: node(id: %q) { ... on %s { %s it: id %s %s } }\n", i, id, from, way.open, sub, strings.Repeat("} ", strings.Count(way.open, "{")))
				}
			}
			r := c.Do(t, "{ "+query.String()+" }", nil)
			require.Empty(t, r.Errors, "%s: %s: %s", name, query.String(), r.Body)
			for _, one := range found(values(t, r), "it") {
				id := one["it"].(string)
				delete(one, "it")
				whole := itself(id, way.to)
				for key, got := range one {
					require.Equal(t, whole[key], got, "%s of a %s, reached from %s by %s", key, way.to, name, way.open)
				}
				reached[way.to] = true
				if way.to == from {
					again++
				}
			}
		}
	}
	for _, def := range w.schema.GetPossibleTypes(w.schema.Types["Node"]) {
		if !slices.Contains([]string{"Reservation", "StockTransfer", "StockMovement", "Listing", "Job"}, def.Name) { // nothing has these as a field
			require.True(t, reached[def.Name], "nothing leads to a %s: it proves nothing about it", def.Name)
		}
	}
	require.Greater(t, again, 100, "ways back to where they began")
}

// The order of a piece of work is the order itself, with what is asked of it there, for as many statements as the order alone.
func TestTheOrderOfItsWorkIsTheOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k, unlimited)
		c := a.Client(t)
		world := apitest.NewWorld(t, c, "Alpha")
		order := apitest.Vars{"id": world.IDs["order2"]}
		r := c.Must(t, `query($id: ID!) { order(by: {id: $id}) { x: number fulfillmentOrders { order { x: timeline { kind } y: channel { code } } }
			work: fulfillmentOrders { order { fulfillmentOrders { order { payments { reference } y: fulfillmentOrders { location { code } } } } } } } }`, order)
		const inner = "order.fulfillmentOrders.1.order"
		require.Equal(t, "shop", r.Text(inner+".y.code"))
		require.Equal(t, "PLACED", r.Text(inner+".x.0.kind"))
		require.Equal(t, "Alpha payment 2", r.Text("order.work.0.order.fulfillmentOrders.1.order.payments.0.reference"))
		require.Equal(t, "ST", r.Text("order.work.0.order.fulfillmentOrders.1.order.y.1.location.code"))

		const parts = `timeline { kind } channel { code } member { name orders { edges { node { number } } } } lines { sku allocations { location { code } } } payments { method } returns { id } refunds { id }`
		plain := c.Must(t, `query { orders { edges { node { fulfillmentOrders { id } `+parts+` } } } }`, nil)
		nested := func() int {
			return c.Must(t, `query { orders { edges { node { fulfillmentOrders { order { `+parts+` } } } } } }`, nil).Statements
		}
		few := nested()
		require.Equal(t, plain.Statements, few)
		many(t, a.With(t, auth.Claims{Brand: k.Brand.Code, Scopes: auth.Scopes()}), 1, 6)
		require.Equal(t, few, nested(), "the statements follow the shape of the request, never the number of rows")
	})
}

// What two aliases ask below the same thing is answered to each, whatever both call it.
func TestAliasesBelowTheSameThingHaveWhatEachAsks(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	world := apitest.NewWorld(t, c, "Alpha")
	level := apitest.Vars{"id": world.IDs["HAT at WH"]}
	r := c.Must(t, `query($id: ID!) { node(id: $id) { ... on StockLevel {
		a: variant { p: price(channel: {code: "shop"}) { amount { amount } } l: stockLevels(first: 1) { edges { node { onHand } } } }
		b: variant { p: price(channel: {code: "market"}) { amount { amount } } l: stockLevels(last: 1) { edges { node { location { code } } } } }
		c: variant { p: title } } } }`, level)
	require.Equal(t, "77.00", r.Text("node.a.p.amount.amount"))
	require.Equal(t, "88.00", r.Text("node.b.p.amount.amount"))
	require.Equal(t, 5, r.Int("node.a.l.edges.0.node.onHand"))
	require.Equal(t, "ST", r.Text("node.b.l.edges.0.node.location.code"))
	require.Equal(t, "Alpha HAT", r.Text("node.c.p"))
}
