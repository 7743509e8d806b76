package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
	"github.com/oneshelf/oneshelf/server"
)

// refused checks that a request is refused as a whole: one error of the code, no data, no statement but those that found out who calls.
func refused(t *testing.T, r apitest.Response, code string) {
	t.Helper()
	require.Equal(t, []string{code}, r.Said(), "%.300s", r.Body)
	require.Empty(t, r.Data)
	require.NotEmpty(t, r.Errors[0].Extensions.RequestID)
	require.LessOrEqual(t, r.Statements, 1)
}

// nested writes n fields inside each other, as deep as the schema lets them be asked for: ofType has no end.
func nested(n int) string {
	return "{ __schema { types { " + strings.Repeat("ofType { ", n-3) + "name" + strings.Repeat(" }", n)
}

func times(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(text, "#", strconv.Itoa(i)))
	}
	return b.String()
}

// doubling writes fragments each of which uses the next one twice, 2^n leaves in all.
func doubling(n int, on, leaf string) string {
	return times(n, "fragment f# on "+on+" { ...g# ...g# } ") + times(n, "fragment g# on "+on+" { ...n# } ") +
		times(n-1, "fragment n# on "+on+" { ...x# } ") + fmt.Sprintf("fragment n%d on %s { %s } ", n-1, on, leaf) +
		strings.Join(func() (out []string) {
			for i := range n - 1 {
				out = append(out, fmt.Sprintf("fragment x%d on %s { ...f%d }", i, on, i+1))
			}
			return
		}(), " ")
}

// GQ-01, GQ-02
func TestDocumentsBeyondTheLimitsAreRefusedBeforeTheyAreFollowed(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	for name, query := range map[string]string{
		"depth":                              nested(16),
		"depth through a fragment":           `{ __schema { ...f } } fragment f on __Schema { types { ` + strings.Repeat("ofType { ", 13) + "name" + strings.Repeat(" }", 15),
		"depth through inline fragments":     `{ __schema { types { ... on __Type { ` + strings.Repeat("ofType { ... { ", 13) + "name" + strings.Repeat(" } }", 13) + " } } } }",
		"aliases":                            "{ viewer { " + times(101, "a#: subject ") + "} }",
		"aliases through a fragment":         "{ viewer { ...f } b: viewer { ...f } } fragment f on Viewer { " + times(51, "a#: subject ") + "}",
		"directives":                         "{ viewer { subject " + times(51, "@include(if: true) ") + "} }",
		"directives on fragments":            "{ viewer { " + times(51, "... @include(if: true) { subject } ") + "} }",
		"directives on an operation":         "query " + times(51, "@include(if: true) ") + "{ viewer { subject } }",
		"tokens":                             "{ viewer { " + times(5000, "subject ") + "} }",
		"bytes":                              "{ viewer { subject } } #" + strings.Repeat(" ", 64<<10),
		"doubling fragments":                 "{ viewer { ...f0 } } " + doubling(26, "Viewer", "subject"),
		"doubling fragments, aliased leaves": "{ viewer { ...f0 } } " + doubling(26, "Viewer", "a: subject"),
		"doubling unknown fragments":         "{ viewer { ...f0 } } " + doubling(40, "Viewer", "...nothing"),
		"doubling fragments of mutations":    "mutation { ...f0 } " + doubling(40, "Mutation", "...nothing"),
		"doubling fragments nobody uses":     "{ viewer { subject } } " + doubling(40, "Viewer", "subject"),
		"doubling inline fragments":          "{ " + strings.Repeat("viewer { ... { subject } } ", 1000) + "}",
		"a fragment that uses itself":        "{ viewer { ...f } } fragment f on Viewer { subject ...f }",
		"fragments that use each other":      "{ viewer { ...f } } fragment f on Viewer { ...g } fragment g on Viewer { ...f }",
		"mutations":                          "mutation { " + times(5, `a#: locationUpsert(input: {code: "#"}) { created } `) + "}",
		"mutations through a fragment":       `mutation { ...f ...f x: locationUpsert(input: {code: "x"}) { created } } fragment f on Mutation { ` + times(2, `a#: locationUpsert(input: {code: "#"}) { created } `) + `b: locationUpsert(input: {code: "y"}) { created } }`,
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			r := c.Do(t, query, nil)
			require.Less(t, time.Since(began), 5*time.Second)
			require.NotEmpty(t, r.Errors, "%.300s", r.Body)
			require.Equal(t, "BAD_REQUEST", r.Errors[0].String())
			require.Empty(t, r.Data)
			require.LessOrEqual(t, r.Statements, 1)
		})
	}
	require.Zero(t, a.Kit.Count(t, "locations", ""))
}

