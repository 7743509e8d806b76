package rule_test

import (
	"errors"
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
