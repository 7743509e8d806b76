package db

import (
	"context"
	"database/sql"
)

// Analyze brings the planner's picture of fast-growing tables up to date and answers how many it looked at. PostgreSQL's own
// autovacuum does so too, but only once a minute: until then a new database takes every index that begins with the brand for a good
// one, and checks each foreign key by reading all the rows a brand has. A table is looked at each time it has grown fivefold, so it
// costs less and less; SQLite plans without such a picture.
func (d *DB) Analyze(ctx context.Context) (int, error) {
	if d.Engine != Postgres {
		return 0, nil
	}
	rows, err := d.Read().Query(ctx, `SELECT quote_ident(s.relname) FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
		WHERE s.schemaname = current_schema() AND s.n_mod_since_analyze > 200 + 4 * GREATEST(c.reltuples, 0)`)
	tables, err := Collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
	if err != nil {
		return 0, err
	}
	for _, t := range tables {
		if _, err := d.Write().Exec(ctx, "ANALYZE "+t); err != nil {
			return 0, err
		}
	}
	return len(tables), nil
}
