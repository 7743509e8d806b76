package orders

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// Tables that grew since PostgreSQL looked at them last are what a shop has on its first day, and after each quiet night.
func TestWhatIsKeptIsSummedByReservationWhateverThePlannerKnows(t *testing.T) {
	k := testkit.Postgres(t)
	exec := func(statement string, args ...any) {
		t.Helper()
		_, err := k.Store.DB.Write().Exec(k.Ctx, statement, args...)
		require.NoError(t, err)
	}
	product, variant, location, brand := commerce.NewUUID(), commerce.NewUUID(), commerce.NewUUID(), k.Brand.ID
	exec("ALTER TABLE reservations SET (autovacuum_enabled = off)")
	exec("ALTER TABLE reservation_lines SET (autovacuum_enabled = off)")
	exec(`INSERT INTO products (id, brand_id, created_at, updated_at, handle, title, status, tags, options, media) VALUES (?, ?, 1, 1, 'hat', 'Hat', 'ACTIVE', '[]', '[]', '[]')`, product, brand)
	exec(`INSERT INTO variants (id, brand_id, created_at, updated_at, product_id, sku, sku_folded, selected_options, options_key) VALUES (?, ?, 1, 1, ?, 'HAT', 'hat', '[]', '')`, variant, brand, product)
	exec(`INSERT INTO locations (id, brand_id, created_at, updated_at, code, code_folded, name, kind, ownership) VALUES (?, ?, 1, 1, 'WH', 'wh', 'WH', 'WAREHOUSE', 'OWN')`, location, brand)
	exec(`INSERT INTO reservations (id, brand_id, state, expires_at, holder, created_at, updated_at)
		SELECT gen_random_uuid(), ?, 'ACTIVE', 100, 'shop', 1, 1 FROM generate_series(1, 600)`, brand)
	exec(`INSERT INTO reservation_lines (id, brand_id, reservation_id, variant_id, location_id, quantity)
		SELECT gen_random_uuid(), brand_id, id, ?, ?, 2 FROM reservations`, variant, location)

	of := capOf{column: holder}
	args := []any{brand, "shop", ReservationActive, 50, variant}
	var units int64
	require.NoError(t, k.Store.DB.Read().QueryRow(k.Ctx, of.unitsKept("l.variant_id IN (?)"), args...).Scan(&variant, &units))
	require.EqualValues(t, 1200, units)
	explain := func(statement string, args ...any) string {
		rows, err := k.Store.DB.Read().Query(k.Ctx, "EXPLAIN ANALYZE "+statement, args...)
		lines, err := db.Collect(rows, err, func(r *sql.Rows) (line string, err error) { return line, r.Scan(&line) })
		require.NoError(t, err)
		return strings.Join(lines, "\n")
	}
	plan := explain(of.unitsKept("l.variant_id IN (?)"), args...)
	require.Contains(t, plan, "(reservation_id = kept.id)")
	require.NotContains(t, plan, "Rows Removed by Join Filter")
	require.Contains(t, plan, "reservation_brand_id_holder_state")
	require.Contains(t, explain("SELECT COUNT(*) FROM reservations r WHERE "+of.active(), args[:4]...), "reservation_brand_id_holder_state")
}
