// Package db is the only room that knows which engine stores the data: SQLite in a file or PostgreSQL. It opens the pools, runs
// transactions with bounded retries, writes the few places where the dialects differ, and applies migrations.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
)

// Engine names a storage engine the way ent's dialects do.
type Engine string

// The engines there are.
const (
	SQLite   Engine = "sqlite3"
	Postgres Engine = "postgres"
)

// DB is an open database. It may be used by many at once.
type DB struct {
	Engine Engine
	read   *sql.DB
	write  *sql.DB
	turns  turns
}

// Options tunes the pools; zero values take the defaults.
type Options struct {
	MaxConns int // connections to PostgreSQL, and readers of SQLite
}

// Open opens a database: "postgres://…" or the path of an SQLite file, whose folder is made when missing.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn, o)
	}
	if strings.Contains(dsn, "://") {
		return nil, fmt.Errorf("the database address must begin with postgres://, or be absent for SQLite in the data folder")
	}
	return openSQLite(ctx, dsn, o)
}

func openPostgres(ctx context.Context, dsn string, o Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the database address cannot be read: it must look like postgres://user:password@host:5432/name")
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "oneshelf"
	}
	cfg.RuntimeParams["jit"] = "off" // short statements: compiling them costs more than running them
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.RuntimeParams["synchronous_commit"] = "on"
	if o.MaxConns == 0 {
		o.MaxConns = 16
	}
	pool := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(binaryUUIDs))
	pool.SetMaxOpenConns(o.MaxConns)
	pool.SetMaxIdleConns(o.MaxConns) // the default of 2 would close and reopen connections all the time
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("the database does not answer: %w", redact(err))
	}
	return &DB{Engine: Postgres, read: pool, write: pool}, nil
}

// redact keeps a password in the address from reaching a log through pgx's error text.
func redact(err error) error {
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		if inner := errors.Unwrap(e); inner != nil {
			return inner
		}
	}
	return err
}

func openSQLite(ctx context.Context, path string, o Options) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if o.MaxConns == 0 {
		o.MaxConns = max(4, runtime.NumCPU())
	}
	// Settings stand in the address, so that each connection of a pool has them.
	common := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=cache_size(-4096)"
	write, err := sql.Open("sqlite", common+"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1) // SQLite has one writer: waiting for it in our own queue is fair, in SQLite's it is not
	if err := write.PingContext(ctx); err != nil {
		write.Close()
		return nil, fmt.Errorf("the database file cannot be opened: %w", err)
	}
	read, err := sql.Open("sqlite", common+"&_pragma=query_only(1)")
	if err != nil {
		write.Close()
		return nil, err
	}
	read.SetMaxOpenConns(o.MaxConns)
	read.SetMaxIdleConns(o.MaxConns)
	return &DB{Engine: SQLite, read: read, write: write}, nil
}

// Close closes the pools.
func (d *DB) Close() error {
	err := d.read.Close()
	if d.write != d.read {
		err = errors.Join(err, d.write.Close())
	}
	return err
}

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	return d.Read().QueryRow(ctx, "SELECT 1").Scan(&one)
}

// Read is for statements outside a transaction; on SQLite it cannot write.
func (d *DB) Read() Conn { return Conn{engine: d.Engine, q: d.read} }

// Write is for single statements that need no transaction of several.
func (d *DB) Write() Conn { return Conn{engine: d.Engine, q: d.write} }

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Conn runs statements written with ? for parameters on either engine.
type Conn struct {
	engine Engine
	q      querier
}

// Engine tells which engine answers.
func (c Conn) Engine() Engine { return c.engine }

// Exec runs a statement and tells how many rows it touched.
func (c Conn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	count(ctx)
	r, err := c.q.ExecContext(ctx, c.bind(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query runs a statement that answers rows.
func (c Conn) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	count(ctx)
	return c.q.QueryContext(ctx, c.bind(query), args...)
}

// QueryRow runs a statement that answers one row.
func (c Conn) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	count(ctx)
	return c.q.QueryRowContext(ctx, c.bind(query), args...)
}

// bind turns ? into $1, $2, … for PostgreSQL. Our statements hold no question mark in a literal.
func (c Conn) bind(query string) string {
	if c.engine != Postgres || !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for i := range len(query) {
		if query[i] != '?' {
			b.WriteByte(query[i])
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// In writes "column IN (?, …)" and gives the arguments; an empty list is never true.
func In[T any](column string, values []T) (string, []any) {
	if len(values) == 0 {
		return "1 = 0", nil
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return column + " IN (" + Marks(len(values)) + ")", args
}

// Any writes that a column is one of some values and gives the arguments. Unlike In its text is the same on PostgreSQL however many
// there are, so that the statement is planned once. Double values are passed once.
func Any[T comparable](c Conn, column string, values []T) (string, []any) {
	values = Distinct(values)
	if c.engine == Postgres {
		return column + " = ANY(?)", []any{values}
	}
	return In(column, values)
}

// Distinct answers the values without those that stand before, in their order.
func Distinct[T comparable](values []T) []T {
	seen := make(map[T]bool, len(values))
	out := make([]T, 0, len(values))
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// Marks writes n question marks with commas between.
func Marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// Groups writes n groups of width question marks, for inserts of many rows.
func Groups(n, width int) string {
	group := "(" + Marks(width) + "),"
	return strings.TrimSuffix(strings.Repeat(group, n), ",")
}

// Collect scans every row with scan and closes rows.
func Collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

type counterKey struct{}

// Counted returns a context whose statements are counted.
func Counted(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, counterKey{}, n), n
}

func count(ctx context.Context) {
	if n, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// IsUnique tells whether err is a broken unique constraint.
func IsUnique(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23505"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == 2067 || e.Code() == 1555 // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// IsForeignKey tells whether err is a broken foreign key.
func IsForeignKey(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23503"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == 787 // SQLITE_CONSTRAINT_FOREIGNKEY
	}
	return false
}

// IsCheck tells whether err is a broken CHECK constraint.
func IsCheck(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23514"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == 275 // SQLITE_CONSTRAINT_CHECK
	}
	return false
}

// IsTransient tells whether the same transaction may succeed when it is run again. InTx has done so, until it gave up.
func IsTransient(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "40001" || e.Code == "40P01" || e.Code == "55P03"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == 5 || e.Code()&0xff == 6 // SQLITE_BUSY, SQLITE_LOCKED
	}
	return false
}

// ScanUUID scans a row of one UUID.
func ScanUUID(rows *sql.Rows) (id uuid.UUID, err error) { return id, rows.Scan(&id) }
