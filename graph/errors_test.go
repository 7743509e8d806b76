package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// call calls a mutation and tells its user errors as "CODE path.to.it", with the figures that a client needs.
func call(t *testing.T, c *apitest.Client, mutation string, input apitest.Vars) (said []string, r apitest.Response) {
	t.Helper()
	kind := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input!"
	r = c.Do(t, "mutation($input: "+kind+") { it: "+mutation+`(input: $input) { __typename userErrors { __typename code path message retryable
		... on InsufficientStock { available } ... on StockConflict { actual } ... on PriceChanged { expectedAmount { amount currency } actualAmount { amount currency } } ... on IllegalTransition { allowed } } } }`,
		apitest.Vars{"input": input})
	var data struct {
		It *struct {
			UserErrors []struct {
				Code, Message string
				Path          []string
			}
		}
	}
	if len(r.Data) > 0 {
		r.Into(t, &data)
	}
	if data.It != nil {
		for _, e := range data.It.UserErrors {
			require.NotEmpty(t, e.Message)
			said = append(said, strings.TrimSpace(e.Code+" "+strings.Join(e.Path, ".")))
		}
	}
	return append(said, r.Said()...), r
}

// with is a copy of an input with a value at a path, as in "lines.0.quantity".
func with(t *testing.T, input apitest.Vars, path string, value any) apitest.Vars {
	t.Helper()
	text, err := json.Marshal(input)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal(text, &out))
	at := out
	steps := strings.Split(path, ".")
	for i, step := range steps {
		last := i == len(steps)-1
		switch v := at.(type) {
		case map[string]any:
			if last {
				v[step] = value
			}
			at = v[step]
		case []any:
			var n int
			fmt.Sscan(step, &n)
			if last {
				v[n] = value
			}
			at = v[n]
		}
	}
	return out.(map[string]any)
}

func buying(key, sku string, n any) apitest.Vars {
	return apitest.Vars{"idempotencyKey": key, "channel": apitest.Vars{"code": "shop"}, "lines": []any{apitest.Vars{"variant": apitest.Vars{"sku": sku}, "quantity": n}},
		"delivery": apitest.Vars{"ship": apitest.Vars{"address": apitest.Vars{"city": "x"}}}}
}

// What is unknown is NOT_FOUND where it was named, and null or an empty page in queries.
func TestWhatIsUnknownIsToldWhereItWasNamed(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	world := apitest.NewWorld(t, c, "Alpha")
	none := apitest.Vars{"id": "x"}
	for _, x := range []struct {
		mutation string
		input    apitest.Vars
		said     string
	}{
		{"productUpsert", apitest.Vars{"by": none, "title": "x"}, "NOT_FOUND by"},
		{"priceSet", apitest.Vars{"variant": none, "amount": apitest.Vars{"amount": "1", "currency": "CNY"}}, "NOT_FOUND variant"},
		{"priceSet", apitest.Vars{"variant": apitest.Vars{"sku": "HAT"}, "channel": none, "amount": apitest.Vars{"amount": "1", "currency": "CNY"}}, "NOT_FOUND channel"},
		{"locationUpsert", apitest.Vars{"by": none, "name": "x"}, "NOT_FOUND by"},
		{"stockAdjust", apitest.Vars{"idempotencyKey": "1", "variant": none, "location": apitest.Vars{"code": "WH"}, "delta": 1, "reason": "r"}, "NOT_FOUND variant"},
		{"stockAdjust", apitest.Vars{"idempotencyKey": "1", "variant": apitest.Vars{"sku": "HAT"}, "location": none, "delta": 1, "reason": "r"}, "NOT_FOUND location"},
		{"stockSet", apitest.Vars{"idempotencyKey": "1", "variant": apitest.Vars{"sku": "HAT"}, "location": apitest.Vars{"code": "??"}, "onHand": 1, "reason": "r"}, "NOT_FOUND location"},
		{"memberUpsert", apitest.Vars{"by": none}, "NOT_FOUND by"},
		{"orderPlace", with(t, buying("1", "NONE", 1), "channel", apitest.Vars{"code": "shop"}), "NOT_FOUND lines.0.variant"},
		{"orderPlace", with(t, buying("1", "HAT", 1), "channel", none), "NOT_FOUND channel"},
		{"orderPlace", with(t, buying("1", "HAT", 1), "member", none), "NOT_FOUND member"},
		{"orderCancel", apitest.Vars{"idempotencyKey": "1", "order": none, "reason": "r"}, "NOT_FOUND order"},
		{"orderPaymentRecord", apitest.Vars{"idempotencyKey": "1", "order": apitest.Vars{"number": "x"}, "method": "CARD", "amount": apitest.Vars{"amount": "1", "currency": "CNY"}, "reference": "r"}, "NOT_FOUND order"},
		{"fulfillmentAccept", apitest.Vars{"idempotencyKey": "1", "fulfillmentOrder": world.IDs["order1"]}, "NOT_FOUND fulfillmentOrder"},
		{"fulfillmentShip", apitest.Vars{"idempotencyKey": "1", "fulfillmentOrder": "x", "dispatchToken": "x", "carrier": "c", "trackingNumber": "t"}, "NOT_FOUND fulfillmentOrder"},
		{"returnRequest", apitest.Vars{"idempotencyKey": "1", "order": code("id", world.IDs["order1"]), "lines": []any{apitest.Vars{"sku": "HTA", "quantity": 1, "reason": "r"}}}, "NOT_FOUND lines.0.sku"},
		{"returnRequest", apitest.Vars{"idempotencyKey": "1", "order": code("id", world.IDs["order1"]), "lines": []any{apitest.Vars{"line": "x", "quantity": 1, "reason": "r"}}}, "NOT_FOUND lines.0.line"},
		{"listingPublish", apitest.Vars{"channel": none, "variants": []any{apitest.Vars{"sku": "HAT"}}}, "NOT_FOUND channel"},
		{"listingUnpublish", apitest.Vars{"channel": apitest.Vars{"code": "market"}, "variants": []any{none}}, "NOT_FOUND variants.0"},
		{"channelSync", apitest.Vars{"channel": none, "what": []string{"ORDERS"}}, "NOT_FOUND channel"},
	} {
		said, r := call(t, c, x.mutation, x.input)
		require.Equal(t, []string{x.said}, said, "%s: %s", x.mutation, r.Body)
	}
	r := c.Must(t, `{ product(by: {id: "x"}) { id } variant(by: {sku: ""}) { id } location(by: {code: "x"}) { id } order(by: {number: "x"}) { id } member(by: {phone: "x"}) { id } channel(by: {id: "prod_x"}) { id } job(id: "x") { id } node(id: "") { id }
		orders(where: {channel: {code: "x"}}) { totalCount } stockLevels(where: {location: {code: "x"}}) { totalCount edges { cursor } } listings(where: {variant: {sku: "x"}}) { totalCount } products(where: {category: ["x"]}) { totalCount } }`, nil)
	require.JSONEq(t, `{"product":null,"variant":null,"location":null,"order":null,"member":null,"channel":null,"job":null,"node":null,
		"orders":{"totalCount":0},"stockLevels":{"totalCount":0,"edges":[]},"listings":{"totalCount":0},"products":{"totalCount":0}}`, string(r.Data))
}

