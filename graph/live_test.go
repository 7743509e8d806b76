package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// One log feeds sockets and the pull feed: the same events, ids and cursors.
func TestTheLiveStreamAndThePullFeedTellTheSame(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		all := readOperations(t)
		start := settled(t, c)
		events, stocks, orders := c.Socket(t), c.Socket(t), c.Socket(t)
		events.Subscribe("e", all["LiveEvents"], apitest.Vars{"after": start})
		stocks.Subscribe("s", all["LiveStock"], apitest.Vars{"after": start, "variants": []apitest.Vars{{"sku": "HAT"}}, "locations": []apitest.Vars{{"code": "WH"}}})
		orders.Subscribe("o", all["LiveOrders"], apitest.Vars{"after": start, "channels": []apitest.Vars{{"code": "shop"}}})
		// What the streams name must exist before they are asked: these were too early and stay silent, but for their pongs.
		for _, s := range []*apitest.Socket{stocks, orders} {
			s.Say(apitest.Message{Type: "ping"})
			require.Equal(t, "pong", s.Hear().Type)
		}
		world := apitest.NewWorld(t, c, "Alpha")
		stocks.Subscribe("late", all["LiveStock"], apitest.Vars{"after": start, "variants": []apitest.Vars{{"sku": "HAT"}}, "locations": []apitest.Vars{{"code": "WH"}}})
		orders.Subscribe("late", all["LiveOrders"], apitest.Vars{"after": start, "channels": []apitest.Vars{{"code": "market"}}})

		stock := stocks.Next("late")
		require.Equal(t, "HAT", stock.Text("stockChanged.variant.sku"))
		require.Equal(t, "WH", stock.Text("stockChanged.location.code"))
		require.Equal(t, 5, stock.Int("stockChanged.available"))
		require.Equal(t, world.Numbers["order3"], orders.Next("late").Text("orderChanged.order.number"))

		settled(t, c)
		var live, pulled []map[string]any
		for after, more := start, true; more; {
			r := c.Must(t, all["PullFeed"], apitest.Vars{"first": 7, "after": after})
			for _, e := range edges(t, r, "events") {
				node := e.(map[string]any)["node"].(map[string]any)
				require.Equal(t, e.(map[string]any)["cursor"], node["cursor"])
				pulled = append(pulled, node)
			}
			after, more = r.Text("events.pageInfo.endCursor"), r.Get("events.pageInfo.hasNextPage") == true
		}
		types := map[string]bool{}
		for range pulled {
			node := events.Next("e").Get("events").(map[string]any)
			live = append(live, node)
			types[node["__typename"].(string)] = true
			require.True(t, strings.HasPrefix(node["cause"].(string), "request:"), "%v", node)
		}
		require.Equal(t, map[string]bool{"ProductChanged": true, "StockChanged": true, "ListingChanged": true, "MemberChanged": true, "OrderChanged": true}, types)
		for i := range live { // what has happened stays; what it happened to is shown as it is now
			for _, field := range []string{"__typename", "id", "cursor", "type", "aggregateId", "sequence", "occurredAt", "actor", "cause", "onHand", "reserved", "available"} {
				require.Equal(t, pulled[i][field], live[i][field], "%v", pulled[i])
			}
		}
		last := pulled[len(pulled)-1]["cursor"].(string)
		r := c.Must(t, all["PullFeed"], apitest.Vars{"first": 7, "after": last})
		require.Empty(t, edges(t, r, "events"))
		require.Equal(t, last, r.Text("events.pageInfo.endCursor"), "an empty page repeats where it stands")
		r = c.Must(t, all["PullFeed"], apitest.Vars{"first": 100, "types": []string{"MEMBER_CHANGED"}})
		require.Len(t, edges(t, r, "events"), 4, "without after the feed starts at the oldest event kept")
	})
}

func TestACursorOlderThanTheLogIsTold(t *testing.T) {
	k := testkit.SQLite(t)
	a := apitest.New(t, k)
	c := a.Client(t)
	start := settled(t, c)
	apitest.NewWorld(t, c, "Alpha")
	settled(t, c)
	_, err := k.Store.DB.Write().Exec(t.Context(), "DELETE FROM events WHERE seq < (SELECT MAX(seq) FROM events)")
	require.NoError(t, err)
	r := c.Do(t, `query($a: String) { events(after: $a) { edges { cursor } } }`, apitest.Vars{"a": start})
	require.Equal(t, []string{"BAD_REQUEST events"}, r.Said())
	require.Equal(t, "CURSOR_TOO_OLD", r.Errors[0].Extensions.Reason)
	s := c.Socket(t)
	s.Subscribe("s", `subscription($a: String) { events(after: $a) { id } }`, apitest.Vars{"a": start})
	m := s.Hear()
	require.Equal(t, "error", m.Type)
	var errs []apitest.Error
	require.NoError(t, json.Unmarshal(m.Payload, &errs))
	require.Equal(t, "CURSOR_TOO_OLD", errs[0].Extensions.Reason)
}

