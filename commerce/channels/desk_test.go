package channels_test

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/seal"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// desk is a brand with TEE-M and TEE-L of one product, HAT, CUP, which has no picture, and BAG, which has no price, at the locations WH
// and ST, and a shop on a marketplace in memory whose calls are counted.
type desk struct {
	*channels.Service
	kit     *testkit.Kit
	ctx     context.Context
	catalog *catalog.Service
	stock   *stock.Service
	orders  *orders.Service
	market  *memory.Market
	spy     *spy
	task    channels.Task
}

func newDesk(t testing.TB, k *testkit.Kit) *desk {
	t.Helper()
	market := memory.New(k.Clock.Now)
	d := &desk{
		kit: k, ctx: k.Ctx, market: market, spy: &spy{},
		catalog: &catalog.Service{Store: k.Store}, stock: &stock.Service{Store: k.Store},
		orders: &orders.Service{Store: k.Store, Tokens: orders.NewDispatch([]byte("a key of the test's own"))},
	}
	d.Service = service(t, k, "one", d.spy.on(memory.Adapter(market)))
	d.product(t, "tee", true, "TEE-M", 10000, "TEE-L", 12000)
	d.product(t, "hat", true, "HAT", 5000)
	d.product(t, "cup", false, "CUP", 2000)
	d.product(t, "bag", true, "BAG", 0)
	for i, code := range []string{"WH", "ST"} {
		_, err := d.stock.LocationUpsert(d.ctx, stock.LocationInput{Code: commerce.Some(code), Priority: commerce.Some(i)})
		require.NoError(t, err)
	}
	d.task = d.connect(t, "MEMORY", "market")
	d.hear(t)
	return d
}

// service is a process's door to channels; shops are opened so that nothing is waited for.
func service(t testing.TB, k *testkit.Kit, holder string, adapters ...integrations.Adapter) *channels.Service {
	t.Helper()
	key, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "secret.key"))
	require.NoError(t, err)
	return &channels.Service{
		Store: k.Store, Adapters: adapters, Seal: key, Guard: httpx.NewGuard(true), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Holder: holder,
		Connecting: []integrations.Option{integrations.Sleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() })},
	}
}

// product makes a product of SKUs and prices in turn; 0 is no price.
func (d *desk) product(t testing.TB, handle string, picture bool, skusAndPrices ...any) {
	t.Helper()
	in := catalog.UpsertInput{Handle: commerce.Some(handle), Title: commerce.Some("素野 " + handle)}
	var kinds []string
	for i := 0; i < len(skusAndPrices); i += 2 {
		sku := skusAndPrices[i].(string)
		v := catalog.VariantInput{SKU: commerce.Some(sku), SelectedOptions: commerce.Some([]commerce.Option{{Name: "Kind", Value: sku}})}
		if price := skusAndPrices[i+1].(int); price > 0 {
			v.Price = commerce.Some(commerce.Money{Amount: int64(price), Currency: "CNY"})
		}
		kinds, in.Variants = append(kinds, sku), append(in.Variants, v)
	}
	in.Options = commerce.Some([]commerce.OptionSet{{Name: "Kind", Values: kinds}})
	if picture {
		in.Media = commerce.Some([]commerce.Media{{URL: "https://img.example.com/" + handle + ".jpg"}})
	}
	_, err := d.catalog.Upsert(d.ctx, in)
	require.NoError(t, err)
}

// connect opens a channel without settings.
func (d *desk) connect(t testing.TB, kind, code string) channels.Task {
	t.Helper()
	c, err := d.Connect(d.ctx, channels.ConnectInput{Kind: kind, Code: code, Name: code})
	require.NoError(t, err)
	return channels.Task{Brand: d.kit.Brand.ID, Channel: c.ID, Currency: "CNY", Code: code}
}

func (d *desk) channel(t testing.TB) *ent.Channel {
	t.Helper()
	c, err := d.Store.Ent.Channel.Query().Where(channel.ID(d.task.Channel)).Only(d.ctx)
	require.NoError(t, err)
	return c
}

func list(code string, skus ...string) channels.ListInput {
	in := channels.ListInput{Channel: commerce.ChannelRef{Code: code}}
	for _, s := range skus {
		in.Variants = append(in.Variants, commerce.VariantRef{SKU: s})
	}
	return in
}

// live puts SKUs on the market and waits until it shows them.
func (d *desk) live(t testing.TB, skus ...string) {
	t.Helper()
	_, err := d.Publish(d.ctx, list(d.task.Code, skus...))
	require.NoError(t, err)
	d.settle(t)
	for _, s := range skus {
		require.Equal(t, channels.Live, d.listing(t, s).State, s)
	}
}

