package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/db"
)

// settle lets staff finish and waits until nothing is owed any more.
func (s *storm) settle() {
	t := s.t
	for _, channel := range []string{"taobao", "jd"} { // who has not paid by now does not
		for _, o := range s.sales(t, channel) {
			if o.State == "UNPAID" {
				require.NoError(t, call(t.Context(), "POST", s.control(channel)+"/_sandbox/orders/"+o.ID+"/state", "", map[string]string{"state": "CLOSED"}, &sale{}))
			}
		}
	}
	// Two marketplaces may have sold the last one at the same moment; with goods on the shelf such an order goes on too.
	for _, sku := range s.skus {
		require.NoError(t, s.add(t.Context(), "settle-"+sku, sku, 50))
	}
	var owed []string
	defer func() {
		if len(owed) > 0 {
			t.Logf("%d still owed, among them %q", len(owed), owed[max(0, len(owed)-5):])
			said := strings.Split(s.errors.String(), "\n")
			t.Logf("the server said at last:\n%s", strings.Join(said[max(0, len(said)-8):], "\n"))
		}
	}()
	// A long storm leaves hundreds of parcels to be told, ten calls a second at most: the adapters keep to the marketplaces' pace.
	patience := time.Minute + time.Duration(len(s.owed()))*250*time.Millisecond
	took := within(t, "nothing is owed any more", patience, func() bool {
		require.NoError(t, s.send(t.Context(), nil))
		owed = s.owed()
		return len(owed) == 0
	})
	t.Logf("settled after %v", took)
}

// owed tells what is still to come.
func (s *storm) owed() (out []string) {
	t := s.t
	available := s.available()
	for _, channel := range []string{"taobao", "jd"} {
		for _, o := range s.sales(t, channel) {
			if o.State != "CLOSED" && len(o.Shipments) == 0 {
				out = append(out, channel+" waits for a parcel of "+o.ID+", "+o.State+"; ours is "+s.ours(o.ID))
			}
		}
		shown := s.shown(t, channel)
		for sku, n := range available {
			if shown[sku] != n {
				out = append(out, fmt.Sprintf("%s shows %d of %s instead of %d", channel, shown[sku], sku, n))
			}
		}
		if len(shown) != len(available) {
			out = append(out, fmt.Sprintf("%s shows %d units, %d are listed", channel, len(shown), len(available)))
		}
	}
	for what, query := range map[string]string{
		"parcels to be told":          "SELECT COUNT(*) FROM outbox_items WHERE state <> 'DONE'",
		"orders that have not left":   "SELECT COUNT(*) FROM orders WHERE state IN ('HELD', 'OPEN') AND fulfillment_state <> 'FULFILLED'",
		"changes nobody has heard of": "SELECT COUNT(*) FROM events WHERE seq > (SELECT seq FROM event_cursors WHERE id = 'channels')",
	} {
		if n := s.count(t, query); n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, what))
		}
	}
	return out
}

// ours is how our order of a marketplace's stands.
func (s *storm) ours(external string) (state string) {
	if err := s.db.Read().QueryRow(context.Background(), `SELECT o.state || ' ' || o.hold_reason || ' ' || o.payment_state || ', last told ' || k.external_state ||
			', work ' || COALESCE((SELECT MAX(f.state) FROM fulfillment_orders f WHERE f.order_id = o.id), 'none')
		FROM orders o JOIN channel_orders k ON k.order_id = o.id WHERE o.external_value = ?`, external).Scan(&state); err != nil {
		return err.Error()
	}
	return state
}

// available is what each listed SKU has, by the levels.
func (s *storm) available() map[string]int {
	type figure struct {
		sku string
		n   int
	}
	rows, err := s.db.Read().Query(context.Background(), `SELECT v.sku, COALESCE((SELECT SUM(l.on_hand - l.reserved - l.safety_stock) FROM stock_levels l
			JOIN locations p ON p.id = l.location_id WHERE l.variant_id = v.id AND p.active AND p.ship_from AND p.ownership = 'OWN'), 0)
		FROM listings i JOIN channels c ON c.id = i.channel_id JOIN variants v ON v.id = i.variant_id WHERE c.code = 'jd'`)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (f figure, err error) { return f, r.Scan(&f.sku, &f.n) })
	require.NoError(s.t, err)
	out := map[string]int{}
	for _, f := range all {
		out[f.sku] = f.n
	}
	return out
}

