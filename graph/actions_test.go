package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// life is an order as a client sees it, with the dispatch tokens it was given.
type life struct {
	ID, State   string
	NextActions []string
	Totals      map[string]struct{ Amount string }
	Lines       []struct {
		ID, SKU                                                         string
		Quantity, FulfilledQuantity, ReturnedQuantity, CanceledQuantity int
	}
	FulfillmentOrders []struct{ ID, State string }
	Returns           []struct {
		ID, State string
		Lines     []struct {
			SKU         string
			Quantity    int
			Disposition *string
		}
	}
	Delivery struct{ Code *struct{ Value string } }

	r      *rand.Rand
	tokens map[string]string
}

const lifeQuery = `query($by: OrderRef!) { order(by: $by) { id state nextActions totals { total { amount } paid { amount } refunded { amount } }
	lines { id sku quantity fulfilledQuantity returnedQuantity canceledQuantity } fulfillmentOrders { id state }
	returns { id state lines { sku quantity disposition } } delivery { ... on PickupDelivery { code { value } } } } }`

// cents reads a sum of the order.
func (l *life) cents(t *testing.T, sum string) int64 {
	n, err := strconv.ParseInt(strings.Replace(l.Totals[sum].Amount, ".", "", 1), 10, 64)
	require.NoError(t, err)
	return n
}

func (l *life) money(n int64) apitest.Vars {
	return apitest.Vars{"amount": fmt.Sprintf("%d.%02d", n/100, n%100), "currency": "CNY"}
}

// workIn finds work in one of some states, any when there is none; "" without work.
func (l *life) workIn(states ...string) string {
	id := ""
	for _, w := range l.FulfillmentOrders {
		if slices.Contains(states, w.State) {
			return w.ID
		}
		id = w.ID
	}
	return id
}

// comingBack finds a return that is awaited and a SKU that it awaits, any when there is none.
func (l *life) comingBack() (id, sku string) {
	for _, x := range l.Returns {
		id, sku = x.ID, x.Lines[0].SKU
		for _, line := range x.Lines {
			if x.State == "REQUESTED" && line.Disposition == nil {
				return id, line.SKU
			}
		}
	}
	return id, sku
}

// input makes one for a mutation that could go well, nil when there is nothing to try it on.
func (l *life) input(t *testing.T, action string) apitest.Vars {
	in := apitest.Vars{"idempotencyKey": commerce.NewUUID().String()}
	order := apitest.Vars{"id": l.ID}
	work := func(states ...string) apitest.Vars {
		if in["fulfillmentOrder"] = l.workIn(states...); in["fulfillmentOrder"] == "" {
			return nil
		}
		return in
	}
	switch action {
	case "orderPaymentRecord":
		in["order"], in["method"], in["reference"] = order, "CARD", "r"
		in["amount"] = l.money(1 + l.r.Int64N(max(1, l.cents(t, "total")-l.cents(t, "paid"))))
	case "refundCreate":
		in["order"], in["reason"] = order, "r"
		in["amount"] = l.money(1 + l.r.Int64N(max(1, l.cents(t, "paid")-l.cents(t, "refunded"))))
	case "orderCancel":
		in["order"], in["reason"] = order, "r"
		for _, line := range l.Lines {
			if line.Quantity > line.FulfilledQuantity+line.CanceledQuantity && l.r.IntN(5) > 0 {
				in["lines"] = []apitest.Vars{{"sku": line.SKU, "quantity": 1}}
			}
		}
	case "fulfillmentAccept":
		return work("OPEN")
	case "fulfillmentReject":
		in["reason"] = "r"
		return work("OPEN", "ACCEPTED", "ON_HOLD")
	case "fulfillmentHold":
		in["reason"] = "r"
		return work("OPEN", "ACCEPTED")
	case "fulfillmentRelease":
		return work("ON_HOLD")
	case "fulfillmentShip":
		in["carrier"], in["trackingNumber"], in["dispatchToken"] = "SF", "1", l.tokens[l.workIn("ACCEPTED")]
		return work("ACCEPTED")
	case "pickupVerify":
		if l.Delivery.Code == nil {
			return nil
		}
		in["code"], in["location"] = l.Delivery.Code.Value, apitest.Vars{"code": "ST"}
	case "returnRequest":
		in["order"] = order
		for _, line := range l.Lines {
			out := line.FulfilledQuantity - line.ReturnedQuantity
			for _, x := range l.Returns {
				for _, back := range x.Lines {
					if x.State == "REQUESTED" && back.Disposition == nil && back.SKU == line.SKU {
						out -= back.Quantity
					}
				}
			}
			if out > 0 || in["lines"] == nil {
				in["lines"] = []apitest.Vars{{"line": line.ID, "quantity": 1 + l.r.IntN(max(1, out)), "reason": "r"}}
			}
		}
	case "returnReceive", "returnReject":
		id, sku := l.comingBack()
		if id == "" {
			return nil
		}
		in["return"], in["reason"] = id, "r"
		if action == "returnReceive" {
			delete(in, "reason")
			in["location"] = apitest.Vars{"code": "WH"}
			in["lines"] = []apitest.Vars{{"sku": sku, "quantity": 1, "disposition": []string{"RESTOCK", "DAMAGED"}[l.r.IntN(2)]}}
		}
	}
	return in
}