func TestDocumentsAtTheLimitsAreAnswered(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	for name, query := range map[string]string{
		"depth":      nested(15),
		"aliases":    "{ viewer { " + times(100, "a#: subject ") + "} }",
		"directives": "{ viewer { " + times(50, "a#: subject @include(if: true) ") + "} }",
		"tokens":     "{ viewer { " + times(4990, "subject ") + "} }",
		"objects":    "{ " + times(1240, "viewer { subject } ") + "}",
		"mutations":  "mutation { " + times(4, `a#: locationUpsert(input: {code: "#"}) { created } `) + "}",
	} {
		began := time.Now()
		r := c.Do(t, query, nil)
		require.Empty(t, r.Errors, "%s: %.300s", name, r.Body)
		require.Less(t, time.Since(began), 5*time.Second, name)
	}
}

// The query that tools send to learn the schema, as graphql-js writes it.
const introspection = `query IntrospectionQuery { __schema { description queryType { name } mutationType { name } subscriptionType { name }
	types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL
	fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
	inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
	enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
	ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`

func TestTheStandardIntrospectionQueryPasses(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t, auth.JobsRead)
	r := c.Must(t, introspection, nil)
	require.Contains(t, string(r.Data), `"OrderPlaceInput"`)
	require.Less(t, len(r.Body), 2<<20)
}

// GQ-03
func TestCostCountsPageSizeTimesNesting(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	cost := func(query string, vars apitest.Vars) int {
		r := c.Do(t, query, vars)
		require.Empty(t, r.Errors, "%s", r.Body)
		require.Equal(t, 10_000, r.Extensions.Cost.Limit)
		return r.Extensions.Cost.Requested
	}
	page := func(n int) int { return 2 + n } // a connection and an object an edge
	const sized = `query($n: Int) { locations(first: $n) { edges { node { id } } } }`
	require.Equal(t, page(20), cost(`{ locations { edges { node { id } } } }`, nil))
	require.Equal(t, page(7), cost(`{ locations(first: 7) { edges { node { id } } } }`, nil))
	require.Equal(t, page(7), cost(`{ locations(last: 7) { edges { node { id } } } }`, nil))
	require.Equal(t, page(100), cost(sized, apitest.Vars{"n": 100}))
	require.Equal(t, page(20), cost(sized, apitest.Vars{"n": nil}))
	require.Equal(t, page(20), cost(sized, nil))
	require.Equal(t, page(90), cost(`query($n: Int = 90) { locations(first: $n) { edges { node { id } } } }`, nil))
	require.Equal(t, page(5), cost(`query($n: Int = 90) { locations(first: $n) { edges { node { id } } } }`, apitest.Vars{"n": 5}))
	const places = `query($n: Int) { availability(variant: {sku: "x"}, limit: $n) { sellable ...f } } fragment f on Availability { places { available location { id } } }`
	require.Equal(t, 1+20*2, cost(`{ availability(variant: {sku: "x"}) { places { location { id } } } }`, nil))
	require.Equal(t, 1+20*2, cost(places, apitest.Vars{"n": nil}))
	require.Equal(t, 1+100*2, cost(places, apitest.Vars{"n": 100}))
	require.Equal(t, 1+3*2, cost(places, apitest.Vars{"n": 3}))
	require.Equal(t, 1, cost(`{ availability(variant: {sku: "x"}, limit: 100) { sellable } }`, nil))
	require.Equal(t, 1+20*2+2*2, cost(`{ routingSimulate(input: {lines: [{variant: {sku: "x"}, quantity: 1}]}) { candidates { location { id } } plan { location { id } } } }`, nil))
	refused(t, c.Do(t, `{ `+times(100, `a#: availability(variant: {sku: "x"}, limit: 100) { places { available } } `)+` }`, nil), "COST_LIMIT")
	refused(t, c.Do(t, `{ `+times(100, `a#: availability(variant: {sku: "x"}, limit: -1) { places { available } } `)+` }`, nil), "COST_LIMIT")
	require.Equal(t, 2*page(20), cost(`{ a: locations { ...f } b: locations { ...f } } fragment f on LocationConnection { edges { node { id } } }`, nil))
	require.Equal(t, 100*2, cost(`query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Product { category { id } } } }`, apitest.Vars{"ids": strings.Split(strings.Repeat("x,", 99)+"x", ",")}))
	require.Greater(t, cost(`mutation { locationUpsert(input: {code: "A", name: "A"}) { created } }`, nil), 10)

	const deep = `query($n: Int, $m: Int) { products(first: $n) { edges { node { variants { stockLevels(first: $m) { edges { node { id } } } } } } } }`
	for _, n := range []int{100, 101, 1 << 30, 0, -1} { // what will be refused costs what the largest page costs
		r := c.Do(t, deep, apitest.Vars{"n": n, "m": 100})
		refused(t, r, "COST_LIMIT")
		require.Greater(t, r.Extensions.Cost.Requested, 10_000)
	}
	refused(t, c.Do(t, `{ `+times(100, `a#: products(first: 100) { edges { node { id } } } `)+` }`, nil), "COST_LIMIT")
}

