package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

const secretStreet = "7 Quiet Lane"

// watching asks for an order's delivery on every path on which a store can come by it.
type watching struct {
	t      *testing.T
	store  *apitest.Client
	order  string
	work   string
	member string
}

const deliveryOf = ` delivery { ... on ShipDelivery { address { recipient phone city line1 } } } `

// told is how often the street is told and how often it is masked, over all paths.
func (w *watching) told() (plain, masked int) {
	w.t.Helper()
	start := ""
	for {
		r := w.store.Must(w.t, `query($a: String) { events(first: 100, after: $a) { pageInfo { hasNextPage endCursor } edges { node { __typename ... on OrderChanged { order {`+deliveryOf+`} } } } } }`,
			apitest.Vars{"a": nullable(start)})
		p, m := count(r)
		plain, masked = plain+p, masked+m
		start = r.Text("events.pageInfo.endCursor")
		if r.Get("events.pageInfo.hasNextPage") != true {
			break
		}
	}
	r := w.store.Must(w.t, `query($order: ID!, $work: ID!, $member: ID!) {
		order(by: {id: $order}) {`+deliveryOf+`fulfillmentOrders { order {`+deliveryOf+`} } }
		orders { edges { node {`+deliveryOf+`} } }
		fulfillmentOrders { edges { node { order {`+deliveryOf+`} } } }
		member(by: {id: $member}) { orders { edges { node {`+deliveryOf+`} } } }
		a: node(id: $order) { ... on Order {`+deliveryOf+`} }
		b: node(id: $work) { ... on FulfillmentOrder { order {`+deliveryOf+`} } } }`, apitest.Vars{"order": w.order, "work": w.work, "member": w.member})
	p, m := count(r)
	return plain + p, masked + m
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func count(r apitest.Response) (plain, masked int) {
	return strings.Count(string(r.Body), secretStreet), strings.Count(string(r.Body), `"line1":"***"`)
}

// SC-04: a store reads where a buyer lives while it sends the order, and after it has sent it; not once the work is not its own any more.
func TestABuyersAddressIsToldToTheStoreThatSendsTheOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a, all := hats(t, k), readOperations(t)
		own := a.Client(t)
		stores(t, own, 1, 3)
		own.Must(t, `mutation { routingPolicySet(input: {acceptWithinSeconds: 3600}) { userErrors { message } } }`, nil)
		member := own.Must(t, `mutation { memberUpsert(input: {phone: "13900000001"}) { member { id } userErrors { message } } }`, nil).Text("memberUpsert.member.id")
		scopes := []auth.Scope{auth.OrdersRead, auth.OrdersWrite, auth.MembersRead, auth.EventsRead, auth.StockRead}
		placed := 0
		// place orders hats, which the first store has to send, and watches with the eyes of that store.
		place := func() *watching {
			placed++
			r := own.Must(t, `mutation($key: String!, $address: AddressInput!) { orderPlace(input: {idempotencyKey: $key, channel: {code: "shop"}, member: {phone: "13900000001"},
				lines: [{variant: {sku: "HAT"}, quantity: 2}], delivery: {ship: {address: $address}}}) { order { id fulfillmentOrders { id location { code } } } userErrors { message } } }`,
				apitest.Vars{"key": fmt.Sprint(placed), "address": apitest.Vars{"recipient": "Wang Fang", "phone": "13812345678", "city": "Shanghai", "line1": secretStreet}})
			require.Equal(t, "S1", r.Text("orderPlace.order.fulfillmentOrders.0.location.code"))
			store := a.With(t, auth.Claims{Scopes: scopes, Locations: []string{"S1"}})
			return &watching{t, store, r.Text("orderPlace.order.id"), r.Text("orderPlace.order.fulfillmentOrders.0.id"), member}
		}
		do := func(w *watching, operation, answer string, more apitest.Vars) string {
			in := apitest.Vars{"idempotencyKey": operation + w.work, "fulfillmentOrder": w.work}
			for name, v := range more {
				in[name] = v
			}
			return w.store.Must(t, all[operation], apitest.Vars{"input": in}).Text(answer)
		}
		why := apitest.Vars{"reason": "the roof leaks"}
		follow := func(w *watching, plain bool) {
			socket, id := w.store.Socket(t), fmt.Sprint(w.order, plain)
			socket.Subscribe(id, `subscription($after: String!) { orderChanged(after: $after) { aggregateId order {`+deliveryOf+`} } }`, apitest.Vars{"after": settled(t, own)})
			own.Must(t, `mutation($key: String!, $o: ID!) { orderPaymentRecord(input: {idempotencyKey: $key, order: {id: $o}, method: "CARD", amount: {amount: "1", currency: "CNY"}, reference: "r"}) { userErrors { message } } }`,
				apitest.Vars{"key": id, "o": w.order})
			told := socket.Next(id)
			require.Equal(t, w.order, told.Text("orderChanged.aggregateId"))
			require.Equal(t, plain, strings.Contains(string(told.Body), secretStreet), "%s", told.Body)
		}
		plainly := func(w *watching, when string) {
			t.Helper()
			plain, masked := w.told()
			require.Zero(t, masked, when)
			require.GreaterOrEqual(t, plain, 7, when)
		}
		// What earlier turns left is masked too, so nothing is plain.
		hidden := func(w *watching, when string) {
			t.Helper()
			plain, masked := w.told()
			require.Zero(t, plain, when)
			require.GreaterOrEqual(t, masked, 7, when)
		}

		w := place()
		plainly(w, "open")
		follow(w, true)
		do(w, "FulfillmentAccept", "", nil)
		plainly(w, "accepted")
		do(w, "FulfillmentHold", "", why)
		plainly(w, "on hold")
		do(w, "FulfillmentReject", "", why)
		hidden(w, "rejected, and rerouted to another store")
		follow(w, false)
		next := a.With(t, auth.Claims{Scopes: scopes, Locations: []string{"S2"}})
		const one = `query($id: ID!) { order(by: {id: $id}) {` + deliveryOf + `} }`
		require.Equal(t, secretStreet, next.Must(t, one, apitest.Vars{"id": w.order}).Text("order.delivery.address.line1"), "the other store sends it now")
		both := a.With(t, auth.Claims{Scopes: scopes, Locations: []string{"S1", "S2"}})
		require.Equal(t, secretStreet, both.Must(t, one, apitest.Vars{"id": w.order}).Text("order.delivery.address.line1"))
		market := a.With(t, auth.Claims{Scopes: scopes, Channels: []string{"shop"}})
		require.Equal(t, "***", market.Must(t, one, apitest.Vars{"id": w.order}).Text("order.delivery.address.line1"))
		trusted := a.With(t, auth.Claims{Scopes: append(scopes, auth.MembersPII), Locations: []string{"S1"}})
		require.Equal(t, secretStreet, trusted.Must(t, one, apitest.Vars{"id": w.order}).Text("order.delivery.address.line1"))

		w = place()
		k.Clock.Advance(time.Hour)
		_, err := a.Resolver.Orders.TimeOut(t.Context())
		require.NoError(t, err)
		hidden(w, "not accepted in time")

		w = place()
		own.Must(t, `mutation($o: ID!) { orderCancel(input: {idempotencyKey: "cancel", order: {id: $o}, reason: "r"}) { userErrors { message } } }`, apitest.Vars{"o": w.order})
		hidden(w, "canceled")

		w = place()
		token := do(w, "FulfillmentAccept", "fulfillmentAccept.dispatchToken", nil)
		do(w, "FulfillmentShip", "", apitest.Vars{"dispatchToken": token, "carrier": "SF", "trackingNumber": "1", "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 1}}})
		do(w, "FulfillmentReject", "", why)
		require.Equal(t, secretStreet, w.store.Must(t, one, apitest.Vars{"id": w.order}).Text("order.delivery.address.line1"), "a parcel has left from there, the rest was rejected")
	})
}