func (d *desk) listing(t testing.TB, sku string) *ent.Listing {
	t.Helper()
	l, err := d.Store.Ent.Listing.Query().Where(listing.ChannelID(d.task.Channel), listing.VariantID(d.variant(t, sku).ID)).Only(d.ctx)
	require.NoError(t, err)
	return l
}

func (d *desk) variant(t testing.TB, sku string) *ent.Variant {
	t.Helper()
	v, err := catalog.FindVariant(d.ctx, d.Store.Ent, commerce.VariantRef{SKU: sku})
	require.NoError(t, err)
	return v
}

// put sets what is on hand.
func (d *desk) put(t testing.TB, sku, location string, n int64) {
	t.Helper()
	_, _, err := d.stock.Set(d.ctx, stock.SetInput{Key: fresh(), Variant: commerce.VariantRef{SKU: sku}, Location: commerce.LocationRef{Code: location}, OnHand: n, Reason: "count"})
	require.NoError(t, err)
}

// level tells what is on hand and reserved of a SKU, everywhere.
func (d *desk) level(t testing.TB, sku string) (onHand, reserved int) {
	t.Helper()
	require.NoError(t, d.Store.DB.Read().QueryRow(d.ctx,
		"SELECT COALESCE(SUM(on_hand), 0), COALESCE(SUM(reserved), 0) FROM stock_levels WHERE variant_id = ?", d.variant(t, sku).ID).Scan(&onHand, &reserved))
	return
}

func (d *desk) available(t testing.TB, sku string) int {
	t.Helper()
	onHand, reserved := d.level(t, sku)
	return onHand - reserved
}

// shown is what the market shows of a SKU.
func (d *desk) shown(t testing.TB, sku string) integrations.RemoteListing {
	t.Helper()
	var found []integrations.RemoteListing
	for _, u := range d.market.Units() {
		if u.OuterCode == sku {
			found = append(found, u)
		}
	}
	require.Len(t, found, 1, "units on the market that carry %s", sku)
	return found[0]
}

// hear follows the log to its end.
func (d *desk) hear(t testing.TB) {
	t.Helper()
	require.Eventually(t, func() bool { return d.kit.Count(t, "events", "seq IS NULL") == 0 }, 20*time.Second, 5*time.Millisecond, "facts are numbered")
	for {
		n, err := d.Hear(context.Background())
		require.NoError(t, err)
		if n == 0 {
			return
		}
	}
}

// turn works on the channel once, a second later.
func (d *desk) turn(t testing.TB, sweep bool) channels.Turn {
	t.Helper()
	d.kit.Clock.Advance(time.Second)
	out, err := d.Turn(context.Background(), d.task, sweep, true)
	require.NoError(t, err)
	return out
}

// settle lets everything come through that events tell.
func (d *desk) settle(t testing.TB) {
	t.Helper()
	for range 2 {
		d.hear(t)
		require.True(t, d.turn(t, false).Held)
	}
	d.hear(t)
}

// buy places an order on the market and pays it when asked.
func (d *desk) buy(t testing.TB, pay bool, skus ...string) string {
	t.Helper()
	quantities := make([]int, len(skus))
	for i := range quantities {
		quantities[i] = 1
	}
	id, err := d.market.Buy(skus, quantities, commerce.Address{Recipient: canary, Phone: canary, Province: "浙江省", City: "杭州市", Line1: canary})
	require.NoError(t, err)
	if pay {
		require.NoError(t, d.market.Move(id, "PAID"))
	}
	return id
}

// canary is what must not be found anywhere.
const canary = "canary-13900139000"

// order is the one order of ours that was made of a marketplace's.
func (d *desk) order(t testing.TB, external string) *ent.Order {
	t.Helper()
	o, err := d.Store.Ent.Order.Query().Where(order.ChannelID(d.task.Channel), order.ExternalValue(external)).Only(d.ctx)
	require.NoError(t, err, "exactly one order for %s", external)
	return o
}

func (d *desk) stands(t testing.TB, external string, state orders.State, reason string) *ent.Order {
	t.Helper()
	o := d.order(t, external)
	require.Equal(t, []string{string(state), reason}, []string{o.State, o.HoldReason})
	return o
}

// sale is a market's order as the market has it.
func (d *desk) sale(t testing.TB, external string) memory.Sale {
	t.Helper()
	all := d.market.Sales()
	at := slices.IndexFunc(all, func(s memory.Sale) bool { return s.ExternalID == external })
	require.GreaterOrEqual(t, at, 0)
	return all[at]
}

