package archive

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/migrate/migrations"
	"github.com/oneshelf/oneshelf/ent/migrate/tables"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// awkward is text that a careless format changes.
const awkward = "榛屿 \"Tee\" <b>&amp;</b>\u2028\\ '; -- 😀 %d"

// large are columns that must be larger than those they bound.
var large = map[string]int64{"quantity": 9, "subtotal": 1<<53 + 9, "total": 1<<53 + 9, "on_hand": 9}

// fill puts rows into every table of brand: three of each, or the one there can be, of which one has
// every column that may be null.
func fill(t testing.TB, k *testkit.Kit, of commerce.UUID) {
	t.Helper()
	ctx := context.Background()
	order, err := sorted(tables.For(string(k.Store.DB.Engine)))
	require.NoError(t, err)
	ids := map[string][]any{}
	n := 0
	err = k.Store.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, s := range order {
			if s.Name == "brands" || (ofServer[s.Name] != "" && k.Count(t, s.Name, "") > 0) {
				continue
			}
			refers := map[string]string{}
			for _, fk := range s.ForeignKeys {
				for i, c := range fk.Columns {
					if c.Name != "brand_id" || len(fk.Columns) == 1 {
						refers[fk.Columns[i].Name] = fk.RefTable.Name
					}
				}
			}
			rows := 3
			for _, i := range s.Indexes {
				if i.Unique && len(i.Columns) == 1 && i.Columns[0].Name == "brand_id" {
					rows = 1 // a brand has one of these
				}
			}
			for row := range rows {
				n++
				var names []string
				var args []any
				filled := false
				for _, c := range s.Columns {
					var v any
					switch {
					case c.Name == "brand_id":
						v = of
					case refers[c.Name] != "":
						if c.Nullable && (row > 0 && s.Name != "external_refs" || filled && s.Name == "external_refs") {
							continue
						}
						v, filled = ids[refers[c.Name]][row], true
					case s.Name == "events" && (c.Name == "id" || c.Name == "seq"):
						continue
					case c.Nullable && row > 0:
						continue
					default:
						v = value(c, n)
					}
					if c.Name == "id" {
						ids[s.Name] = append(ids[s.Name], v)
					}
					names, args = append(names, quote(c.Name)), append(args, v)
				}
				if _, err := tx.Exec(ctx, "INSERT INTO "+quote(s.Name)+" ("+strings.Join(names, ", ")+") VALUES "+db.Groups(1, len(args)), args...); err != nil {
					return fmt.Errorf("%s: %w", s.Name, err)
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
}

func value(c *schema.Column, n int) any {
	switch {
	case c.Type == field.TypeUUID:
		return commerce.NewUUID()
	case c.Type == field.TypeString:
		return fmt.Sprintf("%s %d", awkward, n)
	case c.Type == field.TypeBool:
		return n%2 == 0
	case c.Type == field.TypeJSON:
		return []string{`{"b": [1, 2.50, null], "a": "` + "榛\\u2028\\\"" + `"}`, `[]`, `null`}[n%3]
	case c.Type == field.TypeBytes:
		return bytes.Repeat([]byte{0, 0xff, byte(n)}, 3)
	case c.Type.Float():
		return 31.230416 + float64(n)/3
	case large[c.Name] > 0:
		return large[c.Name]
	}
	return 1
}

// known are the migrations of the kit's engine.
func known(t testing.TB, k *testkit.Kit) []db.Migration {
	t.Helper()
	all, err := db.Migrations(migrations.Files, k.Store.DB.Engine)
	require.NoError(t, err)
	return all
}

func source(t testing.TB, k *testkit.Kit) Source {
	m := known(t, k)
	return Source{DB: k.Store.DB, Migration: m[len(m)-1].Version, At: k.Store.Instant()}
}

func target(t testing.TB, k *testkit.Kit) Target {
	return Target{DB: k.Store.DB, Migrations: known(t, k)}
}

// empty is a migrated database without a row.
func empty(t testing.TB, open func(testing.TB) *testkit.Kit) *testkit.Kit {
	t.Helper()
	k := open(t)
	_, err := k.Store.DB.Write().Exec(context.Background(), "DELETE FROM brands")
	require.NoError(t, err)
	return k
}

// ways runs fn for each pair of engines.
func ways(t *testing.T, fn func(t *testing.T, from, to func(testing.TB) *testkit.Kit)) {
	t.Helper()
	engines := []struct {
		name string
		open func(testing.TB) *testkit.Kit
	}{{"SQLite", testkit.SQLite}, {"PostgreSQL", testkit.Postgres}}
	for _, from := range engines {
		for _, to := range engines {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				t.Parallel()
				fn(t, from.open, to.open)
			})
		}
	}
}