// A few fields that lead from a product to its variants and back are millions of objects.
func TestListsInsideThemselvesAreRefused(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	product := makeProduct(t, c, "h", "H")
	refused(t, c.Do(t, `{ product(by: {handle: "h"}) { `+strings.Repeat("variants { product { ", 5)+"id"+strings.Repeat(" } }", 5)+` } }`, nil), "COST_LIMIT")
	refused(t, c.Do(t, `query($id: ID!) { node(id: $id) { ... on Product { variants { product { variants { id } } } } } }`, apitest.Vars{"id": product}), "COST_LIMIT")
	refused(t, c.Do(t, `{ __schema { types { fields { type { fields { name } } } } } }`, nil), "COST_LIMIT")
	r := c.Must(t, `{ product(by: {handle: "h"}) { variants { product { title category { id } } } } }`, nil)
	require.Less(t, r.Extensions.Cost.Requested, 200, "an object of its own is not dear")
}

func TestAnAnswerThatIsTooLargeIsToldAsSuch(t *testing.T) {
	limits := server.DefaultLimits
	limits.Answer = 5_000
	c := apitest.New(t, testkit.SQLite(t), func(o *server.Options) { o.Limits = limits }).Client(t)
	large := "{ " + times(90, "a#: viewer { subject kind brand { code name } } ") + "}"
	require.Empty(t, c.Do(t, "{ viewer { subject } }", nil).Errors)
	r := c.Do(t, large, nil)
	require.Equal(t, []string{"COST_LIMIT"}, r.Said())
	require.Equal(t, "null", string(r.Data))
	require.NotEmpty(t, r.Errors[0].Extensions.RequestID)
	require.Positive(t, r.Extensions.Cost.Requested)
	s := c.Socket(t)
	s.Subscribe("q", large, nil)
	require.Equal(t, []string{"COST_LIMIT"}, s.Next("q").Said())
}

func TestLimitsAreSettings(t *testing.T) {
	limits := server.DefaultLimits
	limits.Cost, limits.Depth = 20, 2
	c := apitest.New(t, testkit.SQLite(t), func(o *server.Options) { o.Limits = limits }).Client(t)
	refused(t, c.Do(t, `{ locations { pageInfo { hasNextPage } } }`, nil), "BAD_REQUEST")
	r := c.Do(t, `{ viewer { subject } }`, nil)
	require.Equal(t, 20, r.Extensions.Cost.Limit)
	refused(t, c.Do(t, `{ `+times(21, "a#: viewer { subject } ")+` }`, nil), "COST_LIMIT")
}

