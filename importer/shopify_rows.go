package importer

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
)

// The columns of Shopify's product CSV that are read; others are passed over.
// Source: https://help.shopify.com/en/manual/products/import-export/using-csv
const (
	colHandle    = "Handle"
	colTitle     = "Title"
	colBody      = "Body (HTML)"
	colVendor    = "Vendor"
	colType      = "Type"
	colTags      = "Tags"
	colPublished = "Published"
	colStatus    = "Status"
	colSKU       = "Variant SKU"
	colGrams     = "Variant Grams"
	colQuantity  = "Variant Inventory Qty"
	colPrice     = "Variant Price"
	colCompareAt = "Variant Compare At Price"
	colBarcode   = "Variant Barcode"
	colImage     = "Image Src"
	colPosition  = "Image Position"
	colAlt       = "Image Alt Text"
)

// optionColumn is the column of an option, counted from 0: its Name or its Value.
func optionColumn(i int, part string) string { return fmt.Sprintf("Option%d %s", i+1, part) }

// The bounds of what is kept of one product while its rows are read.
const (
	maxOptions     = 3
	maxVariants    = 2000    // as many as a product may have
	maxProductSize = 8 << 20 // bytes of the file
)

// product is the rows of one handle.
type product struct {
	handle string
	line   int
	begun  bool // its first row was read in
	bad    bool // a row of it was refused: it is left out whole
	deaf   bool // nothing more can be judged of it: its further rows are passed over
	size   int64

	title    string
	input    catalog.UpsertInput
	names    [maxOptions]string
	variants []variantRow
	pictures []picture
	urls     map[string]bool
	choices  map[string]int // the line on which choices were made
	skus     map[string]int // the line on which a SKU was said, folded
}

// variantRow is a row that says a variant.
type variantRow struct {
	line     int
	sku      string
	values   []string // one for each option of the product
	input    catalog.VariantInput
	counted  bool // it says a quantity
	quantity int64
}

// picture is a row's image.
type picture struct {
	line, position int
	commerce.Media
}

// sheet reads products out of a table. Memory holds one product at a time, and eight bytes for each handle that was there.
type sheet struct {
	table    *table
	currency commerce.Currency
	report   *Report
	current  *product
	seen     map[uint64]struct{}
	seed     maphash.Seed
}

func openSheet(r io.Reader, currency commerce.Currency, report *Report) (*sheet, error) {
	t, err := openTable(r, colHandle, colTitle, optionColumn(0, "Name"), optionColumn(0, "Value"), colPrice)
	if err != nil {
		return nil, err
	}
	return &sheet{table: t, currency: currency, report: report, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed()}, nil
}

// next answers the next product, with its rows judged; io.EOF after the last. After any other error the product whose rows were being
// read is not known to be whole, and is not answered.
func (s *sheet) next() (*product, error) {
	for {
		r, handle, wrong, err := s.read()
		if errors.Is(err, io.EOF) && s.current != nil {
			return s.begin(nil), nil
		}
		if err != nil {
			return nil, err
		}
		var done *product
		if handle != "" && (s.current == nil || s.current.handle != handle) {
			done = s.begin(&product{
				handle: handle, line: r.line, urls: map[string]bool{}, choices: map[string]int{}, skus: map[string]int{},
			})
		}
		switch {
		case wrong != "":
			s.spoil(r.line, handle, wrong)
		case !s.current.deaf:
			s.add(s.current, r)
		}
		if done != nil {
			return done, nil
		}
	}
}

// read reads a record and the handle it names, or what is wrong with it as a whole.
func (s *sheet) read() (r record, handle, wrong string, err error) {
	r, err = s.table.next()
	if b, ok := errors.AsType[*broken](err); ok {
		wrong, err = b.message, nil
	}
	if err != nil {
		return r, "", "", err
	}
	s.report.Rows++
	handle, refused := commerce.Text{Max: 100}.Clean(r.cell(colHandle))
	switch {
	case wrong != "":
	case refused != nil:
		wrong = colHandle + ": " + refused.Message
	case handle == "":
		wrong = colHandle + " is empty"
	}
	return r, handle, wrong, nil
}

// begin makes p the product that rows are read for, and answers the one before.
func (s *sheet) begin(p *product) *product {
	done := s.current
	s.current = p
	if p == nil {
		return done
	}
	key := maphash.String(s.seed, p.handle)
	if _, there := s.seen[key]; there {
		p.bad, p.deaf = true, true
		s.report.add(p.line, p.handle, "the handle was there before: the rows of a product must follow each other")
		return done
	}
	s.seen[key] = struct{}{}
	s.report.Products++
	return done
}

// spoil reports a row that cannot be read. It may have been a part of the product before it, which is left out then: half a product is
// worse than one that comes with the next try.
func (s *sheet) spoil(line int, handle, message string) {
	if p := s.current; p != nil {
		p.spoil()
		p.deaf = p.deaf || !p.begun // without its first row the others mean nothing
	}
	s.report.add(line, handle, message)
}

// spoil leaves the product out. What was read of it is let go.
func (p *product) spoil() {
	p.bad = true
	p.input, p.variants, p.pictures = catalog.UpsertInput{}, nil, nil
}

// add reads a record into a product. Rows of a product that is left out are still judged, so that one try tells all that is wrong.
func (s *sheet) add(p *product, r record) {
	c := cells{record: r, sheet: s, product: p}
	if p.size += r.size; p.size > maxProductSize || len(p.variants) >= maxVariants {
		c.wrong("", fmt.Sprintf("the product is too large: at most %d variants and %d MiB are taken in", maxVariants, maxProductSize>>20))
		p.deaf = true
		p.spoil()
		return
	}
	first := !p.begun
	if first {
		p.begun = true
		c.describe()
	} else {
		c.agree()
	}
	says := c.picture()
	if first || c.cell(colSKU) != "" || c.cell(colPrice) != "" || c.chooses() {
		c.variant()
		says = true
	}
	if !says {
		c.wrong("", "the row says neither a variant nor a picture")
	}
	if p.bad {
		p.spoil()
	}
}

// wholeNumber reads a number without a fraction; spreadsheets write 28 as 28.0 now and then.
func wholeNumber(s string) (int64, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if strings.Trim(fraction, "0") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	return n, err == nil
}
