package apitest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql/schema"
	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/migrate"
)

// Rows are all rows of a brand, table by table in the order of their texts: equal before and after when nothing was changed.
func (a *API) Rows(t testing.TB, brand commerce.UUID) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, table := range migrate.Tables {
		if !slices.ContainsFunc(table.Columns, func(c *schema.Column) bool { return c.Name == "brand_id" }) {
			continue
		}
		out[table.Name] = a.rows(t, table.Name, brand)
	}
	require.Greater(t, len(out), 20)
	return out
}

func (a *API) rows(t testing.TB, table string, brand commerce.UUID) []string {
	t.Helper()
	rows, err := a.Kit.Store.DB.Read().Query(context.Background(), "SELECT * FROM "+table+" WHERE brand_id = ?", brand)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	out := []string{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		var row strings.Builder
		for i, c := range columns {
			if table == "events" && c == "seq" {
				continue // the log numbers in the background
			}
			if text, ok := values[i].([]byte); ok {
				values[i] = string(text)
			}
			fmt.Fprintf(&row, "%s=%v ", c, values[i])
		}
		out = append(out, row.String())
	}
	require.NoError(t, rows.Err())
	slices.Sort(out)
	return out
}
