package graph_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// view is a narrowed token, and what of the world it sees and does not see.
type view struct {
	claims       auth.Claims
	seen, hidden []string // ids by their names in the world
	texts        []string // of what is hidden
}

// The store sees its own place and what has work there; the market sees its own channel and what was sold there.
var views = map[string]view{
	"a token of the store": {
		claims: auth.Claims{Locations: []string{"ST"}},
		seen: []string{"ST", "HAT at ST", "BAG at ST", "order2", "order3", "work2 at ST", "work3 at ST", "parcel3 from ST", "member2", "member3", "product", "HAT", "CAP", "BAG",
			"shop", "market", "listing", "return3", "refund3", "reservation at ST", "transfer"},
		hidden: []string{"WH", "HAT at WH", "CAP at WH", "order1", "work1 at WH", "work2 at WH", "parcel1 from WH", "parcel2 from WH", "member1", "member4", "line1", "payment1", "return1", "refund1", "reservation at WH"},
		texts:  []string{"Alpha refund 1", "Alpha return 1", "Alpha place WH", "street of WH", "count at WH", "member 1", "member 4", "note 1", "payment 1", "from WH", "WEB-ORDER-1", "13900000001", "13900000004", "cart at WH"},
	},
	"a token of the market": {
		claims: auth.Claims{Channels: []string{"market"}},
		seen:   []string{"WH", "ST", "HAT at WH", "HAT at ST", "market", "listing", "order3", "work3 at ST", "parcel3 from ST", "member3", "product", "HAT", "return3", "refund3"},
		hidden: []string{"shop", "order1", "order2", "work1 at WH", "work2 at WH", "work2 at ST", "parcel1 from WH", "parcel2 from WH", "member1", "member2", "member4", "line1", "line2", "payment1", "payment2", "return1", "refund1"},
		texts: []string{"channel shop", "member 1", "member 2", "member 4", "note 1", "note 2", "payment 1", "payment 2", "parcel 1", "parcel 2", "WEB-ORDER-1", "WEB-ORDER-2", "77.00",
			"13900000001", "13900000002", "13900000004"},
	},
	"a token of the shop in the store": {
		claims: auth.Claims{Channels: []string{"shop"}, Locations: []string{"ST"}},
		seen:   []string{"ST", "HAT at ST", "shop", "order2", "work2 at ST", "member2", "product", "reservation at ST", "transfer"},
		hidden: []string{"WH", "HAT at WH", "CAP at WH", "market", "listing", "order1", "order3", "work1 at WH", "work2 at WH", "work3 at ST", "parcel1 from WH", "parcel2 from WH", "parcel3 from ST",
			"member1", "member3", "member4", "return1", "return3", "refund1", "refund3", "reservation at WH"},
		texts: []string{"Alpha place WH", "channel market", "member 1", "member 3", "member 4", "from WH", "parcel 3", "88.00"},
	},
	"a token of nothing": {
		claims: auth.Claims{Channels: []string{}, Locations: []string{}},
		seen:   []string{"product", "HAT"},
		hidden: []string{"WH", "ST", "HAT at WH", "HAT at ST", "shop", "market", "listing", "order1", "order2", "order3", "member1", "member2", "member3", "member4", "work2 at ST", "parcel3 from ST", "return3", "refund3",
			"reservation at WH", "reservation at ST", "transfer"},
		texts: []string{"Alpha place", "Alpha channel", "Alpha member", "Alpha note", "Alpha parcel", "Alpha street", "77.00", "88.00", "Alpha cart", "Alpha van"},
	},
	"a token of a place that does not exist": {
		claims: auth.Claims{Locations: []string{"nowhere"}},
		seen:   []string{"product", "HAT", "shop", "market"},
		hidden: []string{"WH", "ST", "HAT at WH", "order1", "order2", "order3", "member1", "member2", "member3", "member4", "return1", "return3", "refund1", "refund3",
			"reservation at WH", "reservation at ST", "transfer"},
	},
}

func (v view) canaries(w *apitest.World) []string {
	var out []string
	for _, name := range v.hidden {
		out = append(out, suffix(w.IDs[name]))
		if number, ok := w.Numbers[name]; ok {
			out = append(out, number)
		}
	}
	return append(out, v.texts...)
}

func (v view) client(t *testing.T, a *apitest.API) *apitest.Client {
	v.claims.Scopes = auth.Scopes()
	return a.With(t, v.claims)
}

