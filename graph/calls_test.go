package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// calls makes inputs with which each mutation goes well. What is proven over every mutation, every quantity, every amount and every text
// takes them from here: a mutation or a field that is added to the schema is missed here until it is told.
type calls struct {
	t     *testing.T
	a     *apitest.API
	c     *apitest.Client
	world *apitest.World
	w     *walker
	money func(amount string) apitest.Vars
	n     int // of what was made
	// fresh makes, by mutation, an input of its own: what it names is there for this call alone.
	fresh map[string][]func() apitest.Vars
}

func newCalls(t *testing.T, k *testkit.Kit) *calls {
	t.Helper()
	a := apitest.New(t, k, unlimited)
	x := &calls{t: t, a: a, c: a.Client(t), fresh: map[string][]func() apitest.Vars{}}
	x.world = apitest.NewWorld(t, x.c, "Alpha")
	x.w = newWalker(x.world)
	x.money = func(amount string) apitest.Vars { return apitest.Vars{"amount": amount, "currency": "CNY"} }
	for _, place := range []string{"WH", "ST"} {
		x.ok("stockAdjust", "level { id }", apitest.Vars{"variant": code("sku", "HAT"), "location": code("code", place), "delta": 100_000, "reason": "much"})
	}
	x.shelves()
	x.sales()
	x.afterwards()
	for _, f := range x.w.schema.Mutation.Fields {
		require.NotEmpty(t, x.fresh[f.Name], "no call of %s is known", f.Name)
	}
	return x
}

func code(name, value string) apitest.Vars { return apitest.Vars{name: value} }

// key is a text that nothing else has.
func (x *calls) key() string { x.n++; return "n" + strconv.Itoa(x.n) }

// ok calls a mutation that goes well, with a key of its own where it takes one; its payload is "it".
func (x *calls) ok(mutation, selection string, input apitest.Vars) apitest.Response {
	x.t.Helper()
	kind := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input"
	if x.w.schema.Types[kind].Fields.ForName("idempotencyKey") != nil && input["idempotencyKey"] == nil {
		input["idempotencyKey"] = x.key()
	}
	return x.c.Must(x.t, "mutation($input: "+kind+"!) { it: "+mutation+"(input: $input) { "+selection+" userErrors { code path message } } }", apitest.Vars{"input": input})
}

func (x *calls) knows(mutation string, input func() apitest.Vars) {
	keyed := x.w.schema.Types[strings.ToUpper(mutation[:1])+mutation[1:]+"Input"].Fields.ForName("idempotencyKey") != nil
	x.fresh[mutation] = append(x.fresh[mutation], func() apitest.Vars {
		in := input()
		if keyed {
			in["idempotencyKey"] = x.key()
		}
		return in
	})
}

var address = apitest.Vars{"recipient": "Ana", "phone": "13800000000", "country": "CN", "province": "Shanghai", "city": "Shanghai", "district": "Xuhui", "line1": "1 Road", "line2": "2nd floor", "postcode": "200030"}

var spot = apitest.Vars{"latitude": 31.2, "longitude": 121.5}

