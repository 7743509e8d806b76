package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/oneshelf/oneshelf/archive"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/migrate/migrations"
	"github.com/oneshelf/oneshelf/internal/db"
)

type backupCommand struct {
	data
	File string `arg:"" help:"Where to; - is standard output."`
}

func (backupCommand) Help() string {
	return `Writes the whole database as it is at one moment. Servers may go on writing meanwhile; a file that is there already is left alone.

Not in it: the signing keys (keys/ in the data folder) and the file that seals channel secrets (secret.key there, or --secret-key-file). Keep
them elsewhere: without the latter the channels of a restored database must be connected anew. Members' contact data are in it as they are.

Examples:
  oneshelf backup shelf-2026-01-31.gz
  oneshelf backup --database-url postgres://shelf@db/shelf shelf.gz
  oneshelf backup - | age -r age1… > shelf.gz.age`
}

func (c *backupCommand) Run(ctx context.Context, std streams) error {
	s, closing, err := c.source(ctx, std.err)
	if err != nil {
		return err
	}
	defer closing()
	total, err := written(c.File, std.out, func(out io.Writer) (archive.Total, error) { return s.Backup(ctx, out) })
	if err == nil && c.File != standardOutput {
		fmt.Fprintf(std.out, "%d rows of %d tables\n", total.Rows, len(total.Tables))
	}
	return err
}

type restoreCommand struct {
	data
	File string `arg:"" help:"A file that oneshelf backup wrote."`
}

func (restoreCommand) Help() string {
	return `Reads a backup into a database without rows, all or nothing. A backup from SQLite can be read into PostgreSQL and the other way round, and one
of an older version is brought to this one. Put the signing keys and the file that seals channel secrets back by yourself: they are not in it.

Examples:
  oneshelf restore --data-dir /var/lib/oneshelf shelf-2026-01-31.gz
  oneshelf restore --database-url postgres://shelf@db/shelf shelf.gz`
}

func (c *restoreCommand) Run(ctx context.Context, std streams) error {
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("the file cannot be read: %w", err)
	}
	defer file.Close()
	t, closing, err := c.target(ctx, std.err)
	if err != nil {
		return err
	}
	defer closing()
	total, err := t.Restore(ctx, file)
	if err == nil {
		fmt.Fprintf(std.out, "%d rows of %d tables\n", total.Rows, len(total.Tables))
	}
	return err
}

// source opens the database to read from it. Nothing is migrated: another program may be running on it.
func (d data) source(ctx context.Context, progress io.Writer) (archive.Source, func() error, error) {
	t, closing, err := d.target(ctx, progress)
	if err != nil {
		return archive.Source{}, nil, err
	}
	return archive.Source{
		DB: t.DB, Migration: t.Migrations[len(t.Migrations)-1].Version, At: commerce.InstantOf(time.Now()), Progress: t.Progress,
	}, closing, nil
}

// target opens the database to read into it, as it is.
func (d data) target(ctx context.Context, progress io.Writer) (archive.Target, func() error, error) {
	database, err := db.Open(ctx, d.database(), db.Options{})
	if err != nil {
		return archive.Target{}, nil, err
	}
	known, err := db.Migrations(migrations.Files, database.Engine)
	if err != nil {
		return archive.Target{}, nil, errors.Join(err, database.Close())
	}
	return archive.Target{DB: database, Migrations: known, Progress: rows(progress)}, database.Close, nil
}

// standardOutput is the name that stands for it.
const standardOutput = "-"

// written makes a file that only its owner can read and that is there when it is whole, never before. One that is there already stays.
func written(name string, out io.Writer, fill func(io.Writer) (archive.Total, error)) (archive.Total, error) {
	if name == standardOutput {
		return fill(out)
	}
	there := fmt.Errorf("%s is there already", name)
	if _, err := os.Lstat(name); err == nil {
		return archive.Total{}, there
	}
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".part-*") // mode 0600
	if err != nil {
		return archive.Total{}, fmt.Errorf("the file cannot be made: %w", err)
	}
	defer os.Remove(file.Name())
	total, err := fill(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return total, err
	}
	switch err := os.Link(file.Name(), name); { // unlike a rename, it does not replace
	case errors.Is(err, os.ErrExist):
		return total, there
	case err != nil:
		return total, fmt.Errorf("the file cannot be made: %w", err)
	}
	return total, nil
}

// rows tells how far reading or writing tables is: on a terminal in place, elsewhere in a plain line now and then.
func rows(out io.Writer) archive.Progress {
	terminal, every := false, 5*time.Second
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		terminal, every = true, 100*time.Millisecond
	}
	last := time.Now()
	return func(table string, n int64) {
		if time.Since(last) < every {
			return
		}
		last = time.Now()
		if terminal {
			fmt.Fprintf(out, "\r%s: %d rows\033[K\r", table, n)
		} else {
			fmt.Fprintf(out, "%s: %d rows\n", table, n)
		}
	}
}