// Rows outside a token's channels and locations do not exist for it, on whatever path they are asked for.
func TestNarrowedTokensSeeNothingOutside(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k, unlimited)
		world := apitest.NewWorld(t, a.Client(t), "Alpha")
		settled(t, a.Client(t))
		queries := newWalker(world).queries(t)
		for name, v := range views {
			t.Run(name, func(t *testing.T) {
				c, hidden := v.client(t, a), v.canaries(world)
				seen := map[string]bool{}
				for _, q := range queries {
					r := c.Do(t, q.query, q.vars)
					unseen(t, r, hidden, q.what)
					for _, name := range v.seen {
						seen[name] = seen[name] || strings.Contains(string(r.Body), suffix(world.IDs[name]))
					}
				}
				for _, name := range v.seen {
					require.True(t, seen[name], "%s should be seen", name)
				}
			})
		}
	})
}

// why is how routing judged places: work at a visible place names hidden ones there, which nobody who may not is told.
var why = regexp.MustCompile(`routing=.* order_id=`)

// touching are the rows that hold an id of what is hidden.
func touching(t *testing.T, a *apitest.API, w *apitest.World, hidden []string) []string {
	t.Helper()
	var out []string
	for table, rows := range a.Rows(t, a.Kit.Brand.ID) {
		for _, row := range rows {
			for _, name := range hidden {
				id, err := commerce.ParseAnyID(w.IDs[name])
				require.NoError(t, err)
				if strings.Contains(why.ReplaceAllString(row, ""), id.UUID.String()) {
					out = append(out, table+": "+row)
					break
				}
			}
		}
	}
	require.NotEmpty(t, out)
	return out
}

// What is outside a token is not changed by it either, whichever mutation names it.
func TestNarrowedTokensChangeNothingOutside(t *testing.T) {
	for name, v := range views {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
				a := apitest.New(t, k, unlimited)
				world := apitest.NewWorld(t, a.Client(t), "Alpha")
				before := touching(t, a, world, v.hidden)
				c, hidden := v.client(t, a), v.canaries(world)
				for _, m := range newWalker(world).mutations(t) {
					r := c.Do(t, m.query, m.vars)
					unseen(t, r, hidden, m.what)
				}
				require.ElementsMatch(t, before, touching(t, a, world, v.hidden))
			})
		})
	}
}

func TestOrdersAreShownToALocationWithoutItsNeighbours(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	world := apitest.NewWorld(t, a.Client(t), "Alpha")
	store := a.With(t, auth.Claims{Locations: []string{"ST"}, Scopes: auth.Scopes()})
	r := store.Must(t, `query($id: ID!) { order(by: {id: $id}) { lines { sku allocations { location { code } quantity } } fulfillmentOrders { location { code } lines { sku quantity } } fulfillments { id } } }`,
		apitest.Vars{"id": world.IDs["order2"]})
	require.JSONEq(t, `{"order": {
		"lines": [{"sku": "CAP", "allocations": []}, {"sku": "BAG", "allocations": [{"location": {"code": "ST"}, "quantity": 1}]}],
		"fulfillmentOrders": [{"location": {"code": "ST"}, "lines": [{"sku": "BAG", "quantity": 1}]}], "fulfillments": []}}`, string(r.Data))
	const counts = `{ locations { totalCount } orders { totalCount } fulfillmentOrders { totalCount } members { totalCount } channels { totalCount } listings { totalCount }
		stockLevels(where: {}) { totalCount } cap: variant(by: {sku: "CAP"}) { available } hat: variant(by: {sku: "HAT"}) { available } }`
	require.JSONEq(t, `{"locations": {"totalCount": 1}, "orders": {"totalCount": 2}, "fulfillmentOrders": {"totalCount": 2}, "members": {"totalCount": 2}, "channels": {"totalCount": 2},
		"listings": {"totalCount": 1}, "stockLevels": {"totalCount": 2}, "cap": {"available": 0}, "hat": {"available": 5}}`, string(store.Must(t, counts, nil).Data))
	market := a.With(t, auth.Claims{Channels: []string{"market"}, Scopes: auth.Scopes()})
	require.JSONEq(t, `{"locations": {"totalCount": 2}, "orders": {"totalCount": 1}, "fulfillmentOrders": {"totalCount": 1}, "members": {"totalCount": 1}, "channels": {"totalCount": 1},
		"listings": {"totalCount": 1}, "stockLevels": {"totalCount": 4}, "cap": {"available": 3}, "hat": {"available": 10}}`, string(market.Must(t, counts, nil).Data))
	require.JSONEq(t, `{"viewer": {"channels": [{"code": "market"}], "locations": null}}`, string(market.Must(t, `{ viewer { channels { code } locations { code } } }`, nil).Data))
	require.JSONEq(t, `{"viewer": {"channels": null, "locations": [{"code": "ST"}]}}`, string(store.Must(t, `{ viewer { channels { code } locations { code } } }`, nil).Data))
}

