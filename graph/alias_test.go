package graph_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// Two aliases of a nested page with the same arguments are one page, with what either asks.
func TestAliasesOfTheSameNestedPageHaveWhatEachAsks(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	many(t, c, 0, 1)
	for _, order := range []string{
		"a: stockLevels(first: 5) { edges { cursor node { location { code } } } } b: stockLevels(first: 5) { edges { node { onHand } } }",
		"b: stockLevels(first: 5) { edges { node { onHand } } } a: stockLevels(first: 5) { edges { cursor node { location { code } } } }",
	} {
		r := c.Do(t, `{ variant(by: {sku: "S0a"}) { `+order+` } }`, nil)
		require.Empty(t, r.Errors, "%s: %s", order, r.Body)
		require.Equal(t, "WH", r.Text("variant.a.edges.0.node.location.code"))
		require.NotEmpty(t, r.Text("variant.a.edges.0.cursor"))
		require.Equal(t, json.Number("9"), r.Get("variant.b.edges.0.node.onHand"))
	}
	for _, orders := range []string{
		"a: orders(first: 5) { edges { node { lines { sku } } } } b: orders(first: 5) { edges { cursor } }",
		"b: orders(first: 5) { edges { cursor } } a: orders(first: 5) { edges { node { lines { sku } } } }",
	} {
		r := c.Must(t, `{ member(by: {phone: "13900000001"}) { `+orders+` } }`, nil)
		require.Equal(t, "S0a", r.Text("member.a.edges.0.node.lines.0.sku"))
		require.NotEmpty(t, r.Text("member.b.edges.0.cursor"))
	}
}
