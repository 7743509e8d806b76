package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// scopeOf is the scope that the schema states for a field, "" for none.
func scopeOf(f *ast.FieldDefinition) auth.Scope {
	d := f.Directives.ForName("hasScope")
	if d == nil {
		return ""
	}
	return auth.Scope(d.Arguments.ForName("scope").Value.Raw)
}

// SC-01: what states no scope is the viewer alone and nodes, whose kinds state theirs.
func TestEveryDoorOfTheSchemaStatesItsScope(t *testing.T) {
	schema := newWalker(&apitest.World{}).schema
	free := []string{"viewer", "node", "nodes"}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, f := range root.Fields {
			if strings.HasPrefix(f.Name, "__") || slices.Contains(free, f.Name) {
				continue
			}
			scope := scopeOf(f)
			require.Contains(t, auth.Scopes(), scope, "%s.%s", root.Name, f.Name)
			require.Equal(t, root == schema.Mutation, strings.HasSuffix(string(scope), ":write") || scope == auth.PartnersAdmin, "%s.%s needs %s", root.Name, f.Name, scope)
			if root != schema.Subscription {
				require.False(t, f.Type.NonNull, "%s.%s must be nullable: a missing scope makes it null", root.Name, f.Name)
			}
		}
	}
	for _, def := range schema.Types {
		for _, f := range def.Fields {
			if scopeOf(f) != "" && def != schema.Subscription {
				require.False(t, f.Type.NonNull, "%s.%s must be nullable: a missing scope makes it null", def.Name, f.Name)
			}
			if def.Kind == ast.Object && !def.BuiltIn && slices.Contains([]string{"member", "order", "orders"}, f.Name) && def.Name != "FulfillmentOrder" && !strings.HasSuffix(def.Name, "Payload") && f.Name != "order" {
				require.NotEmpty(t, scopeOf(f), "%s.%s is personal", def.Name, f.Name)
			}
		}
	}
}

// SC-01, SC-03: every root field and mutation without its scope is null, and FORBIDDEN at its path; all others do not help.
func TestEveryDoorIsClosedWithoutItsScope(t *testing.T) {
	k := testkit.SQLite(t)
	a := apitest.New(t, k, unlimited)
	w := newWalker(apitest.NewWorld(t, a.Client(t), "Alpha"))
	before := a.Rows(t, k.Brand.ID)
	all := append(w.queries(t), w.mutations(t)...)
	tried := map[string]bool{}
	for _, r := range all {
		f := w.schema.Query.Fields.ForName(r.name)
		if strings.HasPrefix(r.query, "mutation") {
			f = w.schema.Mutation.Fields.ForName(r.name)
		}
		scope := scopeOf(f)
		if scope == "" || tried[r.name] {
			continue
		}
		tried[r.name] = true
		for _, c := range []*apitest.Client{a.Without(t, scope), a.Client(t, otherThan(scope))} {
			got := c.Do(t, r.query, r.vars)
			require.Equal(t, []string{"FORBIDDEN " + r.name}, got.Said(), r.what)
			require.JSONEq(t, `{"`+r.name+`":null}`, string(got.Data), r.what)
			require.NotEmpty(t, got.Errors[0].Extensions.RequestID)
		}
	}
	require.Greater(t, len(tried), 25)
	require.Equal(t, before, a.Rows(t, k.Brand.ID))
}

func otherThan(s auth.Scope) auth.Scope {
	if s == auth.AuditRead {
		return auth.JobsRead
	}
	return auth.AuditRead
}

