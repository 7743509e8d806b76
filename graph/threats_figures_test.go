package graph_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// Sums do not overflow, are cut without loss, and do not go below nothing however much is taken off or given back.
func TestMQ02TotalsStayTotals(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		sku := x.stocked(1_000_000_000)
		line := func(quantity int, price string, shares ...string) apitest.Vars {
			var off []any
			for i, s := range shares {
				off = append(off, apitest.Vars{"payer": []string{"BRAND", "STORE", "MALL"}[i], "amount": x.money(s)})
			}
			return apitest.Vars{"variant": code("sku", sku), "quantity": quantity, "unitPrice": x.money(price), "discountShares": off}
		}
		selling := func(lines ...any) apitest.Vars {
			in := x.sale()
			in["idempotencyKey"], in["lines"] = x.key(), lines
			return in
		}
		before := x.a.Rows(t, k.Brand.ID)
		shipped := selling(line(1, "9999999999999.99"))
		shipped["shipping"] = x.money("0.02")
		for said, in := range map[string]apitest.Vars{
			"INVALID_INPUT lines.0.quantity":       selling(line(1_000_000_000, "9999999999999.99")),
			"INVALID_INPUT lines":                  selling(line(1, "9999999999999.99"), line(1, "9999999999999.99")),
			"INVALID_INPUT lines ":                 shipped,
			"INVALID_INPUT lines.0.discountShares": selling(line(3, "1", "2", "1", "0.01")),
		} {
			got, r := call(t, x.c, "orderPlace", in)
			require.Len(t, got, 1, "%s", r.Body)
			require.True(t, strings.HasPrefix(got[0], strings.TrimSpace(said)), "%s: %s", said, r.Body)
		}
		require.Equal(t, before, x.a.Rows(t, k.Brand.ID))

		// Three for 10.02 less 0.02, and three for nothing. What cannot be divided stays with the shop.
		const totals = `order { id lines { id } totals { subtotal { amount } discount { amount } shipping { amount } total { amount } paid { amount } refunded { amount } } }`
		in := selling(line(3, "3.34", "0.02"), line(3, "1", "1", "1", "1"))
		delete(in, "idempotencyKey")
		r := x.ok("orderPlace", totals, in)
		figures := func(r apitest.Response) (out string) {
			for _, f := range []string{"subtotal", "discount", "total", "paid", "refunded"} {
				out += r.Text("it.order.totals."+f+".amount") + " "
			}
			return strings.TrimSpace(out)
		}
		require.Equal(t, "13.02 3.02 10.00 0.00 0.00", figures(r))
		order := code("id", r.Text("it.order.id"))
		first := r.Text("it.order.lines.0.id")
		for _, want := range []string{"9.68 3.01 6.67 0.00 0.00", "6.34 3.00 3.34 0.00 0.00"} {
			r := x.ok("orderCancel", totals, apitest.Vars{"order": order, "reason": "r", "lines": []any{apitest.Vars{"line": first, "quantity": 1}}})
			require.Equal(t, want, figures(r))
		}
		x.ok("orderPaymentRecord", totals, apitest.Vars{"order": order, "method": "CARD", "amount": x.money("3.34"), "reference": "r"})
		for _, amount := range []string{"3.35", "3.34", "0.01"} {
			got, r := call(t, x.c, "refundCreate", apitest.Vars{"idempotencyKey": x.key(), "order": order, "amount": x.money(amount), "reason": "r"})
			if amount == "3.34" {
				require.Empty(t, got, "%s", r.Body)
			} else {
				require.Len(t, got, 1, "%s", r.Body)
			}
		}
		require.Equal(t, "3.34", x.c.Must(t, `query($o: OrderRef!) { order(by: $o) { totals { refunded { amount } } } }`, apitest.Vars{"o": order}).Text("order.totals.refunded.amount"))
	})
}

