package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// market answers the control API as a sandbox does.
type market struct {
	mu     sync.Mutex
	orders []marketOrder
	states map[string]string
}

type marketOrder struct {
	ID, State, Buyer string
	Pay              bool
	Lines            []line
}

func (m *market) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	reply := func(status int, v any) { w.WriteHeader(status); _ = json.NewEncoder(w).Encode(v) }
	switch path := r.URL.Path; {
	case r.Method == "GET" && path == "/_sandbox/items":
		reply(200, []good{{"A", 9, true}, {"B", 1, true}, {"GONE", 0, true}, {"OFF", 9, false}})
	case r.Method == "GET" && path == "/_sandbox/orders":
		reply(200, []map[string]string{{"id": "old", "state": "UNPAID"}, {"id": "done", "state": "COMPLETED"}})
	case r.Method == "POST" && path == "/_sandbox/orders":
		var o marketOrder
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			reply(400, nil)
			return
		}
		o.ID = "new-" + string(rune('a'+len(m.orders)%26)) + strings.Repeat("x", len(m.orders)/26)
		m.orders = append(m.orders, o)
		reply(201, map[string]string{"id": o.ID})
	case r.Method == "POST" && strings.HasSuffix(path, "/state"):
		var in struct{ State string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			reply(400, nil)
			return
		}
		m.states[strings.Split(path, "/")[3]] = in.State
		reply(200, map[string]string{})
	default:
		reply(404, nil)
	}
}

func TestBuyersBuyWhatIsOnSaleAndKeepTheirMind(t *testing.T) {
	k := testkit.SQLite(t)
	d := deps(t, k)
	m := &market{states: map[string]string{}}
	server := httptest.NewServer(m)
	defer server.Close()
	s := newShopper("fair", sandbox{server.URL, d.Channels.Guard.Client(callTimeout)}, d, Pace{Seed: 7}.filled())
	for range 120 {
		require.NoError(t, s.round(k.Ctx))
		k.Clock.Advance(4 * time.Second)
	}
	require.Equal(t, closed, m.states["old"], "left unpaid by a run before this one")
	require.NotContains(t, m.states, "done")
	atOnce, later := 0, 0
	for _, o := range m.orders {
		require.Regexp(t, `^demo-buyer-\d{3}$`, o.Buyer)
		require.NotEmpty(t, o.Lines)
		for _, l := range o.Lines {
			require.Contains(t, map[string]int{"A": 2, "B": 1}, l.SKU)
			require.LessOrEqual(t, l.Quantity, map[string]int{"A": 2, "B": 1}[l.SKU])
		}
		if o.Pay {
			atOnce++
		} else if m.states[o.ID] == paid {
			later++
		}
	}
	require.Greater(t, atOnce, len(m.orders)/2)
	require.Positive(t, later)
	ends := 0
	for _, state := range m.states {
		if state == closed {
			ends++
		}
	}
	require.Greater(t, ends, 1, "some never pay, some change their mind")
}

func TestTheSameSeedBuysTheSame(t *testing.T) {
	k := testkit.SQLite(t)
	d := deps(t, k)
	run := func() []marketOrder {
		m := &market{states: map[string]string{}}
		server := httptest.NewServer(m)
		defer server.Close()
		s := newShopper("fair", sandbox{server.URL, d.Channels.Guard.Client(callTimeout)}, d, Pace{Seed: 11}.filled())
		for range 12 {
			require.NoError(t, s.round(k.Ctx))
		}
		return m.orders
	}
	require.Equal(t, run(), run())
}

func TestSandboxThatIsAwayIsNoReasonToStop(t *testing.T) {
	k := testkit.SQLite(t)
	d := deps(t, k)
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	d.Marketplaces[0].Control = server.URL
	ctx, stop := context.WithCancel(k.Ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		Trade(ctx, d, Pace{Every: time.Millisecond, Handling: time.Millisecond})
	}()
	require.NoError(t, Seed(k.Ctx, d))
	require.Eventually(t, func() bool {
		return k.Count(t, "orders", "external_system = ?", system) > 0
	}, 20*time.Second, 20*time.Millisecond, "the own shop trades on")
	stop()
	<-done
}