// node and nodes need the scope of the kind that an id is of, whether the thing exists or not.
func TestNodesNeedTheScopeOfTheirKind(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	world := apitest.NewWorld(t, a.Client(t), "Alpha")
	for name, scope := range map[string]auth.Scope{
		"product": auth.ProductsRead, "HAT": auth.ProductsRead, "WH": auth.StockRead, "HAT at WH": auth.StockRead, "order1": auth.OrdersRead, "work1 at WH": auth.OrdersRead,
		"parcel1 from WH": auth.OrdersRead, "member1": auth.MembersRead, "return1": auth.OrdersRead, "refund1": auth.OrdersRead,
		"reservation at WH": auth.StockRead, "transfer": auth.StockRead, "shop": auth.ChannelsRead, "listing": auth.ChannelsRead, "job": auth.JobsRead,
	} {
		id := world.IDs[name]
		for _, id := range []string{id, id[:len(id)-4] + "0000"} {
			r := a.Without(t, scope).Do(t, `query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } viewer { subject } }`, apitest.Vars{"id": id})
			require.Contains(t, r.Said(), "FORBIDDEN node", name)
			require.Nil(t, r.Get("node"))
		}
		require.Equal(t, id, a.Client(t, scope).Must(t, `query($id: ID!) { node(id: $id) { id } }`, apitest.Vars{"id": id}).Text("node.id"), name)
	}
	r := a.Client(t, auth.AuditRead).Must(t, `query($id: ID!) { node(id: $id) { id } }`, apitest.Vars{"id": world.IDs["payment1"]})
	require.Nil(t, r.Get("node"), "what is no node is as unknown as what is made up")
}

// SC-01, SC-02: a field with a scope of its own is null without it, at its path; what one may not read one may not filter by.
func TestFieldsWithAScopeOfTheirOwnAreNullWithoutIt(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	world := apitest.NewWorld(t, a.Client(t), "Alpha")
	order := apitest.Vars{"id": world.IDs["order1"]}
	for _, c := range []struct {
		scope auth.Scope
		query string
		said  []string
		data  string
	}{
		{auth.StockRead, `{ variant(by: {sku: "HAT"}) { sku available stockLevels { edges { node { onHand } } } } }`, []string{"FORBIDDEN variant.available", "FORBIDDEN variant.stockLevels"},
			`{"variant":{"sku":"HAT","available":null,"stockLevels":null}}`},
		{auth.StockRead, `{ products(where: {inStock: true}) { totalCount } }`, []string{"FORBIDDEN products"}, `{"products":null}`},
		{auth.StockRead, `{ products(where: {not: {or: [{inStock: false}]}}) { totalCount } }`, []string{"FORBIDDEN products"}, `{"products":null}`},
		{auth.MembersRead, `query($id: ID!) { order(by: {id: $id}) { member { id } channel { code } } }`, []string{"FORBIDDEN order.member"}, `{"order":{"member":null,"channel":{"code":"shop"}}}`},
		{auth.MembersRead, `{ orders(where: {member: {phone: "13900000001"}}) { totalCount } }`, []string{"FORBIDDEN orders"}, `{"orders":null}`},
		{auth.OrdersRead, `{ member(by: {phone: "13900000001"}) { phone orders(first: 1) { edges { node { number } } } } }`, []string{"FORBIDDEN member.orders"}, `{"member":{"phone":"13900000001","orders":null}}`},
		{auth.ProductsRead, `{ listings { edges { node { variant { sku } channel { code } } } } }`, []string{}, `{"listings":{"edges":[{"node":{"variant":{"sku":"HAT"},"channel":{"code":"market"}}}]}}`},
		{auth.ChannelsRead, `query($id: ID!) { order(by: {id: $id}) { channel { code } } }`, []string{}, `{"order":{"channel":{"code":"shop"}}}`},
	} {
		vars := apitest.Vars{}
		if strings.Contains(c.query, "$id") {
			vars = order
		}
		r := a.Without(t, c.scope).Do(t, c.query, vars)
		require.ElementsMatch(t, c.said, r.Said(), c.query)
		require.JSONEq(t, c.data, string(r.Data), c.query)
		require.Empty(t, a.Client(t).Do(t, c.query, vars).Errors, c.query)
	}
}