// No list of lines means all of them, and so does null. An empty one names none, and is no wish to have all.
func TestAnEmptyListOfLinesIsNotAllOfThem(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		all := func() [3]int {
			return [3]int{
				k.Count(t, "orders", "state = 'CANCELED'"), k.Count(t, "orders", "fulfillment_state = 'FULFILLED'"), k.Count(t, "stock_transfers", "state = 'RECEIVED'"),
			}
		}
		before := all()
		for _, mutation := range []string{"orderCancel", "fulfillmentShip", "stockTransferReceive"} {
			for _, lines := range []any{nil, "absent"} {
				in := x.fresh[mutation][0]()
				in["lines"] = []any{}
				said, r := call(t, x.c, mutation, in)
				require.Equal(t, []string{"INVALID_INPUT lines"}, said, "%s: %s", mutation, r.Body)
				if in["lines"] = lines; lines != nil {
					delete(in, "lines")
				}
				said, r = call(t, x.c, mutation, in)
				require.Empty(t, said, "%s: %s", mutation, r.Body)
			}
		}
		after := all()
		for i := range after {
			require.Equal(t, before[i]+2, after[i], "each as a whole")
		}
	})
}

// Variables obey @oneOf as literals do: exactly one field, and not null. Every reference of the schema is tried.
func TestOneOfIsKeptByVariables(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	w := newWalker(apitest.NewWorld(t, c, "Alpha"))
	tried := 0
	for _, f := range w.schema.Query.Fields {
		for _, arg := range f.Arguments {
			if !w.isRef(arg.Type) {
				continue
			}
			forms := w.refs[arg.Type.Name()]
			both := maps.Clone(forms[0])
			maps.Copy(both, forms[1])
			name := slices.Collect(maps.Keys(forms[0]))[0]
			head, args := fmt.Sprintf("query($v: %s) { it: %s(", arg.Type, f.Name), fmt.Sprintf("%s: $v", arg.Name)
			for _, other := range f.Arguments {
				if other.Name != arg.Name && other.Type.NonNull {
					args += ", " + other.Name + ": " + literal(w.value(other.Type, 0, false, 0))
				}
			}
			for _, v := range []apitest.Vars{{}, {name: nil}, both} {
				r := c.Do(t, head+args+") { __typename } }", apitest.Vars{"v": v})
				require.Len(t, r.Errors, 1, "%s %v: %s", f.Name, v, r.Body)
				require.Equal(t, "BAD_REQUEST", r.Errors[0].Extensions.Code)
				require.Nil(t, r.Get("it"))
				tried++
			}
		}
	}
	require.Greater(t, tried, 15)
	for name, query := range map[string]string{
		"in a filter":       `query($v: VariantRef) { it: stockLevels(where: {variant: $v}) { totalCount } }`,
		"in a list":         `mutation($v: VariantRef!) { it: listingPublish(input: {channel: {code: "market"}, variants: [$v]}) { userErrors { code } } }`,
		"in a nested input": `mutation($v: VariantRef!) { it: orderPlace(input: {idempotencyKey: "k", channel: {code: "shop"}, lines: [{variant: $v, quantity: 1}], delivery: {ship: {address: {}}}}) { userErrors { code } } }`,
		"of a nested field": `query($v: VariantRef!) { it: variant(by: $v) { price(channel: {code: "shop"}) { source } } }`,
	} {
		r := c.Do(t, query, apitest.Vars{"v": apitest.Vars{"sku": "HAT", "barcode": "69HAT"}})
		require.Equal(t, []string{"BAD_REQUEST it"}, r.Said(), name)
	}
	r := c.Do(t, `query($c: ChannelRef) { variant(by: {sku: "HAT"}) { price(channel: $c) { source } } }`, apitest.Vars{"c": apitest.Vars{"id": "x", "code": "shop"}})
	require.Len(t, r.Errors, 1, "%s", r.Body)
	require.Equal(t, "BAD_REQUEST", r.Errors[0].Extensions.Code)
	said, _ := call(t, c, "orderPlace", with(t, buying("k", "HAT", 1), "delivery", apitest.Vars{}))
	require.Equal(t, []string{"BAD_REQUEST it"}, said)
}

