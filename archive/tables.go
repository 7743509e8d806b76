package archive

import (
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/oneshelf/oneshelf/ent/migrate/tables"
	"github.com/oneshelf/oneshelf/internal/db"
)

// outside are tables that no archive carries, and why.
var outside = map[string]string{
	"schema_migrations": "the head of an archive says how far they had come",
}

// ofServer are tables that no export of a brand carries, and why.
var ofServer = map[string]string{
	"signing_keys":  "a server's own keys: tokens are made anew where the brand goes",
	"event_cursors": "how far a server's own consumers have come in its own log",
}

// omitted are columns that no export of a brand carries, and why; they take their defaults where the brand goes.
var omitted = map[string]map[string]string{
	"channels": {
		"secrets":      "sealed with the server's own key: the channel must be connected anew",
		"lease_holder": "which process of the server talks to the shop",
		"lease_until":  "until when it does",
	},
	"events": {
		"id":  "numbers belong to the log that gives them",
		"seq": "numbers belong to the log that gives them",
	},
}

// told are columns that an export tells otherwise than they stand: a channel whose secrets stay behind waits to be connected anew.
var told = map[string]map[string]string{
	"channels": {
		"state":              "CASE WHEN secrets IS NULL THEN state ELSE 'ERROR' END",
		"last_error_code":    "CASE WHEN secrets IS NULL THEN last_error_code ELSE 'SECRETS' END",
		"last_error_message": "CASE WHEN secrets IS NULL THEN last_error_message ELSE 'its secrets did not come along: connect it anew' END",
	},
}

// table is a table as it is read into an archive.
type table struct {
	name    string
	columns []Column
	from    []string // what is selected for each column
	key     string   // the column that rows are in the order of
	owned   bool     // rows have a brand
}

// all are the tables of Ent's schema, each after those it refers to.
func all(engine db.Engine) ([]table, error) {
	sorted, err := sorted(tables.For(string(engine)))
	if err != nil {
		return nil, err
	}
	out := make([]table, 0, len(sorted))
	for _, s := range sorted {
		t := table{name: s.Name, key: s.PrimaryKey[0].Name}
		for _, c := range s.Columns {
			kind, ok := typeOf(c.Type)
			if !ok {
				return nil, fmt.Errorf("column %s of %s is of a type that archives cannot carry", c.Name, s.Name)
			}
			t.columns = append(t.columns, Column{c.Name, kind})
			t.from = append(t.from, quote(c.Name))
			t.owned = t.owned || c.Name == "brand_id"
		}
		out = append(out, t)
	}
	return out, nil
}

// sorted puts tables after those they refer to. A table that refers to itself, or tables that refer to each other, have no such order.
func sorted(in []*schema.Table) ([]*schema.Table, error) {
	var out []*schema.Table
	placed := map[string]bool{}
	for len(out) < len(in) {
		before := len(out)
		for _, t := range in {
			ready := !slices.ContainsFunc(t.ForeignKeys, func(fk *schema.ForeignKey) bool { return !placed[fk.RefTable.Name] })
			if ready && !placed[t.Name] {
				out, placed[t.Name] = append(out, t), true
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("the tables have no order: some refer to themselves or to each other")
		}
	}
	return out, nil
}

// ofBrand are the tables and columns that an export carries.
func ofBrand(engine db.Engine) ([]table, error) {
	tables, err := all(engine)
	if err != nil {
		return nil, err
	}
	var out []table
	for _, t := range tables {
		if ofServer[t.name] != "" {
			continue
		}
		if !t.owned && t.name != "brands" {
			return nil, fmt.Errorf("table %s has no brand and no reason to stay behind", t.name)
		}
		kept := t
		kept.columns, kept.from = nil, nil
		for i, c := range t.columns {
			if omitted[t.name][c.Name] != "" {
				continue
			}
			from := t.from[i]
			if as := told[t.name][c.Name]; as != "" {
				from = as
			}
			kept.columns, kept.from = append(kept.columns, c), append(kept.from, from)
		}
		out = append(out, kept)
	}
	return out, nil
}

// quote makes an identifier of a name that is known to be one of ours.
func quote(name string) string { return `"` + name + `"` }