// shelves knows products, places, members, channels and stock.
func (x *calls) shelves() {
	other := func() apitest.Vars { return apitest.Vars{"system": "walk", "value": x.key()} }
	x.knows("productUpsert", func() apitest.Vars {
		n := x.key()
		return apitest.Vars{"handle": n, "title": "Title", "description": "Description", "vendor": "Vendor", "tags": []any{"tag"}, "category": []any{"Category"},
			"options": []any{apitest.Vars{"name": "Size", "values": []any{"M"}}}, "media": []any{apitest.Vars{"url": "https://shop.example/a.jpg", "alt": "Alt"}}, "externalRefs": []any{other()},
			"variants": []any{apitest.Vars{"sku": n, "barcode": n, "title": "Variant", "selectedOptions": []any{apitest.Vars{"name": "Size", "value": "M"}}, "weightGrams": 5,
				"price": x.money("2"), "compareAt": x.money("3"), "externalRefs": []any{other()}}}}
	})
	x.knows("priceSet", func() apitest.Vars {
		return apitest.Vars{"variant": code("sku", "BAG"), "amount": x.money("4"), "compareAt": x.money("5")}
	})
	x.knows("locationUpsert", func() apitest.Vars {
		return apitest.Vars{"code": x.key(), "name": "Name", "active": false, "staleAfterSeconds": 60, "stalePercent": 50, "priority": 7, "point": spot, "address": maps.Clone(address), "externalRefs": []any{other()}}
	})
	x.knows("memberUpsert", func() apitest.Vars {
		x.n++
		return apitest.Vars{"name": "Name", "phone": fmt.Sprint(13800000000 + x.n), "email": fmt.Sprintf("m%d@shop.example", x.n), "birthday": "1990-05-17", "tags": []any{"tag"},
			"externalRefs": []any{other()}, "identities": []any{other()}}
	})
	x.knows("channelConnect", func() apitest.Vars {
		return apitest.Vars{"kind": "JD", "code": x.key(), "name": "Name", "settings": []any{apitest.Vars{"name": "gatewayUrl", "value": "https://gw.example/routerjson"}, apitest.Vars{"name": "appKey", "value": "a"},
			apitest.Vars{"name": "appSecret", "value": "b"}, apitest.Vars{"name": "accessToken", "value": "c"}}}
	})
	for _, mutation := range []string{"listingPublish", "listingUnpublish"} {
		x.knows(mutation, func() apitest.Vars {
			return apitest.Vars{"channel": code("code", "market"), "variants": []any{code("sku", "HAT")}}
		})
	}
	x.knows("channelSync", func() apitest.Vars {
		return apitest.Vars{"channel": code("code", "market"), "what": []any{"ORDERS"}}
	})
	place := func(more apitest.Vars) apitest.Vars {
		out := apitest.Vars{"variant": code("sku", "CAP"), "location": code("code", "ST"), "reason": "reason", "reference": other()}
		maps.Copy(out, more)
		return out
	}
	x.knows("stockAdjust", func() apitest.Vars { return place(apitest.Vars{"delta": 1}) })
	x.knows("stockAdjust", func() apitest.Vars { return place(apitest.Vars{"delta": 1, "damagedDelta": 1}) })
	x.knows("stockSet", func() apitest.Vars {
		sku := x.key() // of which one is there
		x.ok("productUpsert", "product { id }", apitest.Vars{"handle": sku, "title": "Counted", "variants": []any{apitest.Vars{"sku": sku}}})
		x.ok("stockAdjust", "replayed", apitest.Vars{"variant": code("sku", sku), "location": code("code", "WH"), "delta": 1, "reason": "one"})
		return place(apitest.Vars{"variant": code("sku", sku), "location": code("code", "WH"), "onHand": 9, "expectedOnHand": 1, "safetyStock": 1})
	})
	x.knows("stockSync", func() apitest.Vars {
		return apitest.Vars{"source": "erp", "rows": []any{apitest.Vars{"variant": code("sku", "CAP"), "location": code("code", "WH"), "onHand": 5, "asOf": "2026-01-01T00:00:00Z"}}}
	})
	x.knows("stockReserve", func() apitest.Vars {
		m := x.ok("memberUpsert", "member { id }", apitest.Vars{"name": "Keeps"}).Text("it.member.id")
		return apitest.Vars{"lines": []any{apitest.Vars{"variant": code("sku", "HAT"), "quantity": 1, "location": code("code", "WH")}}, "ttlSeconds": 60, "member": code("id", m), "reference": other()}
	})
	x.knows("stockRelease", func() apitest.Vars { return apitest.Vars{"reservation": x.reserved()} })
	sent := func() apitest.Vars {
		return apitest.Vars{"from": code("code", "WH"), "to": code("code", "ST"), "lines": []any{apitest.Vars{"variant": code("sku", "HAT"), "quantity": 2}}, "reference": other()}
	}
	transfer := func() string {
		return x.ok("stockTransferCreate", "transfer { id }", sent()).Text("it.transfer.id")
	}
	x.knows("stockTransferCreate", sent)
	x.knows("stockTransferReceive", func() apitest.Vars {
		return apitest.Vars{"transfer": transfer(), "lines": []any{apitest.Vars{"variant": code("sku", "HAT"), "quantity": 1}}}
	})
	x.knows("stockTransferCancel", func() apitest.Vars { return apitest.Vars{"transfer": transfer(), "reason": "reason"} })
	x.knows("routingPolicySet", func() apitest.Vars {
		return apitest.Vars{"criteria": []any{"PRIORITY"}, "maxParcels": 5, "acceptWithinSeconds": 600_000, "regions": []any{"Tibet"}}
	})
}

