package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// compareReads asks both programs for the same pages and holds the answers against each other, cursors and cost apart.
func (b *benchmark) compareReads(times int) error {
	server, err := dial(target{b.server.addr, "/graphql", b.token})
	if err != nil {
		return err
	}
	defer server.conn.Close()
	for i := range times {
		at, handle := rand.IntN(len(b.serverCursors)), pick(b.handles)
		for path, bodies := range map[string][2][]byte{
			"/products": {b.listBody(pageSize, b.serverCursors[at]), plainList(pageSize, b.plainCursors[at])},
			"/product":  {b.detailBody(handle), plainDetail(handle)},
		} {
			plain, err := dial(target{b.plain.addr, path, ""})
			if err != nil {
				return err
			}
			theirs, err := plain.send(bodies[1])
			plain.conn.Close()
			if err != nil {
				return err
			}
			ours, err := server.send(bodies[0])
			if err != nil {
				return err
			}
			if err := same(ours, theirs); err != nil {
				return fmt.Errorf("%s, try %d: %w", path, i, err)
			}
		}
	}
	return nil
}

// same tells where two answers differ in what they say.
func same(a, b []byte) error {
	var x, y struct{ Data map[string]any }
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		return err
	}
	if len(x.Data) == 0 {
		return fmt.Errorf("there is no data: %.300s", a)
	}
	return differ("data", x.Data, y.Data)
}

func differ(path string, a, b any) error {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return fmt.Errorf("%s: %v is not %v", path, a, b)
		}
		for name, v := range x {
			if name == "cursor" || name == "startCursor" || name == "endCursor" {
				continue
			}
			w, there := y[name]
			if !there {
				return fmt.Errorf("%s.%s is there once", path, name)
			}
			if err := differ(path+"."+name, v, w); err != nil {
				return err
			}
		}
		return nil
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return fmt.Errorf("%s: %v is not %v", path, a, b)
		}
		for i := range x {
			if err := differ(fmt.Sprintf("%s.%d", path, i), x[i], y[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Errorf("%s: %v is not %v", path, a, b)
	}
	return nil
}

// sellOut lets more buyers ask than there is, and answers how many got one.
func (b *benchmark) sellOut(ctx context.Context, clients, asked int) (sold int, err error) {
	var won, left atomic.Int64
	left.Store(int64(asked))
	var all sync.WaitGroup
	errs := make([]error, clients)
	for i := range clients {
		all.Go(func() {
			c, err := dial(target{b.server.addr, "/graphql", b.token})
			if err != nil {
				errs[i] = err
				return
			}
			defer c.conn.Close()
			for ctx.Err() == nil && left.Add(-1) >= 0 {
				answer, err := c.send(b.orderBody(b.soldOut))
				switch {
				case err != nil:
					errs[i] = err
					return
				case wasPlaced(answer) == nil:
					won.Add(1)
				case !bytes.Contains(answer, []byte(`"code":"INSUFFICIENT_STOCK"`)):
					errs[i] = fmt.Errorf("neither sold nor sold out: %.300s", answer)
					return
				}
			}
		})
	}
	all.Wait()
	return int(won.Load()), errors.Join(errs...)
}

// audit holds the books against each other after all orders, on both sides. Each question counts what must not be.
func (b *benchmark) audit(ctx context.Context, db *pgx.Conn) error {
	questions := []struct{ says, sql string }{
		{"levels that are not the sums of their movements", `SELECT COUNT(*) FROM stock_levels s LEFT JOIN (SELECT variant_id, location_id, SUM(on_hand_delta) h,
			SUM(reserved_delta) r FROM stock_movements GROUP BY 1, 2) m ON m.variant_id = s.variant_id AND m.location_id = s.location_id
			WHERE s.on_hand <> COALESCE(m.h, 0) OR s.reserved <> COALESCE(m.r, 0)`},
		{"levels that promise more than they have", "SELECT COUNT(*) FROM stock_levels WHERE reserved > on_hand - safety_stock"},
		{"levels that promise other than orders were given", `SELECT COUNT(*) FROM stock_levels s LEFT JOIN (SELECT variant_id, location_id,
			SUM(quantity - fulfilled - released) q FROM allocations GROUP BY 1, 2) a ON a.variant_id = s.variant_id AND a.location_id = s.location_id
			WHERE s.reserved <> COALESCE(a.q, 0)`},
		{"order lines without their promise", `SELECT COUNT(*) FROM order_lines l LEFT JOIN (SELECT order_line_id, SUM(quantity) q FROM allocations GROUP BY 1) a
			ON a.order_line_id = l.id WHERE l.quantity <> COALESCE(a.q, 0)`},
		{"orders that were answered and are not there, or the other way round", fmt.Sprintf("SELECT ABS((SELECT COUNT(*) FROM orders) - %d)", b.acknowledged[0])},
		{"units that the plain program sold and did not promise, or the other way round",
			fmt.Sprintf("SELECT ABS((SELECT SUM(reserved) FROM plain.levels) - %d) + ABS((SELECT COUNT(*) FROM plain.orders) - %[1]d)", b.acknowledged[1])},
	}
	for _, q := range questions {
		var n int64
		if err := db.QueryRow(ctx, q.sql).Scan(&n); err != nil {
			return fmt.Errorf("%s: %w", q.says, err)
		}
		if n != 0 {
			return fmt.Errorf("the books do not agree: %d %s", n, q.says)
		}
	}
	return nil
}
