package db

import (
	"fmt"
	"strings"
)

// List is rows that a statement takes along under a name of its own, to be joined to what is stored.
type List struct {
	head   string // WITH name (columns) AS (
	unnest string // PostgreSQL's rest of that, the same for any number of rows
	width  int
}

// ListOf reads the name of a list and its columns from texts such as "moved" and "variant uuid, on_hand_delta bigint".
func ListOf(name, columns string) *List {
	l := &List{}
	names, kinds := typed(columns)
	arrays := make([]string, len(kinds))
	for i, kind := range kinds {
		arrays[i] = "?::" + kind + "[]"
	}
	l.width = len(names)
	l.head = "WITH " + name + " (" + strings.Join(names, ", ") + ") AS ("
	l.unnest = "SELECT * FROM unnest(" + strings.Join(arrays, ", ") + ")) "
	return l
}

// typed reads names and PostgreSQL types of columns from a list such as "id uuid, state text".
func typed(columns string) (names, kinds []string) {
	for column := range strings.SplitSeq(columns, ",") {
		name, kind, ok := strings.Cut(strings.TrimSpace(column), " ")
		if !ok {
			panic(fmt.Sprintf("column %q has no type", column))
		}
		names, kinds = append(names, name), append(kinds, kind)
	}
	return names, kinds
}

// With is how a statement begins that takes rows along, whose values stand one after the other, and its first arguments. PostgreSQL
// gets each column as an array, so that its statement is the same for any number of rows; for SQLite the caller keeps the rows below
// what a statement takes. There must be a row.
func (l *List) With(c Conn, values []any) (string, []any) {
	if c.engine != Postgres {
		return l.head + "VALUES " + Groups(len(values)/l.width, l.width) + ") ", values
	}
	return l.head + l.unnest, columns(values, l.width)
}

// columns turns rows, whose values stand one after the other, into the arrays of their columns.
func columns(values []any, width int) []any {
	rows := len(values) / width
	cells := make([]any, len(values))
	out := make([]any, width)
	for i := range out {
		column := cells[i*rows : (i+1)*rows]
		for j := range column {
			column[j] = values[j*width+i]
		}
		out[i] = column
	}
	return out
}
