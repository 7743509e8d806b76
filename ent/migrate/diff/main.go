// Command diff writes the next migration of both engines: what stands between the migrations there are and ent's schema.
//
//	go run ./ent/migrate/diff NAME
//
// It needs an empty PostgreSQL database for replaying, named by ONESHELF_TEST_DATABASE_URL (scripts/testenv gives one).
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/oneshelf/oneshelf/ent/migrate/tables"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: diff NAME")
	}
	for engine, dsn := range map[string]string{
		dialect.SQLite:   "file:diff?mode=memory&cache=shared&_pragma=foreign_keys(1)",
		dialect.Postgres: os.Getenv("ONESHELF_TEST_DATABASE_URL"),
	} {
		if err := write(context.Background(), engine, dsn, os.Args[1]); err != nil {
			log.Fatalf("%s: %v", engine, err)
		}
	}
}

func write(ctx context.Context, engine, dsn, name string) error {
	folder := map[string]string{dialect.SQLite: "sqlite", dialect.Postgres: "postgres"}[engine]
	dir, err := migrate.NewLocalDir("ent/migrate/migrations/" + folder)
	if err != nil {
		return err
	}
	// The replay wants a checksum file; ours are kept where migrations are applied, so it is there only meanwhile.
	sum, err := dir.Checksum()
	if err != nil {
		return err
	}
	if err := migrate.WriteSumFile(dir, sum); err != nil {
		return err
	}
	defer os.Remove(filepath.Join(dir.Path(), migrate.HashFileName))
	db, err := sql.Open(map[string]string{dialect.SQLite: "sqlite", dialect.Postgres: "pgx"}[engine], dsn)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer db.Close()
	m, err := schema.NewMigrate(entsql.OpenDB(engine, db), schema.WithDir(dir), schema.WithMigrationMode(schema.ModeReplay),
		schema.WithDialect(engine), schema.WithDropColumn(true), schema.WithDropIndex(true),
		schema.WithFormatter(migrate.DefaultFormatter), schema.WithForeignKeys(true))
	if err != nil {
		return err
	}
	return m.NamedDiff(ctx, name, tables.For(engine)...)
}