// judge holds what was answered against what there is.
func (s *storm) judge() {
	t := s.t
	for what, query := range map[string]string{
		"levels are the sums of the ledger": `SELECT COUNT(*) FROM stock_levels l WHERE
			l.on_hand <> (SELECT COALESCE(SUM(m.on_hand_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)
			OR l.reserved <> (SELECT COALESCE(SUM(m.reserved_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)`,
		"nothing is negative":                            "SELECT COUNT(*) FROM stock_levels WHERE on_hand < 0 OR reserved < 0 OR on_hand < reserved",
		"nothing is still promised":                      "SELECT COUNT(*) FROM stock_levels WHERE reserved <> 0",
		"no marketplace's order is there twice":          "SELECT COUNT(*) FROM (SELECT external_value FROM orders WHERE external_value IS NOT NULL GROUP BY channel_id, external_value HAVING COUNT(*) > 1) d",
		"no order has left twice":                        "SELECT COUNT(*) FROM (SELECT order_id FROM fulfillments GROUP BY order_id HAVING COUNT(*) > 1) d",
		"nobody but us has shipped":                      "SELECT COUNT(*) FROM fulfillments WHERE carrier = 'MARKETPLACE'",
		"what was paid is what was asked, once":          "SELECT COUNT(*) FROM orders o WHERE o.paid <> (SELECT COALESCE(SUM(p.amount), 0) FROM payments p WHERE p.order_id = o.id)",
		"each version of an order was told exactly once": "SELECT COUNT(*) FROM orders o WHERE o.version <> (SELECT COUNT(*) FROM events e WHERE e.aggregate_id = o.id)",
	} {
		require.Zero(t, s.count(t, query), what)
	}
	found := 0
	for _, channel := range []string{"taobao", "jd"} {
		for _, o := range s.sales(t, channel) {
			found++
			delete(s.bought, o.ID)
			require.Equal(t, 1, s.count(t, "SELECT COUNT(*) FROM orders o JOIN channels c ON c.id = o.channel_id WHERE c.code = ? AND o.external_value = ?", channel, o.ID),
				"order %s at %s came in once", o.ID, channel)
			state := map[bool]string{true: "CANCELED", false: "COMPLETED"}[o.State == "CLOSED"]
			require.Equal(t, 1, s.count(t, "SELECT COUNT(*) FROM orders WHERE external_value = ? AND state = ?", o.ID, state), "order %s at %s is %s", o.ID, channel, state)
			if o.State != "CLOSED" {
				require.Len(t, o.Shipments, 1, "order %s at %s left once", o.ID, channel)
				require.Equal(t, 1, s.count(t, "SELECT COUNT(*) FROM fulfillments f JOIN orders o ON o.id = f.order_id WHERE o.external_value = ? AND f.tracking_number = ?",
					o.ID, o.Shipments[0].TrackingNumber), "with our waybill")
			}
		}
	}
	require.Empty(t, s.bought, "orders that a marketplace answered and then forgot")
	require.Equal(t, found, s.count(t, "SELECT COUNT(*) FROM orders o JOIN channels c ON c.id = o.channel_id WHERE c.code <> 'shop'"), "no order came from nowhere")
	require.Equal(t, len(s.placed), s.count(t, "SELECT COUNT(*) FROM orders o JOIN channels c ON c.id = o.channel_id WHERE c.code = 'shop'"), "each order through the API is there once")
	for key, id := range s.placed {
		var again struct {
			Replayed bool
			Order    struct{ ID string }
		}
		require.NoError(t, s.graphql(t.Context(), placeOrder, s.placing(key), &again))
		require.Equal(t, id, again.Order.ID)
		require.True(t, again.Replayed)
	}
	sum := 0
	for _, n := range s.adjusted {
		sum += n
	}
	require.Equal(t, sum, s.count(t, "SELECT COALESCE(SUM(on_hand_delta), 0) FROM stock_movements WHERE reason = 'storm'"), "each adjustment counts once")
	for id, number := range s.shipped {
		require.Equal(t, 1, s.count(t, "SELECT COUNT(*) FROM fulfillments WHERE tracking_number = ?", number), id)
	}
	t.Logf("judged: %d marketplace orders and %d of our own, none lost, none doubled", found, len(s.placed))
}
