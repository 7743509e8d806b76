package demo

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
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

func TestMeasure(t *testing.T) {
	k := testkit.SQLite(t)
	d := deps(t, k)
	ctx := auth.With(context.Background(), k.Viewer(auth.Scopes()...))
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"locations", d.seedLocations}, {"products", d.seedProducts}, {"stock", d.seedStock}, {"members", d.seedMembers},
		{"channels", d.seedChannels}, {"listings", d.seedListings}, {"again", func(ctx context.Context) error { return Seed(ctx, d) }},
	} {
		at := time.Now()
		require.NoError(t, step.do(ctx))
		t.Log(step.what, time.Since(at))
	}
	t.Log(k.Count(t, "variants", ""), k.Count(t, "stock_levels", ""), k.Count(t, "events", ""))
}
