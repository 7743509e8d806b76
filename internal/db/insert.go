package db

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Table says how rows of a table are inserted many at a time: with its columns and their PostgreSQL types.
type Table struct {
	into  string   // INSERT INTO name (columns)
	kinds []string // what each column is passed as
	picks string   // how they are taken from what is passed
	named string   // c0, c1, …
}

// Rows are rows of a table, whose values stand one after the other.
type Rows struct {
	Table  *Table
	Values []any
}

// Into reads a table's columns from a list such as "id uuid, state text, address jsonb".
func Into(name, columns string) *Table {
	t := &Table{}
	named, kinds := typed(columns)
	var names, picks, aliases []string
	for i, kind := range kinds {
		alias := fmt.Sprintf("c%d", i)
		names, aliases = append(names, `"`+named[i]+`"`), append(aliases, alias)
		if kind == "jsonb" {
			kind, alias = "text", alias+"::jsonb"
		}
		t.kinds, picks = append(t.kinds, kind), append(picks, alias)
	}
	t.into = "INSERT INTO " + name + " (" + strings.Join(names, ", ") + ") "
	t.picks, t.named = strings.Join(picks, ", "), strings.Join(aliases, ", ")
	return t
}

// parameters is how many parameters a statement of SQLite may have, with room to spare.
const parameters = 30_000

// Insert writes rows of one or several tables. PostgreSQL gets them in one statement, in which each column is an array: its text is the
// same for one row and for a thousand, and it is planned once; foreign keys between the tables are judged when it ends. SQLite gets
// table after table, as many rows at a time as it takes: tables that are pointed at come first.
func Insert(ctx context.Context, c Conn, all ...Rows) error {
	var some []Rows
	for _, r := range all {
		if len(r.Values)%len(r.Table.kinds) != 0 {
			return fmt.Errorf("%d values do not make rows of %d", len(r.Values), len(r.Table.kinds))
		}
		if len(r.Values) > 0 {
			some = append(some, r)
		}
	}
	if len(some) == 0 {
		return nil
	}
	if c.engine == Postgres {
		text, args := arrays(some)
		_, err := c.Exec(ctx, text, args...)
		return err
	}
	for _, r := range some {
		width := len(r.Table.kinds)
		for values := range slices.Chunk(r.Values, parameters/width*width) {
			if _, err := c.Exec(ctx, r.Table.into+"VALUES "+Groups(len(values)/width, width), values...); err != nil {
				return err
			}
		}
	}
	return nil
}

// Insert writes rows of this table.
func (t *Table) Insert(ctx context.Context, c Conn, values []any) error {
	return Insert(ctx, c, Rows{t, values})
}

// arrays writes the statement that inserts all of it, each table but the last in a WITH clause, and gives each column as an array.
func arrays(all []Rows) (string, []any) {
	var b strings.Builder
	var args []any
	for n, r := range all {
		last := n == len(all)-1
		switch {
		case !last && n == 0:
			b.WriteString("WITH ")
		case !last:
			b.WriteString(", ")
		case n > 0:
			b.WriteString(" ")
		}
		if !last {
			fmt.Fprintf(&b, "i%d AS (", n)
		}
		b.WriteString(r.Table.into + "SELECT " + r.Table.picks + " FROM unnest(")
		for i, kind := range r.Table.kinds {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "$%d::%s[]", len(args)+i+1, kind)
		}
		args = append(args, columns(r.Values, len(r.Table.kinds))...)
		b.WriteString(") AS r (" + r.Table.named + ")")
		if !last {
			b.WriteString(")")
		}
	}
	return b.String(), args
}
