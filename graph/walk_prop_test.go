package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// good is a product as the model knows it.
type good struct {
	handle, title, vendor, status string
	tags, category                []string
	price                         int // 0 for none
	stocked                       bool
}

func (g good) input() apitest.Vars {
	v := apitest.Vars{"handle": g.handle, "title": g.title, "status": g.status, "tags": g.tags}
	if g.vendor != "" {
		v["vendor"] = g.vendor
	}
	if g.category != nil {
		v["category"] = g.category
	}
	variant := apitest.Vars{"sku": "SKU-" + g.handle}
	if g.price > 0 {
		variant["price"] = apitest.Vars{"amount": fmt.Sprint(g.price), "currency": "CNY"}
	}
	v["variants"] = []apitest.Vars{variant}
	return v
}

func makeGood(t *testing.T, c *apitest.Client, g good) {
	t.Helper()
	c.Must(t, `mutation($input: ProductUpsertInput!) { productUpsert(input: $input) { userErrors { code path message } } }`, apitest.Vars{"input": g.input()})
	if g.stocked {
		c.Must(t, `mutation($input: StockSetInput!) { stockSet(input: $input) { userErrors { code } } }`, apitest.Vars{"input": apitest.Vars{
			"idempotencyKey": g.handle, "variant": apitest.Vars{"sku": "SKU-" + g.handle}, "location": apitest.Vars{"code": "WH"}, "onHand": 1, "reason": "r"}})
	}
}

// goods are n products with many ties and many nulls, made at few different moments.
func goods(t *testing.T, k *testkit.Kit, c *apitest.Client, n int) []good {
	t.Helper()
	c.Must(t, `mutation { locationUpsert(input: {code: "WH", name: "WH", shipFrom: true}) { userErrors { code } } }`, nil)
	out := []good{}
	for i := range n {
		g := good{
			handle: fmt.Sprintf("h%03d", (i*37)%1000), title: []string{"Anorak", "anorak", "Boot", "帽子"}[i%4], vendor: []string{"", "Weber", "Nord"}[i%3],
			status: []string{"ACTIVE", "DRAFT", "ARCHIVED"}[i%3], tags: [][]string{{}, {"a"}, {"a", "b"}}[i%3], category: [][]string{nil, {"Wear"}, {"Wear", "Shoes"}, {"Wearables"}}[i%4],
			price: []int{0, 10, 10, 20, 300}[i%5], stocked: i%2 == 0,
		}
		if i%7 == 6 {
			k.Clock.Advance(time.Second)
		}
		makeGood(t, c, g)
		out = append(out, g)
	}
	return out
}

