package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestParametersGoInOnBothEngines(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := k.Store.DB.Read()
		var sum int64
		args := make([]any, 500)
		query := "SELECT 0"
		for i := range args {
			query += " + CAST(? AS bigint)"
			args[i] = int64(i)
		}
		require.NoError(t, c.QueryRow(k.Ctx, query, args...).Scan(&sum))
		require.EqualValues(t, 499*500/2, sum)

		ids := make([]commerce.UUID, 2000)
		for i := range ids {
			ids[i] = commerce.NewUUID()
		}
		ids[1234] = k.Brand.ID
		in, list := db.In("id", ids)
		rows, err := c.Query(k.Ctx, "SELECT id FROM brands WHERE "+in+" AND code = ?", append(list, "demo")...)
		found, err := db.Collect(rows, err, db.ScanUUID)
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{k.Brand.ID}, found)

		none, list := db.In[string]("code", nil)
		require.Empty(t, list)
		require.Zero(t, k.Count(t, "brands", none))
		require.Equal(t, "?,?,?", db.Marks(3))
		require.Empty(t, db.Marks(0))
		require.Equal(t, "(?,?),(?,?)", db.Groups(2, 2))

		var text string // hostile text is a value, never a part of the statement
		for _, hostile := range []string{"'; DROP TABLE brands; --", "$1", "?", "%_\\", "🧢"} {
			require.NoError(t, c.QueryRow(k.Ctx, "SELECT CAST(? AS text)", hostile).Scan(&text))
			require.Equal(t, hostile, text)
		}
		rows, err = c.Query(k.Ctx, "SELECT code FROM brands")
		_, err = db.Collect(rows, err, db.ScanUUID)
		require.Error(t, err)
	})
}

func TestDistinctValuesKeepTheirOrder(t *testing.T) {
	require.Equal(t, []string{"b", "a", ""}, db.Distinct([]string{"b", "a", "b", "", "a", ""}))
	require.Equal(t, []int{}, db.Distinct([]int(nil)))
}

func TestTheReaderCannotWrite(t *testing.T) {
	k := testkit.SQLite(t)
	for _, statement := range []string{"DELETE FROM brands", "UPDATE brands SET name = 'x'", "INSERT INTO signing_keys (id, public_key, created_at) VALUES ('a', 'b', 1)", "DROP TABLE jobs", "CREATE TABLE x (a)"} {
		_, err := k.Store.DB.Read().Exec(k.Ctx, statement)
		require.Error(t, err, statement)
	}
	require.Equal(t, 2, k.Count(t, "brands", "name <> 'x'"))
}

func TestDurableMeansOnDisk(t *testing.T) { // CR-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		if k.Store.DB.Engine == db.Postgres {
			var commit string
			require.NoError(t, k.Store.DB.Write().QueryRow(k.Ctx, "SHOW synchronous_commit").Scan(&commit))
			require.Equal(t, "on", commit)
			return
		}
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
			var got string
			require.NoError(t, k.Store.DB.Write().QueryRow(k.Ctx, "PRAGMA "+pragma).Scan(&got))
			require.Equal(t, want, got, pragma)
		}
	})
}

func TestBrokenConstraintsAreTold(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		w := k.Store.DB.Write()
		_, unique := w.Exec(k.Ctx, "INSERT INTO brands (id, code, name, currency, created_at) VALUES (?, 'demo', '', 'CNY', 0)", commerce.NewUUID())
		_, primary := w.Exec(k.Ctx, "INSERT INTO brands (id, code, name, currency, created_at) VALUES (?, 'third', '', 'CNY', 0)", k.Brand.ID)
		_, foreign := w.Exec(k.Ctx, "INSERT INTO categories (id, brand_id, name, path, path_key) VALUES (?, ?, 'a', '[]', 'a')", commerce.NewUUID(), commerce.NewUUID())
		_, check := w.Exec(k.Ctx, "INSERT INTO external_refs (id, brand_id, kind, system, value) VALUES (?, ?, 'a', 'a', 'a')", commerce.NewUUID(), k.Brand.ID)
		for _, c := range []struct {
			name                   string
			err                    error
			unique, foreign, check bool
		}{
			{"unique", unique, true, false, false}, {"primary", primary, true, false, false}, {"foreign", foreign, false, true, false},
			{"check", check, false, false, true}, {"none", errors.New("x"), false, false, false},
		} {
			require.Error(t, c.err, c.name)
			err := fmt.Errorf("wrapped: %w", c.err)
			require.Equal(t, []bool{c.unique, c.foreign, c.check}, []bool{db.IsUnique(err), db.IsForeignKey(err), db.IsCheck(err)}, "%s: %v", c.name, err)
		}
	})
}

