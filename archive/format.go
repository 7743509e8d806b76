package archive

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// format is the version of the format this package writes and reads.
const format = 1

// What an archive can be.
const (
	backup = "backup"
	brand  = "brand"
)

// Head is the first line of an archive.
type Head struct {
	Content   string `json:"oneshelf"`
	Format    int    `json:"format"`
	Migration string `json:"migration"` // the newest that the tables had been through
	At        string `json:"at"`
	Brand     *Brand `json:"brand,omitempty"`
}

// Brand names the brand of an export.
type Brand struct {
	ID   string `json:"id"`
	Code string `json:"code"`
}

// Column is a column as an archive has it.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Total is what an archive holds.
type Total struct {
	Tables []TableTotal
	Rows   int64
}

// TableTotal is what an archive holds of one table. Equal sums are equal rows.
type TableTotal struct {
	Name   string
	Rows   int64
	SHA256 string
}

// line is any line after the first.
type line struct {
	Table   string          `json:"table,omitempty"`
	Columns []Column        `json:"columns,omitempty"`
	Row     json.RawMessage `json:"row,omitempty"`
	Tables  *int            `json:"tables,omitempty"`
	Rows    *int64          `json:"rows,omitempty"`
	SHA256  string          `json:"sha256,omitempty"`
}

// writer writes an archive.
type writer struct {
	out   *bufio.Writer
	all   hash.Hash
	table hash.Hash
	total Total
}

func newWriter(out io.Writer, h Head) (*writer, error) {
	w := &writer{out: bufio.NewWriterSize(out, 1<<16), all: sha256.New()}
	h.Format = format
	return w, w.say(h)
}

// say writes one line.
func (w *writer) say(v any) error {
	text, err := encode(v)
	if err != nil {
		return err
	}
	return w.write(text)
}

// write writes a line whose line break it has already.
func (w *writer) write(text []byte) error {
	w.all.Write(text)
	_, err := w.out.Write(text)
	return err
}

// begin opens a table.
func (w *writer) begin(name string, columns []Column) error {
	w.table = sha256.New()
	w.total.Tables = append(w.total.Tables, TableTotal{Name: name})
	return w.say(line{Table: name, Columns: columns})
}

// row writes one row of the open table: the text of a JSON object.
func (w *writer) row(prefix string, object *bytes.Buffer) error {
	t := &w.total.Tables[len(w.total.Tables)-1]
	t.Rows++
	w.total.Rows++
	text := make([]byte, 0, len(prefix)+object.Len()+2)
	text = append(append(append(text, prefix...), object.Bytes()...), '}', '\n')
	w.table.Write(text)
	return w.write(text)
}

// prefix is how the lines of a table's rows begin.
func prefix(table string) string { return fmt.Sprintf(`{"table":%q,"row":`, table) }

// end closes the open table.
func (w *writer) end() error {
	t := &w.total.Tables[len(w.total.Tables)-1]
	t.SHA256 = hex.EncodeToString(w.table.Sum(nil))
	return w.say(line{Table: t.Name, Rows: &t.Rows, SHA256: t.SHA256})
}

// close writes the last line.
func (w *writer) close() (Total, error) {
	tables := len(w.total.Tables)
	if err := w.say(line{Tables: &tables, Rows: &w.total.Rows, SHA256: hex.EncodeToString(w.all.Sum(nil))}); err != nil {
		return w.total, err
	}
	return w.total, w.out.Flush()
}

// encode writes one line of JSON.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// ErrDamaged says that an archive is not what was written.
var ErrDamaged = errors.New("the archive is damaged")

// damaged is an ErrDamaged that says how.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// longest bounds one line of an archive.
const longest = 64 << 20

// reader reads an archive and checks every sum in it.
type reader struct {
	in    *bufio.Reader
	all   hash.Hash
	total Total
	Head  Head
}

func newReader(in io.Reader) (*reader, error) {
	plain := bufio.NewReaderSize(in, 1<<16)
	if magic, _ := plain.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(plain)
		if err != nil {
			return nil, damaged("%w", err)
		}
		plain = bufio.NewReaderSize(unpacked, 1<<16)
	}
	r := &reader{in: plain, all: sha256.New()}
	text, err := r.next()
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, &r.Head) != nil || r.Head.Content == "" {
		return nil, errors.New("the file is not an archive of oneshelf")
	}
	if r.Head.Format != format {
		return nil, fmt.Errorf("the archive has format %d; this version of oneshelf reads %d", r.Head.Format, format)
	}
	r.all.Write(text)
	return r, nil
}

// next is the next line with its break.
func (r *reader) next() ([]byte, error) {
	var text []byte
	for {
		part, err := r.in.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case len(text) > longest:
			return nil, damaged("a line is longer than %d bytes", longest)
		case err == nil:
			return text, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, damaged("it ends before its last line")
		default:
			return nil, damaged("%w", err)
		}
	}
}

// each hands every table to begin, which gives what takes its rows, and then checks that nothing is missing or changed. What was
// handed out before an error is worthless.
func (r *reader) each(begin func(name string, columns []Column) (take func(row json.RawMessage) error, end func() error, err error)) (Total, error) {
	for {
		text, head, err := r.line()
		if err != nil {
			return r.total, err
		}
		if head.Tables != nil {
			return r.total, r.finish(head)
		}
		if head.Table == "" || len(head.Columns) == 0 {
			return r.total, damaged("a table does not begin where it should")
		}
		r.all.Write(text)
		take, end, err := begin(head.Table, head.Columns)
		if err != nil {
			return r.total, err
		}
		if err := r.rows(head.Table, take); err != nil {
			return r.total, err
		}
		if err := end(); err != nil {
			return r.total, err
		}
	}
}

func (r *reader) line() ([]byte, line, error) {
	var l line
	text, err := r.next()
	if err == nil && json.Unmarshal(text, &l) != nil {
		err = damaged("a line is not JSON")
	}
	return text, l, err
}

// rows reads the rows of one table and its end.
func (r *reader) rows(table string, take func(json.RawMessage) error) error {
	sum := sha256.New()
	total := TableTotal{Name: table}
	for {
		text, l, err := r.line()
		if err != nil {
			return err
		}
		if l.Table != table {
			return damaged("table %s does not end", table)
		}
		r.all.Write(text)
		if l.Row == nil {
			total.SHA256 = hex.EncodeToString(sum.Sum(nil))
			if l.Rows == nil || *l.Rows != total.Rows || l.SHA256 != total.SHA256 {
				return damaged("table %s is not as it was written", table)
			}
			r.total.Tables = append(r.total.Tables, total)
			return nil
		}
		sum.Write(text)
		total.Rows++
		r.total.Rows++
		if err := take(l.Row); err != nil {
			return fmt.Errorf("row %d of %s: %w", total.Rows, table, err)
		}
	}
}

// finish checks the last line, and that it is the last.
func (r *reader) finish(last line) error {
	if *last.Tables != len(r.total.Tables) || last.Rows == nil || *last.Rows != r.total.Rows || last.SHA256 != hex.EncodeToString(r.all.Sum(nil)) {
		return damaged("it is not as it was written")
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return damaged("something stands behind its end")
	}
	return nil
}

// name tells whether a text can be the name of a table or column of ours, so that it may stand in a statement.
func name(s string) bool {
	return s != "" && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_0123456789") == ""
}
