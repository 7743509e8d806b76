package importer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneshelf/oneshelf/commerce"
)

// maxRecord bounds the bytes of one record: a quote that is never closed would otherwise take the rest of the file for one cell.
const maxRecord = 1 << 20

// errTooLong says that a record goes beyond maxRecord.
var errTooLong = errors.New("the record is too long")

// A table is a CSV file with a header, read record by record.
type table struct {
	csv     *csv.Reader
	source  *bounded
	columns map[string]int
	width   int
}

// A record is one row of a table, which may go over several lines.
type record struct {
	line  int // the physical line on which it begins
	size  int64
	cells []string
	table *table
}

// A broken record cannot be read; what follows it can. Its cells are those before the mistake.
type broken struct {
	record
	message string
}

func (b *broken) Error() string { return fmt.Sprintf("line %d %s", b.line, b.message) }

// openTable reads the header. A byte order mark is passed over.
// Errors: INVALID_INPUT that names what is wrong with the header, and those of r.
func openTable(r io.Reader, required ...string) (*table, error) {
	source := &bounded{r: r}
	buffered := bufio.NewReader(source)
	source.left = maxRecord
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		if _, err := buffered.Discard(3); err != nil {
			return nil, err
		}
	}
	t := &table{csv: csv.NewReader(buffered), source: source, columns: map[string]int{}}
	t.csv.FieldsPerRecord = -1 // judged here, so that a record of another width does not end the reading
	t.csv.ReuseRecord = true
	first, err := t.next()
	if errors.Is(err, io.EOF) {
		return nil, commerce.Errorf(commerce.InvalidInput, "the file is empty")
	}
	if b, ok := errors.AsType[*broken](err); ok {
		return nil, commerce.Errorf(commerce.InvalidInput, "%s", b.Error())
	}
	if err != nil {
		return nil, err
	}
	t.width = len(first.cells)
	for i, name := range first.cells {
		name = strings.TrimSpace(name)
		if _, twice := t.columns[name]; twice && name != "" {
			return nil, commerce.Errorf(commerce.InvalidInput, "the column %s is there twice", name)
		}
		t.columns[strings.Clone(name)] = i
	}
	for _, name := range required {
		if !t.has(name) {
			return nil, commerce.Errorf(commerce.InvalidInput, "the column %s is missing%s", name, guess(first.cells))
		}
	}
	return t, nil
}

// guess tells why a header may have none of the columns.
func guess(cells []string) string {
	if len(cells) == 1 && strings.ContainsAny(cells[0], ";\t") {
		return ": cells must be separated by commas"
	}
	return ""
}

// next answers the next record that is not empty. Its cells are good until the next call, their texts for ever.
// Errors: io.EOF; a *broken, after which reading goes on; INVALID_INPUT with the line when the file cannot be read on.
func (t *table) next() (record, error) {
	for {
		t.source.left = maxRecord
		begin := t.csv.InputOffset()
		cells, err := t.csv.Read()
		r := record{cells: cells, size: t.csv.InputOffset() - begin, table: t}
		if len(cells) > 0 {
			r.line, _ = t.csv.FieldPos(0)
		}
		if err := t.check(cells); err != nil {
			return r, err
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			r.line = wrong.StartLine
			return r, &broken{r, "has quotes that do not pair up"}
		}
		switch {
		case errors.Is(err, errTooLong):
			return r, commerce.Errorf(commerce.InvalidInput, "line %d begins a record of more than %d bytes: a quote may not be closed", r.line, maxRecord)
		case err != nil:
			return r, err
		case !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }):
			continue
		case t.width > 0 && len(cells) != t.width:
			return r, &broken{r, fmt.Sprintf("has %d cells where the header has %d", len(cells), t.width)}
		}
		return r, nil
	}
}

// check refuses what is no UTF-8: in another encoding every text of the file would be wrong, so reading does not go on.
func (t *table) check(cells []string) error {
	for i, c := range cells {
		if !utf8.ValidString(c) {
			line, _ := t.csv.FieldPos(i)
			return commerce.Errorf(commerce.InvalidInput, "line %d is not UTF-8 text: save the file as UTF-8 (GBK and others are not read)", line)
		}
	}
	return nil
}

// has tells whether the table has a column.
func (t *table) has(column string) bool {
	_, there := t.columns[column]
	return there
}

// cell is the trimmed text in a column, "" without such a column.
func (r record) cell(column string) string {
	i, there := r.table.columns[column]
	if !there || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

// bounded lets through so many bytes, and then fails until it is allowed more.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
