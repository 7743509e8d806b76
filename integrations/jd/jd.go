// Package jd sells through JD's open platform for third-party shops (POP), over its routerjson gateway. It polls: a push of orders to
// sellers is not documented. It never calls the APIs that tell receivers in plain text; cipher text and masks are passed on as they come.
package jd

import (
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
)

// Adapter is JD.
var Adapter = integrations.Adapter{
	Kind:  "JD",
	Title: "JD (京东 POP)",
	Settings: []integrations.Setting{
		{Name: "gatewayUrl", Title: "Gateway, as https://api.jd.com/routerjson", Required: true, URL: true},
		{Name: "appKey", Title: "App key", Required: true},
		{Name: "appSecret", Title: "App secret", Required: true, Secret: true},
		{Name: "accessToken", Title: "The seller's access token", Required: true, Secret: true},
		{Name: "categoryId", Title: "Third-level category that new wares go into"},
		{Name: "freightTemplateId", Title: "Freight template of new wares (transportId)"},
		{Name: "brandId", Title: "Brand of new wares"},
	},
	Currency: "CNY",
	// jingdong.pop.order.shipment ships the whole order; parts of one can only be reported over the successor gateway.
	Parts: integrations.WholeOrders,
	Abilities: []integrations.Ability{
		integrations.ReadOrders, integrations.ReadListings, integrations.PushStock, integrations.Publish, integrations.Ship, integrations.FetchOrder,
	},
	// JD publishes no rate; the console shows quotas per application. This is what connectors live with.
	Pace: integrations.Pace{PerSecond: 10, Burst: 20},
	Open: openShop,
}

type shop struct {
	gateway, key, secret, token string
	category, freight, brand    int64
	http                        *http.Client
	now                         func() time.Time
	allWorks                    atomic.Bool // an order search for ALL has been answered
}

func openShop(cfg integrations.Config) (integrations.Shop, error) {
	s := &shop{key: cfg.Settings["appKey"], secret: cfg.Settings["appSecret"], token: cfg.Settings["accessToken"], http: cfg.HTTP, now: cfg.Now}
	gateway, err := url.Parse(cfg.Settings["gatewayUrl"])
	if err != nil || gateway.Host == "" {
		return nil, made(integrations.Misconfigured, "SETTING", "gatewayUrl is no address")
	}
	if gateway.Path == "" || gateway.Path == "/" {
		gateway.Path = "/routerjson"
	}
	s.gateway = gateway.String()
	for name, into := range map[string]*int64{"categoryId": &s.category, "freightTemplateId": &s.freight, "brandId": &s.brand} {
		text := cfg.Settings[name]
		if text == "" {
			continue
		}
		if *into, err = strconv.ParseInt(text, 10, 64); err != nil || *into <= 0 {
			return nil, made(integrations.Misconfigured, "SETTING", name+" must be one of JD's numbers")
		}
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Close implements integrations.Shop. There is nothing to let go of.
func (s *shop) Close() error { return nil }

var (
	_ integrations.Shop      = (*shop)(nil)
	_ integrations.Publisher = (*shop)(nil)
	_ integrations.Shipper   = (*shop)(nil)
	_ integrations.Fetcher   = (*shop)(nil)
)