// A stream is narrowed as lists are: what is outside is passed over, what follows comes.
func TestStreamsAreNarrowed(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		owner := a.Client(t)
		world := apitest.NewWorld(t, owner, "Alpha")
		start := settled(t, owner)
		adjust := func(place, key string) {
			owner.Must(t, `mutation($l: String!, $k: String!) { stockAdjust(input: {idempotencyKey: $k, variant: {sku: "HAT"}, location: {code: $l}, delta: 1, reason: "r"}) { userErrors { code } } }`, apitest.Vars{"l": place, "k": key})
		}
		tag := func(phone string) {
			owner.Must(t, `mutation($p: String!) { memberUpsert(input: {by: {phone: $p}, tags: ["x"]}) { userErrors { code } } }`, apitest.Vars{"p": phone})
		}
		store := a.With(t, auth.Claims{Locations: []string{"ST"}, Scopes: auth.Scopes()}).Socket(t)
		market := a.With(t, auth.Claims{Channels: []string{"market"}, Scopes: auth.Scopes()}).Socket(t)
		const follow = `subscription($after: String!, $types: [EventType!]) { events(after: $after, types: $types) { aggregateId } }`
		for _, s := range []*apitest.Socket{store, market} {
			for _, kind := range []string{"STOCK_CHANGED", "ORDER_CHANGED", "MEMBER_CHANGED"} {
				s.Subscribe(kind, follow, apitest.Vars{"after": start, "types": []string{kind}})
			}
		}
		adjust("WH", "1")
		adjust("ST", "2")
		tag("13900000001")
		tag("13900000003")
		owner.Must(t, `mutation($o: ID!) { orderCancel(input: {idempotencyKey: "c", order: {id: $o}, reason: "r"}) { userErrors { code } } }`, apitest.Vars{"o": world.IDs["order2"]})
		bought := owner.Must(t, `mutation { orderPlace(input: {idempotencyKey: "o", channel: {code: "market"}, lines: [{variant: {sku: "BAG"}, quantity: 1}], delivery: {ship: {address: {city: "x"}}}}) {
			order { id } userErrors { code } } }`, nil).Text("orderPlace.order.id")
		hear := func(s *apitest.Socket, n int) map[string][]string {
			out := map[string][]string{}
			for range n {
				m := s.Hear()
				require.Equal(t, "next", m.Type, "%s", m.Payload)
				id := strings.Split(strings.SplitAfter(string(m.Payload), `"aggregateId":"`)[1], `"`)[0]
				out[m.ID] = append(out[m.ID], id)
			}
			return out
		}
		require.Equal(t, map[string][]string{
			"STOCK_CHANGED": {world.IDs["HAT at ST"], world.IDs["BAG at ST"]}, "ORDER_CHANGED": {world.IDs["order2"], bought}, "MEMBER_CHANGED": {world.IDs["member3"]},
		}, hear(store, 5))
		require.Equal(t, map[string][]string{
			"STOCK_CHANGED": {world.IDs["HAT at WH"], world.IDs["HAT at ST"], world.IDs["BAG at ST"]}, "ORDER_CHANGED": {bought}, "MEMBER_CHANGED": {world.IDs["member3"]},
		}, hear(market, 5))
	})
}

