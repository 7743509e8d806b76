package apitest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// World is a small trading brand, made through the API. All its texts begin with its name, so that they can be told from another's;
// its codes are the same in every world. HAT lies in both places, CAP in the warehouse alone, BAG in the store alone. Order 1 (CAP,
// channel shop) ships from the warehouse, order 2 (CAP and BAG, channel shop) from both, order 3 (BAG, channel market) from the store.
// Of the orders 1 and 3 something was to come back and a little was paid back; each place kept a HAT for a while; the warehouse sent one
// to the store and called it back.
type World struct {
	Name    string
	Client  *Client
	IDs     map[string]string // by what they are: "HAT", "WH", "shop", "order1", "member1", "work1" …
	Numbers map[string]string // of orders
}

// NewWorld makes a world for the client's brand, which sells in its own currency.
func NewWorld(t testing.TB, c *Client, name string) *World {
	t.Helper()
	w := &World{Name: name, Client: c, IDs: map[string]string{}, Numbers: map[string]string{}}
	price := Vars{"amount": "100", "currency": c.Must(t, "{ viewer { brand { currency } } }", nil).Text("viewer.brand.currency")}
	variant := func(sku string) Vars {
		return Vars{"sku": sku, "title": name + " " + sku, "barcode": "69" + sku, "price": price, "selectedOptions": []Vars{{"name": "Kind", "value": sku}},
			"externalRefs": []Vars{{"system": "erp", "value": "V-" + sku}}}
	}
	r := w.do(t, "productUpsert", "created product { id category { id } variants { id sku } }", Vars{
		"handle": "wear", "title": name + " wear", "description": name + " description", "vendor": name + " vendor", "status": "ACTIVE", "tags": []string{name + " tag"},
		"category": []string{name + " category"}, "options": []Vars{{"name": "Kind", "values": []string{"HAT", "CAP", "BAG"}}},
		"externalRefs": []Vars{{"system": "erp", "value": "P-1"}}, "variants": []Vars{variant("HAT"), variant("CAP"), variant("BAG")},
	})
	w.IDs["product"], w.IDs["category"] = r.Text("it.product.id"), r.Text("it.product.category.id")
	for i, sku := range []string{"HAT", "CAP", "BAG"} {
		w.IDs[sku] = r.Text("it.product.variants." + string(rune('0'+i)) + ".id")
	}
	for i, code := range []string{"WH", "ST"} {
		r := w.do(t, "locationUpsert", "location { id }", Vars{
			"code": code, "name": name + " place " + code, "shipFrom": true, "pickup": true, "priority": i + 1, "externalRefs": []Vars{{"system": "erp", "value": "L-" + code}},
			"address": Vars{"line1": name + " street of " + code}, "point": Vars{"latitude": 31.5, "longitude": 121.5},
		})
		w.IDs[code] = r.Text("it.location.id")
	}
	for _, s := range []struct {
		sku, place string
		n          int
	}{{"HAT", "WH", 5}, {"HAT", "ST", 5}, {"CAP", "WH", 5}, {"BAG", "ST", 5}} {
		r := w.do(t, "stockSet", "level { id }", Vars{
			"idempotencyKey": s.sku + s.place, "variant": Vars{"sku": s.sku}, "location": Vars{"code": s.place}, "onHand": s.n, "reason": name + " count at " + s.place,
		})
		w.IDs[s.sku+" at "+s.place] = r.Text("it.level.id")
	}
	for code, kind := range map[string]string{"shop": "STOREFRONT", "market": "MEMORY"} {
		r := w.do(t, "channelConnect", "channel { id currency }", Vars{"kind": kind, "code": code, "name": name + " channel " + code, "settings": []Vars{}})
		w.IDs[code] = r.Text("it.channel.id")
		if r.Text("it.channel.currency") == price["currency"] {
			w.do(t, "priceSet", "price { source }", Vars{"variant": Vars{"sku": "HAT"}, "channel": Vars{"code": code}, "amount": Vars{"amount": map[string]string{"shop": "77", "market": "88"}[code], "currency": price["currency"]}})
		}
	}
	r = w.do(t, "listingPublish", "listings { id }", Vars{"channel": Vars{"code": "market"}, "variants": []Vars{{"sku": "HAT"}}})
	w.IDs["listing"] = r.Text("it.listings.0.id")
	r = w.do(t, "channelSync", "job { id }", Vars{"channel": Vars{"code": "market"}, "what": []string{"STOCK"}})
	w.IDs["job"] = r.Text("it.job.id")
	for i, n := range []string{"1", "2", "3", "4"} { // member 4 buys nothing
		r := w.do(t, "memberUpsert", "member { id }", Vars{
			"name": name + " member " + n, "phone": "1390000000" + n, "email": name + n + "@example.com", "birthday": "1990-05-1" + n, "tags": []string{name + " tag"},
			"externalRefs": []Vars{{"system": "crm", "value": "M-" + n}}, "identities": []Vars{{"system": "wechat", "value": "open-" + n}},
		})
		w.IDs["member"+n] = r.Text("it.member.id")
		if i < 3 {
			w.order(t, n)
		}
	}
	w.afterwards(t)
	w.stays(t)
	return w
}

