// Package tables turns ent's picture of the tables into ours: every foreign key spans the brand, and text is compared bytewise.
package tables

import (
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/oneshelf/oneshelf/ent/migrate"
)

// logs are written by every transaction, with the brand of a verified viewer: a foreign key would make them all share one row's lock.
var logs = map[string]bool{"events": true, "idempotency_keys": true}

// tied tells whether a table has an edge that must be set: through it the row's brand exists.
func tied(t *schema.Table) bool {
	for _, fk := range t.ForeignKeys {
		if !fk.Columns[0].Nullable {
			return true
		}
	}
	return false
}

// For gives the tables of one engine. Each edge is a foreign key (brand_id, edge_id) → (brand_id, id), so no edge can cross
// brands, whatever wrote it; a brand_id that no edge vouches for is a
// foreign key to brands. On PostgreSQL text columns have the collation "C",
// which is how SQLite compares anyway.
func For(engine string) []*schema.Table {
	out := make([]*schema.Table, 0, len(migrate.Tables))
	copies := map[string]*schema.Table{}
	for _, t := range migrate.Tables {
		c := *t
		c.Columns, c.ForeignKeys = nil, nil
		byName := map[string]*schema.Column{}
		for _, col := range t.Columns {
			k := *col
			if engine == dialect.Postgres && k.Type == field.TypeString && len(k.Enums) == 0 {
				k.Collation = "C"
			}
			c.Columns = append(c.Columns, &k)
			byName[k.Name] = &k
		}
		c.PrimaryKey, c.Indexes = same(t.PrimaryKey, byName), nil
		for _, i := range t.Indexes {
			k := *i
			k.Columns = same(i.Columns, byName)
			c.Indexes = append(c.Indexes, &k)
		}
		copies[t.Name] = &c
		out = append(out, &c)
	}
	for _, t := range migrate.Tables {
		c := copies[t.Name]
		brand, owned := column(c, "brand_id")
		for _, fk := range t.ForeignKeys {
			ref := copies[fk.RefTable.Name]
			refBrand, _ := column(ref, "brand_id")
			own, _ := column(c, fk.Columns[0].Name)
			id, _ := column(ref, "id")
			c.ForeignKeys = append(c.ForeignKeys, &schema.ForeignKey{
				Symbol: fk.Symbol, RefTable: ref, OnDelete: schema.NoAction, OnUpdate: schema.NoAction,
				Columns: []*schema.Column{brand, own}, RefColumns: []*schema.Column{refBrand, id},
			})
		}
		if owned && !tied(t) && !logs[t.Name] {
			brands := copies["brands"]
			id, _ := column(brands, "id")
			c.ForeignKeys = append(c.ForeignKeys, &schema.ForeignKey{
				Symbol: c.Name + "_brands", RefTable: brands, OnDelete: schema.NoAction, OnUpdate: schema.NoAction,
				Columns: []*schema.Column{brand}, RefColumns: []*schema.Column{id},
			})
		}
	}
	return out
}

func column(t *schema.Table, name string) (*schema.Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return nil, false
}

func same(cols []*schema.Column, byName map[string]*schema.Column) []*schema.Column {
	out := make([]*schema.Column, len(cols))
	for i, c := range cols {
		out[i] = byName[c.Name]
	}
	return out
}