const productPage = `query($f: Int, $a: String, $l: Int, $b: String, $w: ProductWhere, $o: [ProductOrder!]) {
	products(first: $f, after: $a, last: $l, before: $b, where: $w, orderBy: $o) { edges { cursor node { handle } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

// handlesOf are the handles of a page, and where it stands.
func handlesOf(t *testing.T, r apitest.Response) (out []string) {
	for i := range edges(t, r, "products") {
		out = append(out, r.Text(fmt.Sprintf("products.edges.%d.node.handle", i)))
	}
	return out
}

// walked goes through a list from one side to the other by pages of a size, doing something between the pages.
func walked(t *testing.T, c *apitest.Client, order any, where apitest.Vars, size int, backward bool, between func()) []string {
	t.Helper()
	var out []string
	vars := apitest.Vars{"f": size, "o": order, "w": where}
	if backward {
		vars = apitest.Vars{"l": size, "o": order, "w": where}
	}
	for range 1000 {
		r := c.Must(t, productPage, vars)
		page := handlesOf(t, r)
		require.LessOrEqual(t, len(page), size)
		more := "products.pageInfo.hasNextPage"
		if backward {
			out = append(slices.Clone(page), out...)
			vars["b"] = r.Text("products.pageInfo.startCursor")
			more = "products.pageInfo.hasPreviousPage"
		} else {
			out = append(out, page...)
			vars["a"] = r.Text("products.pageInfo.endCursor")
		}
		if r.Get(more) != true {
			return out
		}
		require.Len(t, page, size)
		between()
	}
	t.Fatal("the list does not end")
	return nil
}

// Whatever the order, the direction and the size of pages, and whatever is made meanwhile: no gap and no repeat, and both ways are one list.
func TestProductsAreWalkedWithoutGapOrRepeat(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := apitest.New(t, k).Client(t)
		old := goods(t, k, c, 24)
		made := 0
		rapid.Check(t, func(rt *rapid.T) {
			fields := rapid.Permutation([]string{"TITLE", "CREATED_AT", "UPDATED_AT", "PRICE", "HANDLE"}).Draw(rt, "fields")
			var order []apitest.Vars
			for _, f := range fields[:rapid.IntRange(0, 3).Draw(rt, "keys")] {
				order = append(order, apitest.Vars{"field": f, "direction": rapid.SampledFrom([]string{"ASC", "DESC"}).Draw(rt, "direction")})
			}
			size := rapid.IntRange(2, 30).Draw(rt, "size")
			insert := rapid.Bool().Draw(rt, "insert")
			between := func() {
				if insert && made < 40 {
					made++
					makeGood(t, c, good{handle: fmt.Sprintf("new%03d", made), title: []string{"Anorak", "Zebra", "0"}[made%3], status: "DRAFT", tags: []string{}, price: made % 4 * 10})
				}
			}
			one := walked(t, c, order, nil, size, rapid.Bool().Draw(rt, "backward"), between)
			isOld := func(h string) bool { return !strings.HasPrefix(h, "new") }
			seen := map[string]int{}
			for _, h := range one {
				seen[h]++
				require.Equal(rt, 1, seen[h], "%s comes twice", h)
			}
			for _, g := range old {
				require.Equal(rt, 1, seen[g.handle], "%s is missing", g.handle)
			}
			still := func() {}
			forward, backward := walked(t, c, order, nil, size, false, still), walked(t, c, order, nil, 100, true, still)
			require.Equal(rt, forward, backward)
			require.Equal(rt, slices.DeleteFunc(slices.Clone(forward), func(h string) bool { return !isOld(h) }), slices.DeleteFunc(one, func(h string) bool { return !isOld(h) }))
		})
	})
}

func TestPriceOrderPutsWhatHasNoneLast(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := apitest.New(t, k).Client(t)
		for _, g := range []good{{handle: "none", title: "N"}, {handle: "dear", title: "D", price: 30}, {handle: "cheap", title: "C", price: 1}} {
			g.status, g.tags = "ACTIVE", []string{}
			makeGood(t, c, g)
		}
		for direction, want := range map[string][]string{"ASC": {"cheap", "dear", "none"}, "DESC": {"dear", "cheap", "none"}} {
			order := []apitest.Vars{{"field": "PRICE", "direction": direction}}
			require.Equal(t, want, handlesOf(t, c.Must(t, productPage, apitest.Vars{"o": order})))
		}
		require.Equal(t, []string{"BAD_REQUEST products"}, c.Do(t, productPage, apitest.Vars{"o": []apitest.Vars{{"field": "TITLE"}, {"field": "TITLE", "direction": "DESC"}}}).Said())
	})
}

// filter is a where and the model's opinion of it.
type filter struct {
	where apitest.Vars
	holds func(good) bool
}

func drawFilter(rt *rapid.T, depth int) filter {
	leaf := []filter{
		{apitest.Vars{}, func(good) bool { return true }},
		{apitest.Vars{"status": "ACTIVE"}, func(g good) bool { return g.status == "ACTIVE" }},
		{apitest.Vars{"vendor": "Weber"}, func(g good) bool { return g.vendor == "Weber" }},
		{apitest.Vars{"tags": []string{"a", "b"}}, func(g good) bool { return slices.Contains(g.tags, "a") && slices.Contains(g.tags, "b") }},
		{apitest.Vars{"tags": []string{}}, func(good) bool { return true }},
		{apitest.Vars{"category": []string{"Wear"}}, func(g good) bool { return len(g.category) > 0 && g.category[0] == "Wear" }},
		{apitest.Vars{"category": []string{"Wear", "Shoes"}}, func(g good) bool { return len(g.category) > 1 }},
		{apitest.Vars{"handles": []string{"h000", "h037", "h074"}}, func(g good) bool { return slices.Contains([]string{"h000", "h037", "h074"}, g.handle) }},
		{apitest.Vars{"handles": []string{}}, func(good) bool { return false }},
		{apitest.Vars{"skus": []string{"sku-h111", "SKU-H148"}}, func(g good) bool { return g.handle == "h111" || g.handle == "h148" }},
		{apitest.Vars{"skus": []string{}}, func(good) bool { return false }},
		{apitest.Vars{"priceMin": apitest.Vars{"amount": "20", "currency": "CNY"}}, func(g good) bool { return g.price >= 20 }},
		{apitest.Vars{"priceMax": apitest.Vars{"amount": "10.00", "currency": "CNY"}}, func(g good) bool { return g.price > 0 && g.price <= 10 }},
		{apitest.Vars{"inStock": true}, func(g good) bool { return g.stocked }},
		{apitest.Vars{"inStock": false}, func(g good) bool { return !g.stocked }},
		{apitest.Vars{"query": "ANORAK"}, func(g good) bool { return strings.EqualFold(g.title, "anorak") }},
		{apitest.Vars{"query": "帽"}, func(g good) bool { return g.title == "帽子" }},
		{apitest.Vars{"query": "100%_"}, func(good) bool { return false }},
		{apitest.Vars{"updatedAfter": "2100-01-01T00:00:00Z"}, func(good) bool { return false }},
	}
	if depth == 0 || rapid.IntRange(0, 2).Draw(rt, "leaf") == 0 {
		return rapid.SampledFrom(leaf).Draw(rt, "filter")
	}
	var parts []filter
	for range rapid.IntRange(0, 3).Draw(rt, "parts") {
		parts = append(parts, drawFilter(rt, depth-1))
	}
	wheres := []any{}
	for _, p := range parts {
		wheres = append(wheres, p.where)
	}
	switch rapid.SampledFrom([]string{"and", "or", "not"}).Draw(rt, "with") {
	case "and":
		return filter{apitest.Vars{"and": wheres}, func(g good) bool { return !slices.ContainsFunc(parts, func(p filter) bool { return !p.holds(g) }) }}
	case "or":
		return filter{apitest.Vars{"or": wheres}, func(g good) bool { return slices.ContainsFunc(parts, func(p filter) bool { return p.holds(g) }) }}
	}
	inner := drawFilter(rt, depth-1)
	return filter{apitest.Vars{"not": inner.where}, func(g good) bool { return !inner.holds(g) }}
}

// A filter finds what the same filter written in Go finds, on both engines.
func TestFiltersFindWhatTheModelFinds(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := apitest.New(t, k).Client(t)
		all := goods(t, k, c, 30)
		rapid.Check(t, func(rt *rapid.T) {
			f := drawFilter(rt, 3)
			var want []string
			for _, g := range all {
				if f.holds(g) {
					want = append(want, g.handle)
				}
			}
			r := c.Must(t, `query($w: ProductWhere) { products(first: 100, where: $w) { totalCount edges { node { handle } } } }`, apitest.Vars{"w": f.where})
			require.ElementsMatch(rt, want, handlesOf(t, r), "%v", f.where)
			require.Equal(rt, len(want), r.Int("products.totalCount"))
		})
	})
}
