package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	_ "modernc.org/sqlite" // the driver
)

// Counts of a system of record, W6: how long one call takes, on either engine, on a shelf that is full.
const (
	syncDocument = `mutation Sync($input: StockSyncInput!) { stockSync(input: $input) { applied skipped failed userErrors { code message } } }`
	syncTurns    = 5
	syncBudget   = 2 * time.Second // for 10,000 rows
)

var syncSizes = []int{1_000, 10_000}

// synced is how long calls of one size took on one engine.
type synced struct {
	engine string
	rows   int
	took   []time.Duration // in order of length
}

func (s synced) middle() time.Duration { return s.took[len(s.took)/2] }

// measureSync sends counts to the server over PostgreSQL and to one of its own over SQLite, which takes orders first.
func (b *benchmark) measureSync(ctx context.Context) ([]synced, []placed, error) {
	out, err := b.syncs("PostgreSQL", b.server.addr, b.token, b.shop)
	if err != nil {
		return nil, nil, err
	}
	file := b.options
	file.dir = filepath.Join(b.dir, "sqlite")
	token, err := newShelf(ctx, file, "")
	if err != nil {
		return nil, nil, err
	}
	own, err := fillFile(ctx, filepath.Join(file.dir, "oneshelf.db"), b.products)
	if err != nil {
		return nil, nil, err
	}
	server, err := startServer(ctx, file, "")
	if err != nil {
		return nil, nil, err
	}
	orders, err := b.places(ctx, target{server.addr, "/graphql", token}, own)
	var more []synced
	if err == nil {
		more, err = b.syncs("SQLite", server.addr, token, own)
	}
	if stopped := server.stop(); err == nil {
		err = stopped
	}
	return append(out, more...), orders, err
}

// placed is how fast orders were placed on SQLite, which has nothing beside it.
type placed struct {
	id       string
	clients  int
	rate     float64
	p50, p99 float64 // milliseconds
}

// places runs the workloads of orders on one server.
func (b *benchmark) places(ctx context.Context, on target, own *shop) ([]placed, error) {
	var out []placed
	for _, p := range []struct {
		placed
		variant func() string
	}{
		{placed{id: "W4", clients: 16}, func() string { return pick(own.spread) }},
		{placed{id: "W5", clients: 16}, func() string { return own.hot }},
		{placed{id: "W5", clients: 64}, func() string { return own.hot }},
	} {
		w := workload{on, func() []byte { return b.orderBody(p.variant()) }, wasPlaced}
		latencies, _, took, err := drive(ctx, w, p.clients, b.warm, b.length, func() {})
		if err != nil {
			return nil, err
		}
		slices.Sort(latencies)
		p.rate, p.p50, p.p99 = float64(len(latencies))/took.Seconds(), quantile(latencies, 0.5), quantile(latencies, 0.99)
		b.say("%s on SQLite, %d clients: %.0f/s, p99 %.0f ms", p.id, p.clients, p.rate, p.p99)
		out = append(out, p.placed)
	}
	return out, nil
}

// placedTable is orders on SQLite, as Markdown.
func placedTable(all []placed) string {
	var out strings.Builder
	out.WriteString("\n| orders on SQLite | requests/s | p50 ms | p99 ms |\n|---|---|---|---|\n")
	for _, p := range all {
		fmt.Fprintf(&out, "| %s, %d clients | %.0f | %.1f | %.1f |\n", p.id, p.clients, p.rate, p.p50, p.p99)
	}
	return out.String()
}

// syncs sends calls of every size in turn; every row changes what is there.
func (b *benchmark) syncs(engine, addr, token string, on *shop) ([]synced, error) {
	c, err := dial(target{addr, "/graphql", token})
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	out := make([]synced, len(syncSizes))
	for i, n := range syncSizes {
		out[i] = synced{engine: engine, rows: n}
	}
	for turn := range syncTurns + 1 { // the first warms up
		for i, n := range syncSizes {
			body := b.syncBody(on, n)
			began := time.Now()
			answer, err := c.send(body)
			if err != nil {
				return nil, err
			}
			if !strings.Contains(string(answer), fmt.Sprintf(`"applied":%d,"skipped":0,"failed":0`, n)) {
				return nil, fmt.Errorf("W6 on %s: the counts were not taken: %.300s", engine, answer)
			}
			if turn > 0 {
				out[i].took = append(out[i].took, time.Since(began))
			}
		}
	}
	for i, s := range out {
		slices.Sort(out[i].took)
		b.say("W6, %s, %d rows: %v", engine, s.rows, s.middle().Round(time.Millisecond))
	}
	return out, nil
}

// syncBody counts places in a row, beginning anywhere; no count is what was there.
func (b *benchmark) syncBody(on *shop, n int) []byte {
	rows := make([]any, n)
	key, first := b.keys.Add(1), rand.IntN(len(on.spread))
	asOf := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	for i := range rows {
		variant := on.spread[(first+i)%len(on.spread)]
		place := locationCodes[(first+i)/len(on.spread)%len(locationCodes)]
		rows[i] = map[string]any{"variant": map[string]string{"id": variant}, "location": map[string]string{"code": place}, "onHand": ample + key, "asOf": asOf}
	}
	return graphql(syncDocument, map[string]any{"input": map[string]any{"idempotencyKey": fmt.Sprint("sync-", key), "source": "erp", "rows": rows}})
}

// fillFile writes the shelf into SQLite's file.
func fillFile(ctx context.Context, path string, products int) (_ *shop, err error) {
	d, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	var brand commerce.UUID
	if err := tx.QueryRowContext(ctx, "SELECT id FROM brands WHERE code = ?", brandCode).Scan(&brand); err != nil {
		return nil, fmt.Errorf("the brand: %w", err)
	}
	f := newFilling(brand, products)
	for _, t := range f.tables() {
		columns := strings.Fields(t.columns)
		group := "(" + strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",") + "),"
		for some := range slices.Chunk(t.rows, 1_000) {
			var args []any
			for _, row := range some {
				for _, v := range row {
					args = append(args, plainValue(v))
				}
			}
			into := "INSERT INTO " + t.name + ` ("` + strings.Join(columns, `", "`) + `") VALUES `
			if _, err := tx.ExecContext(ctx, into+strings.TrimSuffix(strings.Repeat(group, len(some)), ","), args...); err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	_, err = d.ExecContext(ctx, "ANALYZE")
	return f.shop, err
}

// plainValue is a value as SQLite takes it: lists and maps as JSON.
func plainValue(v any) any {
	if _, id := v.(commerce.UUID); id {
		return v
	}
	switch reflect.ValueOf(v).Kind() {
	case reflect.Slice, reflect.Map:
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // texts alone
		}
		return string(text)
	}
	return v
}

// syncTable is the figures of W6, as Markdown.
func syncTable(all []synced) string {
	var out strings.Builder
	out.WriteString("\n| W6, stockSync, every row changes a level | rows | median s | range | µs a row | wanted | |\n|---|---|---|---|---|---|---|\n")
	for _, s := range all {
		wanted, kept := "", ""
		if s.rows == syncSizes[len(syncSizes)-1] {
			wanted, kept = fmt.Sprintf("at most %.0f s", syncBudget.Seconds()), reached(s.middle() <= syncBudget)
		}
		fmt.Fprintf(&out, "| %s | %d | %.2f | %.2f-%.2f | %.0f | %s | %s |\n", s.engine, s.rows, s.middle().Seconds(), s.took[0].Seconds(), s.took[len(s.took)-1].Seconds(),
			float64(s.middle().Microseconds())/float64(s.rows), wanted, kept)
	}
	return out.String()
}
