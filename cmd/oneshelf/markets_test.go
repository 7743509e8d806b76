package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/all"
	jdsandbox "github.com/oneshelf/oneshelf/integrations/jd/sandbox"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
	taobaosandbox "github.com/oneshelf/oneshelf/integrations/taobao/sandbox"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/seal"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// The buyer's contact data as the sandbox knows them: nothing of it may be kept.
const (
	buyersName  = "金丝雀"
	buyersPhone = "13912345678"
)

// stall is a brand with the SKU COAT on one marketplace's sandbox, worked on by the real adapter.
type stall struct {
	*channels.Service
	kit    *testkit.Kit
	orders *orders.Service
	stock  *stock.Service
	remote shoptest.Remote
	task   channels.Task
	in     channels.ConnectInput
	ship   string // the wire method that ships
	push   string // the wire method that pushes
}

// eachMarket runs a test against both marketplaces on both engines.
func eachMarket(t *testing.T, test func(*testing.T, *stall)) {
	t.Parallel()
	for _, kind := range []string{"TAOBAO", "JD"} {
		t.Run(kind, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) { test(t, newStall(t, k, kind)) })
		})
	}
}

func newStall(t testing.TB, k *testkit.Kit, kind string) *stall {
	t.Helper()
	s := &stall{kit: k, stock: &stock.Service{Store: k.Store}, orders: &orders.Service{Store: k.Store, Tokens: orders.NewDispatch([]byte("a key of the test's own"))}}
	var handler http.Handler
	var err error
	set := func(namesAndValues ...string) (out []channels.Setting) {
		for i := 0; i < len(namesAndValues); i += 2 {
			out = append(out, channels.Setting{Name: namesAndValues[i], Value: namesAndValues[i+1]})
		}
		return out
	}
	path := "/router/rest"
	if kind == "TAOBAO" {
		handler, err = taobaosandbox.New(taobaosandbox.Config{AppKey: "k", AppSecret: "canary-secret", Session: "canary-session", Now: k.Clock.Now, Hold: time.Millisecond})
		s.in.Settings = set("appKey", "k", "appSecret", "canary-secret", "session", "canary-session", "categoryId", demoTaobaoCategory)
		s.ship, s.push = "taobao.logistics.offline.send", "taobao.skus.quantity.update"
	} else {
		path = "/routerjson"
		handler, err = jdsandbox.New(jdsandbox.Config{AppKey: "k", AppSecret: "canary-secret", AccessToken: "canary-session", Now: k.Clock.Now, Hold: time.Millisecond})
		s.in.Settings = set("appKey", "k", "appSecret", "canary-secret", "accessToken", "canary-session", "categoryId", demoJDCategory, "freightTemplateId", demoJDFreight)
		s.ship, s.push = "jingdong.pop.order.shipment", "jingdong.ware.stock.sku.set"
	}
	require.NoError(t, err)
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	s.remote = shoptest.Control(web.URL)
	s.in.Kind, s.in.Code, s.in.Name = kind, "market", "Market"
	s.in.Settings = append(set("gatewayUrl", web.URL+path), s.in.Settings...)
	key, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "secret.key"))
	require.NoError(t, err)
	s.Service = &channels.Service{
		Store: k.Store, Adapters: all.Adapters(), Seal: key, Guard: httpx.NewGuard(true), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Holder: "one",
		Connecting: []integrations.Option{integrations.Sleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() })},
	}
	c, err := s.Connect(k.Ctx, s.in)
	require.NoError(t, err)
	s.task = channels.Task{Brand: k.Brand.ID, Channel: c.ID, Currency: "CNY", Code: "market"}
	_, err = (&catalog.Service{Store: k.Store}).Upsert(k.Ctx, catalog.UpsertInput{
		Handle: commerce.Some("coat"), Title: commerce.Some("素野 羊毛大衣 沙箱测试"), Vendor: commerce.Some("素野"),
		Category: commerce.Some([]string{"女装", "大衣"}), Media: commerce.Some([]commerce.Media{{URL: "https://img.example.com/coat.jpg"}}),
		Options: commerce.Some([]commerce.OptionSet{{Name: "Colour", Values: []string{"Navy"}}, {Name: "Size", Values: []string{"M"}}}),
		Variants: []catalog.VariantInput{{SKU: commerce.Some("COAT"), WeightGrams: commerce.Some(900), Price: commerce.Some(commerce.Money{Amount: 89900, Currency: "CNY"}),
			SelectedOptions: commerce.Some([]commerce.Option{{Name: "Colour", Value: "Navy"}, {Name: "Size", Value: "M"}})}},
	})
	require.NoError(t, err)
	_, err = s.stock.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("WH")})
	require.NoError(t, err)
	s.put(t, 5)
	_, err = s.Publish(k.Ctx, channels.ListInput{Channel: commerce.ChannelRef{Code: "market"}, Variants: []commerce.VariantRef{{SKU: "COAT"}}})
	require.NoError(t, err)
	return s
}

