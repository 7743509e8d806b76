package db

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
)

// attempts bounds how often a transaction is run again after a deadlock, a serialization failure or a busy file.
const attempts = 8

// Tx is a running transaction.
type Tx struct {
	Conn
	tx *sql.Tx
}

// InTx runs fn in one transaction on the writer and commits when fn answers nil. After a deadlock, a serialization failure or a
// busy file the whole of fn runs again, a bounded number of times; fn must therefore keep its effects inside the transaction.
// What fn has seen of a transaction that did not commit is worthless.
func (d *DB) InTx(ctx context.Context, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		err := d.once(ctx, fn)
		if err == nil || !IsTransient(err) || try == attempts {
			return err
		}
		pause := time.Duration(1<<try) * time.Millisecond
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (d *DB) once(ctx context.Context, fn func(*Tx) error) error {
	count(ctx)
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // answers ErrTxDone after a commit
	if err := fn(&Tx{Conn: Conn{engine: d.Engine, q: tx}, tx: tx}); err != nil {
		return err
	}
	return tx.Commit()
}

// ForUpdate is what a SELECT says to keep the rows from others until the transaction ends. SQLite has one writer: it needs nothing.
func (t *Tx) ForUpdate() string {
	if t.engine == Postgres {
		return " FOR UPDATE"
	}
	return ""
}
