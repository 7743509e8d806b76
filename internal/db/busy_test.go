package db_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// hold keeps the file from all writers, as another program would, until what it answers is called.
func hold(t *testing.T, k *testkit.Kit) (letGo func()) {
	t.Helper()
	other, err := sql.Open("sqlite", "file:"+k.URL)
	require.NoError(t, err)
	other.SetMaxOpenConns(1)
	t.Cleanup(func() { other.Close() })
	_, err = other.Exec("BEGIN IMMEDIATE")
	require.NoError(t, err)
	return func() {
		_, err := other.Exec("ROLLBACK")
		require.NoError(t, err)
	}
}

// wait says how long SQLite itself waits for a busy file, on the one connection that writes.
func wait(t *testing.T, d *db.DB, milliseconds string) {
	t.Helper()
	_, err := d.Write().Exec(context.Background(), "PRAGMA busy_timeout = "+milliseconds)
	require.NoError(t, err)
}

// A file that is busy for longer than SQLite waits is tried again a bounded number of times, and then told as what may be tried again.
func TestABusyFileIsTriedAgain(t *testing.T) { // CC-06
	const soon = 20 * time.Second
	k := testkit.SQLite(t)
	raise := func(tx *db.Tx) error {
		_, err := tx.Exec(k.Ctx, "UPDATE brands SET generation = generation + 1")
		return err
	}
	letGo := hold(t, k)
	wait(t, k.Store.DB, "0")
	ctx, statements := db.Counted(k.Ctx)
	err := k.Store.DB.InTx(ctx, raise)
	require.ErrorContains(t, err, "SQLITE_BUSY")
	require.True(t, db.IsTransient(err))
	require.True(t, db.IsTransient(errors.Join(errors.New("wrapped"), err)))
	require.EqualValues(t, 8, statements.Load(), "each time no more than the beginning")

	wait(t, k.Store.DB, "300")
	ctx, statements = db.Counted(k.Ctx)
	ended := make(chan error, 1)
	go func() { ended <- k.Store.DB.InTx(ctx, raise) }()
	require.Eventually(t, func() bool { return statements.Load() > 1 }, soon, time.Millisecond, "it runs again")
	letGo()
	require.NoError(t, <-ended)
	require.Equal(t, 2, k.Count(t, "brands", "generation = 2"), "once")
}