func (s *stall) put(t testing.TB, n int64) {
	t.Helper()
	_, _, err := s.stock.Set(s.kit.Ctx, stock.SetInput{Key: commerce.NewUUID().String(), Variant: commerce.VariantRef{SKU: "COAT"},
		Location: commerce.LocationRef{Code: "WH"}, OnHand: n, Reason: "count"})
	require.NoError(t, err)
}

// settle lets everything come through.
func (s *stall) settle(t testing.TB) {
	t.Helper()
	for range 2 {
		within(t, "facts are numbered", 20*time.Second, func() bool { return s.kit.Count(t, "events", "seq IS NULL") == 0 })
		for n := 1; n > 0; {
			var err error
			n, err = s.Hear(context.Background())
			require.NoError(t, err)
		}
		s.kit.Clock.Advance(2 * time.Second)
		_, err := s.Turn(context.Background(), s.task, false, true)
		require.NoError(t, err)
	}
}

func (s *stall) listing(t testing.TB) *ent.Listing {
	t.Helper()
	l, err := s.Store.Ent.Listing.Query().Where(listing.ChannelID(s.task.Channel)).Only(s.kit.Ctx)
	require.NoError(t, err)
	return l
}

// shown is the one unit the marketplace has.
func (s *stall) shown(t testing.TB) shoptest.Unit {
	t.Helper()
	units := s.remote.Units(t)
	require.Len(t, units, 1)
	return units[0]
}

func (s *stall) order(t testing.TB, external string) *ent.Order {
	t.Helper()
	o, err := s.Store.Ent.Order.Query().Where(order.ExternalValue(external)).Only(s.kit.Ctx)
	require.NoError(t, err)
	return o
}

func TestTheWholeWayThroughAMarketplace(t *testing.T) {
	eachMarket(t, func(t *testing.T, s *stall) {
		s.settle(t)
		l, u := s.listing(t), s.shown(t)
		require.Equal(t, []any{channels.Live, u.ID, u.SKUID, int64(5)}, []any{l.State, l.ExternalID, l.ExternalSkuID, *l.PublishedQuantity}, l.ErrorMessage)
		require.Equal(t, []any{"899.00", 5, true}, []any{u.Price, u.Quantity, u.OnSale})
		s.put(t, 8)
		s.settle(t)
		require.Equal(t, 8, s.shown(t).Quantity)

		unpaid := s.remote.Place(t, shoptest.Purchase{Lines: []shoptest.PurchaseLine{{OuterCode: "COAT", Quantity: 1}}})
		paid := s.remote.Place(t, shoptest.Purchase{Lines: []shoptest.PurchaseLine{{OuterCode: "COAT", Quantity: 2}}, Pay: true,
			Receiver: &shoptest.Receiver{Name: buyersName, Phone: buyersPhone, Province: "浙江省", City: "杭州市", District: "余杭区", Address: "示例街道" + buyersName}})
		for range 3 {
			s.settle(t)
		}
		require.Equal(t, []string{"HELD", orders.HeldUnpaid}, []string{s.order(t, unpaid.ID).State, s.order(t, unpaid.ID).HoldReason})
		require.Equal(t, []string{"OPEN", "PAID"}, []string{s.order(t, paid.ID).State, s.order(t, paid.ID).PaymentState})
		require.Equal(t, 5, s.shown(t).Quantity, "8 less both orders, once")
		require.Equal(t, 2, s.kit.Count(t, "orders", ""))
		s.remote.SetState(t, unpaid.ID, "CLOSED")
		s.settle(t)
		require.Equal(t, "CANCELED", s.order(t, unpaid.ID).State)
		require.Equal(t, 6, s.shown(t).Quantity, "it came back")

		s.remote.Fail(t, s.ship, shoptest.TimeoutAfter, 4) // more than the tries of one call: the answer is lost again and again
		s.send(t, paid.ID)
		s.settle(t)
		s.kit.Clock.Advance(time.Minute)
		s.settle(t)
		for _, o := range s.remote.Orders(t) {
			if o.ID == paid.ID {
				require.Equal(t, []shoptest.Parcel{{TrackingNumber: "SF1400011122233", Carrier: o.Shipments[0].Carrier}}, o.Shipments)
			}
		}
		require.Equal(t, "COMPLETED", s.order(t, paid.ID).State)
		require.Equal(t, 1, s.kit.Count(t, "outbox_items", "state = 'DONE'"))
		require.Equal(t, 1, s.kit.Count(t, "fulfillments", ""))
		require.Equal(t, 6, s.shown(t).Quantity)
		for _, secret := range []string{buyersName, buyersPhone, "canary"} { // MP-07
			s.nowhere(t, secret)
		}
	})
}

