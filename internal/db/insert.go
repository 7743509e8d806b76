package db

import (
	"context"
	"fmt"
	"strings"
)

// Table says how rows of a table are inserted many at a time: with its columns and their PostgreSQL types.
type Table struct {
	columns []string
	into    string // INSERT INTO name (columns)
	unnest  string // the whole statement for PostgreSQL, the same for any number of rows
}

// Into reads a table's columns from a list such as "id uuid, state text, address jsonb".
func Into(name, columns string) *Table {
	t := &Table{}
	var names, picked, arrays []string
	for i, column := range strings.Split(columns, ",") {
		name, kind, ok := strings.Cut(strings.TrimSpace(column), " ")
		if !ok {
			panic(fmt.Sprintf("column %q has no type", column))
		}
		passed := kind
		pick := fmt.Sprintf("c%d", i)
		if kind == "jsonb" {
			passed, pick = "text", pick+"::jsonb"
		}
		names = append(names, `"`+name+`"`)
		picked = append(picked, pick)
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", i+1, passed))
	}
	t.columns = names
	t.into = "INSERT INTO " + name + " (" + strings.Join(names, ", ") + ") "
	aliases := make([]string, len(names))
	for i := range aliases {
		aliases[i] = fmt.Sprintf("c%d", i)
	}
	t.unnest = t.into + "SELECT " + strings.Join(picked, ", ") + " FROM unnest(" + strings.Join(arrays, ", ") + ") AS r (" + strings.Join(aliases, ", ") + ")"
	return t
}

// parameters is how many parameters a statement of SQLite may have, with room to spare.
const parameters = 30_000

// Insert writes rows, whose values stand one after the other. PostgreSQL gets each column as an array, so that its statement is the
// same for one row and for a thousand and is planned once; SQLite gets as many rows at a time as it takes.
func (t *Table) Insert(ctx context.Context, c Conn, values []any) error {
	width := len(t.columns)
	if len(values)%width != 0 {
		return fmt.Errorf("%d values do not make rows of %d", len(values), width)
	}
	if len(values) == 0 {
		return nil
	}
	if c.engine == Postgres {
		rows := len(values) / width
		cells := make([]any, len(values))
		args := make([]any, width)
		for i := range args {
			column := cells[i*rows : (i+1)*rows]
			for j := range column {
				column[j] = values[j*width+i]
			}
			args[i] = column
		}
		_, err := c.Exec(ctx, t.unnest, args...)
		return err
	}
	most := parameters / width * width
	for len(values) > 0 {
		n := min(most, len(values))
		if _, err := c.Exec(ctx, t.into+"VALUES "+Rows(n/width, width), values[:n]...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
