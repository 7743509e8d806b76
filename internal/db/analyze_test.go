package db_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/testkit"
)

// A table that has grown is looked at, once until it has grown again.
func TestATableThatGrowsIsAnalyzed(t *testing.T) {
	k := testkit.Postgres(t)
	c := k.Store.DB.Write()
	_, err := c.Exec(k.Ctx, "CREATE TABLE grown (id bigint PRIMARY KEY, brand bigint)")
	require.NoError(t, err)
	guess := func() (n float64) {
		require.NoError(t, c.QueryRow(k.Ctx, "SELECT reltuples FROM pg_class WHERE relname = 'grown'").Scan(&n))
		return n
	}
	grow := func(from, to int) {
		_, err := c.Exec(k.Ctx, "INSERT INTO grown SELECT n, 1 FROM generate_series(CAST(? AS bigint), ?) AS n", from, to)
		require.NoError(t, err)
	}
	grow(1, 1000)
	require.Eventually(t, func() bool { // what a connection has changed is told to others within a second, or ten when it then has nothing to do
		_, err := k.Store.DB.Analyze(k.Ctx)
		require.NoError(t, err)
		return guess() == 1000
	}, 30*time.Second, 50*time.Millisecond)
	grow(1001, 1100)
	_, err = k.Store.DB.Analyze(k.Ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1000, guess())
}

func TestSQLiteNeedsNoPicture(t *testing.T) {
	k := testkit.SQLite(t)
	n, err := k.Store.DB.Analyze(k.Ctx)
	require.NoError(t, err)
	require.Zero(t, n)
}
