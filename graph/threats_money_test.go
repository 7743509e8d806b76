package graph_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// sensible are the whole numbers, by mutation and path, that make sense where quantities do not: 0, below 0, or as large as an Int.
var sensible = map[string][]int{
	"stockAdjust delta": {-1}, "stockAdjust damagedDelta": {0, -1}, "stockSet onHand": {0}, "stockSet safetyStock": {0}, "stockSync rows.0.onHand": {0}, "locationUpsert priority": {0, -1}, "locationUpsert stalePercent": {0},
	"productUpsert variants.0.weightGrams": {0},
}

// Every quantity of every mutation, wherever in its input, refuses what is none, and changes nothing.
func TestMQ01QuantitiesOfEveryMutation(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		tried := map[string]bool{}
		x.each(func(mutation string, fresh func() apitest.Vars) {
			in := fresh()
			before := x.a.Rows(t, k.Brand.ID)
			for _, f := range x.leaves(mutation, "Int") {
				name := mutation + " " + f.path
				if _, ok := at(in, f.path); !ok {
					continue
				}
				tried[name] = true
				for _, n := range []any{json.Number("2147483648"), json.Number("-2147483649"), json.Number("9223372036854775808"), 1.5, json.Number("1e3"), "1", true, []int{1, 2}} {
					_, r := call(t, x.c, mutation, with(t, in, f.path, n))
					require.Len(t, r.Errors, 1, "%s %v: %s", name, n, r.Body)
					require.Equal(t, "BAD_REQUEST", r.Errors[0].Extensions.Code, "%s %v: %s", name, n, r.Body)
				}
				if f.typ.NonNull {
					said, r := call(t, x.c, mutation, with(t, in, f.path, nil))
					require.Contains(t, strings.Join(said, ";"), "BAD_REQUEST", "%s: %s", name, r.Body)
				}
				for _, n := range []int{0, -1, 1<<31 - 1} {
					beside, _ := at(in, "damagedDelta")
					if name == "stockAdjust delta" && n == 0 && beside != nil { // what is damaged changes alone
						continue
					}
					if slices.Contains(sensible[name], n) || mutation == "stockSync" { // whose rows have a verdict each
						continue
					}
					said, r := call(t, x.c, mutation, with(t, in, f.path, n))
					require.Len(t, said, 1, "%s %d: %s", name, n, r.Body)
					require.Contains(t, []string{"INVALID_INPUT " + f.path, "STOCK_CONFLICT " + f.path}, said[0], "%s %d: %s", name, n, r.Body)
				}
			}
			require.Equal(t, before, x.a.Rows(t, k.Brand.ID), "%s did something", mutation)
			said, r := call(t, x.c, mutation, in)
			require.Empty(t, said, "%s: what was refused was refused for nothing else: %s", mutation, r.Body)
		})
		x.complete(t, "Int", tried)
	})
}

// complete checks that every field of a type was tried.
func (x *calls) complete(t *testing.T, typ string, tried map[string]bool) {
	t.Helper()
	for mutation := range x.fresh {
		for _, f := range x.leaves(mutation, typ) {
			if strings.Contains(f.path, "externalRef.") || f.path == "by.identity.system" || x.inRef(mutation, f.path) {
				continue // of a reference: it names something or nothing
			}
			require.True(t, tried[mutation+" "+f.path], "%s %s was never tried", mutation, f.path)
		}
	}
}

// inRef tells whether a path lies within a reference.
func (x *calls) inRef(mutation, path string) bool {
	in := x.w.schema.Types[strings.ToUpper(mutation[:1])+mutation[1:]+"Input"]
	for _, step := range strings.Split(path, ".") {
		f := in.Fields.ForName(step)
		if f == nil {
			continue // an index
		}
		if x.w.isRef(f.Type) {
			return true
		}
		if in = x.w.schema.Types[f.Type.Name()]; in == nil {
			return false
		}
	}
	return false
}

// free are the amounts, by mutation and path, that may be nothing.
var free = []string{"orderPlace lines.0.unitPrice", "orderPlace shipping", "orderPlace expectedTotal", "priceSet amount", "priceSet compareAt", "productUpsert variants.0.price",
	"productUpsert variants.0.compareAt", "orderPlace lines.0.discountShares.0.amount"}

// Every amount of every mutation refuses what is none, and what is in another currency than the brand's.
func TestMQ01AmountsOfEveryMutation(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		x := newCalls(t, k)
		tried := map[string]bool{}
		x.each(func(mutation string, fresh func() apitest.Vars) {
			in := fresh()
			before := x.a.Rows(t, k.Brand.ID)
			for _, f := range x.leaves(mutation, "MoneyInput") {
				name := mutation + " " + f.path
				if _, ok := at(in, f.path); !ok {
					continue
				}
				tried[name] = true
				refused := func(amount, currency any, codes ...string) {
					said, r := call(t, x.c, mutation, with(t, in, f.path, apitest.Vars{"amount": amount, "currency": currency}))
					require.NotEmpty(t, said, "%s %v %v: %s", name, amount, currency, r.Body)
					if codes == nil {
						require.True(t, strings.HasPrefix(said[0], "BAD_REQUEST"), "%s %v %v: %s", name, amount, currency, r.Body)
						return
					}
					require.True(t, slices.ContainsFunc(codes, func(c string) bool { return strings.HasPrefix(said[0], c+" "+f.path) }), "%s %v %v: %s", name, amount, currency, r.Body)
				}
				for _, amount := range []string{"", "x", "0.001", "1.234", "1e3", "1,5", " 1", "NaN", "Infinity", "0x10", "９", "10000000000000.01", "9223372036854775808", "99999999999999999999"} {
					refused(amount, "CNY", "INVALID_INPUT")
				}
				refused("-1", "CNY", "INVALID_INPUT", "PRICE_CHANGED")
				if !slices.Contains(free, name) {
					refused("0", "CNY", "INVALID_INPUT")
				}
				for _, currency := range []string{"", "cny", "ZZZ", "CNYX", "¥", "USD", "JPY", "BHD"} {
					refused("1", currency, "INVALID_INPUT")
				}
				refused("1.5", "JPY", "INVALID_INPUT") // has no smaller unit
				for _, amount := range []any{1, 1.5, json.Number("2147483648"), true, []string{"1", "2"}, nil} {
					refused(amount, "CNY")
				}
				refused("1", nil)
				if f.typ.NonNull {
					said, r := call(t, x.c, mutation, with(t, in, f.path, nil))
					require.Contains(t, strings.Join(said, ";"), "BAD_REQUEST", "%s: %s", name, r.Body)
				}
			}
			require.Equal(t, before, x.a.Rows(t, k.Brand.ID), "%s did something", mutation)
			said, r := call(t, x.c, mutation, in)
			require.Empty(t, said, "%s: what was refused was refused for nothing else: %s", mutation, r.Body)
		})
		x.complete(t, "MoneyInput", tried)
	})
}
