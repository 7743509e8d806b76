package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneshelf/oneshelf/archive"
)

type exportCommand struct {
	data
	Brand string `name:"brand" required:"" placeholder:"CODE" help:"Whose data."`
	To    string `arg:"" optional:"" help:"A file, a folder, or - for standard output; exports/ in the data folder when absent."`
}

func (exportCommand) Help() string {
	return `Writes everything of one brand, as it is at one moment, in lines of JSON: a head, then each table with a line for each row and a sum, each table
after those it refers to. A name that ends in .gz makes it gzip. Servers may go on writing meanwhile; a file that is there already is left alone.

Channel secrets stay behind: where the brand comes in, its channels are in error until they are connected anew. Events come along, their
numbers do not: readers of the log begin at its beginning there. Members' contact data are in it as they are.

Examples:
  oneshelf export --brand acme acme.jsonl
  oneshelf export --brand acme /var/backups/
  oneshelf export --brand acme - | jq -c 'select(.table == "orders" and .row).row'`
}

func (c *exportCommand) Run(ctx context.Context, std streams) error {
	s, closing, err := c.source(ctx, std.err)
	if err != nil {
		return err
	}
	defer closing()
	to, err := c.file()
	if err != nil {
		return err
	}
	total, err := written(to, std.out, func(out io.Writer) (archive.Total, error) {
		if !strings.HasSuffix(to, ".gz") {
			return s.Export(ctx, c.Brand, out)
		}
		packed := gzip.NewWriter(out)
		total, err := s.Export(ctx, c.Brand, packed)
		return total, errors.Join(err, packed.Close())
	})
	if err == nil && to != standardOutput {
		fmt.Fprintf(std.out, "%s: %d rows of %d tables\n", to, total.Rows, len(total.Tables))
	}
	return err
}

// file is the name of the file to write.
func (c *exportCommand) file() (string, error) {
	to := c.To
	if to == "" {
		to = filepath.Join(c.DataDir, "exports")
		if err := os.MkdirAll(to, 0o700); err != nil {
			return "", fmt.Errorf("the folder cannot be made: %w", err)
		}
	}
	if info, err := os.Stat(to); err != nil || !info.IsDir() {
		return to, nil
	}
	plain := strings.Map(func(r rune) rune { // a code may have any character; a file's name may not
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, c.Brand)
	return filepath.Join(to, plain+".jsonl"), nil
}

type importBrandCommand struct {
	data
	Files []string `arg:"" help:"Files that oneshelf export wrote, one brand each."`
}

func (importBrandCommand) Help() string {
	return `Brings in whole brands, each all or nothing, from a server on either engine and of this version. A brand that is there already is refused. Connect
the channels of the brand anew afterwards: their secrets have stayed behind.

Examples:
  oneshelf import brand acme.jsonl
  oneshelf import brand --database-url postgres://shelf@db/shelf acme.jsonl.gz`
}

func (c *importBrandCommand) Run(ctx context.Context, std streams) error {
	database, err := migrated(ctx, c.data)
	if err != nil {
		return err
	}
	if err := database.Close(); err != nil {
		return err
	}
	t, closing, err := c.target(ctx, std.err)
	if err != nil {
		return err
	}
	defer closing()
	for _, name := range c.Files {
		if err := bring(ctx, t, name, std.out); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// bring brings in one file.
func bring(ctx context.Context, t archive.Target, name string, out io.Writer) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	code, total, err := t.Import(ctx, file)
	if err == nil {
		fmt.Fprintf(out, "%s: %d rows of %d tables\n", code, total.Rows, len(total.Tables))
	}
	return err
}
