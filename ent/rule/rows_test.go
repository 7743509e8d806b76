package rule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/migrate"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// Rows are made from what ent knows of the columns, so that a table of tomorrow is tested too.

// owned are the tables whose rows belong to a brand.
func owned() (out []*schema.Table) {
	for _, t := range migrate.Tables {
		if slices.ContainsFunc(t.Columns, func(c *schema.Column) bool { return c.Name == "brand_id" }) {
			out = append(out, t)
		}
	}
	return out
}

// maker makes rows of one brand; those it made already are what others point at.
type maker struct {
	kit   *testkit.Kit
	c     db.Conn
	brand commerce.UUID
	made  map[string]any // the id of a row, by table
}

func newMaker(k *testkit.Kit, c db.Conn, brand commerce.UUID) *maker {
	return &maker{kit: k, c: c, brand: brand, made: map[string]any{}}
}

// row gives the id of the brand's row of a table, making it when there is none.
func (m *maker) row(t *schema.Table) (any, error) {
	if id, ok := m.made[t.Name]; ok {
		return id, nil
	}
	id, err := m.insert(t, nil)
	m.made[t.Name] = id
	return id, err
}

// insert makes a row of a table, pointing at rows of the same brand where said does not say otherwise.
func (m *maker) insert(t *schema.Table, said map[string]any) (any, error) {
	var id any = commerce.NewUUID()
	values := map[string]any{"brand_id": m.brand}
	if t.PrimaryKey[0].Type != field.TypeUUID {
		var n int64
		if err := m.c.QueryRow(m.kit.Ctx, "SELECT COALESCE(MAX(id), 0) + 1 FROM "+t.Name).Scan(&n); err != nil {
			return nil, err
		}
		id = n
	}
	values["id"] = id
	edges := map[string]*schema.Table{}
	for _, to := range owned() { // what is no edge points at a row all the same
		edges[strings.TrimSuffix(to.Name, "s")+"_id"] = to
	}
	for _, fk := range t.ForeignKeys {
		edges[fk.Columns[0].Name] = fk.RefTable
	}
	for _, c := range t.Columns {
		if _, done := values[c.Name]; done {
			continue
		}
		if v, ok := said[c.Name]; ok {
			values[c.Name] = v
			continue
		}
		to, edge := edges[c.Name]
		switch {
		case edge && t.Name == "external_refs" && (len(said) > 0 || c.Name != "product_id"): // names one row
		case edge:
			to, err := m.row(to)
			if err != nil {
				return nil, err
			}
			values[c.Name] = to
		case c.Nullable || c.Default != nil:
		default:
			values[c.Name] = value(c)
		}
	}
	columns := make([]string, 0, len(values))
	args := make([]any, 0, len(values))
	for name, v := range values {
		columns, args = append(columns, `"`+name+`"`), append(args, v)
	}
	_, err := m.c.Exec(m.kit.Ctx, "INSERT INTO "+t.Name+" ("+strings.Join(columns, ", ")+") VALUES "+db.Groups(1, len(args)), args...)
	if err != nil {
		err = fmt.Errorf("%s: %w", t.Name, err)
	}
	return id, err
}

func value(c *schema.Column) any {
	switch c.Type {
	case field.TypeUUID:
		return commerce.NewUUID()
	case field.TypeString:
		return commerce.NewUUID().String()
	case field.TypeJSON:
		return "null"
	case field.TypeBytes:
		return []byte("x")
	case field.TypeBool:
		return true
	}
	return 1
}

// populate makes one row of every table, for both brands.
func populate(t testing.TB, k *testkit.Kit) {
	t.Helper()
	for _, brand := range []commerce.UUID{k.Brand.ID, k.Other.ID} {
		m := newMaker(k, k.Store.DB.Write(), brand)
		for _, table := range owned() {
			_, err := m.row(table)
			require.NoError(t, err)
		}
	}
}