// afterwards announces and refuses a return of the orders 1 and 3, and pays a little back.
func (w *World) afterwards(t testing.TB) {
	t.Helper()
	for _, n := range []string{"1", "3"} {
		order := Vars{"id": w.IDs["order"+n]}
		currency := w.Client.Must(t, "query($by: OrderRef!) { order(by: $by) { currency } }", Vars{"by": order}).Text("order.currency")
		r := w.do(t, "returnRequest", "return { id }", Vars{"idempotencyKey": "return" + n, "order": order,
			"lines": []Vars{{"sku": map[string]string{"1": "CAP", "3": "BAG"}[n], "quantity": 1, "reason": w.Name + " return " + n}}})
		w.IDs["return"+n] = r.Text("it.return.id")
		w.do(t, "returnReject", "return { id }", Vars{"idempotencyKey": "reject" + n, "return": w.IDs["return"+n], "reason": w.Name + " refusal " + n})
		r = w.do(t, "refundCreate", "refund { id }", Vars{"idempotencyKey": "refund" + n, "order": order, "amount": Vars{"amount": "1", "currency": currency}, "reason": w.Name + " refund " + n})
		w.IDs["refund"+n] = r.Text("it.refund.id")
	}
}

// stays keeps a HAT in each place and sends one between them, and gives back what was kept and calls back what was sent: the figures stay.
func (w *World) stays(t testing.TB) {
	t.Helper()
	for _, code := range []string{"WH", "ST"} {
		r := w.do(t, "stockReserve", "reservation { id }", Vars{"idempotencyKey": "keep" + code, "ttlSeconds": 60, "reference": Vars{"system": "web", "value": w.Name + " cart at " + code},
			"lines": []Vars{{"variant": Vars{"sku": "HAT"}, "quantity": 1, "location": Vars{"code": code}}}})
		w.IDs["reservation at "+code] = r.Text("it.reservation.id")
		w.do(t, "stockRelease", "replayed", Vars{"idempotencyKey": "give back" + code, "reservation": w.IDs["reservation at "+code]})
	}
	r := w.do(t, "stockTransferCreate", "transfer { id }", Vars{"idempotencyKey": "send", "from": Vars{"code": "WH"}, "to": Vars{"code": "ST"},
		"lines": []Vars{{"variant": Vars{"sku": "HAT"}, "quantity": 1}}, "reference": Vars{"system": "wms", "value": w.Name + " van"}})
	w.IDs["transfer"] = r.Text("it.transfer.id")
	w.do(t, "stockTransferCancel", "replayed", Vars{"idempotencyKey": "call back", "transfer": w.IDs["transfer"], "reason": "r"})
}

// order places order n, records a payment, and has everything of it accepted and shipped but what the store has to do for order 2.
func (w *World) order(t testing.TB, n string) {
	t.Helper()
	channel := map[string]string{"1": "shop", "2": "shop", "3": "market"}[n]
	skus := map[string][]string{"1": {"CAP"}, "2": {"CAP", "BAG"}, "3": {"BAG"}}[n]
	r := w.Client.Must(t, "query($c: ChannelRef!) { channel(by: $c) { currency } }", Vars{"c": Vars{"code": channel}})
	price := Vars{"amount": "100", "currency": r.Text("channel.currency")}
	var lines []Vars
	for _, sku := range skus {
		lines = append(lines, Vars{"variant": Vars{"sku": sku}, "quantity": 1, "unitPrice": price})
	}
	r = w.do(t, "orderPlace", "order { id number lines { id } payments { id } fulfillmentOrders { id location { code } } }", Vars{
		"idempotencyKey": "order" + n, "channel": Vars{"code": channel}, "externalRef": Vars{"system": "web", "value": "WEB-ORDER-" + n}, "member": Vars{"phone": "1390000000" + n}, "lines": lines,
		"delivery": Vars{"ship": Vars{"address": Vars{"recipient": w.Name + " member " + n, "phone": "1390000000" + n, "line1": w.Name + " street of member " + n}}},
		"payments": []Vars{{"method": "CARD", "amount": price, "reference": w.Name + " payment " + n}}, "note": w.Name + " note " + n,
	})
	w.IDs["order"+n], w.Numbers["order"+n] = r.Text("it.order.id"), r.Text("it.order.number")
	w.IDs["line"+n], w.IDs["payment"+n] = r.Text("it.order.lines.0.id"), r.Text("it.order.payments.0.id")
	for i := range skus {
		at := "it.order.fulfillmentOrders." + string(rune('0'+i))
		work, place := r.Text(at+".id"), r.Text(at+".location.code")
		w.IDs["work"+n+" at "+place] = work
		if n == "2" && place == "ST" {
			continue
		}
		accepted := w.do(t, "fulfillmentAccept", "dispatchToken", Vars{"idempotencyKey": "accept" + work, "fulfillmentOrder": work})
		shipped := w.do(t, "fulfillmentShip", "fulfillment { id }", Vars{"idempotencyKey": "ship" + work, "fulfillmentOrder": work,
			"dispatchToken": accepted.Text("it.dispatchToken"), "carrier": "SF", "trackingNumber": w.Name + " parcel " + n + " from " + place})
		w.IDs["parcel"+n+" from "+place] = shipped.Text("it.fulfillment.id")
	}
}

// do calls a mutation that goes well; its payload is "it".
func (w *World) do(t testing.TB, mutation, selection string, input Vars) Response {
	t.Helper()
	kind := string(mutation[0]-'a'+'A') + mutation[1:] + "Input!"
	r := w.Client.Must(t, "mutation($input: "+kind+") { it: "+mutation+"(input: $input) { "+selection+" userErrors { code path message } } }", Vars{"input": input})
	require.NotNil(t, r.Get("it"), "%s", r.Body)
	return r
}