// MQ-01: a brand that sells in a currency without minor units has no fractions.
func TestMQ01YenHaveNoSmallerUnit(t *testing.T) {
	yen := apitest.New(t, testkit.SQLite(t)).Other(t)
	apitest.NewWorld(t, yen, "Beta")
	price := apitest.Vars{"variant": apitest.Vars{"sku": "HAT"}}
	for amount, want := range map[string][]string{"1.5": {"INVALID_INPUT amount.amount"}, "0.1": {"INVALID_INPUT amount.amount"}, "1.0": nil, "150": nil} {
		said, r := call(t, yen, "priceSet", with(t, price, "amount", apitest.Vars{"amount": amount, "currency": "JPY"}))
		require.Equal(t, want, said, "%s: %s", amount, r.Body)
	}
	r := yen.Must(t, `{ variant(by: {sku: "HAT"}) { price { amount { amount currency } } } }`, nil)
	require.Contains(t, []string{"1", "150"}, r.Text("variant.price.amount.amount"))
}

// IN-01: a reference or a filter with a control character is merely unknown, alike on both engines.
func TestIN01UnknownTexts(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := apitest.New(t, k).Client(t)
		apitest.NewWorld(t, c, "Alpha")
		require.Nil(t, c.Must(t, `{ variant(by: {sku: "a\u0000b"}) { id } }`, nil).Get("variant"))
		r := c.Must(t, `query($s: String!) { variant(by: {sku: $s}) { id } products(where: {query: $s, vendor: $s, handles: [$s], skus: [$s], tags: [$s], category: [$s]}) { totalCount } orders(where: {query: $s}) { totalCount } member(by: {phone: $s}) { id } node(id: "x") { id } }`,
			apitest.Vars{"s": "a\u0000b"})
		require.JSONEq(t, `{"variant":null,"products":{"totalCount":0},"orders":{"totalCount":0},"member":null,"node":null}`, string(r.Data))
	})
}

// ID-01: inputs are compared after coercion.
func TestID01InputsAreComparedAfterCoercion(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		apitest.NewWorld(t, c, "Alpha")
		one := c.Must(t, `mutation { it: stockAdjust(input: {idempotencyKey: "c", variant: {sku: "HAT"}, location: {code: "WH"}, delta: 1, reason: "r"}) { replayed movement { id } } }`, nil)
		two := c.Must(t, `mutation($i: StockAdjustInput!) { it: stockAdjust(input: $i) { replayed movement { id } } }`, apitest.Vars{"i": apitest.Vars{
			"reason": "r", "delta": 1, "location": apitest.Vars{"code": "WH"}, "variant": apitest.Vars{"sku": "HAT"}, "idempotencyKey": "c"}})
		require.Equal(t, true, two.Get("it.replayed"))
		require.Equal(t, one.Get("it.movement.id"), two.Get("it.movement.id"))
	})
}