// GQ-04
func TestListsInTheInputAreBounded(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	many := func(n int) []string { return strings.Fields(times(n, "h# ")) }
	const listed = `query($where: ProductWhere) { products(first: 1, where: $where) { totalCount } }`
	require.Empty(t, c.Do(t, listed, apitest.Vars{"where": apitest.Vars{"handles": many(250)}}).Errors)
	literal := func(n int) string { return `["` + strings.Join(many(n), `","`) + `"]` }
	require.Empty(t, c.Do(t, `{ products(where: {skus: `+literal(250)+`}) { totalCount } }`, nil).Errors)
	for name, r := range map[string]apitest.Response{
		"a variable":    c.Do(t, listed, apitest.Vars{"where": apitest.Vars{"handles": many(251)}}),
		"deeper":        c.Do(t, listed, apitest.Vars{"where": apitest.Vars{"not": apitest.Vars{"or": []any{apitest.Vars{"skus": many(251)}}}}}),
		"a literal":     c.Do(t, `{ products(where: {skus: `+literal(251)+`}) { totalCount } }`, nil),
		"a fragment":    c.Do(t, `{ ...f } fragment f on Query { products(where: {skus: `+literal(251)+`}) { totalCount } }`, nil),
		"a default":     c.Do(t, `query($h: [String!] = `+literal(251)+`) { products(where: {handles: $h}) { totalCount } }`, nil),
		"not even used": c.Do(t, `{ viewer { subject } }`, apitest.Vars{"unknown": many(251)}),
		"ids":           c.Do(t, `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, apitest.Vars{"ids": many(251)}),
	} {
		require.Equal(t, []string{"BAD_REQUEST"}, r.Said(), name)
		require.Empty(t, r.Data, name)
	}
	r := c.Do(t, `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, apitest.Vars{"ids": many(101)})
	require.Equal(t, []string{"BAD_REQUEST nodes"}, r.Said())

	deep := apitest.Vars{"vendor": "x"}
	for range 6 {
		deep = apitest.Vars{"not": deep}
	}
	require.Equal(t, []string{"BAD_REQUEST products"}, c.Do(t, listed, apitest.Vars{"where": deep}).Said())
	wide := make([]any, 120)
	for i := range wide {
		wide[i] = apitest.Vars{"vendor": "x"}
	}
	require.Equal(t, []string{"BAD_REQUEST products"}, c.Do(t, listed, apitest.Vars{"where": apitest.Vars{"or": wide}}).Said())
	require.Empty(t, c.Do(t, listed, apitest.Vars{"where": apitest.Vars{"query": strings.Repeat("%_", 5000)}}).Errors)
}

// However the rows of stockSync come, it is where they stand that lets them be more.
func TestTheRowsOfACountMayBeManyWhereverTheyStand(t *testing.T) {
	limits := server.DefaultLimits
	limits.ListEntries = 20
	c := apitest.New(t, testkit.SQLite(t), func(o *server.Options) { o.Limits = limits }).Client(t)
	rows := func(n int) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = apitest.Vars{"variant": apitest.Vars{"sku": "x"}, "location": apitest.Vars{"code": "A"}, "onHand": 1, "asOf": "2026-01-01T00:00:00Z"}
		}
		return out
	}
	input := func(key string, n int) apitest.Vars {
		return apitest.Vars{"idempotencyKey": key, "source": "WMS", "rows": rows(n)}
	}
	const (
		whole    = `mutation($input: StockSyncInput!) { stockSync(input: $input) { failed userErrors { code message } } }`
		counts   = `mutation Counts($counts: [StockSyncRow!]!) { stockSync(input: {idempotencyKey: "counts", source: "WMS", rows: $counts}) { failed userErrors { code message } } }`
		fragment = `mutation($counts: StockSyncInput!) { ...f } fragment f on Mutation { ... { ...g } } fragment g on Mutation { stockSync(input: $counts) { failed userErrors { code message } } }`
		literal  = `mutation($r: StockSyncRow!) { stockSync(input: {idempotencyKey: "literal", source: "WMS", rows: [#]}) { failed userErrors { code message } } }`
		absent   = `mutation($r: StockSyncInput! = {idempotencyKey: "default", source: "WMS", rows: [#]}) { stockSync(input: $r) { failed userErrors { code message } } }`
		row      = `{variant: {sku: "x"}, location: {code: "A"}, onHand: 1, asOf: "2026-01-01T00:00:00Z"}`
		other    = ` query Other($rows: [String!]) { products(where: {handles: $rows}) { totalCount } }`
		tags     = `mutation($rows: [String!], $input: StockSyncInput!) { stockSync(input: $input) { failed } productUpsert(input: {handle: "h", tags: $rows}) { created } }`
	)
	named := func(operation, query string, vars apitest.Vars) []byte {
		body, err := json.Marshal(map[string]any{"query": query, "operationName": operation, "variables": vars})
		require.NoError(t, err)
		return body
	}
	filled := func(query, row string, n int) string {
		return strings.Replace(query, "#", strings.Repeat(row+" ", n), 1)
	}
	for name, r := range map[string]apitest.Response{
		"the input":              c.Do(t, whole, apitest.Vars{"input": input("whole", 30)}),
		"all that there may be":  c.Do(t, whole, apitest.Vars{"input": input("all", 10_000)}),
		"another name":           c.Do(t, counts, apitest.Vars{"counts": rows(30)}),
		"a fragment at the root": c.Do(t, fragment, apitest.Vars{"counts": input("fragment", 30)}),
		"a literal":              c.Do(t, filled(literal, "$r", 30), apitest.Vars{"r": rows(1)[0]}),
		"a default":              c.Do(t, filled(absent, row, 30), nil),
	} {
		require.Empty(t, r.Errors, "%s: %.300s", name, r.Body)
		require.Contains(t, string(r.Data), `"userErrors":[]`, name)
	}
	many := strings.Fields(times(21, "h# "))
	for name, r := range map[string]apitest.Response{
		"too many":                    c.Do(t, whole, apitest.Vars{"input": input("many", 10_001)}),
		"too many by another name":    c.Do(t, counts, apitest.Vars{"counts": rows(10_001)}),
		"a name beside it":            c.Do(t, tags, apitest.Vars{"rows": many, "input": input("tags", 1)}),
		"another operation's":         c.Post(t, named("Other", strings.ReplaceAll(counts, "counts", "rows")+other, apitest.Vars{"rows": many}), nil),
		"deeper in it":                c.Do(t, whole, apitest.Vars{"input": apitest.Vars{"idempotencyKey": "deep", "source": "WMS", "rows": []any{apitest.Vars{"rows": many}}}}),
		"a literal of another's list": c.Do(t, `{ products(where: {handles: ["`+strings.Join(many, `","`)+`"]}) { totalCount } }`, nil),
	} {
		require.Equal(t, []string{"BAD_REQUEST"}, r.Said(), name)
		require.Empty(t, r.Data, name)
	}
}