// Without prices:write a price cannot be slipped in.
func TestAPriceInAProductNeedsPricesWrite(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	const upsert = `mutation($v: [VariantInput!]) { productUpsert(input: {handle: "h", title: "H", variants: $v}) { product { id } userErrors { code } } }`
	priced := apitest.Vars{"v": []apitest.Vars{{"sku": "S", "price": apitest.Vars{"amount": "1", "currency": "CNY"}}}}
	r := a.Without(t, auth.PricesWrite).Do(t, upsert, priced)
	require.Equal(t, []string{"FORBIDDEN productUpsert"}, r.Said())
	require.Zero(t, a.Kit.Count(t, "products", ""))
	a.Without(t, auth.PricesWrite).Must(t, upsert, apitest.Vars{"v": []apitest.Vars{{"sku": "S"}}})
	a.Client(t).Must(t, upsert, priced)
}

// SC-02, SC-04, SC-06: contact data is masked without members:pii, and nothing can be found by it.
func TestContactDataIsMasked(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k, unlimited)
		world := apitest.NewWorld(t, a.Client(t), "Alpha")
		plain := []string{"Alpha member", "1390000000", "Alpha1@example", "1990-05-1", "Alpha street of member"}
		blind := a.Without(t, auth.MembersPII)
		w := newWalker(world)
		for _, q := range w.queries(t) {
			unseen(t, blind.Do(t, q.query, q.vars), plain, q.what)
		}
		const member = `query($by: MemberRef!) { member(by: $by) { name phone email birthday } }`
		by := apitest.Vars{"by": apitest.Vars{"id": world.IDs["member1"]}}
		r := blind.Must(t, member, by)
		require.True(t, strings.HasPrefix(r.Text("member.name"), "A"), "%s", r.Body)
		require.True(t, strings.HasSuffix(r.Text("member.phone"), "0001"), "%s", r.Body)
		require.NotEmpty(t, r.Text("member.email"))
		require.Equal(t, "1990-05-11", a.Client(t).Must(t, member, by).Text("member.birthday"))

		for _, query := range []string{"Alpha member", "1390000000", "member 1", "Alpha1@", "A", "0001", ""} {
			r := blind.Must(t, `query($q: String!) { members(where: {query: $q}) { totalCount edges { node { id } } } }`, apitest.Vars{"q": query})
			require.Zero(t, r.Int("members.totalCount"), query)
		}
		require.Equal(t, 4, a.Client(t).Must(t, `{ members(where: {query: "1390000000"}) { totalCount } }`, nil).Int("members.totalCount"))
		require.Nil(t, blind.Must(t, member, apitest.Vars{"by": apitest.Vars{"phone": "13900000001"}}).Get("member"))
		require.Zero(t, blind.Must(t, `{ orders(where: {member: {phone: "13900000001"}}) { totalCount } }`, nil).Int("orders.totalCount"))
		require.Equal(t, 1, blind.Must(t, `{ orders(where: {member: {externalRef: {system: "crm", value: "M-1"}}}) { totalCount } }`, nil).Int("orders.totalCount"))

		// A delivery address is plain to a token narrowed to the place that ships it, which needs it to write the label.
		const address = `query($id: ID!) { order(by: {id: $id}) { delivery { ... on ShipDelivery { address { recipient phone line1 } } } } }`
		id := apitest.Vars{"id": world.IDs["order3"]}
		store := a.With(t, auth.Claims{Locations: []string{"ST"}, Scopes: []auth.Scope{auth.OrdersRead}})
		require.Equal(t, "Alpha street of member 3", store.Must(t, address, id).Text("order.delivery.address.line1"))
		market := a.With(t, auth.Claims{Channels: []string{"market"}, Scopes: []auth.Scope{auth.OrdersRead}})
		require.NotContains(t, string(market.Must(t, address, id).Body), "street of member")
		require.Equal(t, "Alpha street of member 3", a.Client(t, auth.OrdersRead, auth.MembersPII).Must(t, address, id).Text("order.delivery.address.line1"))
	})
}
