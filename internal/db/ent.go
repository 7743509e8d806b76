package db

import (
	"context"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// Driver gives ent a driver over the reading pool. Mutations through it fail on SQLite and belong into a transaction anyway.
func (d *DB) Driver() dialect.Driver {
	return driver{Driver: entsql.NewDriver(string(d.Engine), entsql.Conn{ExecQuerier: d.read})}
}

// Driver lends the running transaction to ent: what ent takes for transactions of its own are parts of this one.
func (t *Tx) Driver() dialect.Driver {
	return driver{Driver: entsql.NewDriver(string(t.engine), entsql.Conn{ExecQuerier: t.tx})}
}

type driver struct {
	*entsql.Driver
}

func (d driver) Exec(ctx context.Context, query string, args, v any) error {
	count(ctx)
	return d.Driver.Exec(ctx, query, args, v)
}

func (d driver) Query(ctx context.Context, query string, args, v any) error {
	count(ctx)
	return d.Driver.Query(ctx, query, args, v)
}

// Tx answers the driver itself: ent opens small transactions around updates, which ours already is.
func (d driver) Tx(context.Context) (dialect.Tx, error) { return lent{d}, nil }

// BeginTx is what ent calls when it is given options.
func (d driver) BeginTx(context.Context, *entsql.TxOptions) (dialect.Tx, error) { return lent{d}, nil }

func (d driver) Close() error { return nil }

type lent struct{ driver }

func (lent) Commit() error   { return nil }
func (lent) Rollback() error { return nil }