// Two transactions lock two rows crosswise: the engine gives one up, and it runs again.
func TestADeadlockIsRunAgain(t *testing.T) { // CC-06
	k := testkit.Postgres(t)
	rows := []commerce.UUID{k.Brand.ID, k.Other.ID}
	var runs atomic.Int64
	var met, all sync.WaitGroup
	met.Add(2)
	errs := make([]error, 2)
	for i := range rows {
		all.Go(func() {
			first := true
			errs[i] = k.Store.DB.InTx(k.Ctx, func(tx *db.Tx) error {
				runs.Add(1)
				raise := func(row commerce.UUID) error {
					_, err := tx.Exec(k.Ctx, "UPDATE brands SET generation = generation + 1 WHERE id = ?", row)
					return err
				}
				if err := raise(rows[i]); err != nil {
					return err
				}
				if first { // both hold their first row before either asks for the other's
					first = false
					met.Done()
					met.Wait()
				}
				return raise(rows[1-i])
			})
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	require.GreaterOrEqual(t, runs.Load(), int64(3), "one of them twice")
	require.Equal(t, 2, k.Count(t, "brands", "generation = 3"), "each change once")
}

func TestWhatCannotSucceedIsNotRunForEver(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		for name, c := range map[string]struct {
			err  error
			runs int
		}{
			"a plain error":           {errors.New("no"), 1},
			"a broken constraint":     {&pgconn.PgError{Code: "23505"}, 1},
			"a serialization failure": {fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: "40001"}), 8},
		} {
			runs := 0
			err := k.Store.DB.InTx(k.Ctx, func(tx *db.Tx) error {
				runs++
				_, err := tx.Exec(k.Ctx, "UPDATE brands SET generation = generation + 1")
				return errors.Join(err, c.err)
			})
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.runs, runs, name)
		}
		ctx, stop := context.WithCancel(k.Ctx)
		runs := 0
		err := k.Store.DB.InTx(ctx, func(*db.Tx) error {
			runs++
			stop()
			return &pgconn.PgError{Code: "40P01"}
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, runs)
		require.Equal(t, 2, k.Count(t, "brands", "generation = 1"), "nothing is left of any run")
	})
}

// Two programs on one file take turns.
func TestASecondProgramWaitsForTheFile(t *testing.T) {
	k := testkit.SQLite(t)
	second, err := db.Open(k.Ctx, k.URL, db.Options{})
	require.NoError(t, err)
	defer second.Close()
	inside, done := make(chan struct{}), make(chan error, 1)
	raise := func(tx *db.Tx) error {
		_, err := tx.Exec(k.Ctx, "UPDATE brands SET generation = generation + 1")
		return err
	}
	go func() {
		<-inside
		done <- second.InTx(k.Ctx, raise)
	}()
	require.NoError(t, k.Store.DB.InTx(k.Ctx, func(tx *db.Tx) error {
		err := raise(tx)
		close(inside)
		var n int
		return errors.Join(err, second.Read().QueryRow(k.Ctx, "SELECT COUNT(*) FROM brands WHERE generation = 1").Scan(&n), second.Ping(k.Ctx))
	}))
	require.NoError(t, <-done)
	require.Equal(t, 2, k.Count(t, "brands", "generation = 3"))
}

func TestStatementsAreCounted(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		ctx, n := db.Counted(k.Ctx)
		_, err := k.Store.Ent.Product.Query().All(ctx)
		require.NoError(t, err)
		require.NoError(t, k.Store.DB.Ping(ctx))
		require.EqualValues(t, 2, n.Load())
	})
}

func TestWhatCannotBeOpenedTellsNoPassword(t *testing.T) {
	for _, address := range []string{
		"postgres://oneshelf:hunter2@127.0.0.1:1/x?connect_timeout=2", "postgres://oneshelf:hunter2@[::1", "postgres://u:hunter2@127.0.0.1:1/x?sslmode=hunter2",
		"mysql://u:hunter2@127.0.0.1/x", "postgresql://u:hunter2@/x?host=127.0.0.1&port=1",
	} {
		_, err := db.Open(context.Background(), address, db.Options{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := db.Open(context.Background(), t.TempDir(), db.Options{})
	require.Error(t, err, "a folder is no file")
}

func TestAConnectionOfAPoolKeepsItsSettings(t *testing.T) {
	k := testkit.SQLite(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var on string
			if err := k.Store.DB.Read().QueryRow(k.Ctx, "PRAGMA foreign_keys").Scan(&on); err != nil || on != "1" {
				t.Errorf("foreign keys are %q: %v", on, err)
			}
		})
	}
	all.Wait()
	require.ErrorIs(t, k.Store.DB.Read().QueryRow(k.Ctx, "SELECT 1 WHERE 1 = 0").Scan(new(int)), sql.ErrNoRows)
}
