package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Column is a column as the database has it.
type Column struct {
	Name    string
	NotNull bool
}

// Snapshot runs fn in a read-only transaction that sees the database as it was at one moment, whatever others write meanwhile.
// Writers are not held up by it.
func (d *DB) Snapshot(ctx context.Context, fn func(Conn) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if d.Engine == Postgres {
		options.Isolation = sql.LevelRepeatableRead // SQLite's readers see one moment anyway
	}
	count(ctx)
	tx, err := d.read.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(Conn{engine: d.Engine, q: tx})
}

// Tables tells which tables there are and their columns in order; the engine's own are left out.
func (c Conn) Tables(ctx context.Context) (map[string][]Column, error) {
	query := `SELECT m.name, p.name, p."notnull" <> 0 FROM sqlite_master m, pragma_table_info(m.name) p
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY m.name, p.cid`
	if c.engine == Postgres {
		query = `SELECT t.relname, a.attname, a.attnotnull FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
			WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND t.relkind IN ('r', 'p') AND NOT t.relispartition
			AND a.attnum > 0 AND NOT a.attisdropped ORDER BY t.relname, a.attnum`
	}
	rows, err := c.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]Column{}
	for rows.Next() {
		var table string
		var column Column
		if err := rows.Scan(&table, &column.Name, &column.NotNull); err != nil {
			return nil, err
		}
		out[table] = append(out[table], column)
	}
	return out, rows.Err()
}

// Version is the stamp of the newest migration that was applied, "" when none was.
func (c Conn) Version(ctx context.Context) (string, error) {
	tables, err := c.Tables(ctx)
	if err != nil || tables["schema_migrations"] == nil {
		return "", err
	}
	var version string
	err = c.QueryRow(ctx, "SELECT COALESCE(MAX(version), '') FROM schema_migrations").Scan(&version)
	return version, err
}

// Renumber lets the numbers that the engine gives to a table's new rows go on above floor and above those that are there. Tables whose
// numbers are not given by the engine stay as they are. The table's name must be one that Tables told.
func (t *Tx) Renumber(ctx context.Context, table string, floor int64) error {
	column, err := t.numbered(ctx, table)
	if err != nil || column == "" {
		return err
	}
	var last int64
	if err := t.QueryRow(ctx, fmt.Sprintf("SELECT COALESCE(MAX(%q), 0) FROM %q", column, table)).Scan(&last); err != nil {
		return err
	}
	if last = max(last, floor); last == 0 {
		return nil
	}
	if t.engine == Postgres {
		_, err = t.Exec(ctx, "SELECT setval(pg_get_serial_sequence(CAST(? AS text), CAST(? AS text)), CAST(? AS bigint))", table, column, last)
		return err
	}
	n, err := t.Exec(ctx, "UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?", last, table)
	if err != nil || n > 0 {
		return err
	}
	_, err = t.Exec(ctx, "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, last)
	return err
}

// numbered is the column of a table that the engine numbers, "" when there is none.
func (t *Tx) numbered(ctx context.Context, table string) (column string, err error) {
	query := `SELECT p.name FROM sqlite_master m, pragma_table_info(m.name) p
		WHERE m.type = 'table' AND m.name = ? AND p.pk = 1 AND m.sql LIKE '%AUTOINCREMENT%'`
	if t.engine == Postgres {
		query = `SELECT a.attname FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
			WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND t.relname = ? AND a.attidentity <> ''`
	}
	if err = t.QueryRow(ctx, query, table).Scan(&column); errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return column, err
}

// Stats tells how busy each pool of connections is; PostgreSQL has one.
func (d *DB) Stats() map[string]sql.DBStats {
	if d.read == d.write {
		return map[string]sql.DBStats{"all": d.read.Stats()}
	}
	return map[string]sql.DBStats{"read": d.read.Stats(), "write": d.write.Stats()}
}
