package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/oneshelf/oneshelf/internal/db"
)

// What can stand against reading an archive in.
var (
	ErrNotEmpty = errors.New("the database is not empty")
	ErrThere    = errors.New("the brand is there already")
)

// Target is a database to read into.
type Target struct {
	DB *db.DB
	// Migrations are all that this program knows, oldest first.
	Migrations []db.Migration
	Progress   Progress // may be nil
}

// Restore reads a backup into a database without rows, all or nothing: every sum is checked before anything is committed. The tables
// are first made as they were when the backup was made and afterwards brought to this program's version, so that an old backup can be
// read. Readers of the log go on where they were: events keep their numbers and new ones go on above them.
// Errors: ErrNotEmpty, ErrDamaged, db.ErrNewer.
func (t Target) Restore(ctx context.Context, in io.ReadSeeker) (Total, error) {
	r, err := newReader(in)
	if err != nil {
		return Total{}, err
	}
	if r.Head.Content != backup {
		return Total{}, fmt.Errorf("the archive is no backup: bring it in with oneshelf import %s", r.Head.Content)
	}
	upTo := slices.IndexFunc(t.Migrations, func(m db.Migration) bool { return m.Version == r.Head.Migration })
	if upTo < 0 {
		return Total{}, fmt.Errorf("the backup is at version %s, which this oneshelf does not know: %w", r.Head.Migration, db.ErrNewer)
	}
	var version string
	if err := t.DB.Snapshot(ctx, func(c db.Conn) (err error) { version, err = c.Version(ctx); return err }); err != nil {
		return Total{}, err
	}
	if version > r.Head.Migration {
		return Total{}, fmt.Errorf("%w: its tables are newer than the backup; give it a database without any", ErrNotEmpty)
	}
	if _, err := t.DB.Migrate(ctx, t.Migrations[:upTo+1]); err != nil {
		return Total{}, err
	}
	var total Total
	err = t.DB.InTx(ctx, func(tx *db.Tx) error {
		total, err = t.restore(ctx, tx, in)
		return err
	})
	if err == nil {
		_, err = t.DB.Migrate(ctx, t.Migrations)
	}
	return total, err
}

// restore reads a backup inside one transaction.
func (t Target) restore(ctx context.Context, tx *db.Tx, in io.ReadSeeker) (Total, error) {
	there, err := tx.Tables(ctx)
	if err != nil {
		return Total{}, err
	}
	for name := range outside {
		delete(there, name)
	}
	for name := range there {
		var some bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+quote(name)+")").Scan(&some); err != nil {
			return Total{}, err
		}
		if some {
			return Total{}, fmt.Errorf("%w: there are rows in %s", ErrNotEmpty, name)
		}
	}
	r, err := again(in)
	if err != nil {
		return Total{}, err
	}
	left := len(there)
	total, err := r.each(func(name string, columns []Column) (func(json.RawMessage) error, func() error, error) {
		left--
		if len(columns) != len(there[name]) {
			return nil, nil, damaged("its table %s has other columns", name)
		}
		b, err := newBatch(ctx, tx, name, columns, there[name], t.Progress)
		if err != nil {
			return nil, nil, err
		}
		return b.add, b.flush, nil
	})
	if err == nil && left != 0 {
		err = damaged("it has not all tables")
	}
	if err != nil {
		return total, err
	}
	return total, renumber(ctx, tx, there)
}

