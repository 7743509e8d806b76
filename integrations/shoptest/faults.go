package shoptest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
)

// deed is one thing done on a shop that faults are tried on; done checks that it happened exactly once.
type deed struct {
	do   func(testing.TB, integrations.Shop) error
	done func(testing.TB)
}

// deeds prepares the marketplace and names what to try on it.
func deeds(t testing.TB, h Harness) map[integrations.Ability]deed {
	tee := h.seed(t, "TEE-M", 50)
	placed := h.Remote.Place(t, bought("TEE-M", 1))
	now := h.Clock.Now()
	return map[integrations.Ability]deed{
		integrations.ReadOrders: {
			do: func(t testing.TB, shop integrations.Shop) error {
				return shop.Orders(t.Context(), now.Add(-time.Hour), now.Add(time.Second), func([]integrations.Order) error { return nil })
			},
			done: func(testing.TB) {},
		},
		integrations.ReadListings: {
			do: func(t testing.TB, shop integrations.Shop) error {
				return shop.Listings(t.Context(), func([]integrations.RemoteListing) error { return nil })
			},
			done: func(testing.TB) {},
		},
		integrations.PushStock: {
			do: func(t testing.TB, shop integrations.Shop) error {
				return first(shop.PushStock(t.Context(), []integrations.StockPush{push(tee, 33)}))
			},
			done: func(t testing.TB) { require.Equal(t, 33, h.unit(t, "TEE-M").Quantity) },
		},
		integrations.Publish: {
			do: func(t testing.TB, shop integrations.Shop) error {
				_, err := h.publisher(t, shop).Publish(t.Context(), shirt(4))
				return err
			},
			done: func(t testing.TB) { require.Len(t, h.Remote.Units(t), 1+4) },
		},
		integrations.Ship: {
			do: func(t testing.TB, shop integrations.Shop) error {
				line := integrations.ShipmentLine{ExternalID: placed.Lines[0].ID, Quantity: 1}
				return h.shipper(t, shop).Ship(t.Context(), integrations.Shipment{Order: placed.ID, Carrier: "SF",
					TrackingNumber: "SF1400011122233", Last: true, Lines: []integrations.ShipmentLine{line}})
			},
			done: func(t testing.TB) { require.Len(t, h.order(t, placed.ID).Shipments, 1) },
		},
	}
}

// fault makes a test that has every deed meet a fault, sees it told as one of the kinds, and then done once when asked again.
func fault(kind string, wanted ...integrations.ErrorKind) func(*testing.T, Harness) {
	return func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		for ability, deed := range deeds(t, h) {
			if !h.has(ability) {
				t.Logf("this shop lacks the ability %s", ability)
				continue
			}
			method := h.Methods[ability]
			require.NotEmpty(t, method, "the harness names no method for %s", ability)
			h.Remote.Fail(t, method, kind, 1)
			if err := deed.do(t, shop); err != nil || kind != TimeoutAfter && kind != Truncated {
				// An adapter may read back what became of its write, and then need not fail.
				requireKind(t, err, wanted...)
			}
			require.NoError(t, deed.do(t, shop), "%s after %s", ability, kind)
			deed.done(t)
		}
	}
}

var faultTests = map[string]func(*testing.T, Harness){
	"being called too often is told as such":                                    fault(Limit, integrations.Limited),
	"a fault of the marketplace's own is temporary":                             fault(ServerError, integrations.Temporary),
	"a lapsed session is unauthorized":                                          fault(Session, integrations.Unauthorized),
	"a page instead of an answer is temporary":                                  fault(HTML, integrations.Temporary),
	"half an answer is temporary, and nothing doubles":                          fault(Truncated, integrations.Temporary),
	"an answer that never comes is temporary":                                   fault(Timeout, integrations.Temporary),
	"an answer lost after the deed is asked for once more, and nothing doubles": fault(TimeoutAfter, integrations.Temporary),

	"a wrong session is unauthorized": func(t *testing.T, h Harness) {
		if h.Session == "" {
			t.Skip("this shop has no session")
		}
		shop := h.Open(t, map[string]string{h.Session: "somebody-elses"})
		requireKind(t, shop.Listings(t.Context(), func([]integrations.RemoteListing) error { return nil }), integrations.Unauthorized)
	},
	"a clock that is off is a misconfiguration": func(t *testing.T, h Harness) {
		if h.Skew == 0 {
			t.Skip("this marketplace does not look at the clock")
		}
		for _, off := range []time.Duration{h.Skew + time.Minute, -h.Skew - time.Minute} {
			shop := h.openAt(t, nil, func() time.Time { return h.Clock.Now().Add(off) })
			requireKind(t, shop.Listings(t.Context(), func([]integrations.RemoteListing) error { return nil }), integrations.Misconfigured)
		}
	},
	"through a connection a passing fault is not noticed": func(t *testing.T, h Harness) {
		connection, err := integrations.Connect(h.Adapter, h.config(nil, h.Clock.Now), integrations.Sleep(noSleep))
		require.NoError(t, err)
		defer connection.Close()
		u := h.seed(t, "TEE-M", 5)
		for _, kind := range []string{ServerError, HTML, TimeoutAfter, Limit} {
			h.Remote.Fail(t, h.Methods[integrations.PushStock], kind, 1)
			errs, err := connection.PushStock(t.Context(), []integrations.StockPush{push(u, 12)})
			require.NoError(t, err, kind)
			require.NoError(t, errs[0], kind)
		}
		require.Equal(t, 12, h.unit(t, "TEE-M").Quantity)
	},
}
