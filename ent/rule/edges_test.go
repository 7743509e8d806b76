package rule_test

import (
	"database/sql"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

var errUndo = errors.New("undone")

// Every edge of every table is tried: what points at another brand's row is refused by the database itself, new or changed.
func TestNoEdgeCrossesBrands(t *testing.T) { // TN-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		edges := 0
		for _, table := range owned() {
			for _, fk := range table.ForeignKeys {
				edges++
				column := fk.Columns[0].Name
				// try makes a row of Brand whose edge points at a row of the brand that owner makes, in a transaction that is undone.
				try := func(foreign, later bool) error {
					return k.Store.DB.InTx(k.Ctx, func(tx *db.Tx) error {
						own, other := newMaker(k, tx.Conn, k.Brand.ID), newMaker(k, tx.Conn, k.Other.ID)
						target, err := own.row(fk.RefTable)
						require.NoError(t, err)
						theirs, err := other.row(fk.RefTable)
						require.NoError(t, err)
						if foreign && !later {
							target = theirs
						}
						id, err := own.insert(table, map[string]any{column: target})
						if err == nil && later {
							_, err = tx.Exec(k.Ctx, "UPDATE "+table.Name+" SET "+column+" = ? WHERE id = ?", theirs, id)
						}
						if err == nil {
							err = errUndo
						}
						return err
					})
				}
				name := table.Name + "." + column
				require.ErrorIs(t, try(false, false), errUndo, "%s: a row of one's own may be pointed at", name)
				require.True(t, db.IsForeignKey(try(true, false)), "%s: a new row", name)
				require.True(t, db.IsForeignKey(try(true, true)), "%s: a changed row", name)
			}
		}
		require.Greater(t, edges, 30)
	})
}

// What the catalog says: no foreign key but those to brands themselves goes by an id alone.
func TestForeignKeysSpanTheBrand(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		for _, table := range owned() {
			query := `SELECT "table", CAST(COUNT(*) AS bigint), MIN("from") || ' ' || MAX("to") FROM pragma_foreign_key_list('` + table.Name + `') GROUP BY id, "table"`
			if k.Store.DB.Engine == db.Postgres {
				query = `SELECT confrelid::regclass::text, cardinality(conkey)::bigint, (SELECT MIN(attname) || ' id' FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey))
					FROM pg_constraint WHERE contype = 'f' AND conrelid = '` + table.Name + `'::regclass`
			}
			rows, err := k.Store.DB.Read().Query(k.Ctx, query)
			require.NoError(t, err)
			wide := 0
			for rows.Next() {
				var to, columns string
				var width int
				require.NoError(t, rows.Scan(&to, &width, &columns))
				if to == "brands" {
					require.Equal(t, []any{1, "brand_id id"}, []any{width, columns}, table.Name)
					continue
				}
				require.Equal(t, 2, width, "%s to %s", table.Name, to)
				wide++
			}
			require.NoError(t, rows.Err())
			rows.Close()
			require.Equal(t, len(table.ForeignKeys), wide, table.Name)
		}
	})
}

// noEdges are the columns that name a row and are no edges, each with why: no key is behind them, so whoever writes them answers for
// what they say. Such a column is left out of ADR 10's promise, and a new one must say here why it may be.
var noEdges = map[string]string{
	"allocations.order_id":       "to be found by: the order of its line, which is an edge",
	"allocations.variant_id":     "to be found by: the variant of its line, which is an edge",
	"allocations.location_id":    "to be found by: the location of its work, which is an edge",
	"events.aggregate_id":        "says what was, in a row of a table that the type names",
	"events.channel_id":          "says what was, and to whom it may be told",
	"events.location_id":         "says what was, and to whom it may be told",
	"events.brand_id":            "the brand of a verified viewer: a key would have every writer of the brand lock one row",
	"idempotency_keys.brand_id":  "the brand of a verified viewer: a key would have every writer of the brand lock one row",
	"order_entries.location_id":  "says what was, and to whom it may be told",
	"channel_orders.external_id": "the marketplace's own name",
	"listings.external_id":       "the marketplace's own name",
	"listings.external_sku_id":   "the marketplace's own name",
	"order_lines.external_id":    "the marketplace's own name",
}

// What the catalog says: a column that names a row has a foreign key, or a reason.
func TestWhatNamesARowIsAnEdge(t *testing.T) { // TN-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		query := `SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND c.name LIKE '%!_id' ESCAPE '!'
			AND NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name) f WHERE f."from" = c.name)`
		if k.Store.DB.Engine == db.Postgres {
			query = `SELECT t.relname || '.' || c.attname FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
				WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace AND c.attname LIKE '%!_id' ESCAPE '!'
				AND NOT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' AND f.conrelid = t.oid AND c.attnum = ANY(f.conkey))`
		}
		rows, err := k.Store.DB.Read().Query(k.Ctx, query)
		found, err := db.Collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
		require.NoError(t, err)
		require.ElementsMatch(t, slices.Collect(maps.Keys(noEdges)), found)
	})
}