// renumber lets the numbers of new rows go on. Those of events go on behind the places of our own consumers too: the log may have been
// emptied of what is old. Facts that nobody had numbered when the backup was made are numbered here.
func renumber(ctx context.Context, tx *db.Tx, there map[string][]db.Column) error {
	if _, err := tx.Exec(ctx, `WITH fresh AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM events WHERE seq IS NULL),
		head AS (SELECT COALESCE(MAX(seq), 0) AS seq FROM (SELECT MAX(seq) AS seq FROM events UNION ALL SELECT MAX(seq) FROM event_cursors) h)
		UPDATE events SET seq = (SELECT head.seq + fresh.place FROM head, fresh WHERE fresh.id = events.id) WHERE seq IS NULL`); err != nil {
		return err
	}
	var head int64
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(seq), 0) FROM (SELECT MAX(seq) AS seq FROM events UNION ALL SELECT MAX(seq) FROM event_cursors) h`).
		Scan(&head); err != nil {
		return err
	}
	for name := range there {
		floor := int64(0)
		if name == "events" {
			floor = head
		}
		if err := tx.Renumber(ctx, name, floor); err != nil {
			return err
		}
	}
	return nil
}

// Import reads the export of one brand into a database that may have others, all or nothing: every sum is checked before anything is
// committed, and no row of another brand is taken. It answers the brand's code.
// Errors: ErrThere, ErrDamaged; another when the archive and the database are not of one version.
func (t Target) Import(ctx context.Context, in io.ReadSeeker) (string, Total, error) {
	r, err := newReader(in)
	if err != nil {
		return "", Total{}, err
	}
	if r.Head.Content != brand || r.Head.Brand == nil {
		return "", Total{}, fmt.Errorf("the archive is no brand: bring it in with oneshelf restore")
	}
	newest := t.Migrations[len(t.Migrations)-1].Version
	if r.Head.Migration != newest {
		return "", Total{}, fmt.Errorf("the export is at version %s and this oneshelf at %s: export it again from a server of this version", r.Head.Migration, newest)
	}
	var total Total
	err = t.DB.InTx(ctx, func(tx *db.Tx) error {
		total, err = t.bring(ctx, tx, in, *r.Head.Brand)
		return err
	})
	if db.IsUnique(err) {
		err = fmt.Errorf("%w, or rows of it are", ErrThere)
	}
	return r.Head.Brand.Code, total, err
}

// bring reads an export inside one transaction.
func (t Target) bring(ctx context.Context, tx *db.Tx, in io.ReadSeeker, of Brand) (Total, error) {
	var there bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM brands WHERE code = ?)", of.Code).Scan(&there); err != nil {
		return Total{}, err
	}
	if there {
		return Total{}, fmt.Errorf("%w: %s", ErrThere, of.Code)
	}
	known, err := ofBrand(tx.Engine())
	if err != nil {
		return Total{}, err
	}
	shape, err := tx.Tables(ctx)
	if err != nil {
		return Total{}, err
	}
	r, err := again(in)
	if err != nil {
		return Total{}, err
	}
	next := 0
	total, err := r.each(func(name string, columns []Column) (func(json.RawMessage) error, func() error, error) {
		if next == len(known) || known[next].name != name || !slices.Equal(known[next].columns, columns) {
			return nil, nil, damaged("its table %s is none that a brand has", name)
		}
		b, err := newBatch(ctx, tx, name, columns, shape[name], t.Progress)
		if err != nil {
			return nil, nil, err
		}
		b.must = map[string]string{"brand_id": of.ID}
		if !known[next].owned {
			b.must = map[string]string{"id": of.ID, "code": of.Code}
		}
		next++
		return b.add, b.flush, nil
	})
	if err == nil && (next != len(known) || total.Tables[0].Rows != 1) {
		err = damaged("it is not all of a brand")
	}
	if err == nil && tx.Engine() == db.SQLite {
		_, err = tx.Exec(ctx, "UPDATE events SET seq = id WHERE seq IS NULL") // as every transaction does that says something
	}
	return total, err
}

// again reads an archive from its beginning.
func again(in io.ReadSeeker) (*reader, error) {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return newReader(in)
}

// valuesOf bounds how many values one insert carries; both engines take more.
const valuesOf = 8000

// batch gathers rows of one table and inserts them many at a time.
type batch struct {
	ctx      context.Context
	tx       *db.Tx
	table    string
	columns  []Column
	notNull  []bool
	must     map[string]string // what these columns must hold
	args     []any
	rows     int
	seen     int64
	progress Progress
}

func newBatch(ctx context.Context, tx *db.Tx, table string, columns []Column, there []db.Column, p Progress) (*batch, error) {
	b := &batch{ctx: ctx, tx: tx, table: table, columns: columns, progress: p}
	for _, c := range columns {
		i := slices.IndexFunc(there, func(k db.Column) bool { return k.Name == c.Name })
		if i < 0 || !name(c.Name) || !name(table) {
			return nil, damaged("there is no column %.63q in the table %.63q", c.Name, table)
		}
		b.notNull = append(b.notNull, there[i].NotNull)
	}
	return b, nil
}

// add takes one row: an object with exactly the table's columns.
func (b *batch) add(row json.RawMessage) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(row, &fields) != nil || len(fields) != len(b.columns) {
		return damaged("it has not the columns of its table")
	}
	for i, c := range b.columns {
		raw, ok := fields[c.Name]
		if !ok {
			return damaged("it has no column %s", c.Name)
		}
		v, err := c.Type.take(raw, b.notNull[i])
		if err != nil {
			return damaged("column %s is no %s", c.Name, c.Type)
		}
		if must, ok := b.must[c.Name]; ok && fmt.Sprint(v) != must {
			return damaged("column %s is not the brand's", c.Name)
		}
		b.args = append(b.args, v)
	}
	b.rows++
	b.seen++
	if len(b.args)+len(b.columns) > valuesOf {
		return b.flush()
	}
	return nil
}

// flush inserts what was gathered.
func (b *batch) flush() error {
	if b.rows == 0 {
		return nil
	}
	names := make([]string, len(b.columns))
	for i, c := range b.columns {
		names[i] = quote(c.Name)
	}
	_, err := b.tx.Exec(b.ctx, "INSERT INTO "+quote(b.table)+" ("+strings.Join(names, ", ")+") VALUES "+db.Groups(b.rows, len(b.columns)), b.args...)
	b.args, b.rows = b.args[:0], 0
	b.progress.tell(b.table, b.seen)
	return err
}
