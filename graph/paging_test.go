package graph_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// many makes n products of two variants each, a member, and n orders of it.
func many(t *testing.T, c *apitest.Client, from, n int) {
	t.Helper()
	input := func(mutation, kind string, v apitest.Vars) {
		c.Must(t, "mutation($input: "+kind+"!) { "+mutation+"(input: $input) { userErrors { code path message } } }", apitest.Vars{"input": v})
	}
	price := apitest.Vars{"amount": "5", "currency": "CNY"}
	if from == 0 {
		input("locationUpsert", "LocationUpsertInput", apitest.Vars{"code": "WH", "name": "WH", "shipFrom": true})
		input("locationUpsert", "LocationUpsertInput", apitest.Vars{"code": "ST", "name": "ST", "shipFrom": true})
		input("channelConnect", "ChannelConnectInput", apitest.Vars{"kind": "STOREFRONT", "code": "shop", "name": "Shop", "settings": []any{}})
		input("memberUpsert", "MemberUpsertInput", apitest.Vars{"name": "M", "phone": "13900000001"})
	}
	for i := from; i < from+n; i++ {
		var variants []apitest.Vars
		for _, half := range []string{"a", "b"} {
			sku := fmt.Sprintf("S%d%s", i, half)
			variants = append(variants, apitest.Vars{"sku": sku, "price": price, "selectedOptions": []apitest.Vars{{"name": "Half", "value": half}}})
		}
		input("productUpsert", "ProductUpsertInput", apitest.Vars{"handle": fmt.Sprintf("p%d", i), "title": fmt.Sprint("P", i), "category": []string{fmt.Sprint("C", i%3)}, "variants": variants,
			"options": []apitest.Vars{{"name": "Half", "values": []string{"a", "b"}}}})
		for _, code := range []string{"WH", "ST"} {
			input("stockSet", "StockSetInput", apitest.Vars{"idempotencyKey": fmt.Sprint(i, code), "variant": apitest.Vars{"sku": fmt.Sprintf("S%da", i)}, "location": apitest.Vars{"code": code}, "onHand": 9, "reason": "r"})
		}
		input("orderPlace", "OrderPlaceInput", apitest.Vars{"idempotencyKey": fmt.Sprint(i), "channel": apitest.Vars{"code": "shop"}, "member": apitest.Vars{"phone": "13900000001"},
			"lines":    []apitest.Vars{{"variant": apitest.Vars{"sku": fmt.Sprintf("S%da", i)}, "quantity": 10}},
			"delivery": apitest.Vars{"ship": apitest.Vars{"address": apitest.Vars{"city": "x"}}}, "payments": []apitest.Vars{{"method": "CARD", "amount": price}}})
	}
}

// sent has one of each of n variants on its way from the warehouse to the store.
func sent(t *testing.T, c *apitest.Client, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		c.Must(t, `mutation($input: StockTransferCreateInput!) { stockTransferCreate(input: $input) { userErrors { code path message } } }`, apitest.Vars{"input": apitest.Vars{
			"idempotencyKey": fmt.Sprint(i), "from": apitest.Vars{"code": "WH"}, "to": apitest.Vars{"code": "ST"}, "reference": apitest.Vars{"system": "order", "value": fmt.Sprint(i)},
			"lines": []apitest.Vars{{"variant": apitest.Vars{"sku": fmt.Sprintf("S%da", i)}, "quantity": 1}}}})
	}
}

// The number of statements follows the shape of a request, never the number of rows.
func TestListsTakeTheSameStatementsForAnyNumberOfRows(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		narrowed := func() []*apitest.Client {
			return []*apitest.Client{c, a.With(t, auth.Claims{Scopes: auth.Scopes(), Channels: []string{"shop"}, Locations: []string{"WH"}})}
		}
		all := readOperations(t)
		requests := map[string]apitest.Vars{
			"ProductList": {"first": 100, "channel": apitest.Vars{"code": "shop"}}, "ProductSearch": {"first": 100, "query": "p"}, "OrderList": {"first": 100}, "MemberList": {"first": 100},
			"MemberDetail": {"first": 100, "by": apitest.Vars{"phone": "13900000001"}}, "StockLevels": {"first": 100, "where": apitest.Vars{}}, "StockMovements": {"first": 100, "where": apitest.Vars{}},
			"ProductDetail": {"by": apitest.Vars{"handle": "p1"}, "channel": apitest.Vars{"code": "shop"}},
			"StoreTasks":    {"first": 100, "location": apitest.Vars{"code": "WH"}}, "Locations": {"first": 100}, "PullFeed": {"first": 100},
			"StockTransfers": {"first": 100, "where": apitest.Vars{"from": apitest.Vars{"code": "WH"}, "state": "IN_TRANSIT"}},
		}
		count := func() []map[string]int {
			var out []map[string]int
			for _, c := range narrowed() {
				// What a token is narrowed to and what a channel's code stands for is looked up once.
				c.Must(t, all["Viewer"], nil)
				c.Must(t, all["ProductList"], requests["ProductList"])
				counts := map[string]int{}
				for name, vars := range requests {
					counts[name] = c.Must(t, all[name], vars).Statements
				}
				out = append(out, counts)
			}
			return out
		}
		many(t, c, 0, 5)
		sent(t, c, 0, 5)
		settled(t, c)
		few := count()
		many(t, c, 5, 45)
		sent(t, c, 5, 45)
		settled(t, c)
		require.Equal(t, few, count())
		require.Equal(t, 50, len(edges(t, c.Must(t, all["OrderList"], requests["OrderList"]), "orders")))
		require.Equal(t, 50, len(edges(t, narrowed()[1].Must(t, all["StockTransfers"], requests["StockTransfers"]), "stockTransfers")))
		require.LessOrEqual(t, few[0]["StockTransfers"], 6)
		require.LessOrEqual(t, few[0]["ProductList"], 4)
		require.LessOrEqual(t, few[0]["ProductDetail"], 6)
		require.LessOrEqual(t, few[0]["OrderList"], 12)
		require.LessOrEqual(t, few[0]["MemberDetail"], 8)
		for name, n := range few[0] {
			require.Positive(t, n, name)
		}
	})
}

