package graph_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

const (
	placeFetched = `mutation($key: String!) { orderPlace(input: {idempotencyKey: $key, channel: {code: "shop"}, lines: [{variant: {sku: "HAT"}, quantity: 1}],
		delivery: {pickup: {location: {code: "ST"}}}}) { order { id } userErrors { code path message } } }`
	fetchedOrders = `{ orders(first: 50) { edges { node { id delivery { __typename ... on PickupDelivery { location { code } code { value state expiresAt } } } } } } }`
	verify        = `mutation($key: String!, $code: String!) { pickupVerify(input: {idempotencyKey: $key, code: $code, location: {code: "ST"}}) { order { id } userErrors { code path message } } }`
	delivery      = "orders.edges.0.node.delivery"
)

// counter makes a brand whose store ST gives out goods.
func counter(t *testing.T, k *testkit.Kit) *apitest.API {
	t.Helper()
	a := apitest.New(t, k)
	c := a.Client(t)
	for _, m := range []string{
		`mutation { productUpsert(input: {handle: "hat", title: "Hat", variants: [{sku: "HAT", price: {amount: "100", currency: "CNY"}}]}) { userErrors { message } } }`,
		`mutation { locationUpsert(input: {code: "ST", name: "ST", pickup: true}) { userErrors { message } } }`,
		`mutation { locationUpsert(input: {code: "WH", name: "WH"}) { userErrors { message } } }`,
		`mutation { stockSet(input: {idempotencyKey: "s", variant: {sku: "HAT"}, location: {code: "ST"}, onHand: 99, reason: "count"}) { userErrors { message } } }`,
		`mutation { channelConnect(input: {kind: "STOREFRONT", code: "shop", name: "shop", settings: []}) { userErrors { message } } }`,
	} {
		c.Must(t, m, nil)
	}
	return a
}

// Staff at a counter must be shown the code: a token narrowed to it is not told. One that does not see the counter is told of no delivery.
func TestACodeIsForTheBrandsOwnTokens(t *testing.T) { // SC-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := counter(t, k)
		own := a.Client(t)
		own.Must(t, placeFetched, apitest.Vars{"key": "1"})
		code := own.Must(t, fetchedOrders, nil).Text(delivery + ".code.value")
		require.Regexp(t, `^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$`, code)

		at := func(location string) *apitest.Client {
			return a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{location}})
		}
		staff := at("ST").Must(t, fetchedOrders, nil)
		require.Nil(t, staff.Get(delivery+".code.value"))
		require.Equal(t, []string{"ISSUED", "ST"}, []string{staff.Text(delivery + ".code.state"), staff.Text(delivery + ".location.code")})
		require.NotContains(t, string(staff.Body), code)
		require.NotContains(t, string(staff.Body), code[:5])

		_, err := k.Store.DB.Write().Exec(k.Ctx, "UPDATE fulfillment_orders SET location_id = (SELECT id FROM locations WHERE code = 'WH')")
		require.NoError(t, err)
		elsewhere := at("WH").Must(t, fetchedOrders, nil)
		require.NotEmpty(t, elsewhere.Text("orders.edges.0.node.id"), "work for it is there")
		require.Nil(t, elsewhere.Get(delivery))
		said := a.Without(t, auth.OrdersWrite).Do(t, verify, apitest.Vars{"key": "v", "code": code})
		require.Equal(t, []string{"FORBIDDEN pickupVerify"}, said.Said())
	})
}

// Whoever reads the database or the log finds no code, neither before nor after it was shown.
func TestNoCodeIsKept(t *testing.T) { // LG-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := counter(t, k)
		own := a.Client(t)
		for _, key := range []string{"1", "2"} {
			own.Must(t, placeFetched, apitest.Vars{"key": key})
		}
		all := own.Must(t, fetchedOrders, nil)
		used, issued := all.Text(delivery+".code.value"), all.Text("orders.edges.1.node.delivery.code.value")
		require.NotEqual(t, used, issued)
		require.Equal(t, "ALREADY_USED", func() string {
			own.Must(t, verify, apitest.Vars{"key": "v", "code": used})
			return own.Do(t, verify, apitest.Vars{"key": "w", "code": used}).Text("pickupVerify.userErrors.0.code")
		}())
		own.Do(t, verify, apitest.Vars{"key": "x", "code": issued[:6] + used[6:]})
		kept := 0
		for table, rows := range a.Rows(t, k.Brand.ID) {
			for _, row := range rows {
				for _, code := range []string{used, issued} {
					require.NotContains(t, row, code, table)
					require.NotContains(t, row, code[:5]+code[6:], table)
					if table == "pickup_codes" && strings.Contains(row, code[:5]) {
						kept++
					}
				}
			}
		}
		require.Equal(t, 2, kept, "of each the nonce")
		log := a.Log.String()
		require.NotEmpty(t, log)
		for _, code := range []string{used, issued} {
			require.NotContains(t, log, code)
		}
	})
}

func TestPagesOfFetchedOrdersTakeTheSameStatements(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		own := counter(t, k).Client(t)
		own.Must(t, placeFetched, apitest.Vars{"key": "0"})
		own.Must(t, fetchedOrders, nil)
		one := own.Must(t, fetchedOrders, nil)
		for i := range 9 {
			own.Must(t, placeFetched, apitest.Vars{"key": strconv.Itoa(i + 1)})
		}
		ten := own.Must(t, fetchedOrders, nil)
		edges, ok := ten.Get("orders.edges").([]any)
		require.True(t, ok)
		require.Len(t, edges, 10)
		require.Equal(t, one.Statements, ten.Statements)
		require.LessOrEqual(t, ten.Statements, 4, "orders, locations, codes, counters")
	})
}