func TestStaffShipWhatIsPaidAndRestock(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := deps(t, k)
		require.NoError(t, Seed(k.Ctx, d))
		sku := "HZL-101-NVY-M"
		set := func(location string, n int64) {
			_, _, err := d.Stock.Set(k.Ctx, stock.SetInput{
				Key: "set-" + location, Variant: commerce.VariantRef{SKU: sku}, Location: commerce.LocationRef{Code: location}, OnHand: n, Reason: "count",
			})
			require.NoError(t, err)
		}
		set("WH-HZ", 11)
		shop := &ownShop{Deps: d}
		goods, err := shop.shelf(k.Ctx)
		require.NoError(t, err)
		require.NotEmpty(t, goods)
		first, err := shop.place(k.Ctx, 17, []line{{sku, 2}}, true)
		require.NoError(t, err)
		unpaidOrder, err := shop.place(k.Ctx, 18, []line{{sku, 1}}, false)
		require.NoError(t, err)
		left, err := shop.unpaid(k.Ctx)
		require.NoError(t, err)
		require.Equal(t, []string{unpaidOrder}, left)
		own, _, err := d.Orders.Place(k.Ctx, orders.PlaceInput{
			Key: "by-hand", Channel: commerce.ChannelRef{Code: Shop}, Lines: []orders.LineInput{{Variant: commerce.VariantRef{SKU: sku}, Quantity: 1}},
			Payments: []orders.PaymentInput{{Method: "CASH", Amount: commerce.Money{Amount: 59900, Currency: "CNY"}, Reference: "1"}},
		})
		require.NoError(t, err)

		s := staff{Deps: d, handling: 10 * time.Second}
		require.NoError(t, s.round(k.Ctx))
		require.Equal(t, 3, k.Count(t, "fulfillment_orders", "state = ?", orders.WorkOpen), "not so fast")
		k.Clock.Advance(11 * time.Second)
		require.NoError(t, s.round(k.Ctx))
		require.Equal(t, 1, k.Count(t, "fulfillment_orders", "state = ?", orders.WorkAccepted))
		k.Clock.Advance(11 * time.Second)
		again := staff{Deps: d, handling: 10 * time.Second} // another process: it has no token but can ask for it
		require.NoError(t, again.round(k.Ctx))
		require.NoError(t, again.round(k.Ctx))

		id, err := commerce.ParseID(commerce.OrderID, first)
		require.NoError(t, err)
		require.Equal(t, 1, k.Count(t, "orders", "id = ? AND state = ?", id, orders.Completed))
		require.Equal(t, 1, k.Count(t, "fulfillments", "order_id = ? AND carrier IN ('SF', 'ZTO', 'YTO')", id))
		require.Zero(t, k.Count(t, "fulfillments", "order_id = ?", own.Order), "what people place themselves is left to them")
		require.Equal(t, 1, k.Count(t, "stock_levels", `on_hand = ? AND location_id = (SELECT id FROM locations WHERE code = 'WH-HZ')
			AND variant_id = (SELECT id FROM variants WHERE sku = ?)`, 9+refill, sku))

		require.NoError(t, shop.settle(k.Ctx, unpaidOrder, closed))
		require.Equal(t, 1, k.Count(t, "orders", "state = ?", orders.Canceled))
	})
}

func TestStaffLeaveWorkThatSomebodyTookOn(t *testing.T) {
	k := testkit.SQLite(t)
	d := deps(t, k)
	require.NoError(t, Seed(k.Ctx, d))
	shop := &ownShop{Deps: d}
	_, err := shop.place(k.Ctx, 3, []line{{"HZL-101-NVY-M", 1}}, true)
	require.NoError(t, err)
	work, err := k.Store.Ent.FulfillmentOrder.Query().Only(k.Ctx)
	require.NoError(t, err)
	_, _, err = d.Orders.Accept(k.Ctx, orders.AcceptInput{Key: "mine", Work: work.ID})
	require.NoError(t, err)
	k.Clock.Advance(time.Minute)
	s := staff{Deps: d, handling: time.Second}
	require.NoError(t, s.round(k.Ctx))
	require.True(t, s.foreign[work.ID])
	require.NoError(t, s.round(k.Ctx))
	require.Zero(t, k.Count(t, "fulfillments", ""))
}

func TestWaybillsLookLikeTheirCarriers(t *testing.T) {
	forms := map[string]string{"SF": `^SF\d{13}$`, "ZTO": `^\d{13}$`, "YTO": `^YT\d{13}$`}
	seen, numbers := map[string]bool{}, map[string]bool{}
	for range 100 {
		carrier, number := waybill(commerce.UUID(uuid.New()))
		require.Regexp(t, forms[carrier], number)
		seen[carrier], numbers[number] = true, true
	}
	require.Len(t, seen, len(forms))
	require.Len(t, numbers, 100)
}

func TestShopOfTheDemoIsItsOwn(t *testing.T) {
	k := testkit.SQLite(t)
	require.NoError(t, Seed(k.Ctx, deps(t, k)))
	require.Equal(t, 1, k.Count(t, "channels", "code = ? AND kind = ?", Shop, channels.Storefront))
}
