package db_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

type word string

func TestManyRowsAreInsertedAtOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		ctx, c := k.Ctx, k.Store.DB.Write()
		_, err := c.Exec(ctx, `CREATE TABLE many (id `+map[db.Engine]string{db.Postgres: "uuid", db.SQLite: "text"}[c.Engine()]+` PRIMARY KEY, n bigint,
			state text, said `+map[db.Engine]string{db.Postgres: "jsonb", db.SQLite: "text"}[c.Engine()]+`, seen boolean, hash `+
			map[db.Engine]string{db.Postgres: "bytea", db.SQLite: "blob"}[c.Engine()]+`, other `+map[db.Engine]string{db.Postgres: "uuid", db.SQLite: "text"}[c.Engine()]+`)`)
		require.NoError(t, err)
		many := db.Into("many", "id uuid, n bigint, state text, said jsonb, seen boolean, hash bytea, other uuid")
		require.NoError(t, many.Insert(ctx, c, nil))
		const rows = 12_000 // more than SQLite takes at once
		var values []any
		first := uuid.New()
		for i := range rows {
			id, other := uuid.New(), (*uuid.UUID)(nil)
			var said any
			if i%2 == 0 {
				other, said = &first, `{"a": "b,{}\""}`
			}
			if i == 0 {
				id = first
			}
			values = append(values, id, int64(i), word("é, \"{}"), said, i%3 == 0, []byte{byte(i), 0}, other)
		}
		require.NoError(t, many.Insert(ctx, c, values))
		var n, sum, others, saids, seen int64
		require.NoError(t, c.QueryRow(ctx, `SELECT COUNT(*), SUM(n), COUNT(other), COUNT(said), SUM(CASE WHEN seen THEN 1 ELSE 0 END) FROM many WHERE state = ?`,
			`é, "{}`).Scan(&n, &sum, &others, &saids, &seen))
		require.EqualValues(t, []int64{rows, rows * (rows - 1) / 2, rows / 2, rows / 2, rows / 3}, []int64{n, sum, others, saids, seen})
		var hash []byte
		require.NoError(t, c.QueryRow(ctx, "SELECT hash FROM many WHERE id = ?", first).Scan(&hash))
		require.Equal(t, []byte{0, 0}, hash)
		require.True(t, db.IsUnique(many.Insert(ctx, c, values[:7])))
		require.Error(t, many.Insert(ctx, c, values[:6]))
		two := db.Into("two", "many uuid, n bigint")
		_, err = c.Exec(ctx, "CREATE TABLE two (many "+map[db.Engine]string{db.Postgres: "uuid", db.SQLite: "text"}[c.Engine()]+" REFERENCES many (id), n bigint)")
		require.NoError(t, err)
		fresh := uuid.New()
		row := append([]any{fresh}, values[1:7]...)
		require.NoError(t, db.Insert(ctx, c, db.Rows{Table: many, Values: row}, db.Rows{Table: many}, db.Rows{Table: two, Values: []any{fresh, 1, fresh, 2}}))
		require.EqualValues(t, 2, k.Count(t, "two", ""))
		require.True(t, db.IsForeignKey(db.Insert(ctx, c, db.Rows{Table: two, Values: []any{uuid.New(), 1}})))
	})
}