// What is paid, canceled, sent back, taken in and given back in parts at once never exceeds what there is of it.
func TestMQ03PartsNeverExceedTheWhole(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		again := x.a.Again(t)
		one := []any{apitest.Vars{"sku": "HAT", "quantity": 1}}
		part := func(i int, more apitest.Vars) apitest.Vars {
			out := apitest.Vars{"idempotencyKey": fmt.Sprint("part ", x.n, " ", i)}
			maps.Copy(out, more)
			return out
		}
		thrice := func(won int, mutation string, more apitest.Vars) {
			x.key()
			told := x.tally(t, again, 12, mutation, func(i int) apitest.Vars { return part(i, more) })
			require.Equal(t, won, told[""], "%s: %v", mutation, told)
			for said := range told {
				require.NotContains(t, said, "INTERNAL", mutation)
			}
		}
		figure := func(o sold, path string) any {
			return x.c.Must(t, `query($id: ID!) { order(by: {id: $id}) { state totals { paid { amount } refunded { amount } total { amount } } lines { canceledQuantity returnedQuantity fulfilledQuantity } } }`, apitest.Vars{"id": o.id}).Get("order." + path)
		}
		paid := x.sold(nil) // of 30
		thrice(4, "orderPaymentRecord", apitest.Vars{"order": code("id", paid.id), "method": "CARD", "amount": x.money("7"), "reference": "r"})
		require.Equal(t, "28.00", figure(paid, "totals.paid.amount"))
		thrice(9, "refundCreate", apitest.Vars{"order": code("id", paid.id), "amount": x.money("3"), "reason": "r"})
		require.Equal(t, "27.00", figure(paid, "totals.refunded.amount"))
		cut := x.sold(nil)
		thrice(3, "orderCancel", apitest.Vars{"order": code("id", cut.id), "reason": "r", "lines": one})
		require.Equal(t, "CANCELED", figure(cut, "state"))
		o, token := x.accepted()
		thrice(3, "fulfillmentShip", apitest.Vars{"fulfillmentOrder": o.work, "dispatchToken": token, "carrier": "SF", "trackingNumber": "t", "lines": one})
		require.Equal(t, "3", fmt.Sprint(figure(o, "lines.0.fulfilledQuantity")))
		thrice(3, "returnRequest", apitest.Vars{"order": code("id", o.id), "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 1, "reason": "r"}}})
		back, id := x.announced()
		thrice(1, "returnReceive", apitest.Vars{"return": id, "location": code("code", "ST"), "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 3, "disposition": "RESTOCK"}}})
		require.Equal(t, "3", fmt.Sprint(figure(back, "lines.0.returnedQuantity")))
		said, _ := call(t, x.c, "returnRequest", apitest.Vars{"idempotencyKey": x.key(), "order": code("id", back.id), "lines": []any{apitest.Vars{"sku": "HAT", "quantity": 1, "reason": "r"}}})
		require.Len(t, said, 1)
		balanced(t, k)
	})
}

// trusted are what a client would like to decide.
var trusted = []string{"brand", "brandId", "tenant", "tenantId", "id", "version", "createdAt", "updatedAt", "total", "totals", "subtotal", "tax", "paid", "refunded", "state", "status", "paymentState",
	"fulfillmentState", "actor", "number", "reserved", "available", "dispatch", "acceptBy", "accepted"}

// Nobody's figures are taken from the client: what no input has is refused wherever it is put, and what an input has is held against what is true.
func TestMQ04TheClientIsNotTrusted(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		x.each(func(mutation string, fresh func() apitest.Vars) {
			in := fresh()
			before := x.a.Rows(t, k.Brand.ID)
			var within func(input, path string)
			within = func(input, path string) {
				for _, f := range x.w.schema.Types[input].Fields {
					at, t := strings.TrimPrefix(path+"."+f.Name, "."), f.Type
					if t.Elem != nil {
						at += ".0"
					}
					if x.w.schema.Types[t.Name()].Kind == ast.InputObject && has(in, at) {
						within(t.Name(), at)
					}
				}
				for _, name := range trusted {
					if x.w.schema.Types[input].Fields.ForName(name) != nil {
						continue
					}
					said, r := call(t, x.c, mutation, with(t, in, strings.TrimPrefix(path+"."+name, "."), "1"))
					require.Contains(t, strings.Join(said, ";"), "BAD_REQUEST", "%s takes %s in %s: %s", mutation, name, input, r.Body)
				}
			}
			within(strings.ToUpper(mutation[:1])+mutation[1:]+"Input", "")
			require.Equal(t, before, x.a.Rows(t, k.Brand.ID), mutation)
		})
		plain := x.a.Without(t, auth.PricesWrite)
		before := x.a.Rows(t, k.Brand.ID)
		sale := x.sale()
		sale["idempotencyKey"] = "mine"
		for path, c := range map[string]struct {
			value any
			said  string
		}{
			"lines.0.unitPrice":      {x.money("10"), "PRICE_CHANGED lines.0.unitPrice"},
			"expectedTotal":          {x.money("1"), "PRICE_CHANGED"},
			"lines.0.discountShares": {[]any{apitest.Vars{"payer": "BRAND", "amount": x.money("1")}}, "PRICE_CHANGED lines.0.discountShares"},
			"placedAt":               {"2126-01-01T00:00:00Z", "INVALID_INPUT placedAt"},
		} {
			in := with(t, sale, path, c.value)
			if path != "lines.0.unitPrice" {
				in = with(t, in, "lines.0.unitPrice", x.money("77"))
			}
			said, r := call(t, plain, "orderPlace", in)
			require.Len(t, said, 1, "%s: %s", path, r.Body)
			require.True(t, strings.HasPrefix(said[0], c.said), "%s: %s", path, r.Body)
		}
		require.Equal(t, before, x.a.Rows(t, k.Brand.ID))
	})
}

// has tells whether an input has something at a path.
func has(in any, path string) bool {
	_, ok := at(in, path)
	return ok
}
