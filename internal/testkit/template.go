package testkit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/migrate/migrations"
	"github.com/oneshelf/oneshelf/internal/db"
)

// migrated opens a database and applies every migration.
func migrated(ctx context.Context, url string) error {
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		return err
	}
	files, err := db.Migrations(migrations.Files, d.Engine)
	if err == nil {
		_, err = d.Migrate(ctx, files)
	}
	return errors.Join(err, d.Close())
}

// sqliteTemplate is a migrated file, made once a process: copying it is quicker than migrating anew.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "oneshelf-testkit")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	if err := migrated(context.Background(), path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// freshPostgres copies the migrated template into a database of the test's own, which is dropped when the test ends.
func freshPostgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("ONESHELF_TEST_DATABASE_URL")
	if server == "" {
		t.Fatal("there is no PostgreSQL to test against: run the tests through scripts/testenv (make test)")
	}
	ctx := context.Background()
	template, err := postgresTemplate(ctx, server)
	require.NoError(t, err)
	name := "oneshelf_test_" + strings.ReplaceAll(commerce.NewUUID().String(), "-", "")
	require.NoError(t, admin(ctx, server, "CREATE DATABASE "+name+" TEMPLATE "+template))
	t.Cleanup(func() {
		if err := admin(ctx, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	return named(server, name)
}

// postgresTemplate gives the name of a migrated database, making it when it is missing. Test processes share it: one makes it while
// the others wait, and it takes its name only when it is whole.
func postgresTemplate(ctx context.Context, server string) (string, error) {
	files, err := db.Migrations(migrations.Files, db.Postgres)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, m := range files {
		sum.Write([]byte(m.Hash))
	}
	name := "oneshelf_template_" + hex.EncodeToString(sum.Sum(nil)[:8])
	d, err := db.Open(ctx, server, db.Options{MaxConns: 1}) // one connection, since the lock belongs to it
	if err != nil {
		return "", err
	}
	defer d.Close()
	c := d.Write()
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock(7305899)"); err != nil {
		return "", err
	}
	var there bool
	if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = ?)", name).Scan(&there); err != nil || there {
		return name, err
	}
	building := name + "_building"
	if _, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+building+" WITH (FORCE)"); err != nil {
		return "", err
	}
	if _, err := c.Exec(ctx, "CREATE DATABASE "+building); err != nil {
		return "", err
	}
	if err := migrated(ctx, named(server, building)); err != nil {
		return "", err
	}
	_, err = c.Exec(ctx, "ALTER DATABASE "+building+" RENAME TO "+name)
	return name, err
}

// admin runs one statement on the server's own database.
func admin(ctx context.Context, server, statement string) error {
	d, err := db.Open(ctx, server, db.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	_, err = d.Write().Exec(ctx, statement)
	return errors.Join(err, d.Close())
}

// named is the address of another database on the same server.
func named(server, database string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + database
	return u.String()
}