// reserved is a reservation for nobody but this call.
func (x *calls) reserved() string {
	m := x.ok("memberUpsert", "member { id }", apitest.Vars{"name": "Keeps"}).Text("it.member.id")
	return x.ok("stockReserve", "reservation { id }", apitest.Vars{"lines": []any{apitest.Vars{"variant": code("sku", "HAT"), "quantity": 1}}, "ttlSeconds": 3600, "member": code("id", m)}).Text("it.reservation.id")
}

// sold is an order of three hats, and the work it makes.
type sold struct{ id, line, work string }

// sale is what an order of three hats is asked with.
func (x *calls) sale() apitest.Vars {
	return apitest.Vars{"channel": code("code", "shop"), "lines": []any{apitest.Vars{"variant": code("sku", "HAT"), "quantity": 3, "unitPrice": x.money("10")}},
		"delivery": apitest.Vars{"ship": apitest.Vars{"address": maps.Clone(address)}}}
}

func (x *calls) sold(more apitest.Vars) sold {
	in := x.sale()
	maps.Copy(in, more)
	r := x.ok("orderPlace", "order { id lines { id } fulfillmentOrders { id } }", in)
	return sold{r.Text("it.order.id"), r.Text("it.order.lines.0.id"), r.Text("it.order.fulfillmentOrders.0.id")}
}

func (x *calls) accepted() (sold, string) {
	o := x.sold(nil)
	return o, x.ok("fulfillmentAccept", "dispatchToken", apitest.Vars{"fulfillmentOrder": o.work}).Text("it.dispatchToken")
}

