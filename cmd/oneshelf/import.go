package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/importer"
)

type importCommand struct {
	Products importProductsCommand `cmd:"" help:"Bring in products with variants, prices and quantities."`
	Brand    importBrandCommand    `cmd:"" help:"Bring in a whole brand that export wrote."`
}

type importProductsCommand struct {
	data
	Format   string `name:"format" required:"" enum:"shopify" help:"What the file is: shopify, the CSV that Shopify exports."`
	Brand    string `name:"brand" required:"" placeholder:"CODE" help:"Whose products."`
	Location string `name:"location" placeholder:"CODE" help:"Where the quantities are; they are left out when absent."`
	SetStock bool   `name:"set-stock" help:"Bring every level to the file's quantity, not just new ones."`
	Currency string `name:"currency" placeholder:"CODE" help:"The currency the file's prices are in; must be the brand's."`
	File     string `arg:"" help:"The file."`
}

func (importProductsCommand) Help() string {
	return `Repeating it changes nothing. Bad rows are told by line; their products are left out, all others come in.

Examples:
  oneshelf import products --format shopify --brand acme --location WH1 products.csv
  oneshelf import products --format shopify --brand acme --location WH1 --set-stock products.csv`
}

func (c *importProductsCommand) Run(ctx context.Context, io streams) error {
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("the file cannot be read: %w", err)
	}
	defer file.Close()
	a, err := assemble(ctx, c.data, c.logger(io.err), false)
	if err != nil {
		return err
	}
	defer a.close()
	b, err := a.brand(ctx, c.Brand)
	if err != nil {
		return err
	}
	if c.Currency != "" && commerce.Currency(c.Currency) != b.Currency {
		return usageError{fmt.Errorf("--currency: the brand's prices are in %s", b.Currency)}
	}
	s := importer.Shopify{Catalog: a.catalog, Stock: a.stock, SetStock: c.SetStock, Progress: progress(io.err, file)}
	if c.Location != "" {
		s.Location = &commerce.LocationRef{Code: c.Location}
	}
	report, err := s.Import(auth.With(ctx, owner(b, "import")), file)
	if err != nil {
		return err
	}
	for _, p := range report.Problems {
		fmt.Fprintln(io.err, p)
	}
	if report.More > 0 {
		fmt.Fprintf(io.err, "and %d more problems\n", report.More)
	}
	fmt.Fprintf(io.out, "%d rows, %d products: %d created, %d changed, %d unchanged; %d stock levels\n",
		report.Rows, report.Products, report.Created, report.Changed, report.Unchanged, report.Levels)
	if report.Unplaced > 0 {
		fmt.Fprintf(io.out, "%d variants have a quantity that was left out: say where they are with --location\n", report.Unplaced)
	}
	if n := len(report.Problems) + report.More; n > 0 {
		return fmt.Errorf("%d problems, see above", n)
	}
	return nil
}

// progress tells how far an import is: on a terminal in place, elsewhere in a plain line now and then.
func progress(out io.Writer, file *os.File) func(importer.Progress) {
	var size int64 = 1
	if info, err := file.Stat(); err == nil && info.Size() > 0 {
		size = info.Size()
	}
	terminal := false
	every := 5 * time.Second
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		terminal, every = true, 100*time.Millisecond
	}
	last := time.Now()
	return func(p importer.Progress) {
		if time.Since(last) < every {
			return
		}
		last = time.Now()
		line := fmt.Sprintf("%3d%%  %d rows, %d products", p.Bytes*100/size, p.Rows, p.Products)
		if terminal {
			fmt.Fprintf(out, "\r%s\033[K", line)
		} else {
			fmt.Fprintln(out, line)
		}
	}
}
