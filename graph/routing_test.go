package graph_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// stores makes a brand with so many stores, each with hats.
func stores(t *testing.T, c *apitest.Client, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		code := "S" + strconv.Itoa(i)
		c.Must(t, `mutation($code: String!, $priority: Int!) { locationUpsert(input: {code: $code, name: $code, priority: $priority}) { userErrors { message } } }`,
			apitest.Vars{"code": code, "priority": i})
		c.Must(t, `mutation($code: String!) { stockSet(input: {idempotencyKey: $code, variant: {sku: "HAT"}, location: {code: $code}, onHand: 9, reason: "count"}) { userErrors { message } } }`,
			apitest.Vars{"code": code})
	}
}

func hats(t *testing.T, k *testkit.Kit) *apitest.API {
	t.Helper()
	a := apitest.New(t, k)
	a.Client(t).Must(t, `mutation { productUpsert(input: {handle: "hat", title: "Hat", variants: [{sku: "HAT", price: {amount: "100", currency: "CNY"}}]}) { userErrors { message } } }`, nil)
	a.Client(t).Must(t, `mutation { channelConnect(input: {kind: "STOREFRONT", code: "shop", name: "shop", settings: []}) { userErrors { message } } }`, nil)
	return a
}

const placeHat = `mutation($key: String!) { orderPlace(input: {idempotencyKey: $key, channel: {code: "shop"}, lines: [{variant: {sku: "HAT"}, quantity: 2}],
	delivery: {ship: {address: {}}}}) { order { id fulfillmentOrders { id } } userErrors { message } } }`

// A store refuses and still reads what it refused; where it goes and how others were judged is not for it, nor is their why.
func TestAStoreRefusesAndSeesItsOwnPlaceAlone(t *testing.T) { // TN-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a, all := hats(t, k), readOperations(t)
		own := a.Client(t)
		stores(t, own, 1, 3)
		work := own.Must(t, placeHat, apitest.Vars{"key": "o"}).Text("orderPlace.order.fulfillmentOrders.0.id")
		first := a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{"S1"}})
		second := a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{"S2"}})
		third := a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{"S3"}})
		in := apitest.Vars{"input": apitest.Vars{"idempotencyKey": "r", "fulfillmentOrder": work, "reason": "the roof leaks"}}
		require.Equal(t, []string{"NOT_FOUND"}, []string{third.Do(t, all["FulfillmentReject"], in).Text("fulfillmentReject.userErrors.0.code")})
		r := first.Must(t, all["FulfillmentReject"], in)
		require.Equal(t, []string{"REJECTED", "S1"}, []string{r.Text("fulfillmentReject.fulfillmentOrder.state"), r.Text("fulfillmentReject.fulfillmentOrder.location.code")})
		require.Nil(t, r.Get("fulfillmentReject.replacement"))

		const order = `{ orders(first: 1) { edges { node { timeline { kind note } fulfillmentOrders { location { code } routing { candidates { location { code } score } } } } } } }`
		r = second.Must(t, order, nil)
		require.JSONEq(t, `[{"location": {"code": "S2"}, "routing": {"candidates": [{"location": {"code": "S2"}, "score": 1}]}}]`,
			string(encode(t, r.Get("orders.edges.0.node.fulfillmentOrders"))))
		require.NotContains(t, string(r.Body), "roof")
		require.Contains(t, string(first.Must(t, order, nil).Body), "roof")
		require.Contains(t, string(own.Must(t, order, nil).Body), "roof")
		require.Empty(t, third.Must(t, order, nil).Get("orders.edges"))

		simulate := apitest.Vars{"input": apitest.Vars{"lines": []any{apitest.Vars{"variant": apitest.Vars{"sku": "HAT"}, "quantity": 1}}}}
		r = second.Must(t, all["RoutingSimulate"], simulate)
		require.Equal(t, []string{"S2", "S2"}, []string{r.Text("routingSimulate.plan.0.location.code"), r.Text("routingSimulate.candidates.0.location.code")})
		require.Len(t, r.Get("routingSimulate.candidates"), 1)
		said := second.Do(t, all["RoutingPolicySet"], apitest.Vars{"input": apitest.Vars{"maxParcels": 1}}).Said()
		require.Len(t, said, 1)
		require.Contains(t, said[0], "FORBIDDEN")
	})
}

// A store is told all that was noted of its own work, whatever the work came to since, and nothing of what others noted of theirs.
func TestAStoreKeepsTheNotesOfItsOwnWork(t *testing.T) { // TN-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a, all := hats(t, k), readOperations(t)
		own := a.Client(t)
		stores(t, own, 1, 2)
		first := a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{"S1"}})
		second := a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{"S2"}})
		order := own.Must(t, placeHat, apitest.Vars{"key": "o"})
		id, work := order.Text("orderPlace.order.id"), order.Text("orderPlace.order.fulfillmentOrders.0.id")
		at := func(c *apitest.Client, action, work, reason string) {
			c.Must(t, all["Fulfillment"+action], apitest.Vars{"input": apitest.Vars{"idempotencyKey": action + work + reason, "fulfillmentOrder": work, "reason": reason}})
		}
		notes := func(c *apitest.Client) (out []string) {
			told := c.Must(t, `query($id: ID!) { order(by: {id: $id}) { timeline { kind note } } }`, apitest.Vars{"id": id}).Get("order.timeline")
			for _, e := range told.([]any) {
				if e := e.(map[string]any); e["note"] != nil {
					out = append(out, e["kind"].(string)+" "+e["note"].(string))
				}
			}
			return out
		}
		at(first, "Hold", work, "the roof leaks")
		at(first, "Release", work, "it is mended")
		at(first, "Hold", work, "the cellar is wet")
		at(first, "Reject", work, "gone home")
		held := own.Must(t, `query($id: ID!) { order(by: {id: $id}) { fulfillmentOrders { id } } }`, apitest.Vars{"id": id}).Text("order.fulfillmentOrders.1.id")
		at(second, "Hold", held, "the roof leaks")
		ofFirst := []string{"WORK_HELD the roof leaks", "WORK_RELEASED it is mended", "WORK_HELD the cellar is wet", "WORK_REJECTED gone home"}
		require.Equal(t, ofFirst, notes(first))
		require.Equal(t, []string{"WORK_HELD the roof leaks"}, notes(second), "its own, though another said the same")
		require.Equal(t, append(ofFirst, "WORK_HELD the roof leaks"), notes(own))
		at(second, "Release", held, "")
		require.Equal(t, []string{"WORK_HELD the roof leaks"}, notes(second))
	})
}

