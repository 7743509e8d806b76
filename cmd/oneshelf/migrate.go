package main

import (
	"context"
	"fmt"

	"github.com/oneshelf/oneshelf/ent/migrate/migrations"
	"github.com/oneshelf/oneshelf/internal/db"
)

type migrateCommand struct{ data }

func (migrateCommand) Help() string {
	return `Servers do this too when they start; several at once wait for each other. An older program refuses a newer database.

Examples:
  oneshelf migrate
  oneshelf migrate --database-url postgres://shelf@db/shelf`
}

func (c *migrateCommand) Run(ctx context.Context, io streams) error {
	database, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer database.Close()
	files, err := db.Migrations(migrations.Files, database.Engine)
	if err != nil {
		return err
	}
	applied, err := database.Migrate(ctx, files)
	for _, m := range applied {
		fmt.Fprintf(io.out, "applied %s_%s\n", m.Version, m.Name)
	}
	if err == nil && len(applied) == 0 {
		fmt.Fprintln(io.out, "nothing to do")
	}
	return err
}
