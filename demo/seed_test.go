package demo

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/seal"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// fair is a marketplace in name: it is connected and listed on, and nobody talks to it.
var fair = integrations.Adapter{
	Kind: "FAIR", Title: "Fair",
	Settings: []integrations.Setting{
		{Name: "gatewayUrl", Title: "Gateway", Required: true, URL: true},
		{Name: "appKey", Title: "App key", Required: true},
		{Name: "appSecret", Title: "App secret", Required: true, Secret: true},
	},
	Open: func(integrations.Config) (integrations.Shop, error) { return nil, nil },
}

func deps(t testing.TB, k *testkit.Kit) Deps {
	t.Helper()
	key, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "secret.key"))
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	return Deps{
		Store: k.Store, Log: log,
		Catalog: &catalog.Service{Store: k.Store}, Stock: &stock.Service{Store: k.Store}, Members: &members.Service{Store: k.Store},
		Orders: &orders.Service{Store: k.Store, Tokens: orders.NewDispatch([]byte("key"))},
		Channels: &channels.Service{
			Store: k.Store, Adapters: []integrations.Adapter{fair}, Seal: key, Guard: httpx.NewGuard(true), Log: log, Holder: "test",
		},
		Marketplaces: []Marketplace{fairAt("fair", "http://127.0.0.1:9101/rest")},
	}
}

func fairAt(code, gateway string) Marketplace {
	return Marketplace{Kind: "FAIR", Code: code, Name: "Fair", Settings: []channels.Setting{
		{Name: "gatewayUrl", Value: gateway}, {Name: "appKey", Value: "key"}, {Name: "appSecret", Value: "secret"},
	}}
}

func TestDemoBrandComesInOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := deps(t, k)
		require.NoError(t, Seed(k.Ctx, d))
		before := count(t, k)
		require.Equal(t, 48, before["products"])
		require.Equal(t, 8, before["locations"])
		require.Equal(t, 2, k.Count(t, "locations", "kind = ?", "WAREHOUSE"))
		require.Equal(t, 6, k.Count(t, "locations", "kind <> ? AND latitude IS NOT NULL AND longitude IS NOT NULL", "WAREHOUSE"))
		require.Equal(t, 1, k.Count(t, "locations", "ownership = ?", "FRANCHISE"))
		require.Equal(t, 1, k.Count(t, "locations", "kind = ? AND ownership = ?", "COUNTER", "JOINT_VENTURE"))
		require.Equal(t, 200, before["members"])
		require.Equal(t, 2, before["channels"])
		require.Greater(t, before["stock_levels"], 1500)
		onSale := k.Count(t, "listings", "channel_id = (SELECT id FROM channels WHERE code = ?)", Shop)
		require.Equal(t, before["variants"], onSale)
		require.Greater(t, before["listings"], onSale+12*9)
		require.Equal(t, 12, k.Count(t, "products", `id IN (SELECT product_id FROM variants WHERE id IN
			(SELECT variant_id FROM listings WHERE channel_id = (SELECT id FROM channels WHERE code = ?)))`, "fair"))

		require.NoError(t, Seed(k.Ctx, d))
		require.Equal(t, before, count(t, k))
	})
}

// count tells how much there is of everything; the log grows with every change, whatever it was.
func count(t *testing.T, k *testkit.Kit) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, table := range []string{"products", "variants", "locations", "stock_levels", "stock_movements", "members", "external_refs", "channels", "listings", "events"} {
		out[table] = k.Count(t, table, "")
	}
	var generation int
	require.NoError(t, k.Store.DB.Read().QueryRow(context.Background(), "SELECT generation FROM brands WHERE code = ?", Code).Scan(&generation))
	out["generation"] = generation // rises with what records no event too
	return out
}

func TestWhatWasInterruptedGoesOn(t *testing.T) {
	whole := testkit.SQLite(t)
	require.NoError(t, Seed(whole.Ctx, deps(t, whole)))
	want := count(t, whole)

	k := testkit.SQLite(t)
	interrupted := 0
	for at := int64(5); ; at += 40 {
		ctx, stop := context.WithCancel(k.Ctx)
		var looks atomic.Int64
		now := func() time.Time { // each transaction looks at the clock; at one of them the demo dies
			if looks.Add(1) == at {
				stop()
			}
			return k.Clock.Now()
		}
		d := deps(t, &testkit.Kit{Store: events.New(k.Store.DB, now, k.Store.Log)})
		err := Seed(ctx, d)
		stop()
		if err == nil {
			break
		}
		require.ErrorIs(t, err, context.Canceled)
		interrupted++
	}
	require.Greater(t, interrupted, 3)
	require.Equal(t, want, count(t, k))
}

func TestWhatPeopleChangedStays(t *testing.T) {
	k := testkit.SQLite(t)
	d := deps(t, k)
	require.NoError(t, Seed(k.Ctx, d))

	_, err := d.Catalog.Upsert(k.Ctx, catalog.UpsertInput{
		By: &commerce.ProductRef{Handle: "featherlight-windbreaker"}, Handle: commerce.Some("renamed"), Title: commerce.Some("Ours now"),
	})
	require.NoError(t, err)
	_, err = d.Stock.LocationUpsert(k.Ctx, stock.LocationInput{By: &commerce.LocationRef{Code: "ST-BJ"}, Code: commerce.Some("ST-BJ-1")})
	require.NoError(t, err)
	_, err = d.Channels.Unpublish(k.Ctx, channels.ListInput{
		Channel: commerce.ChannelRef{Code: Shop}, Variants: []commerce.VariantRef{{SKU: "HZL-102-SND-S"}},
	})
	require.NoError(t, err)
	before := count(t, k)

	require.NoError(t, Seed(k.Ctx, d))
	require.Equal(t, before, count(t, k))
	require.Equal(t, 1, k.Count(t, "products", "handle = ? AND title = ?", "renamed", "Ours now"))
	require.Equal(t, 1, k.Count(t, "listings", "state = ?", channels.Unpublished))
}

func TestSandboxThatMovedIsConnectedAnew(t *testing.T) {
	k := testkit.SQLite(t)
	d := deps(t, k)
	require.NoError(t, Seed(k.Ctx, d))
	moved := "http://127.0.0.1:9105/rest"
	d.Marketplaces = []Marketplace{fairAt("fair", moved)}
	require.NoError(t, Seed(k.Ctx, d))
	found, err := channels.Find(k.Ctx, k.Store.Ent, []commerce.ChannelRef{{Code: "fair"}})
	require.NoError(t, err)
	require.Equal(t, moved, found[0].Settings["gatewayUrl"])
}

func TestSeedNeedsItsScopes(t *testing.T) {
	k := testkit.SQLite(t)
	err := Seed(k.As(auth.ProductsRead, auth.StockRead), deps(t, k))
	require.Equal(t, commerce.Forbidden, commerce.CodeOf(err))
	require.Zero(t, k.Count(t, "locations", ""))
}