// Work shows until when it is to be accepted only while it would go elsewhere after that: not while its order is held.
func TestWorkOfAHeldOrderHasNoTime(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a, all := hats(t, k), readOperations(t)
		c := a.Client(t)
		stores(t, c, 1, 2)
		c.Must(t, all["RoutingPolicySet"], apitest.Vars{"input": apitest.Vars{"acceptWithinSeconds": 60}})
		r := c.Must(t, `mutation { orderPlace(input: {idempotencyKey: "o", channel: {code: "shop"}, lines: [{variant: {sku: "HAT"}, quantity: 12}], delivery: {ship: {address: {}}}}) {
			order { fulfillmentOrders { id } } userErrors { message } } }`, nil)
		first, second := r.Text("orderPlace.order.fulfillmentOrders.0.id"), r.Text("orderPlace.order.fulfillmentOrders.1.id")
		times := func() []any {
			r := c.Must(t, `query($id: ID!) { node(id: $id) { ... on FulfillmentOrder { state acceptBy } } orders { edges { node { fulfillmentOrders { id acceptBy } } } }
				fulfillmentOrders(where: {states: [OPEN], location: {code: "S2"}}) { edges { node { acceptBy } } } }`, apitest.Vars{"id": second})
			require.Equal(t, "OPEN", r.Text("node.state"))
			return []any{r.Get("node.acceptBy"), r.Get("orders.edges.0.node.fulfillmentOrders.1.acceptBy"), r.Get("fulfillmentOrders.edges.0.node.acceptBy")}
		}
		for _, at := range times() {
			require.NotNil(t, at)
		}
		c.Must(t, all["FulfillmentReject"], apitest.Vars{"input": apitest.Vars{"idempotencyKey": "r", "fulfillmentOrder": first, "reason": "the roof leaks"}})
		require.Equal(t, "HELD", c.Must(t, "{ orders { edges { node { state } } } }", nil).Text("orders.edges.0.node.state"))
		require.Equal(t, []any{nil, nil, nil}, times())
	})
}

// However many places there are, 20 of those that the caller sees are told of; a plan of more parcels is told whole.
func TestASimulationTellsOfTheBestPlaces(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a, all := hats(t, k), readOperations(t)
		stores(t, a.Client(t), 1, 25)
		simulate := func(quantity int) apitest.Vars {
			return apitest.Vars{"input": apitest.Vars{"lines": []any{apitest.Vars{"variant": apitest.Vars{"sku": "HAT"}, "quantity": quantity}}}}
		}
		r := a.Client(t).Must(t, all["RoutingSimulate"], simulate(9*24))
		require.Len(t, r.Get("routingSimulate.candidates"), 20)
		require.Len(t, r.Get("routingSimulate.plan"), 24)
		for i := range 20 {
			require.Equal(t, "S"+strconv.Itoa(i+1), r.Text("routingSimulate.candidates."+strconv.Itoa(i)+".location.code"))
		}
		require.Equal(t, "S24", r.Text("routingSimulate.plan.23.location.code"))
		last := a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{"S25"}}).Must(t, all["RoutingSimulate"], simulate(1))
		require.Len(t, last.Get("routingSimulate.candidates"), 1)
		require.Equal(t, "S25", last.Text("routingSimulate.candidates.0.location.code"))
	})
}

func TestRoutingTakesTheSameStatementsForAnyNumberOfPlaces(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a, all := hats(t, k), readOperations(t)
		c := a.Client(t)
		simulate := apitest.Vars{"input": apitest.Vars{"lines": []any{apitest.Vars{"variant": apitest.Vars{"sku": "HAT"}, "quantity": 1}}}}
		const insight = `{ orders(first: 50) { edges { node { fulfillmentOrders { routing { candidates { location { code } } } } } } } }`
		const tasks = `{ fulfillmentOrders(first: 50) { edges { node { holdReason acceptBy routing { candidates { location { code name } } } } } } }`
		stores(t, c, 1, 2)
		c.Must(t, placeHat, apitest.Vars{"key": "0"})
		count := func() []int {
			return []int{c.Must(t, all["RoutingSimulate"], simulate).Statements, c.Must(t, insight, nil).Statements, c.Must(t, tasks, nil).Statements}
		}
		few := count()
		stores(t, c, 3, 20)
		for i := range 20 {
			c.Must(t, placeHat, apitest.Vars{"key": strconv.Itoa(i + 1)})
		}
		require.Equal(t, few, count())
		require.LessOrEqual(t, few[0], 4, "variants, sources, policy, locations")
	})
}
