package taobao_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
	"github.com/oneshelf/oneshelf/integrations/taobao"
	"github.com/oneshelf/oneshelf/integrations/taobao/sandbox"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	shoptest.Run(t, func(t testing.TB) shoptest.Harness { return harness(t, sandbox.Config{}) })
}

// harness starts a sandbox of its own.
func harness(t testing.TB, cfg sandbox.Config) shoptest.Harness {
	clock := shoptest.NewClock(time.Date(2025, 6, 18, 1, 0, 0, 0, time.UTC))
	cfg.AppKey, cfg.AppSecret, cfg.Session, cfg.Now, cfg.Hold = "23456789", "0f1e2d3c4b5a6978", "6100e2session", clock.Now, 50*time.Millisecond
	server, err := sandbox.New(cfg)
	require.NoError(t, err)
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	return shoptest.Harness{
		Adapter: taobao.Adapter, Remote: shoptest.Control(web.URL), Clock: clock, Skew: 10 * time.Minute, Session: "session", PublishNeeds: []string{"categoryId"},
		Settings:  map[string]string{"gatewayUrl": web.URL + "/router/rest", "appKey": cfg.AppKey, "appSecret": cfg.AppSecret, "session": cfg.Session, "categoryId": "50010850"},
		Abilities: []integrations.Ability{integrations.ReadOrders, integrations.ReadListings, integrations.PushStock, integrations.Publish, integrations.Ship, integrations.FetchOrder},
		Methods: map[integrations.Ability]string{integrations.ReadOrders: "taobao.trades.sold.increment.get", integrations.ReadListings: "taobao.items.onsale.get",
			integrations.PushStock: "taobao.skus.quantity.update", integrations.Publish: "alibaba.item.publish.submit", integrations.Ship: "taobao.logistics.offline.send"},
	}
}
