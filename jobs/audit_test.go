package jobs

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/metrics"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestAnAuditIsShownAndADifferenceLogged(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		var said bytes.Buffer
		r := Runner{Store: k.Store, Log: slog.New(slog.NewTextHandler(&said, nil)), Metrics: metrics.New("v", k.Store.DB, k.Clock.Now)}
		shown := func() string {
			w := httptest.NewRecorder()
			r.Metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			return w.Body.String()
		}
		ctx := context.Background()
		require.NoError(t, r.audit(ctx))
		require.Empty(t, said.String())
		require.Contains(t, shown(), "\noneshelf_stock_audit_differences 0\n")

		product, variant, location := commerce.NewUUID(), commerce.NewUUID(), commerce.NewUUID()
		for _, row := range []struct {
			statement string
			args      []any
		}{
			{`INSERT INTO products (id, brand_id, created_at, updated_at, handle, title, status, tags, options, media) VALUES (?, ?, 1, 1, 'tee', 'Tee', 'ACTIVE', '[]', '[]', '[]')`, []any{product, k.Brand.ID}},
			{`INSERT INTO variants (id, brand_id, created_at, updated_at, product_id, sku, sku_folded, selected_options, options_key) VALUES (?, ?, 1, 1, ?, 'T', 't', '[]', '')`, []any{variant, k.Brand.ID, product}},
			{`INSERT INTO locations (id, brand_id, created_at, updated_at, code, code_folded, name, kind, ownership) VALUES (?, ?, 1, 1, 'WH', 'wh', 'WH', 'WAREHOUSE', 'OWN')`, []any{location, k.Brand.ID}},
			{`INSERT INTO stock_levels (id, brand_id, created_at, updated_at, variant_id, location_id, on_hand) VALUES (?, ?, 1, 1, ?, ?, 3)`, []any{commerce.NewUUID(), k.Brand.ID, variant, location}},
		} {
			_, err := k.Store.DB.Write().Exec(ctx, row.statement, row.args...)
			require.NoError(t, err)
		}
		require.NoError(t, r.audit(ctx))
		require.Contains(t, said.String(), "different=1")
		require.Contains(t, said.String(), "products=1")
		require.Equal(t, 1, k.Count(t, "products", "in_stock"))
		require.Contains(t, shown(), "\noneshelf_stock_audit_differences 1\n")
		require.Contains(t, shown(), "\noneshelf_stock_audit_levels 1\n")
	})
}