var actions = []string{
	"orderPaymentRecord", "orderCancel", "fulfillmentAccept", "fulfillmentShip", "fulfillmentReject", "fulfillmentHold", "fulfillmentRelease",
	"pickupVerify", "returnRequest", "returnReceive", "returnReject", "refundCreate",
}

// What nextActions lists goes well, and everything else answers IllegalTransition with the same list, wherever random lives lead.
func TestNextActionsAreTrue(t *testing.T) {
	seed := testkit.Seed(t)
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := apitest.New(t, k).Client(t)
		do := func(mutation, selection string, in apitest.Vars) apitest.Response {
			kind := strings.ToUpper(mutation[:1]) + mutation[1:]
			said := c.Do(t, "mutation($input: "+kind+"Input!) { it: "+mutation+"(input: $input) { "+selection+
				" userErrors { code message path ... on IllegalTransition { allowed } } } }", apitest.Vars{"input": in})
			require.Empty(t, said.Errors, "%s", said.Body)
			return said
		}
		must := func(mutation, selection string, in apitest.Vars) apitest.Response {
			said := do(mutation, selection, in)
			require.Empty(t, said.Get("it.userErrors"), "%s of %v", mutation, in)
			return said
		}
		must("productUpsert", "", apitest.Vars{"handle": "wear", "title": "Wear", "options": []apitest.Vars{{"name": "Kind", "values": []string{"hat", "cap"}}},
			"variants": []apitest.Vars{
				{"sku": "HAT", "selectedOptions": []apitest.Vars{{"name": "Kind", "value": "hat"}}, "price": apitest.Vars{"amount": "100", "currency": "CNY"}},
				{"sku": "CAP", "selectedOptions": []apitest.Vars{{"name": "Kind", "value": "cap"}}, "price": apitest.Vars{"amount": "30.50", "currency": "CNY"}},
			}})
		must("channelConnect", "", apitest.Vars{"kind": "STOREFRONT", "code": "shop", "name": "Shop", "settings": []apitest.Vars{}})
		for _, code := range []string{"WH", "ST"} {
			must("locationUpsert", "", apitest.Vars{"code": code, "name": code, "shipFrom": true, "pickup": code == "ST"})
			for _, sku := range []string{"HAT", "CAP"} {
				must("stockSet", "", apitest.Vars{"idempotencyKey": code + sku, "variant": apitest.Vars{"sku": sku}, "location": apitest.Vars{"code": code}, "onHand": 60, "reason": "r"})
			}
		}
		done := map[string]int{}
		for walk := range 16 {
			r := rand.New(rand.NewPCG(seed, uint64(walk)))
			delivery := apitest.Vars{"ship": apitest.Vars{"address": apitest.Vars{}}}
			if walk%4 == 3 {
				delivery = apitest.Vars{"pickup": apitest.Vars{"location": apitest.Vars{"code": "ST"}}}
			}
			placed := must("orderPlace", "order { id }", apitest.Vars{"idempotencyKey": strconv.Itoa(walk), "channel": apitest.Vars{"code": "shop"}, "delivery": delivery,
				"lines": []apitest.Vars{{"variant": apitest.Vars{"sku": "HAT"}, "quantity": 2}, {"variant": apitest.Vars{"sku": "CAP"}, "quantity": 1 + r.IntN(2)}}})
			tokens := map[string]string{}
			for range 12 {
				if r.IntN(4) == 0 {
					k.Clock.Advance(3 * 24 * time.Hour)
				}
				seen := c.Must(t, lifeQuery, apitest.Vars{"by": apitest.Vars{"id": placed.Text("it.order.id")}})
				var answer struct{ Order *life }
				seen.Into(t, &answer)
				l := answer.Order
				l.r, l.tokens = r, tokens
				var listed []any
				for _, a := range l.NextActions {
					listed = append(listed, a)
				}
				for _, action := range actions {
					in := l.input(t, action)
					if in == nil || slices.Contains(l.NextActions, action) {
						continue
					}
					said := do(action, "", in)
					code := said.Text("it.userErrors.0.code")
					require.NotEmpty(t, code, "walk %d: %s is not among %v", walk, action, l.NextActions)
					if action != "fulfillmentShip" && action != "pickupVerify" { // those have codes of their own
						require.Equal(t, "ILLEGAL_TRANSITION", code, "walk %d: %s, %s", walk, action, said.Body)
						require.ElementsMatch(t, listed, said.Get("it.userErrors.0.allowed"))
					}
				}
				require.Equal(t, seen.Data, c.Must(t, lifeQuery, apitest.Vars{"by": apitest.Vars{"id": l.ID}}).Data, "what is refused changes nothing")
				if len(l.NextActions) == 0 {
					break
				}
				next := l.NextActions[r.IntN(len(l.NextActions))]
				if r.IntN(2) == 0 { // what was done least, so that every action has its turn
					next = slices.MinFunc(l.NextActions, func(a, b string) int { return done[a] - done[b] })
				}
				selection := ""
				if next == "fulfillmentAccept" {
					selection = "dispatchToken fulfillmentOrder { id }"
				}
				said := must(next, selection, l.input(t, next))
				done[next]++
				if next == "fulfillmentAccept" {
					tokens[said.Text("it.fulfillmentOrder.id")] = said.Text("it.dispatchToken")
				}
			}
		}
		t.Logf("done %v", done)
		for _, action := range actions {
			require.Positive(t, done[action], "%s was never done", action)
		}
	})
}
