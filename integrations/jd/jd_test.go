package jd_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd"
	"github.com/oneshelf/oneshelf/integrations/jd/sandbox"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
)

func TestConformance(t *testing.T) {
	shoptest.Run(t, func(t testing.TB) shoptest.Harness {
		clock := shoptest.NewClock(time.Date(2026, 3, 18, 23, 30, 0, 0, time.UTC)) // another day in China already
		shop, err := sandbox.New(sandbox.Config{AppKey: "key", AppSecret: "secret", AccessToken: "token", Now: clock.Now, Hold: 50 * time.Millisecond})
		require.NoError(t, err)
		server := httptest.NewServer(shop)
		t.Cleanup(server.Close)
		return shoptest.Harness{
			Adapter: jd.Adapter, Remote: shoptest.Control(server.URL), Clock: clock, Skew: 6 * time.Minute, Session: "accessToken",
			Settings: map[string]string{"gatewayUrl": server.URL + "/routerjson", "appKey": "key", "appSecret": "secret", "accessToken": "token",
				"categoryId": "9719", "freightTemplateId": "7654321", "brandId": "412345"},
			PublishNeeds: []string{"categoryId", "freightTemplateId"},
			Abilities: []integrations.Ability{integrations.ReadOrders, integrations.ReadListings, integrations.PushStock, integrations.Publish,
				integrations.Ship, integrations.FetchOrder},
			Methods: map[integrations.Ability]string{integrations.ReadOrders: "jingdong.pop.order.enSearch",
				integrations.ReadListings: "jingdong.sku.read.searchSkuList", integrations.PushStock: "jingdong.ware.stock.sku.set",
				integrations.Publish: "jingdong.ware.write.add", integrations.Ship: "jingdong.pop.order.shipment"},
		}
	})
}