// Errors that a client must act on come with the figures it needs.
func TestUserErrorsComeWithTheirFigures(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c, cheap := a.Client(t), a.Without(t, auth.PricesWrite)
	world := apitest.NewWorld(t, c, "Alpha")
	figure := func(r apitest.Response) string {
		text, err := json.Marshal(r.Get("it.userErrors.0"))
		require.NoError(t, err)
		return string(text)
	}
	unit := with(t, buying("1", "CAP", 1), "lines.0.unitPrice", apitest.Vars{"amount": "99", "currency": "CNY"})
	_, r := call(t, cheap, "orderPlace", unit)
	require.Contains(t, figure(r), `"actualAmount":{"amount":"100.00","currency":"CNY"}`)
	require.Contains(t, figure(r), `"expectedAmount":{"amount":"99.00","currency":"CNY"}`)
	require.Equal(t, "PriceChanged", r.Text("it.userErrors.0.__typename"))
	require.Equal(t, "PRICE_CHANGED", r.Text("it.userErrors.0.code"))
	said, r := call(t, c, "orderPlace", with(t, buying("2", "CAP", 1), "expectedTotal", apitest.Vars{"amount": "1", "currency": "CNY"}))
	require.Equal(t, []string{"PRICE_CHANGED expectedTotal"}, said, "%s", r.Body)

	_, r = call(t, c, "orderPlace", buying("3", "CAP", 4))
	require.Equal(t, "InsufficientStock", r.Text("it.userErrors.0.__typename"))
	require.Equal(t, 3, r.Int("it.userErrors.0.available"))
	require.Equal(t, true, r.Get("it.userErrors.0.retryable"))

	set := apitest.Vars{"idempotencyKey": "4", "variant": apitest.Vars{"sku": "HAT"}, "location": apitest.Vars{"code": "WH"}, "onHand": 9, "expectedOnHand": 4, "reason": "r"}
	_, r = call(t, c, "stockSet", set)
	require.Equal(t, "StockConflict", r.Text("it.userErrors.0.__typename"))
	require.Equal(t, 5, r.Int("it.userErrors.0.actual"))

	_, r = call(t, c, "fulfillmentAccept", apitest.Vars{"idempotencyKey": "5", "fulfillmentOrder": world.IDs["work1 at WH"]})
	require.Equal(t, "IllegalTransition", r.Text("it.userErrors.0.__typename"), "%s", r.Body)
	require.NotNil(t, r.Get("it.userErrors.0.allowed"))

	const place = `mutation($input: OrderPlaceInput!) { it: orderPlace(input: $input) { order { id } userErrors { code path } } }`
	r = c.Do(t, place, apitest.Vars{"input": with(t, buying("6", "HAT", 1), "externalRef", apitest.Vars{"system": "web", "value": "WEB-ORDER-1"})})
	require.Equal(t, "ALREADY_EXISTS", r.Text("it.userErrors.0.code"), "%s", r.Body)
	require.Equal(t, world.IDs["order1"], r.Text("it.order.id"), "the order that has it comes along")
}

// No answer tells of our insides, whatever goes wrong.
func TestErrorsTellNothingOfTheInside(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	c := a.Client(t)
	apitest.NewWorld(t, c, "Alpha")
	for _, text := range []string{`'; DROP TABLE products; --`, `"`, `\`, `%`, `{"$ne": null}`, `$1`, `?`, `{{.}}`, "\u2028", strings.Repeat("x", 10_000)} { // IN-03
		for _, query := range []string{
			`query($s: String!) { products(where: {query: $s, vendor: $s, tags: [$s], category: [$s], handles: [$s], skus: [$s]}) { totalCount } }`,
			`query($s: String!) { orders(where: {query: $s}) { totalCount } members(where: {query: $s, tags: [$s]}) { totalCount } }`,
			`query($s: String!) { variant(by: {barcode: $s}) { id } order(by: {externalRef: {system: $s, value: $s}}) { id } member(by: {identity: {system: $s, value: $s}}) { id } channel(by: {code: $s}) { id } }`,
			`mutation($s: String!) { productUpsert(input: {handle: $s, title: $s, variants: [{sku: $s, price: {amount: "1", currency: "CNY"}}]}) { product { title } userErrors { code message } } }`,
			`mutation($s: String!) { channelConnect(input: {kind: $s, code: $s, name: $s, settings: [{name: $s, value: $s}]}) { userErrors { code message } } }`,
		} {
			r := c.Do(t, query, apitest.Vars{"s": text})
			require.Empty(t, r.Errors, "%q: %s", text, r.Body)
			for _, word := range []string{"SELECT ", "SQLITE", "constraint", "goroutine", ".go:", "ent:", "pq:", "runtime error"} {
				require.NotContains(t, strings.ReplaceAll(string(r.Body), text, ""), word)
			}
		}
	}
	require.NotContains(t, a.Log.String(), "a request failed")
}
