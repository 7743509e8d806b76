package importer

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/oneshelf/oneshelf/commerce"
)

// maxProblems bounds the problems a report tells one by one.
const maxProblems = 1000

// Report tells what an import did.
type Report struct {
	Rows      int // records of the file, without the header
	Products  int // products of the file; those neither created, changed nor unchanged were left out
	Created   int
	Changed   int
	Unchanged int
	Levels    int // stock levels that were made or set

	// Unplaced counts the variants whose quantity was left out since no location was chosen.
	Unplaced int

	Problems []Problem // the first 1,000, in the order of the file
	More     int       // problems beyond those
}

// Problem is why a product was left out, or a part of it.
type Problem struct {
	Line    int    // the physical line on which the row begins
	Handle  string // of the product, "" when the row does not tell
	Message string
}

func (p Problem) String() string {
	if p.Handle == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Message)
	}
	return fmt.Sprintf("line %d: %s: %s", p.Line, p.Handle, p.Message)
}

// Progress is how far an import is.
type Progress struct {
	Bytes    int64 // of the file, read so far
	Rows     int
	Products int
}

// add takes a problem in, as far as there is room.
func (r *Report) add(line int, handle, message string) {
	if len(r.Problems) >= maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{line, clip(handle), message})
}

// clip keeps what a report repeats of a file short.
func clip(s string) string {
	const most = 120
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// judged answers what a caller of a use case can act on, in order; none for a fault and for what concerns the caller, not the row.
func judged(err error) []*commerce.Error {
	switch commerce.CodeOf(err) {
	case "", commerce.Internal, commerce.Unauthenticated, commerce.Forbidden:
		return nil
	}
	if many, ok := errors.AsType[commerce.Errors](err); ok {
		return many
	}
	one, _ := errors.AsType[*commerce.Error](err)
	return []*commerce.Error{one}
}

// refused reports why the catalog did not take a product, each error at the row it is about. The variants of the call were those of the
// product from first on.
func (r *Report) refused(p *product, first int, errs []*commerce.Error) {
	for _, e := range errs {
		line, column := p.place(e.Field, first)
		message := e.Message
		if column != "" {
			message = column + ": " + message
		}
		r.add(line, p.handle, message)
	}
}

// place tells the line and the column that a field of an input came from.
func (p *product) place(field []string, first int) (line int, column string) {
	name := func(i int) string {
		if i < len(field) {
			return field[i]
		}
		return ""
	}
	i, err := strconv.Atoi(name(1))
	switch {
	case name(0) == "variants" && err == nil && first+i < len(p.variants):
		return p.variants[first+i].line, columnOf[name(2)]
	case name(0) == "media" && err == nil && i < len(p.pictures):
		return p.pictures[i].line, columnOf[name(2)]
	case name(0) == "options" && err == nil && i < len(p.names):
		return p.line, optionColumn(i, columnOf[name(2)])
	}
	return p.line, columnOf[name(0)]
}

// columnOf tells which column of the file a field of an input comes from.
var columnOf = map[string]string{
	"handle": colHandle, "title": colTitle, "description": colBody, "vendor": colVendor, "category": colType, "tags": colTags, "status": colStatus,
	"sku": colSKU, "barcode": colBarcode, "price": colPrice, "compareAt": colCompareAt, "weightGrams": colGrams,
	"url": colImage, "alt": colAlt, "name": "Name", "values": "Value", "options": "Options", "selectedOptions": "Options",
}