// ledger checks that levels are the sums of their movements and nothing is negative.
func (d *desk) ledger(t testing.TB) {
	t.Helper()
	for what, query := range map[string]string{
		"levels are the sums of their movements": `SELECT COUNT(*) FROM stock_levels l WHERE
			l.on_hand <> (SELECT COALESCE(SUM(m.on_hand_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)
			OR l.reserved <> (SELECT COALESCE(SUM(m.reserved_delta), 0) FROM stock_movements m WHERE m.variant_id = l.variant_id AND m.location_id = l.location_id)`,
		"nothing is negative": "SELECT COUNT(*) FROM stock_levels WHERE on_hand < 0 OR reserved < 0",
	} {
		var wrong int
		require.NoError(t, d.Store.DB.Read().QueryRow(d.ctx, query).Scan(&wrong), what)
		require.Zero(t, wrong, what)
	}
}

// fresh is a key that nobody used.
func fresh() string { return commerce.NewUUID().String() }

// spy counts what a shop is asked, and may look at pushes and change the orders that are read.
type spy struct {
	mu        sync.Mutex
	pushes    []integrations.StockPush
	publishes int
	ships     int
	reads     int
	back      []time.Duration                                 // how long each window was that was read
	opened    []map[string]string                             // the settings each shop was opened with
	orders    func([]integrations.Order) []integrations.Order // changes every batch when set
	unread    error                                           // answers every reading of orders when set
	refuse    func(integrations.StockPush) error              // answers a push instead of the market when it is not nil
}

func (s *spy) on(a integrations.Adapter) integrations.Adapter {
	open := a.Open
	a.Open = func(cfg integrations.Config) (integrations.Shop, error) {
		shop, err := open(cfg)
		if err != nil {
			return nil, err
		}
		s.note(func() { s.opened = append(s.opened, cfg.Settings) })
		return spied{shop, shop.(integrations.Publisher), shop.(integrations.Shipper), shop.(integrations.Fetcher), s}, nil
	}
	return a
}

func (s *spy) note(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// pushed takes what was pushed since the last time.
func (s *spy) pushed() (out []integrations.StockPush) {
	s.note(func() { out, s.pushes = s.pushes, nil })
	return out
}

type spied struct {
	integrations.Shop
	integrations.Publisher
	integrations.Shipper
	integrations.Fetcher
	spy *spy
}

func (s spied) Orders(ctx context.Context, since, until time.Time, yield func([]integrations.Order) error) error {
	s.spy.note(func() { s.spy.reads, s.spy.back = s.spy.reads+1, append(s.spy.back, until.Sub(since)) })
	if s.spy.unread != nil {
		return s.spy.unread
	}
	return s.Shop.Orders(ctx, since, until, func(batch []integrations.Order) error {
		if s.spy.orders != nil {
			batch = s.spy.orders(batch)
		}
		return yield(batch)
	})
}

func (s spied) PushStock(ctx context.Context, pushes []integrations.StockPush) ([]error, error) {
	s.spy.note(func() { s.spy.pushes = append(s.spy.pushes, pushes...) })
	results := make([]error, len(pushes))
	for i, p := range pushes {
		if s.spy.refuse != nil {
			results[i] = s.spy.refuse(p)
		}
		if results[i] != nil {
			continue
		}
		answers, err := s.Shop.PushStock(ctx, []integrations.StockPush{p})
		if err != nil {
			return nil, err
		}
		results[i] = answers[0]
	}
	return results, nil
}

func (s spied) Publish(ctx context.Context, d integrations.Draft) (integrations.Published, error) {
	s.spy.note(func() { s.spy.publishes++ })
	return s.Publisher.Publish(ctx, d)
}

func (s spied) Ship(ctx context.Context, p integrations.Shipment) error {
	s.spy.note(func() { s.spy.ships++ })
	return s.Shipper.Ship(ctx, p)
}

// holding lists the columns written by channels in which a text stands.
func holding(t testing.TB, store *events.Store, text string) (found []string) {
	t.Helper()
	for _, place := range []string{
		"channels.settings", "channels.secrets", "channels.name", "channels.last_error_message", "channel_orders.raw", "channel_orders.news",
		"orders.address", "order_lines.title", "outbox_items.payload", "outbox_items.error_message", "events.data", "order_entries.note", "members.name",
	} {
		table, column, _ := strings.Cut(place, ".")
		rows, err := store.DB.Read().Query(context.Background(), "SELECT "+column+" FROM "+table+" WHERE "+column+" IS NOT NULL")
		values, err := db.Collect(rows, err, func(r *sql.Rows) (v []byte, err error) { return v, r.Scan(&v) })
		require.NoError(t, err, place)
		if slices.ContainsFunc(values, func(v []byte) bool { return strings.Contains(string(v), text) }) {
			found = append(found, place)
		}
	}
	return found
}