// A server that has just begun knows neither callers nor channels.
func TestTheFirstPagesTakeFewStatementsToo(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		many(t, apitest.New(t, k).Client(t), 0, 3)
		all := readOperations(t)
		for name, c := range map[string]struct {
			vars       apitest.Vars
			first, all int
		}{
			"ProductDetail": {apitest.Vars{"by": apitest.Vars{"handle": "p1"}, "channel": apitest.Vars{"code": "shop"}}, 8, 6},
			"ProductList":   {apitest.Vars{"first": 100, "channel": apitest.Vars{"code": "shop"}}, 6, 4},
		} {
			a := apitest.New(t, k)
			client := a.Client(t)
			require.Equal(t, c.first, client.Must(t, all[name], c.vars).Statements, name)
			require.Equal(t, c.all, client.Must(t, all[name], c.vars).Statements, name)
			k.Clock.Advance(time.Second)
			require.Equal(t, c.all+1, client.Must(t, all[name], c.vars).Statements, "%s: who calls is looked up each second", name)
		}
	})
}

func edges(t *testing.T, r apitest.Response, field string) []any {
	t.Helper()
	list, ok := r.Get(field + ".edges").([]any)
	require.True(t, ok, "%s", r.Body)
	return list
}

// lists are all lists there are, with the arguments they need.
var lists = []string{
	"products(%s)", "locations(%s)", "stockLevels(where: {}, %s)", "stockMovements(where: {}, %s)", "orders(%s)", "fulfillmentOrders(%s)", "members(%s)", "channels(%s)", "listings(%s)",
}

func TestPagesAreOfOneTo100FromOneSide(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	many(t, c, 0, 21)
	nested := []string{`products(first: 1) { edges { node { variants { stockLevels(%s) { edges { cursor } pageInfo { hasNextPage } } } } } }`, `member(by: {phone: "13900000001"}) { orders(%s) { edges { cursor } pageInfo { hasNextPage } } }`}
	var all []string
	for _, list := range lists {
		all = append(all, list+" { edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }")
	}
	for _, list := range append(all, nested...) {
		for _, args := range []string{"first: 0", "first: -1", "first: 101", "first: 2147483647", "last: 0", "last: -1", "last: 101", "first: 1, last: 1"} {
			r := c.Do(t, "{ it: "+fmt.Sprintf(list, args)+" }", nil)
			require.Equal(t, http.StatusOK, r.Status)
			require.Len(t, r.Errors, 1, "%s %s: %s", list, args, r.Body)
			require.Equal(t, "BAD_REQUEST", r.Errors[0].Extensions.Code)
			require.Equal(t, "it", r.Errors[0].Path[0])
			require.Nil(t, r.Get("it"))
		}
		for _, args := range []string{"first: 1", "first: 100", "last: 1", "last: 100", "first: null", "last: null, after: null, before: null"} {
			require.Empty(t, c.Do(t, "{ it: "+fmt.Sprintf(list, args)+" }", nil).Errors, "%s %s", list, args)
		}
	}
	require.Len(t, edges(t, c.Must(t, "{ products { edges { cursor } } }", nil), "products"), 20)
	require.Len(t, edges(t, c.Must(t, "{ products(first: null) { edges { cursor } } }", nil), "products"), 20)
	for _, args := range []string{"first: 0", "first: 101", "first: -1"} {
		require.Equal(t, []string{"BAD_REQUEST events"}, c.Do(t, "{ events("+args+") { edges { cursor } } }", nil).Said())
	}
}

// The aliases of a nested page are pages of their own.
func TestNestedPagesAreWalkedBothWays(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	many(t, c, 0, 5)
	const page = `query($f: Int, $a: String, $l: Int, $b: String) { member(by: {phone: "13900000001"}) {
		it: orders(first: $f, after: $a, last: $l, before: $b) { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } first: orders(first: 1) { edges { node { id } } } } }`
	ids := func(r apitest.Response) (out []string) {
		for i := range edges(t, r, "member.it") {
			out = append(out, r.Text(fmt.Sprintf("member.it.edges.%d.node.id", i)))
		}
		return out
	}
	all := ids(c.Must(t, page, apitest.Vars{"f": 100}))
	require.Len(t, all, 5)
	var forward []string
	vars := apitest.Vars{"f": 2}
	for more := true; more; {
		r := c.Must(t, page, vars)
		forward = append(forward, ids(r)...)
		more = r.Get("member.it.pageInfo.hasNextPage") == true
		vars["a"] = r.Text("member.it.pageInfo.endCursor")
		require.Equal(t, all[0], r.Text("member.first.edges.0.node.id"))
	}
	require.Equal(t, all, forward)
	r := c.Must(t, page, apitest.Vars{"l": 2})
	require.Equal(t, all[3:], ids(r))
	require.Equal(t, true, r.Get("member.it.pageInfo.hasPreviousPage"))
	require.Equal(t, all[1:3], ids(c.Must(t, page, apitest.Vars{"l": 2, "b": r.Text("member.it.pageInfo.startCursor")})))
}