// send ships an order whole.
func (s *stall) send(t testing.TB, external string) {
	t.Helper()
	work, err := s.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderID(s.order(t, external).ID)).Only(s.kit.Ctx)
	require.NoError(t, err)
	a, _, err := s.orders.Accept(s.kit.Ctx, orders.AcceptInput{Key: "accept", Work: work.ID})
	require.NoError(t, err)
	_, _, err = s.orders.Ship(s.kit.Ctx, orders.ShipInput{Key: "ship", Work: work.ID, Token: a.Token, Carrier: "SF", TrackingNumber: "SF1400011122233"})
	require.NoError(t, err)
}

// nowhere checks that a text stands in no row that came from outside.
func (s *stall) nowhere(t testing.TB, text string) {
	t.Helper()
	for _, place := range []string{"channel_orders raw", "channel_orders news", "orders address", "members name", "channels settings", "channels secrets", "outbox_items payload", "events data"} {
		table, column, _ := strings.Cut(place, " ")
		rows, err := s.Store.DB.Read().Query(context.Background(), fmt.Sprintf("SELECT %s FROM %s WHERE %s IS NOT NULL", column, table, column))
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var value []byte
			require.NoError(t, rows.Scan(&value))
			require.NotContains(t, string(value), text, place)
		}
		require.NoError(t, rows.Err())
	}
}

func TestASessionThatEndsStopsTheWork(t *testing.T) { // MP-05
	eachMarket(t, func(t *testing.T, s *stall) {
		s.settle(t)
		s.put(t, 3)
		s.remote.Fail(t, s.push, shoptest.Session, 1)
		s.settle(t)
		require.Equal(t, 1, s.kit.Count(t, "channels", "state = 'ERROR' AND last_error_code <> ''"))
		require.Equal(t, 5, s.shown(t).Quantity)
		s.in.Settings = s.in.Settings[:2] // the gateway and the key; secrets stay
		if s.in.Kind == "TAOBAO" {
			s.in.Settings = append(s.in.Settings, channels.Setting{Name: "categoryId", Value: demoTaobaoCategory})
		}
		_, err := s.Connect(s.kit.Ctx, s.in)
		require.NoError(t, err)
		s.settle(t)
		require.Equal(t, 1, s.kit.Count(t, "channels", "state = 'ACTIVE' AND last_error_code = ''"))
		require.Equal(t, 3, s.shown(t).Quantity)
	})
}

// A setting that publishing needs is named on the listing, and the listing goes live once it is there.
func TestAMissingSettingIsNamed(t *testing.T) {
	eachMarket(t, func(t *testing.T, s *stall) {
		with := s.in.Settings
		s.in.Settings = with[:4]
		_, err := s.Connect(s.kit.Ctx, s.in)
		require.NoError(t, err)
		s.settle(t)
		require.Equal(t, channels.Rejected, s.listing(t).State)
		require.Contains(t, s.listing(t).ErrorMessage, "categoryId")
		require.Empty(t, s.remote.Units(t))
		s.in.Settings = with
		_, err = s.Connect(s.kit.Ctx, s.in)
		require.NoError(t, err)
		_, err = s.Publish(s.kit.Ctx, channels.ListInput{Channel: commerce.ChannelRef{Code: "market"}, Variants: []commerce.VariantRef{{SKU: "COAT"}}})
		require.NoError(t, err)
		s.settle(t)
		require.Equal(t, channels.Live, s.listing(t).State, s.listing(t).ErrorMessage)
	})
}
