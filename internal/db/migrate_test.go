package db_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// ours are the program's own files.
var ours = os.DirFS("../../ent/migrate/migrations")

// known is what the kit's database has been brought to, and more files after it.
func known(t testing.TB, k *testkit.Kit, more ...db.Migration) []db.Migration {
	t.Helper()
	files, err := db.Migrations(ours, k.Store.DB.Engine)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return append(files, more...)
}

func file(version, text string) db.Migration {
	sum := sha256.Sum256([]byte(text))
	return db.Migration{Version: version, Name: "test", SQL: text, Hash: hex.EncodeToString(sum[:])}
}

func TestMigrationsAreAppliedOnceHoweverManyStart(t *testing.T) { // DB-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		applied, err := k.Store.DB.Migrate(k.Ctx, known(t, k))
		require.NoError(t, err)
		require.Empty(t, applied, "it is there already")
		all := known(t, k,
			file("30000101000001", "CREATE TABLE ones (n bigint NOT NULL); INSERT INTO ones VALUES (1);"),
			file("30000101000002", "INSERT INTO ones VALUES (2); INSERT INTO ones VALUES (3);"))
		counts := make([]int, 6)
		var both sync.WaitGroup
		for i := range counts {
			both.Go(func() {
				d, err := db.Open(k.Ctx, k.URL, db.Options{MaxConns: 2})
				if err != nil {
					t.Error(err)
					return
				}
				defer d.Close()
				applied, err := d.Migrate(k.Ctx, all)
				if err != nil {
					t.Error(err)
				}
				counts[i] = len(applied)
			})
		}
		both.Wait()
		sum := 0
		for _, n := range counts {
			sum += n
		}
		require.Equal(t, 2, sum)
		require.Equal(t, 3, k.Count(t, "ones", ""))
		require.Equal(t, len(all), k.Count(t, "schema_migrations", ""))
	})
}

func TestANewerDatabaseIsLeftAlone(t *testing.T) { // DB-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		old := known(t, k)
		_, err := k.Store.DB.Migrate(k.Ctx, append(known(t, k), file("30000101000001", "CREATE TABLE ones (n bigint)")))
		require.NoError(t, err)
		_, err = k.Store.DB.Migrate(k.Ctx, old)
		require.ErrorIs(t, err, db.ErrNewer)
		_, err = k.Store.DB.Migrate(k.Ctx, append(old, file("30000101000002", "CREATE TABLE twos (n bigint)")))
		require.ErrorIs(t, err, db.ErrNewer, "not even by who knows something else")
		require.Equal(t, len(old)+1, k.Count(t, "schema_migrations", ""))
	})
}

func TestAChangedFileIsRefused(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		all := known(t, k)
		all[0].Hash = "another"
		all = append(all, file("30000101000001", "CREATE TABLE ones (n bigint)"))
		_, err := k.Store.DB.Migrate(k.Ctx, all)
		require.ErrorContains(t, err, "changed after it had been applied")
		_, err = k.Store.DB.Read().Exec(k.Ctx, "SELECT * FROM ones")
		require.Error(t, err, "nothing after it is applied")
	})
}

func TestAFileThatFailsLeavesNothing(t *testing.T) { // DB-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		good, bad := file("30000101000001", "CREATE TABLE ones (n bigint)"), file("30000101000002", "CREATE TABLE twos (n bigint); INSERT INTO ones VALUES (1); INSERT INTO nowhere VALUES (1);")
		applied, err := k.Store.DB.Migrate(k.Ctx, known(t, k, good, bad))
		require.ErrorContains(t, err, "30000101000002_test")
		require.Len(t, applied, 1, "what came before stands")
		require.Zero(t, k.Count(t, "ones", ""))
		_, err = k.Store.DB.Read().Exec(k.Ctx, "SELECT * FROM twos")
		require.Error(t, err)
		mended := file("30000101000002", "CREATE TABLE twos (n bigint)")
		applied, err = k.Store.DB.Migrate(k.Ctx, known(t, k, good, mended))
		require.NoError(t, err)
		require.Equal(t, []db.Migration{mended}, applied)
		if k.Store.DB.Engine == db.SQLite {
			var on string
			require.NoError(t, k.Store.DB.Write().QueryRow(k.Ctx, "PRAGMA foreign_keys").Scan(&on))
			require.Equal(t, "1", on, "keys are on again")
		}
	})
}

// On SQLite a table is rebuilt by a copy, while keys are off: rows that would point at nothing fail the file.
func TestAFileThatWouldLeaveRowsPointingAtNothingFails(t *testing.T) {
	k := testkit.SQLite(t)
	_, err := k.Store.DB.Write().Exec(k.Ctx, "INSERT INTO categories (id, brand_id, name, path, path_key) VALUES ('a', ?, 'a', '[]', 'a')", k.Brand.ID)
	require.NoError(t, err)
	_, err = k.Store.DB.Migrate(k.Ctx, known(t, k, file("30000101000001", "DELETE FROM brands")))
	require.ErrorContains(t, err, "point at nothing")
	require.Equal(t, 2, k.Count(t, "brands", ""))
	_, err = k.Store.DB.Migrate(k.Ctx, known(t, k, file("30000101000001", "CREATE TABLE b2 AS SELECT * FROM brands; DELETE FROM brands; INSERT INTO brands SELECT * FROM b2; DROP TABLE b2")))
	require.NoError(t, err)
	require.Equal(t, 1, k.Count(t, "categories", ""))
}

func TestAnEmptyFileBecomesADatabase(t *testing.T) {
	d, err := db.Open(context.Background(), filepath.Join(t.TempDir(), "new", "folder", "a b?#.db"), db.Options{})
	require.NoError(t, err)
	defer d.Close()
	files, err := db.Migrations(ours, db.SQLite)
	require.NoError(t, err)
	applied, err := d.Migrate(context.Background(), files)
	require.NoError(t, err)
	require.Equal(t, files, applied)
}

func TestMigrationsAreReadInOrder(t *testing.T) {
	files := fstest.MapFS{
		"sqlite/20260102000000_second_one.sql": {Data: []byte("B")}, "sqlite/20260101000000_first.sql": {Data: []byte("A")},
		"sqlite/notes.txt": {Data: []byte("C")}, "postgres/20260101000000_first.sql": {Data: []byte("D")},
	}
	found, err := db.Migrations(files, db.SQLite)
	require.NoError(t, err)
	var names []string
	for _, m := range found {
		names = append(names, m.Version+" "+m.Name+" "+m.SQL)
	}
	require.Equal(t, []string{"20260101000000 first A", "20260102000000 second_one B"}, names)
	require.NotEqual(t, found[0].Hash, found[1].Hash)
}
