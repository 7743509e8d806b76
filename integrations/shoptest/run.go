package shoptest

import (
	"maps"
	"testing"
)

// Run tries an adapter. fresh makes a marketplace of its own for each test.
func Run(t *testing.T, fresh func(testing.TB) Harness) {
	all := map[string]func(*testing.T, Harness){}
	for _, room := range []map[string]func(*testing.T, Harness){settingsTests, listingTests, stockTests, orderTests, shippingTests, publishingTests, faultTests} {
		maps.Copy(all, room)
	}
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}