// sales knows how orders are placed, paid, canceled, worked on and sent.
func (x *calls) sales() {
	x.knows("orderPlace", func() apitest.Vars {
		in := x.sale()
		maps.Copy(in, apitest.Vars{"externalRef": apitest.Vars{"system": "web", "value": x.key()}, "member": code("phone", "13900000001"), "shipping": x.money("5"), "expectedTotal": x.money("34"),
			"payments": []any{apitest.Vars{"method": "CARD", "amount": x.money("6"), "reference": x.key()}}, "reservation": x.reserved(), "guide": "guide", "store": code("code", "ST"), "note": "note"})
		in = with(x.t, in, "lines.0.discountShares", []any{apitest.Vars{"payer": "BRAND", "amount": x.money("1")}})
		return with(x.t, in, "delivery.ship.near", spot)
	})
	x.knows("orderPlace", func() apitest.Vars {
		return with(x.t, with(x.t, x.sale(), "note", x.key()), "delivery", apitest.Vars{"pickup": apitest.Vars{"location": code("code", "ST")}})
	})
	x.knows("orderPaymentRecord", func() apitest.Vars {
		return apitest.Vars{"order": code("id", x.sold(nil).id), "method": "CARD", "amount": x.money("30"), "reference": "reference"}
	})
	x.knows("orderCancel", func() apitest.Vars {
		return apitest.Vars{"order": code("id", x.sold(nil).id), "reason": "reason", "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 1}}}
	})
	work := func(more apitest.Vars) func() apitest.Vars {
		return func() apitest.Vars {
			out := apitest.Vars{"fulfillmentOrder": x.sold(nil).work}
			maps.Copy(out, more)
			return out
		}
	}
	x.knows("fulfillmentAccept", work(nil))
	x.knows("fulfillmentReject", work(apitest.Vars{"reason": "reason"}))
	x.knows("fulfillmentHold", work(apitest.Vars{"reason": "reason"}))
	x.knows("fulfillmentRelease", func() apitest.Vars {
		o := x.sold(nil)
		x.ok("fulfillmentHold", "replayed", apitest.Vars{"fulfillmentOrder": o.work, "reason": "reason"})
		return apitest.Vars{"fulfillmentOrder": o.work, "reason": "reason"}
	})
	x.knows("fulfillmentShip", func() apitest.Vars {
		o, token := x.accepted()
		return apitest.Vars{"fulfillmentOrder": o.work, "dispatchToken": token, "carrier": "SF", "trackingNumber": "tracking", "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 1}}}
	})
	x.knows("pickupVerify", func() apitest.Vars {
		o := x.sold(apitest.Vars{"delivery": apitest.Vars{"pickup": apitest.Vars{"location": code("code", "ST")}}})
		r := x.c.Must(x.t, `query($id: ID!) { order(by: {id: $id}) { delivery { ... on PickupDelivery { code { value } } } } }`, apitest.Vars{"id": o.id})
		return apitest.Vars{"code": r.Text("order.delivery.code.value"), "location": code("code", "ST")}
	})
}

// left is a paid order of which everything has left.
func (x *calls) left() sold {
	o, token := x.accepted()
	x.ok("fulfillmentShip", "replayed", apitest.Vars{"fulfillmentOrder": o.work, "dispatchToken": token, "carrier": "SF", "trackingNumber": "t"})
	x.ok("orderPaymentRecord", "replayed", apitest.Vars{"order": code("id", o.id), "method": "CARD", "amount": x.money("30"), "reference": "r"})
	return o
}

// announced is a return of all three hats.
func (x *calls) announced() (sold, string) {
	o := x.left()
	r := x.ok("returnRequest", "return { id }", apitest.Vars{"order": code("id", o.id), "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 3, "reason": "r"}}})
	return o, r.Text("it.return.id")
}

// afterwards knows returns and refunds.
func (x *calls) afterwards() {
	x.knows("returnRequest", func() apitest.Vars {
		return apitest.Vars{"order": code("id", x.left().id), "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 2, "reason": "reason"}}}
	})
	x.knows("returnReceive", func() apitest.Vars {
		_, id := x.announced()
		return apitest.Vars{"return": id, "location": code("code", "ST"), "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 2, "disposition": "RESTOCK"}}}
	})
	x.knows("returnReject", func() apitest.Vars {
		_, id := x.announced()
		return apitest.Vars{"return": id, "reason": "reason"}
	})
	x.knows("refundCreate", func() apitest.Vars {
		o, id := x.announced()
		return apitest.Vars{"order": code("id", o.id), "amount": x.money("7"), "reason": "reason", "return": id}
	})
}

// each goes through every known call of every mutation.
func (x *calls) each(fn func(mutation string, fresh func() apitest.Vars)) {
	for _, mutation := range slices.Sorted(maps.Keys(x.fresh)) {
		for _, fresh := range x.fresh[mutation] {
			fn(mutation, fresh)
		}
	}
}

// leaf is a field of an input somewhere down: its path, as in "lines.0.quantity", and its type.
type leaf struct {
	path string
	typ  *ast.Type
	all  *ast.Type // the whole, when the leaf is an entry of a list
}

// leaves are all fields of a mutation's input that are of a type, however deep, as the schema has them.
func (x *calls) leaves(mutation, typ string) []leaf {
	var out []leaf
	var walk func(input, path string)
	walk = func(input, path string) {
		for _, f := range x.w.schema.Types[input].Fields {
			at, t := strings.TrimPrefix(path+"."+f.Name, "."), f.Type
			if t.Elem != nil {
				at, t = at+".0", t.Elem
			}
			switch {
			case f.Type.Name() == typ:
				out = append(out, leaf{at, t, f.Type})
			case x.w.schema.Types[f.Type.Name()].Kind == ast.InputObject:
				walk(f.Type.Name(), at)
			}
		}
	}
	walk(strings.ToUpper(mutation[:1])+mutation[1:]+"Input", "")
	return out
}

// at is what an input has at a path.
func at(in any, path string) (any, bool) {
	for _, step := range strings.Split(path, ".") {
		switch v := in.(type) {
		case apitest.Vars:
			in = v[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(v) {
				return nil, false
			}
			in = v[n]
		default:
			return nil, false
		}
		if in == nil {
			return nil, false
		}
	}
	return in, true
}
