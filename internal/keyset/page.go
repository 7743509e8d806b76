package keyset

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// The sizes of pages.
const (
	DefaultSize = 20
	MaxSize     = 100
)

// ErrSize says that a page of that size cannot be had.
var ErrSize = errors.New("give either first or last, from 1 to 100")

// Args are what a caller asks of a page, as Relay has it.
type Args struct {
	First, Last   *int
	After, Before *string
}

// Key is an expression a list is ordered by; it is never null.
type Key struct {
	Expr string
	Desc bool
}

// Order is the keys of a list. The last key must tell any two rows apart. Name goes into its cursors: a cursor of another order is refused.
type Order struct {
	Name string
	Keys []Key
}

// Page is a page to be read: Where and its Args keep the rows to it, By orders them, Limit reads one row more than asked, to know
// whether something follows.
type Page struct {
	Where string
	Args  []any
	By    string
	Limit int

	size     int
	backward bool
	bounded  bool // by a cursor on the side it comes from
}

// Plan checks what is asked and says what to read. Errors: ErrSize, ErrCursor.
func (o Order) Plan(c *Codec, binding string, a Args) (Page, error) {
	p := Page{size: DefaultSize}
	switch {
	case a.First != nil && a.Last != nil:
		return p, ErrSize
	case a.First != nil:
		p.size = *a.First
	case a.Last != nil:
		p.size, p.backward = *a.Last, true
	}
	if p.size < 1 || p.size > MaxSize {
		return p, ErrSize
	}
	p.Limit = p.size + 1
	var wheres []string
	for _, side := range []struct {
		cursor *string
		before bool
	}{{a.After, false}, {a.Before, true}} {
		if side.cursor == nil {
			continue
		}
		values, err := o.values(c, binding, *side.cursor)
		if err != nil {
			return p, err
		}
		where, args := o.beyond(values, side.before)
		wheres = append(wheres, where)
		p.Args = append(p.Args, args...)
		if side.before == p.backward {
			p.bounded = true
		}
	}
	p.Where = strings.Join(wheres, " AND ")
	by := make([]string, len(o.Keys))
	for i, k := range o.Keys {
		by[i] = k.Expr + map[bool]string{false: " ASC", true: " DESC"}[k.Desc != p.backward]
	}
	p.By = strings.Join(by, ", ")
	return p, nil
}

// beyond is the condition on rows after values in this order, or before them.
func (o Order) beyond(values []any, before bool) (string, []any) {
	var alternatives []string
	var args []any
	for i, k := range o.Keys {
		var all []string
		for j := range i {
			all = append(all, o.Keys[j].Expr+" = ?")
			args = append(args, values[j])
		}
		all = append(all, k.Expr+map[bool]string{false: " > ?", true: " < ?"}[k.Desc != before])
		args = append(args, values[i])
		alternatives = append(alternatives, "("+strings.Join(all, " AND ")+")")
	}
	either := "(" + strings.Join(alternatives, " OR ") + ")"
	if len(o.Keys) == 1 {
		return either, args
	}
	// It follows from the alternatives, but only said so can an index begin where the page begins.
	bound := o.Keys[0].Expr + map[bool]string{false: " >= ?", true: " <= ?"}[o.Keys[0].Desc != before]
	return "(" + bound + " AND " + either + ")", append([]any{values[0]}, args...)
}

// Cursor writes the cursor of a row by the values of its keys: text, integers or booleans.
func (o Order) Cursor(c *Codec, binding string, values ...any) (string, error) {
	text, err := json.Marshal(values)
	if err != nil {
		return "", err
	}
	return c.Seal(o.Name+"\x00"+binding, text), nil
}

// At reads a cursor of this order: the values of the row it was made of. Anything else is ErrCursor.
func (o Order) At(c *Codec, binding, cursor string) ([]any, error) {
	return o.values(c, binding, cursor)
}

func (o Order) values(c *Codec, binding, cursor string) ([]any, error) {
	text, err := c.Open(o.Name+"\x00"+binding, cursor)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var values []any
	if err := d.Decode(&values); err != nil || len(values) != len(o.Keys) {
		return nil, ErrCursor
	}
	for i, v := range values {
		if n, ok := v.(json.Number); ok {
			if values[i], err = n.Int64(); err != nil {
				return nil, ErrCursor
			}
		}
	}
	return values, nil
}

// Info is where a page stands.
type Info struct{ HasNext, HasPrevious bool }

// Cut takes the rows that were read, brings them into the order of the list without the one too many, and says where they stand.
func Cut[T any](p Page, rows []T) ([]T, Info) {
	more := len(rows) > p.size
	if more {
		rows = rows[:p.size]
	}
	if p.backward {
		slices.Reverse(rows)
		return rows, Info{HasPrevious: more, HasNext: p.bounded}
	}
	return rows, Info{HasNext: more, HasPrevious: p.bounded}
}