func TestChannelKindsTellWhatEachNeeds(t *testing.T) {
	c := apitest.New(t, testkit.SQLite(t)).Client(t)
	var data struct {
		ChannelKinds []struct {
			Kind, Title string
			Abilities   []string
			Settings    []struct {
				Name, Title      string
				Secret, Required bool
			}
		}
	}
	c.Must(t, readOperations(t)["ChannelKinds"], nil).Into(t, &data)
	needs, secret := map[string][]string{}, map[string]bool{}
	for _, kind := range data.ChannelKinds {
		require.NotEmpty(t, kind.Title)
		require.NotEmpty(t, kind.Abilities, kind.Kind)
		needs[kind.Kind] = []string{}
		for _, s := range kind.Settings {
			if s.Required {
				needs[kind.Kind] = append(needs[kind.Kind], s.Name)
			}
			secret[s.Name] = secret[s.Name] || s.Secret
		}
	}
	require.Empty(t, needs["STOREFRONT"])
	require.ElementsMatch(t, []string{"gatewayUrl", "appKey", "appSecret", "session"}, needs["TAOBAO"])
	require.ElementsMatch(t, []string{"gatewayUrl", "appKey", "appSecret", "accessToken"}, needs["JD"])
	for _, name := range []string{"appSecret", "session", "accessToken"} {
		require.True(t, secret[name], "%s goes in and never out", name)
	}
	require.False(t, secret["gatewayUrl"])
}

// As in every filter, a list that is absent keeps everything and an empty one nothing: in the pull feed, in streams and in lists.
func TestAnEmptyListOfWhatIsWantedKeepsNothing(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	apitest.NewWorld(t, c, "Alpha")
	start := settled(t, c)
	const feed = `query($types: [EventType!]) { events(types: $types) { totalCount edges { node { id } } pageInfo { hasNextPage } } }`
	require.JSONEq(t, `{"events": {"totalCount": 0, "edges": [], "pageInfo": {"hasNextPage": false}}}`, string(c.Must(t, feed, apitest.Vars{"types": []any{}}).Data))
	require.JSONEq(t, `{"events": {"edges": [], "pageInfo": {"endCursor": "`+start+`"}}}`,
		string(c.Must(t, `query($a: String!) { events(types: [], after: $a) { edges { cursor } pageInfo { endCursor } } }`, apitest.Vars{"a": start}).Data))
	for _, vars := range []apitest.Vars{nil, {"types": nil}} {
		require.Positive(t, c.Must(t, feed, vars).Int("events.totalCount"))
		require.NotEmpty(t, edges(t, c.Must(t, feed, vars), "events"))
	}
	s := c.Socket(t)
	for _, field := range []string{"events(after: $a, types: [])", "stockChanged(after: $a, variants: [])", "stockChanged(after: $a, locations: [])", "orderChanged(after: $a, channels: [])"} {
		s.Subscribe(field, "subscription($a: String) { it: "+field+" { id } }", apitest.Vars{"a": start})
	}
	all := c.Socket(t)
	all.Subscribe("all", `subscription($a: String) { events(after: $a, types: [STOCK_CHANGED, MEMBER_CHANGED]) { type } }`, apitest.Vars{"a": start})
	c.Must(t, `mutation { stockAdjust(input: {idempotencyKey: "x", variant: {sku: "HAT"}, location: {code: "WH"}, delta: 1, reason: "r"}) { userErrors { code } } }`, nil)
	c.Must(t, `mutation { memberUpsert(input: {name: "More"}) { userErrors { code } } }`, nil)
	require.Equal(t, []string{"STOCK_CHANGED", "MEMBER_CHANGED"}, []string{all.Next("all").Text("events.type"), all.Next("all").Text("events.type")})
	s.Say(apitest.Message{Type: "ping"}) // nothing has come before the answer to this
	require.Equal(t, "pong", s.Hear().Type)
	require.Empty(t, edges(t, c.Must(t, `{ orders(where: {states: []}) { edges { cursor } } }`, nil), "orders"))
	require.Empty(t, edges(t, c.Must(t, `{ fulfillmentOrders(where: {states: []}) { edges { cursor } } }`, nil), "fulfillmentOrders"))
}