// GQ-07
func TestErrorsOfARequestAreBounded(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	r := c.Do(t, "{ "+times(1000, "nothing# ")+"}", nil)
	require.Len(t, r.Errors, 20)
	require.Less(t, len(r.Body), 16<<10)
	for _, e := range r.Errors {
		require.Equal(t, "BAD_REQUEST", e.String())
		require.NotEmpty(t, e.Extensions.RequestID)
	}
	wrong := "{ " + times(90, "a#: products(first: 0) { totalCount } ") + "}"
	r = c.Do(t, wrong, nil)
	require.Equal(t, http.StatusOK, r.Status)
	require.Len(t, r.Errors, 20)
	s := c.Socket(t)
	s.Subscribe("q", wrong, nil)
	require.Len(t, s.Next("q").Errors, 20)
	require.Equal(t, "complete", s.Hear().Type)
	r, _ = watch(t, c, wrong, nil, "").answer()
	require.Len(t, r.Errors, 20)
	blind := a.Without(t, auth.StockRead)
	events := `subscription($after: String) { events(after: $after, types: [STOCK_CHANGED]) { id ... on StockChanged { ` + times(90, "a#: onHand ") + `} } }`
	vars := apitest.Vars{"after": here(t, c)}
	s = blind.Socket(t)
	s.Subscribe("e", events, vars)
	c.Must(t, `mutation { locationUpsert(input: {code: "A", name: "A"}) { userErrors { code } } productUpsert(input: {handle: "x", title: "X", variants: [{sku: "x"}]}) { userErrors { code } } }`, nil)
	c.Must(t, `mutation { stockAdjust(input: {idempotencyKey: "k", variant: {sku: "x"}, location: {code: "A"}, delta: 1, reason: "found"}) { userErrors { code message } } }`, nil)
	require.Len(t, s.Next("e").Errors, 20, "of each event too")
	r, _ = watch(t, blind, events, vars, "").answer()
	require.Len(t, r.Errors, 20)
}

// GQ-11
func TestIntsAreThoseOf32Bits(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	c.Must(t, `mutation { productUpsert(input: {handle: "x", title: "X", variants: [{sku: "x"}]}) { userErrors { code } } }`, nil)
	for _, n := range []string{"2147483648", "-2147483649", "9223372036854775808", "1e400", "1.5", `"5"`, "true"} {
		r := c.Post(t, []byte(`{"query":"query($n: Int) { locations(first: $n) { totalCount } }","variables":{"n":`+n+`}}`), nil)
		require.Len(t, r.Errors, 1, "%s: %s", n, r.Body)
		require.Equal(t, "BAD_REQUEST", r.Errors[0].Extensions.Code, n)
		r = c.Do(t, `{ locations(first: `+n+`) { totalCount } }`, nil)
		require.NotEmpty(t, r.Errors, "%s: %s", n, r.Body)
		require.Equal(t, "BAD_REQUEST", r.Errors[0].Extensions.Code, n)
		r = c.Post(t, []byte(`{"query":"query($n: Int) { variant(by: {sku: \"x\"}) { stockLevels(first: $n) { pageInfo { hasNextPage } } } }","variables":{"n":`+n+`}}`), nil)
		require.Len(t, r.Errors, 1, "%s: %s", n, r.Body)
		require.Equal(t, "BAD_REQUEST", r.Errors[0].Extensions.Code, n)
	}
}
