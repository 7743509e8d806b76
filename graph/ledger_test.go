package graph_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

const shelf = `mutation {
	locationUpsert(input: {code: "WH", name: "WH"}) { userErrors { code } }
	productUpsert(input: {handle: "hat", title: "Hat", variants: [{sku: "HAT"}]}) { userErrors { code } } }`

// Ids tell the machine's time and occurredAt the store's: whichever is ahead, since leaves nothing out.
func TestTheLedgerSinceAMomentIsWhole(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		c.Must(t, shelf, nil)
		day := 24 * time.Hour
		behind, ahead := time.Now().Add(-100*day), time.Now().Add(1000*day)
		var moments []string
		for _, by := range []time.Duration{0, time.Hour, behind.Sub(k.Clock.Now()), 50 * day, ahead.Sub(k.Clock.Now()), 0, time.Hour, 100 * day, time.Minute} {
			moments = append(moments, k.Clock.Advance(max(0, by)).Format(time.RFC3339Nano))
			c.Must(t, `mutation($k: String!) { stockAdjust(input: {idempotencyKey: $k, variant: {sku: "HAT"}, location: {code: "WH"}, delta: 1, reason: "r"}) { userErrors { code } } }`,
				apitest.Vars{"k": fmt.Sprint(len(moments))})
		}
		for i, since := range moments {
			for moments[max(0, i-1)] == since && i > 0 {
				i--
			}
			left := len(moments) - i
			r := c.Must(t, `query($since: DateTime!, $until: DateTime!) {
				all: stockMovements(where: {since: $since}) { totalCount edges { node { occurredAt } } }
				last: stockMovements(last: 1, where: {since: $since, variant: {sku: "HAT"}}) { edges { node { occurredAt } } }
				there: stockMovements(first: 1, where: {since: $since, location: {code: "WH"}}) { totalCount pageInfo { endCursor hasNextPage } edges { node { occurredAt } } }
				until: stockMovements(where: {since: $since, until: $until}) { totalCount } }`, apitest.Vars{"since": since, "until": moments[len(moments)-1]})
			require.Equal(t, []int{left, left, max(0, left-1)}, []int{r.Int("all.totalCount"), r.Int("there.totalCount"), r.Int("until.totalCount")}, since)
			require.Len(t, r.Get("all.edges"), left)
			require.Len(t, r.Get("last.edges"), 1)
			require.Equal(t, r.Text("all.edges.0.node.occurredAt"), r.Text("there.edges.0.node.occurredAt"))
			require.Equal(t, left > 1, r.Get("there.pageInfo.hasNextPage"))
			next := c.Must(t, `query($since: DateTime!, $after: String!) { stockMovements(first: 100, after: $after, where: {since: $since}) { totalCount edges { cursor } } }`,
				apitest.Vars{"since": since, "after": strings.Clone(r.Text("there.pageInfo.endCursor"))})
			require.Equal(t, left, next.Int("stockMovements.totalCount"))
			require.Len(t, next.Get("stockMovements.edges"), left-1)
		}
	})
}

// listener hears what ent asks of the database.
type listener struct {
	dialect.Driver
	heard func(query string, args any)
}

func (l listener) Query(ctx context.Context, query string, args, v any) error {
	l.heard(query, args)
	return l.Driver.Query(ctx, query, args, v)
}

// The ledger is never trimmed: what is asked since a moment is found by the ids of that time, not by reading all before it.
func TestTheLedgerSinceAMomentIsNotReadFromItsBeginning(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		c := a.Client(t)
		c.Must(t, shelf, nil)
		place := k.Store.Ent.Location.Query().OnlyX(k.Ctx).ID
		variant := k.Store.Ent.Variant.Query().OnlyX(k.Ctx).ID
		const lines = 4000
		at := func(i int) time.Time { return time.Date(2020, 1, 1, 6*i, 0, 0, 0, time.UTC) }
		table := db.Into("stock_movements", `id uuid, brand_id uuid, variant_id uuid, location_id uuid, kind text, on_hand_delta bigint, reserved_delta bigint,
			incoming_delta bigint, damaged_delta bigint, reason text, reference_system text, reference_value text, actor text, cause text, occurred_at bigint`)
		var rows []any
		for i := range lines {
			id := commerce.NewUUID()
			binary.BigEndian.PutUint64(id[:], uint64(at(i).UnixMilli())<<16|0x7000)
			rows = append(rows, id, k.Brand.ID, variant, place, "ADJUST", 1, 0, 0, 0, "r", "", "", "tester", "test", int64(commerce.InstantOf(at(i))))
		}
		require.NoError(t, table.Insert(k.Ctx, k.Store.DB.Write(), rows))
		_, err := k.Store.DB.Analyze(k.Ctx)
		require.NoError(t, err)

		driver := k.Store.DB.Driver()
		var plans []string
		k.Store.Ent = ent.NewClient(ent.Driver(listener{driver, func(query string, args any) {
			if strings.Contains(query, "stock_movements") {
				plans = append(plans, explain(t, driver, query, args))
			}
		}}))
		for _, where := range []string{``, `location: {code: "WH"}`, `variant: {sku: "HAT"}, location: {code: "WH"}`} {
			for _, side := range []string{"first", "last"} {
				plans = nil
				r := c.Must(t, `query($since: DateTime!) { stockMovements(`+side+`: 10, where: {since: $since, `+where+`}) { totalCount edges { cursor } } }`, apitest.Vars{"since": at(lines - 9)})
				require.Equal(t, 9, r.Int("stockMovements.totalCount"))
				require.Len(t, r.Get("stockMovements.edges"), 9)
				require.Len(t, plans, 2, "a page and a count")
				for _, plan := range plans {
					require.Regexp(t, `brand_id=\? (AND \w+=\? )*AND id>\?|Index Cond: .*id >= `, plan)
				}
			}
		}
	})
}

// explain is how an engine answers a statement.
func explain(t *testing.T, driver dialect.Driver, query string, args any) string {
	t.Helper()
	how, columns := "EXPLAIN ", 1
	if driver.Dialect() == dialect.SQLite {
		how, columns = "EXPLAIN QUERY PLAN ", 4
	}
	var rows entsql.Rows
	require.NoError(t, driver.Query(context.Background(), how+query, args, &rows))
	defer rows.Close()
	var lines []string
	for rows.Next() {
		line := make([]any, columns)
		for i := range line {
			line[i] = new(any)
		}
		require.NoError(t, rows.Scan(line...))
		lines = append(lines, fmt.Sprint(*line[columns-1].(*any)))
	}
	require.NoError(t, rows.Err())
	return strings.Join(lines, "\n")
}
