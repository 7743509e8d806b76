package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// ErrNewer says that the database was migrated by a newer program: an older one must not touch it.
var ErrNewer = errors.New("the database was migrated by a newer version of oneshelf: this one must not write to it")

// Migration is one file of a migrations folder: <stamp>_<name>.sql.
type Migration struct {
	Version string // the stamp
	Name    string
	SQL     string
	Hash    string
}

// Migrations reads the files of one engine, oldest first.
func Migrations(files fs.FS, e Engine) ([]Migration, error) {
	folder := map[Engine]string{SQLite: "sqlite", Postgres: "postgres"}[e]
	names, err := fs.Glob(files, folder+"/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []Migration
	for _, n := range names {
		text, err := fs.ReadFile(files, n)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		version, name, _ := strings.Cut(strings.TrimSuffix(path.Base(n), ".sql"), "_")
		out = append(out, Migration{Version: version, Name: name, SQL: string(text), Hash: hex.EncodeToString(sum[:])})
	}
	return out, nil
}

// Migrate brings the database to the newest of the given migrations and tells which it applied. Processes that start at once
// wait for each other; a file that fails leaves nothing of itself; a file that was changed after it had been applied is refused.
func (d *DB) Migrate(ctx context.Context, all []Migration) ([]Migration, error) {
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if d.Engine == SQLite {
		// Rebuilding a table inside a transaction would cascade into its children while keys are on, and they cannot be switched there.
		if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = 0"); err != nil {
			return nil, err
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA foreign_keys = 1")
	}
	var applied []Migration
	for {
		next, err := d.applyNext(ctx, conn, all)
		if err != nil {
			return applied, err
		}
		if next == nil {
			return applied, nil
		}
		applied = append(applied, *next)
	}
}

// applyNext applies the oldest migration that is missing, in a transaction of its own, and answers nil when none is.
func (d *DB) applyNext(ctx context.Context, conn *sql.Conn, all []Migration) (*Migration, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if d.Engine == Postgres {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(7305801)"); err != nil {
			return nil, err
		}
	}
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		version text NOT NULL PRIMARY KEY, name text NOT NULL, hash text NOT NULL, applied_at bigint NOT NULL)`); err != nil {
		return nil, err
	}
	done, err := appliedHashes(ctx, tx)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	var next *Migration
	for i, m := range all {
		known[m.Version] = true
		hash, ok := done[m.Version]
		switch {
		case ok && hash != m.Hash:
			return nil, fmt.Errorf("migration %s_%s was changed after it had been applied", m.Version, m.Name)
		case !ok && next == nil:
			next = &all[i]
		}
	}
	for version := range done {
		if !known[version] {
			return nil, fmt.Errorf("%w (it knows migration %s)", ErrNewer, version)
		}
	}
	if next == nil {
		return nil, tx.Commit()
	}
	if _, err := tx.ExecContext(ctx, next.SQL); err != nil {
		return nil, fmt.Errorf("migration %s_%s: %w", next.Version, next.Name, err)
	}
	if d.Engine == SQLite {
		if err := checkKeys(ctx, tx); err != nil {
			return nil, fmt.Errorf("migration %s_%s: %w", next.Version, next.Name, err)
		}
	}
	c := Conn{engine: d.Engine, q: tx}
	if _, err := c.Exec(ctx, "INSERT INTO schema_migrations (version, name, hash, applied_at) VALUES (?, ?, ?, ?)",
		next.Version, next.Name, next.Hash, time.Now().UnixMicro()); err != nil {
		return nil, err
	}
	return next, tx.Commit()
}

func appliedHashes(ctx context.Context, tx *sql.Tx) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, "SELECT version, hash FROM schema_migrations")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var version, hash string
		if err := rows.Scan(&version, &hash); err != nil {
			return nil, err
		}
		out[version] = hash
	}
	return out, rows.Err()
}

// checkKeys finds rows that a migration left pointing at nothing.
func checkKeys(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		return errors.New("it would leave rows that point at nothing")
	}
	return rows.Err()
}
