package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Progress hears how many rows of a table have been written or read so far, now and then.
type Progress func(table string, rows int64)

// Source is a database to read from.
type Source struct {
	DB *db.DB
	// Migration is the newest that this program knows. A database of another version is refused: its tables are others.
	Migration string
	At        commerce.Instant // what the archive says of when it was made
	Progress  Progress         // may be nil
}

// Backup writes the whole database to out in gzip, as it was at one moment; others may write meanwhile. What is outside the database
// is not in it: the keys that sign tokens, and the key that channel secrets are sealed with.
func (s Source) Backup(ctx context.Context, out io.Writer) (Total, error) {
	packed := gzip.NewWriter(out)
	var total Total
	err := s.DB.Snapshot(ctx, func(c db.Conn) error {
		if err := s.current(ctx, c); err != nil {
			return err
		}
		tables, err := all(s.DB.Engine)
		if err != nil {
			return err
		}
		if err := whole(ctx, c, tables); err != nil {
			return err
		}
		total, err = s.dump(ctx, c, packed, Head{Content: backup}, tables, nil)
		return err
	})
	return total, errors.Join(err, packed.Close())
}

// Export writes everything of one brand to out, as it was at one moment; others may write meanwhile. Channel secrets stay behind, so
// channels that have some are told as being in error until they are connected anew. Events come without the numbers of their log.
func (s Source) Export(ctx context.Context, code string, out io.Writer) (Total, error) {
	var total Total
	err := s.DB.Snapshot(ctx, func(c db.Conn) error {
		if err := s.current(ctx, c); err != nil {
			return err
		}
		var id commerce.UUID
		err := c.QueryRow(ctx, "SELECT id FROM brands WHERE code = ?", code).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("there is no brand %q", code)
		}
		if err != nil {
			return err
		}
		tables, err := ofBrand(s.DB.Engine)
		if err != nil {
			return err
		}
		total, err = s.dump(ctx, c, out, Head{Content: brand, Brand: &Brand{ID: id.String(), Code: code}}, tables, &id)
		return err
	})
	return total, err
}

// current refuses a database that is not of this program's version.
func (s Source) current(ctx context.Context, c db.Conn) error {
	version, err := c.Version(ctx)
	switch {
	case err != nil:
		return err
	case version == "":
		return errors.New("there is nothing in the database")
	case version != s.Migration:
		return fmt.Errorf("the database is at version %s and this oneshelf at %s: bring both to one version first, see oneshelf migrate", version, s.Migration)
	}
	return nil
}

// whole refuses a database with tables or columns that would be left out.
func whole(ctx context.Context, c db.Conn, tables []table) error {
	there, err := c.Tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if len(there[t.name]) != len(t.columns) {
			return fmt.Errorf("table %s is not as this version of oneshelf knows it", t.name)
		}
		delete(there, t.name)
	}
	for name := range there {
		if outside[name] == "" {
			return fmt.Errorf("there is a table %s that this version of oneshelf does not know", name)
		}
	}
	return nil
}

func (s Source) dump(ctx context.Context, c db.Conn, out io.Writer, h Head, tables []table, of *commerce.UUID) (Total, error) {
	h.Migration, h.At = s.Migration, s.At.String()
	w, err := newWriter(out, h)
	if err != nil {
		return Total{}, err
	}
	for _, t := range tables {
		if err := w.begin(t.name, t.columns); err != nil {
			return w.total, err
		}
		if err := s.rows(ctx, c, w, t, of); err != nil {
			return w.total, fmt.Errorf("table %s: %w", t.name, err)
		}
		if err := w.end(); err != nil {
			return w.total, err
		}
	}
	return w.close()
}

// rows writes the rows of one table, of one brand or of all.
func (s Source) rows(ctx context.Context, c db.Conn, w *writer, t table, of *commerce.UUID) error {
	query := "SELECT " + strings.Join(t.from, ", ") + " FROM " + quote(t.name)
	var args []any
	if of != nil {
		column := "brand_id"
		if !t.owned {
			column = "id" // the brand's own row
		}
		query, args = query+" WHERE "+column+" = ?", []any{*of}
	}
	rows, err := c.Query(ctx, query+" ORDER BY "+quote(t.key), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	places := make([]any, len(t.columns))
	for i, col := range t.columns {
		places[i] = col.Type.place()
	}
	start := prefix(t.name)
	var object bytes.Buffer
	n := int64(0)
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		object.Reset()
		for i, col := range t.columns {
			object.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
			object.WriteString(`"` + col.Name + `":`)
			if err := col.Type.put(&object, places[i]); err != nil {
				return fmt.Errorf("column %s: %w", col.Name, err)
			}
		}
		object.WriteByte('}')
		if err := w.row(start, &object); err != nil {
			return err
		}
		if n++; n%1000 == 0 {
			s.Progress.tell(t.name, n)
		}
	}
	s.Progress.tell(t.name, n)
	return rows.Err()
}

func (p Progress) tell(table string, rows int64) {
	if p != nil {
		p(table, rows)
	}
}
