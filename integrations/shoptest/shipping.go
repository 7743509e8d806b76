package shoptest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
)

var shippingTests = map[string]func(*testing.T, Harness){
	"a parcel is told with its number, and the order is shipped": func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		shipper := h.shipper(t, shop)
		h.seed(t, "TEE-M", 5)
		placed := h.Remote.Place(t, bought("TEE-M", 2))
		h.Clock.Advance(time.Minute)
		require.NoError(t, shipper.Ship(t.Context(), parcel(h.lately(t, shop)[placed.ID], "SF1400011122233")))
		require.Equal(t, "SF1400011122233", h.order(t, placed.ID).Shipments[0].TrackingNumber)
		require.Equal(t, integrations.Shipped, h.lately(t, shop)[placed.ID].State)

		h.Remote.SetState(t, placed.ID, "COMPLETED")
		require.Equal(t, integrations.Completed, h.lately(t, shop)[placed.ID].State)
	},
	"shipping twice is shipping once": func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		shipper := h.shipper(t, shop)
		h.seed(t, "TEE-M", 5)
		placed := h.Remote.Place(t, bought("TEE-M", 1))
		p := parcel(h.lately(t, shop)[placed.ID], "SF1400011122233")
		for range 2 {
			require.NoError(t, shipper.Ship(t.Context(), p))
		}
		require.Len(t, h.order(t, placed.ID).Shipments, 1)
	},
	"a second parcel for what has left already is refused": func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		shipper := h.shipper(t, shop)
		h.seed(t, "TEE-M", 5)
		placed := h.Remote.Place(t, bought("TEE-M", 1))
		o := h.lately(t, shop)[placed.ID]
		require.NoError(t, shipper.Ship(t.Context(), parcel(o, "SF1400011122233")))
		requireKind(t, shipper.Ship(t.Context(), parcel(o, "SF1400011122299")), integrations.Rejected)
		require.Len(t, h.order(t, placed.ID).Shipments, 1)
	},
	"an unpaid order is not shipped": func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		shipper := h.shipper(t, shop)
		h.seed(t, "TEE-M", 5)
		placed := h.Remote.Place(t, Purchase{Lines: []PurchaseLine{{"TEE-M", 1}}})
		requireKind(t, shipper.Ship(t.Context(), parcel(h.lately(t, shop)[placed.ID], "SF1400011122233")), integrations.Rejected)
		require.Empty(t, h.order(t, placed.ID).Shipments)
	},
	"an order leaves in two parcels, line by line": func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		shipper := h.shipper(t, shop)
		if h.Adapter.Parts == integrations.WholeOrders {
			t.Skip("this marketplace takes whole orders only")
		}
		h.seed(t, "TEE-M", 5)
		h.seed(t, "TEE-L", 5)
		placed := h.Remote.Place(t, Purchase{Lines: []PurchaseLine{{"TEE-M", 1}, {"TEE-L", 1}}, Pay: true})
		o := h.lately(t, shop)[placed.ID]
		for n, tracking := range []string{"SF1400011122233", "SF1400011122244"} {
			p := parcel(o, tracking)
			p.Lines, p.Split, p.Last = p.Lines[n:n+1], true, n == 1
			for range 2 { // each told twice, as after a lost answer
				require.NoError(t, shipper.Ship(t.Context(), p), tracking)
			}
			now := h.lately(t, shop)[placed.ID]
			require.Equal(t, []integrations.OrderState{integrations.ToShip, integrations.Shipped}[n], now.State)
			require.True(t, now.Lines[n].Shipped)
		}
		require.Len(t, h.order(t, placed.ID).Shipments, 2)
	},
}
