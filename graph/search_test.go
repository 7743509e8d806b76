package graph_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// A search shows the best first, page by page in either direction, and only what else is asked for.
func TestASearchPagesInTheOrderOfItsRanks(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := apitest.New(t, k).Client(t)
		put := func(handle, title, status string, tags ...string) {
			c.Must(t, "mutation($input: ProductUpsertInput!) { productUpsert(input: $input) { userErrors { code path message } } }",
				apitest.Vars{"input": apitest.Vars{"handle": handle, "title": title, "status": status, "tags": tags}})
		}
		put("tag", "大衣 Coat", "ACTIVE", "夹克")
		put("hidden", "夹克 Draft", "DRAFT")
		for i := range 4 {
			put(fmt.Sprint("title-", i), fmt.Sprint("防风夹克 Windbreaker ", i), "ACTIVE")
		}
		const list = `query($first: Int, $after: String, $last: Int, $before: String, $query: String!) {
			products(first: $first, after: $after, last: $last, before: $before, where: {query: $query, status: ACTIVE}) {
				totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { node { handle } } } }`
		type page struct {
			Products struct {
				TotalCount int
				PageInfo   struct {
					HasNextPage, HasPreviousPage bool
					StartCursor, EndCursor       string
				}
				Edges []struct{ Node struct{ Handle string } }
			}
		}
		ask := func(vars apitest.Vars) (handles []string, p page) {
			vars["query"] = "夹克"
			c.Do(t, list, vars).Into(t, &p)
			for _, e := range p.Products.Edges {
				handles = append(handles, e.Node.Handle)
			}
			return handles, p
		}
		all, p := ask(apitest.Vars{"first": 10})
		require.Equal(t, []string{"title-0", "title-1", "title-2", "title-3", "tag"}, all, "titles go before tags, drafts were not asked for")
		require.Equal(t, 5, p.Products.TotalCount)

		first, p := ask(apitest.Vars{"first": 2})
		require.True(t, p.Products.PageInfo.HasNextPage)
		put("title-4", "夹克 Fifth", "ACTIVE")
		second, p := ask(apitest.Vars{"first": 2, "after": p.Products.PageInfo.EndCursor})
		third, last := ask(apitest.Vars{"first": 9, "after": p.Products.PageInfo.EndCursor})
		require.Equal(t, []string{"title-0", "title-1", "title-2", "title-3", "title-4", "tag"}, append(append(first, second...), third...))
		require.False(t, last.Products.PageInfo.HasNextPage)
		back, _ := ask(apitest.Vars{"last": 2, "before": last.Products.PageInfo.StartCursor})
		require.Equal(t, second, back)

		r := c.Do(t, list, apitest.Vars{"first": 2, "query": "windbreaker", "after": p.Products.PageInfo.EndCursor})
		require.Equal(t, []string{"BAD_REQUEST products"}, r.Said(), "a cursor is bound to its query")
	})
}

// A number is found however its letters are written, and a reference as it is written, on both engines alike.
func TestOrdersAreFoundByTextsAlikeOnBothEngines(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := hats(t, k)
		c := a.Client(t)
		stores(t, c, 1, 1)
		c.Must(t, `mutation { orderPlace(input: {idempotencyKey: "o", channel: {code: "shop"}, externalRef: {system: "web", value: "Web-1"}, lines: [{variant: {sku: "HAT"}, quantity: 1}],
			delivery: {ship: {address: {}}}}) { userErrors { message } } }`, nil)
		_, err := k.Store.DB.Write().Exec(k.Ctx, "UPDATE orders SET number = '261122-7KQ2M9X'")
		require.NoError(t, err)
		for query, want := range map[string]int{
			"261122-7KQ": 1, "261122-7kq2m9x": 1, "": 1, "61122": 0, "261122_7": 0, "Web-1": 1, "web-1": 0, "Web": 0, "hat": 1, "HAT": 1, "ha": 0,
		} {
			require.Equal(t, want, c.Must(t, `query($q: String!) { orders(where: {query: $q}) { totalCount } }`, apitest.Vars{"q": query}).Int("orders.totalCount"), "%q", query)
		}
	})
}
