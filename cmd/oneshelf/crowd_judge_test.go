package main

import (
	"bytes"
	"context"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

// judge holds what was answered against what there is, and asks for each answer again.
func (c *crowd) judge(t testing.TB) {
	t.Helper()
	within(t, "what was kept too long is given back", 20*time.Second, func() bool {
		return c.count(t, "SELECT COUNT(*) FROM reservations WHERE state = 'ACTIVE' AND expires_at <= ?", commerce.InstantOf(time.Now())) == 0
	})
	c.audit(t)
	c.rules(t)
	made := map[string]int{}
	for _, x := range c.told {
		made[x.name]++
	}
	for name, query := range map[string]string{
		"orderPlace": "SELECT COUNT(*) FROM orders", "orderPaymentRecord": "SELECT COUNT(*) FROM payments", "refundCreate": "SELECT COUNT(*) FROM refunds",
		"fulfillmentShip": "SELECT COUNT(*) FROM fulfillments WHERE carrier = 'SF'", "pickupVerify": "SELECT COUNT(*) FROM pickup_codes WHERE used_at > 0",
		"returnRequest": "SELECT COUNT(*) FROM order_returns", "stockReserve": "SELECT COUNT(*) FROM reservations",
		"stockTransferCreate": "SELECT COUNT(*) FROM stock_transfers", "stockAdjust": "SELECT COUNT(*) FROM stock_movements WHERE reason = 'found'",
		"stockRelease": "SELECT COUNT(*) FROM reservations WHERE state = 'RELEASED'", "stockTransferCancel": "SELECT COUNT(*) FROM stock_transfers WHERE state = 'CANCELED'",
		"fulfillmentReject": "SELECT COUNT(*) FROM order_entries WHERE kind = 'WORK_REJECTED'", "fulfillmentAccept": "SELECT COUNT(*) FROM order_entries WHERE kind = 'WORK_ACCEPTED'",
		"orderCancel":   "SELECT COUNT(*) FROM idempotency_keys WHERE operation = 'orderCancel'", // what is asked for again is not told again
		"returnReceive": "SELECT COUNT(*) FROM order_entries WHERE kind = 'RETURN_RECEIVED'",
	} {
		require.Equal(t, made[name], c.count(t, query), "%s: as many as were answered, neither lost nor doubled", name)
	}
	require.Equal(t, c.added, c.count(t, "SELECT CAST(COALESCE(SUM(on_hand_delta), 0) AS bigint) FROM stock_movements WHERE reason = 'found'"))
	c.again(t)
	c.audit(t)
	t.Logf("judged: %v; 0 lost, 0 doubled, the books are right", made)
}

// again asks for every answer again: it is the same, and nothing has changed. Held orders go on by themselves meanwhile when a reservation
// ends: what routing tells of that is nobody's answer.
func (c *crowd) again(t testing.TB) {
	t.Helper()
	rows := func() (n [4]int) {
		for i, rows := range []string{"orders", "order_entries WHERE actor <> 'routing'", "idempotency_keys", "fulfillments"} {
			n[i] = c.count(t, "SELECT COUNT(*) FROM "+rows)
		}
		return n
	}
	before := rows()
	var all sync.WaitGroup
	const at = 6
	for i := range at {
		all.Go(func() {
			for n := i; n < len(c.told) && !t.Failed(); n += at {
				x := c.told[n]
				if a, _, err := c.ask(context.WithoutCancel(t.Context()), x.name, x.input); err != nil || !a.Replayed || a.It.ID != x.id {
					t.Errorf("%s %v was answered with %q, and again with %+v, %v", x.name, x.input, x.id, a, err)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, before, rows(), "asking again changes nothing")
}

// audit lets the program itself look, as an operator would.
func (c *crowd) audit(t testing.TB) {
	t.Helper()
	args := append([]string{"audit", "stock"}, c.where...)
	out, err := exec.Command("oneshelf", args...).CombinedOutput()
	require.NoError(t, err, "oneshelf audit stock: %s", out)
	require.Contains(t, string(bytes.TrimSpace(out)), ", 0 different")
}

// rules checks what must hold whatever happened.
func (c *crowd) rules(t testing.TB) {
	t.Helper()
	for what, query := range map[string]string{
		"nothing is less than nothing":             "SELECT COUNT(*) FROM stock_levels WHERE on_hand < 0 OR reserved < 0 OR incoming < 0 OR damaged < 0",
		"what is promised beyond a count is shown": "SELECT COUNT(*) FROM stock_levels WHERE shortfall <> CASE WHEN reserved > on_hand THEN reserved - on_hand ELSE 0 END",
		"only a count comes out below what is promised": `SELECT COUNT(*) FROM stock_levels l WHERE l.shortfall > 0 AND NOT EXISTS
			(SELECT 1 FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id AND m.reason = 'sync')`,
		"nothing leaves that was canceled": "SELECT COUNT(*) FROM order_lines WHERE fulfilled + canceled > quantity OR returned > fulfilled",
		"no canceled order has left":       "SELECT COUNT(*) FROM orders o WHERE o.state = 'CANCELED' AND EXISTS (SELECT 1 FROM fulfillments f WHERE f.order_id = o.id)",
		"orders are paid what was recorded": `SELECT COUNT(*) FROM orders o WHERE
			o.paid <> (SELECT COALESCE(SUM(p.amount), 0) FROM payments p WHERE p.order_id = o.id)`,
		"refunds are within payments": `SELECT COUNT(*) FROM orders o WHERE
			o.refunded <> (SELECT COALESCE(SUM(r.amount), 0) FROM refunds r WHERE r.order_id = o.id) OR o.refunded > o.paid`,
		"lines are the sums of what is promised and has left": `SELECT COUNT(*) FROM order_lines l WHERE
			l.fulfilled <> (SELECT COALESCE(SUM(a.fulfilled), 0) FROM allocations a WHERE a.order_line_id = l.id)
			OR l.fulfilled <> (SELECT COALESCE(SUM(f.quantity), 0) FROM fulfillment_lines f WHERE f.order_line_id = l.id)
			OR l.returned <> (SELECT COALESCE(SUM(x.quantity), 0) FROM order_return_lines x WHERE x.order_line_id = l.id AND x.disposition <> '')`,
		"an order is canceled, or that is asked for, once": `SELECT COUNT(*) FROM (SELECT order_id FROM order_entries
			WHERE kind IN ('CANCELED', 'CANCEL_REQUESTED') GROUP BY order_id HAVING COUNT(*) > 1) twice`,
		"each version of an order was told once": `SELECT COUNT(*) FROM orders o WHERE o.version <> (SELECT COUNT(*) FROM events e WHERE e.aggregate_id = o.id)
			OR o.version <> (SELECT COUNT(DISTINCT e.sequence) FROM events e WHERE e.aggregate_id = o.id)`,
		"each version of a level was told once": `SELECT COUNT(*) FROM stock_levels l WHERE
			l.version <> 1 + (SELECT COUNT(*) FROM events e WHERE e.aggregate_id = l.id AND e.sequence BETWEEN 2 AND l.version)`,
	} {
		require.Zero(t, c.count(t, query), what)
	}
}

// count tells one number of the database.
func (c *crowd) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, c.db.Read().QueryRow(t.Context(), query, args...).Scan(&n), query)
	return n
}
