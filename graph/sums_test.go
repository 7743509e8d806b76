package graph_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

// Quantities are Ints, and so are their sums.
func TestASumBeyond32BitsIsToldAsTheLargestInt(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := apitest.New(t, k).Client(t)
		c.Must(t, `mutation { productUpsert(input: {handle: "hat", title: "Hat", variants: [{sku: "HAT"}]}) { userErrors { code } } }`, nil)
		told := func() []any {
			r := c.Must(t, `{ variant(by: {sku: "HAT"}) { available } availability(variant: {sku: "HAT"}) { sellable } }`, nil)
			return []any{r.Get("variant.available"), r.Get("availability.sellable")}
		}
		for i, want := range []json.Number{"1000000000", "2000000000", "2147483647"} {
			c.Must(t, fmt.Sprintf(`mutation {
				locationUpsert(input: {code: "L%d"}) { userErrors { code } }
				stockSet(input: {idempotencyKey: "%d", variant: {sku: "HAT"}, location: {code: "L%d"}, onHand: 1000000000, reason: "count"}) { userErrors { code } }
			}`, i, i, i), nil)
			require.Equal(t, []any{want, want}, told())
		}
	})
}