// A transfer is read by its id and listed from either end, with the other end null to whoever does not see it; a reservation from a place
// that it keeps something at, with what it keeps there. A third place has neither. What they are for is told, but not an order elsewhere.
func TestWhatIsOnItsWayIsReadFromEitherEnd(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		own := a.Client(t)
		world := apitest.NewWorld(t, own, "Alpha")
		own.Must(t, `mutation { locationUpsert(input: {code: "FAR", name: "Far"}) { userErrors { code } } }`, nil)
		kept := own.Must(t, `mutation { stockReserve(input: {idempotencyKey: "k", ttlSeconds: 60, reference: {system: "web", value: "cart"}, lines: [{variant: {sku: "HAT"}, quantity: 1, location: {code: "WH"}},
			{variant: {sku: "BAG"}, quantity: 2, location: {code: "ST"}}]}) { reservation { id } userErrors { code } } }`, nil).Text("stockReserve.reservation.id")
		sent := own.Must(t, `mutation($order: String!) { stockTransferCreate(input: {idempotencyKey: "t", from: {code: "WH"}, to: {code: "ST"}, lines: [{variant: {sku: "HAT"}, quantity: 2}],
			reference: {system: "order", value: $order}}) { transfer { id } userErrors { code } } }`, apitest.Vars{"order": world.Numbers["order1"]}).Text("stockTransferCreate.transfer.id")
		const query = `query($kept: ID!, $sent: ID!) {
			kept: node(id: $kept) { ... on Reservation { state reference { value } lines { location { code } variant { sku } quantity } } }
			sent: node(id: $sent) { ...f }
			all: stockTransfers { totalCount edges { node { reference { value } } } }
			open: stockTransfers(where: {state: IN_TRANSIT, variant: {sku: "HAT"}}) { edges { node { ...f } } }
			from: stockTransfers(where: {from: {code: "WH"}}) { totalCount edges { node { to { code } } } }
			to: stockTransfers(where: {to: {code: "ST"}}) { totalCount edges { node { to { code } } } }
			none: stockTransfers(where: {variant: {sku: "BAG"}}) { totalCount } }
			fragment f on StockTransfer { state from { code } to { code } reference { value } lines { variant { sku } quantity received } }`
		const hat = `"lines": [{"variant": {"sku": "HAT"}, "quantity": 2, "received": 0}]`
		for place, want := range map[string]string{
			"WH": `{"kept": {"state": "ACTIVE", "reference": {"value": "cart"}, "lines": [{"location": {"code": "WH"}, "variant": {"sku": "HAT"}, "quantity": 1}]},
				"sent": {"state": "IN_TRANSIT", "from": {"code": "WH"}, "to": null, "reference": {"value": "` + world.Numbers["order1"] + `"}, ` + hat + `},
				"open": {"edges": [{"node": {"state": "IN_TRANSIT", "from": {"code": "WH"}, "to": null, "reference": {"value": "` + world.Numbers["order1"] + `"}, ` + hat + `}}]},
				"all": {"totalCount": 2, "edges": [{"node": {"reference": {"value": "Alpha van"}}}, {"node": {"reference": {"value": "` + world.Numbers["order1"] + `"}}}]},
				"from": {"totalCount": 2, "edges": [{"node": {"to": null}}, {"node": {"to": null}}]}, "to": {"totalCount": 0, "edges": []}, "none": {"totalCount": 0}}`,
			"ST": `{"kept": {"state": "ACTIVE", "reference": {"value": "cart"}, "lines": [{"location": {"code": "ST"}, "variant": {"sku": "BAG"}, "quantity": 2}]},
				"sent": {"state": "IN_TRANSIT", "from": null, "to": {"code": "ST"}, "reference": null, ` + hat + `},
				"open": {"edges": [{"node": {"state": "IN_TRANSIT", "from": null, "to": {"code": "ST"}, "reference": null, ` + hat + `}}]},
				"all": {"totalCount": 2, "edges": [{"node": {"reference": {"value": "Alpha van"}}}, {"node": {"reference": null}}]},
				"from": {"totalCount": 0, "edges": []}, "to": {"totalCount": 2, "edges": [{"node": {"to": {"code": "ST"}}}, {"node": {"to": {"code": "ST"}}}]}, "none": {"totalCount": 0}}`,
			"FAR": `{"kept": null, "sent": null, "open": {"edges": []}, "all": {"totalCount": 0, "edges": []}, "from": {"totalCount": 0, "edges": []}, "to": {"totalCount": 0, "edges": []}, "none": {"totalCount": 0}}`,
		} {
			c := a.With(t, auth.Claims{Locations: []string{place}, Scopes: []auth.Scope{auth.StockRead}})
			ids := apitest.Vars{"kept": kept, "sent": sent}
			require.JSONEq(t, want, string(c.Must(t, query, ids).Data), place)
			alone := c.Must(t, `query($kept: ID!) { node(id: $kept) { id } }`, apitest.Vars{"kept": kept})
			require.Equal(t, place != "FAR", alone.Get("node") != nil, "%s: what is asked of it changes nothing about who sees it", place)
		}
	})
}
