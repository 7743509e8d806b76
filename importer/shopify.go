// Package importer takes files of other systems in, through the same doors that everybody uses. An import can be repeated: what is there
// already and agrees is not touched, so that one that stopped half-way is simply run again.
package importer

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/stock"
)

// Shopify reads the CSV file of products that Shopify exports. It keeps no state between imports and may be used by many at once.
type Shopify struct {
	Catalog *catalog.Service
	Stock   *stock.Service

	// Location is where the quantities of the file are; without one they are left out.
	Location *commerce.LocationRef
	// SetStock brings every level to the file's quantity. Otherwise a quantity counts only when it makes the level.
	SetStock bool
	// Progress is told how far the import is, after each product; it may be nil. It is called by Import itself, so it should be quick.
	Progress func(Progress)
}

const (
	variantsOfCall = 250 // as many as one upsert takes
	openingsOfCall = 500 // as many as one transaction of the stock room takes
)

// Import brings the catalog up to date with the file, product by product. Prices are of the brand's currency. A product with a bad row is
// left out whole and reported, the others come in; one of more than 250 variants is written in parts, and a part that the catalog refuses
// leaves those before it. Doing it again with the same file changes nothing.
// Errors, with the report of what was done before: FORBIDDEN without products:write and prices:write, or without stock:write when there
// is a location; NOT_FOUND for an unknown location and INVALID_INPUT for a header that will not do, before anything is imported;
// INVALID_INPUT with the line when the file cannot be read on.
func (s *Shopify) Import(ctx context.Context, r io.Reader) (Report, error) {
	run := shopifyRun{Shopify: s}
	if err := run.start(ctx, r); err != nil {
		return run.report, err
	}
	err := run.all(ctx)
	slices.SortStableFunc(run.report.Problems, func(a, b Problem) int { return a.Line - b.Line })
	return run.report, err
}

// shopifyRun is one import.
type shopifyRun struct {
	*Shopify
	sheet    *sheet
	report   Report
	openings []stock.Opening
	from     []Problem // the row of each opening, without a message
}

// start refuses what cannot come to anything.
func (run *shopifyRun) start(ctx context.Context, r io.Reader) error {
	if err := auth.Need(ctx, auth.ProductsWrite, auth.PricesWrite); err != nil {
		return err
	}
	if run.Location != nil {
		if err := auth.Need(ctx, auth.StockWrite); err != nil {
			return err
		}
		location, err := stock.FindLocation(ctx, run.Stock.Store.Ent, *run.Location)
		if err != nil {
			return err
		}
		if location == nil {
			return commerce.Errorf(commerce.NotFound, "there is no such location").At("location")
		}
	}
	var err error
	run.sheet, err = openSheet(r, auth.From(ctx).Currency, &run.report)
	return err
}

func (run *shopifyRun) all(ctx context.Context) error {
	for {
		p, err := run.sheet.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, run.open(ctx)) // what the catalog took gets its stock, though the file cannot be read on
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !p.bad {
			if err := run.upsert(ctx, p); err != nil {
				return err
			}
		}
		if len(run.openings) >= openingsOfCall {
			if err := run.open(ctx); err != nil {
				return err
			}
		}
		if run.Progress != nil {
			run.Progress(Progress{Bytes: run.sheet.table.csv.InputOffset(), Rows: run.report.Rows, Products: run.report.Products})
		}
	}
}

// upsert brings one product into the catalog.
func (run *shopifyRun) upsert(ctx context.Context, p *product) error {
	there, err := catalog.FindProduct(ctx, run.Catalog.Store.Ent, commerce.ProductRef{Handle: p.handle})
	if err != nil {
		return err
	}
	if err := p.name(ctx, run.Catalog.Store.Ent, there); err != nil {
		return err
	}
	in, variants := p.complete(there), p.inputs()
	var out catalog.Upserted
	created := false
	for first := 0; first == 0 || first < len(variants); first += variantsOfCall {
		in.Variants = variants[first:min(first+variantsOfCall, len(variants))]
		if out, err = run.Catalog.Upsert(ctx, in); err != nil {
			errs := judged(err)
			if len(errs) == 0 {
				return err
			}
			run.report.refused(p, first, errs)
			return nil
		}
		created = created || out.Created
		in = catalog.UpsertInput{Handle: in.Handle} // the rest is said
	}
	switch {
	case created:
		run.report.Created++
	case there == nil || there.Version != out.Product.Version:
		run.report.Changed++
	default:
		run.report.Unchanged++
	}
	run.place(p)
	return nil
}

// place remembers the quantities of a product that the catalog took.
func (run *shopifyRun) place(p *product) {
	for _, v := range p.variants {
		switch {
		case run.Location == nil && v.quantity > 0:
			run.report.Unplaced++
		case run.Location != nil && (v.quantity > 0 || run.SetStock && v.counted):
			run.openings = append(run.openings, stock.Opening{Variant: commerce.VariantRef{SKU: v.sku}, Quantity: v.quantity})
			run.from = append(run.from, Problem{Line: v.line, Handle: p.handle})
		}
	}
}

// open tells the stock room what was remembered.
func (run *shopifyRun) open(ctx context.Context) error {
	if len(run.openings) == 0 {
		return nil
	}
	out, err := run.Stock.Open(ctx, *run.Location, run.openings, run.SetStock)
	run.report.Levels += out.Applied
	for i, refusal := range out.Refused {
		run.report.add(run.from[i].Line, run.from[i].Handle, colQuantity+": "+refusal.Message)
	}
	run.openings, run.from = run.openings[:0], run.from[:0]
	return err
}
