package metrics_test

import (
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/internal/metrics"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func scrape(t testing.TB, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	require.Equal(t, 200, w.Code, "%s", text)
	return string(text)
}

func TestFiguresAreReadFromTheDatabase(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		_, err := k.Store.DB.Write().Exec(k.Ctx, "INSERT INTO event_cursors (id, seq, lease_holder, lease_until) VALUES ('channels', 0, '', 0)")
		require.NoError(t, err)
		for i, until := range []int64{0, k.Clock.Now().Add(-90 * time.Second).UnixMicro()} {
			_, err = k.Store.DB.Write().Exec(k.Ctx, `INSERT INTO channels (id, brand_id, code, code_folded, name, kind, state, currency, settings, orders_until, created_at, updated_at)
				VALUES (?, ?, ?, ?, 'n', 'TAOBAO', 'ACTIVE', 'CNY', '{}', ?, 1, 1)`, [2]any{k.Brand.ID, k.Other.ID}[i], [2]any{k.Brand.ID, k.Other.ID}[i], "c", "c", until)
			require.NoError(t, err)
		}
		m := metrics.New("v1.2.3", k.Store.DB, k.Clock.Now)
		m.Request("POST /graphql", 201, time.Millisecond)
		m.Answer("query", "OK")
		closed := m.Stream("websocket")
		m.Audited(7, 2, time.Unix(99, 0))
		text := scrape(t, m)
		for _, line := range []string{
			`oneshelf_build_info{engine="` + string(k.Store.DB.Engine) + `",version="v1.2.3"} 1`, "oneshelf_figures_up 1", "oneshelf_events_head 0",
			`oneshelf_events_behind{consumer="channels"} 0`, `oneshelf_channels{state="ACTIVE"} 2`, `oneshelf_channel_orders_lag_seconds{kind="TAOBAO"} 90`,
			"oneshelf_listings_due 0", "oneshelf_channel_orders_held 0", `oneshelf_http_request_duration_seconds_count{route="POST /graphql",status="2xx"} 1`,
			`oneshelf_graphql_answers_total{code="OK",type="query"} 1`, `oneshelf_streams_open{transport="websocket"} 1`,
			"oneshelf_stock_audit_levels 7", "oneshelf_stock_audit_differences 2", "oneshelf_stock_audit_timestamp_seconds 99", "go_goroutines ", "oneshelf_db_connections_open{",
		} {
			require.Contains(t, text, "\n"+line)
		}
		closed()
		require.Contains(t, scrape(t, m), `oneshelf_streams_open{transport="websocket"} 0`)
	})
}

func TestFiguresThatCannotBeReadAreLeftOut(t *testing.T) {
	k := testkit.SQLite(t)
	_, err := k.Store.DB.Write().Exec(k.Ctx, "ALTER TABLE listings RENAME TO gone")
	require.NoError(t, err)
	text := scrape(t, metrics.New("v", k.Store.DB, k.Clock.Now))
	require.Contains(t, text, "oneshelf_figures_up 0")
	require.NotContains(t, text, "oneshelf_events_head ")
	require.Contains(t, text, "oneshelf_build_info")
}

func TestWithoutMetricsNothingIsCounted(t *testing.T) {
	var none *metrics.Metrics
	none.Request("/", 200, 0)
	none.Answer("query", "OK")
	none.Stream("sse")()
	none.Audited(1, 1, time.Time{})
	require.Nil(t, none)
}
