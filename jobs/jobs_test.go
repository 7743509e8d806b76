package jobs_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/seal"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/jobs"
)

// runner is a process's background work, on a marketplace that nobody has an adapter for: what its channel notes tells that it was
// worked on.
func runner(t testing.TB, k *testkit.Kit, holder string) *jobs.Runner {
	t.Helper()
	key, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "secret.key"))
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	return &jobs.Runner{
		Store: k.Store, Log: log, Orders: &orders.Service{Store: k.Store},
		Channels: &channels.Service{Store: k.Store, Seal: key, Guard: httpx.NewGuard(false), Log: log, Holder: holder},
	}
}

// orphan makes an active channel of a kind without an adapter.
func orphan(t testing.TB, k *testkit.Kit, code string) {
	t.Helper()
	_, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (struct{}, error) {
		tx.Record(events.Fact{Type: events.ProductChanged, Aggregate: commerce.NewUUID(), Sequence: 1})
		return struct{}{}, tx.Ent.Channel.Create().SetCode(code).SetCodeFolded(code).SetName(code).SetKind("GONE").SetState(channels.Active).
			SetCurrency("CNY").SetSettings(map[string]string{}).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Exec(k.Ctx)
	})
	require.NoError(t, err)
}

// run works until stop is called, which waits for the end.
func run(t testing.TB, r *jobs.Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	stop = func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Error("the work did not end")
		}
	}
	t.Cleanup(stop)
	return stop
}

func within(t testing.TB, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 20*time.Second, 10*time.Millisecond, what)
}

func TestChannelsAreFoundAndWorkedOn(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		orphan(t, k, "a")
		stop := run(t, runner(t, k, "one"))
		broken := func(n int) func() bool {
			return func() bool { return k.Count(t, "channels", "state = 'ERROR' AND last_error_code = 'KIND'") == n }
		}
		within(t, "the channel that was there is worked on", broken(1))
		orphan(t, k, "b")
		within(t, "and one that comes later too", broken(2))
		within(t, "the log is followed to its end", func() bool {
			return k.Count(t, "event_cursors", "lease_holder = 'one' AND seq = (SELECT MAX(seq) FROM events)") == 1
		})
		_, err := k.Store.DB.Write().Exec(context.Background(), "UPDATE channels SET state = 'ACTIVE', last_error_code = ''")
		require.NoError(t, err)
		within(t, "one that is active again is taken up again", broken(2))
		stop()
		require.Equal(t, 1, k.Count(t, "event_cursors", "lease_until = 0"), "who leaves in order leaves at once")
		require.Zero(t, k.Count(t, "channels", "lease_until > 0"))
	})
}

// What changes at a location and not at its levels is no event of theirs.
func TestTheBrandsOwnShopIsLookedAfter(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		_, err := (&catalog.Service{Store: k.Store}).Upsert(k.Ctx, catalog.UpsertInput{
			Handle: commerce.Some("hat"), Title: commerce.Some("Hat"), Variants: []catalog.VariantInput{{SKU: commerce.Some("HAT")}},
		})
		require.NoError(t, err)
		shelf, hat := &stock.Service{Store: k.Store}, commerce.VariantRef{SKU: "HAT"}
		_, err = shelf.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("WH")})
		require.NoError(t, err)
		_, _, err = shelf.Set(k.Ctx, stock.SetInput{Key: "count", Variant: hat, Location: commerce.LocationRef{Code: "WH"}, OnHand: 5, Reason: "count"})
		require.NoError(t, err)
		one := runner(t, k, "one")
		_, err = one.Channels.Connect(k.Ctx, channels.ConnectInput{Kind: channels.Storefront, Code: "shop", Name: "Shop"})
		require.NoError(t, err)
		_, err = one.Channels.Publish(k.Ctx, channels.ListInput{Channel: commerce.ChannelRef{Code: "shop"}, Variants: []commerce.VariantRef{hat}})
		require.NoError(t, err)
		within(t, "facts are numbered", func() bool { return k.Count(t, "events", "seq IS NULL") == 0 })
		_, err = one.Channels.Hear(context.Background())
		require.NoError(t, err)
		_, err = shelf.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("WH"), Active: commerce.Some(false)})
		require.NoError(t, err)
		require.Equal(t, 1, k.Count(t, "listings", "published_quantity = 5"))
		stop := run(t, one)
		within(t, "it shows what is so", func() bool { return k.Count(t, "listings", "published_quantity = 0 AND desired_quantity = 0") == 1 })
		stop()
		require.Equal(t, 1, k.Count(t, "channels", "state = 'ACTIVE' AND last_error_code = '' AND lease_until = 0"))
	})
}

func TestOnlyOneProcessFollowsTheLog(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		one, two := runner(t, k, "one"), runner(t, k, "two")
		orphan(t, k, "a")
		stop := run(t, one)
		followed := func(by string) func() bool {
			return func() bool {
				return k.Count(t, "event_cursors", "lease_holder = ? AND seq = (SELECT MAX(seq) FROM events)", by) == 1
			}
		}
		within(t, "the first follows", followed("one"))
		run(t, two)
		orphan(t, k, "b")
		within(t, "the first goes on", followed("one"))
		stop()
		orphan(t, k, "c")
		within(t, "the second takes over", followed("two"))
	})
}

func TestKeysThatHaveHadTheirTimeAreSweptUp(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		use := func(key string) {
			_, _, err := events.Once(k.Ctx, k.Store, events.Call{Operation: "stockAdjust", Key: key, Input: 1}, func(*events.Tx) (int, error) { return 1, nil })
			require.NoError(t, err)
		}
		use("old")
		k.Clock.Advance(25 * time.Hour)
		use("a day")
		k.Clock.Advance(24 * time.Hour)
		use("new")
		run(t, runner(t, k, "one"))
		within(t, "the old one goes", func() bool { return k.Count(t, "idempotency_keys", "key = 'old'") == 0 })
		require.Equal(t, 2, k.Count(t, "idempotency_keys", ""), "a day is promised, and kept")
	})
}

func TestReservationsEndByThemselves(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		_, err := (&catalog.Service{Store: k.Store}).Upsert(k.Ctx, catalog.UpsertInput{
			Handle: commerce.Some("hat"), Title: commerce.Some("Hat"), Variants: []catalog.VariantInput{{SKU: commerce.Some("HAT")}},
		})
		require.NoError(t, err)
		shelf := &stock.Service{Store: k.Store}
		_, err = shelf.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("WH")})
		require.NoError(t, err)
		hat := commerce.VariantRef{SKU: "HAT"}
		_, _, err = shelf.Set(k.Ctx, stock.SetInput{Key: "count", Variant: hat, Location: commerce.LocationRef{Code: "WH"}, OnHand: 5, Reason: "count"})
		require.NoError(t, err)
		one, two := runner(t, k, "one"), runner(t, k, "two")
		for i, ttl := range []int{60, 3600} {
			_, _, err = one.Orders.Reserve(k.Ctx, orders.ReserveInput{Key: strconv.Itoa(i), TTL: ttl, Lines: []orders.ReserveLine{{Variant: hat, Quantity: 2}}})
			require.NoError(t, err)
		}
		k.Clock.Advance(61 * time.Second)
		run(t, one)
		run(t, two)
		within(t, "the one whose time is over", func() bool { return k.Count(t, "reservations", "state = 'EXPIRED'") == 1 })
		require.Equal(t, 1, k.Count(t, "stock_levels", "reserved = 2"), "the other stands")
		require.Equal(t, 1, k.Count(t, "stock_movements", "kind = 'RELEASE'"))
	})
}
