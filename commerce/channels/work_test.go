package channels_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestARevokedShopWaitsForAPerson(t *testing.T) { // MP-05
	for _, kind := range []integrations.ErrorKind{integrations.Unauthorized, integrations.Misconfigured} {
		for _, a := range []integrations.Ability{integrations.ReadOrders, integrations.PushStock, integrations.Publish, integrations.Ship} {
			t.Run(string(kind)+" "+string(a), func(t *testing.T) {
				k := testkit.SQLite(t)
				d := newDesk(t, k)
				id := d.sold(t, "TEE-M")
				d.ship(t, id, "SF1")
				d.put(t, "TEE-M", "WH", 5)
				d.put(t, "HAT", "WH", 5)
				_, err := d.Publish(d.ctx, list("market", "HAT"))
				require.NoError(t, err)
				d.hear(t)
				d.market.Fail(a, memory.Fault{Kind: kind})
				d.turn(t, false)
				c := d.channel(t)
				require.Equal(t, []string{channels.Broken, "ON_DEMAND", "a fault that was asked for"}, []string{c.State, c.LastErrorCode, c.LastErrorMessage})
				require.True(t, d.turn(t, false).Inactive, "work on it stops")
				tasks, err := d.Tasks(context.Background())
				require.NoError(t, err)
				require.Empty(t, tasks)

				reads := d.spy.reads
				d.put(t, "TEE-M", "WH", 4)
				d.hear(t)
				d.turn(t, true)
				require.Equal(t, reads, d.spy.reads)

				require.Equal(t, d.task.Channel, d.connect(t, "MEMORY", "market").Channel)
				d.hear(t)
				d.turn(t, false) // at once, whatever pauses were meant before
				require.Equal(t, []string{channels.Active, ""}, []string{d.channel(t).State, d.channel(t).LastErrorCode})
				require.Equal(t, 4, d.shown(t, "TEE-M").Quantity)
				require.Equal(t, channels.Live, d.listing(t, "HAT").State)
				require.Equal(t, map[string]int{"SF1": 1}, d.parcels(t, id))
			})
		}
	}
}

// What only a person can mend is noticed beside a passing fault, whichever came first.
func TestTheGravestFaultCounts(t *testing.T) {
	k := testkit.SQLite(t)
	d := newDesk(t, k)
	d.put(t, "HAT", "WH", 5)
	d.live(t, "HAT")
	d.put(t, "HAT", "WH", 4)
	d.hear(t)
	for range 3 {
		d.market.Fail(integrations.ReadOrders, memory.Fault{Kind: integrations.Temporary})
	}
	d.market.Fail(integrations.PushStock, memory.Fault{Kind: integrations.Unauthorized})
	d.turn(t, false)
	require.Equal(t, channels.Broken, d.channel(t).State)
}

// What was sold on a marketplace whose orders cannot be read is not offered there again.
func TestNoQuantityIsRaisedBlindly(t *testing.T) { // MP-08
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.put(t, "TEE-M", "WH", 5)
		d.live(t, "HAT", "TEE-M")
		d.spy.unread = &integrations.Error{Kind: integrations.Temporary, Code: "DOWN", Message: "come back later"}
		quantities := func(hat, tee int) {
			t.Helper()
			require.Equal(t, []int{hat, tee}, []int{d.shown(t, "HAT").Quantity, d.shown(t, "TEE-M").Quantity})
		}
		d.put(t, "HAT", "WH", 6)
		d.hear(t)
		d.turn(t, false)
		quantities(6, 5) // once is nothing yet

		d.kit.Clock.Advance(10 * time.Second)
		sold := d.buy(t, true, "HAT", "HAT")
		d.put(t, "HAT", "WH", 9)
		d.put(t, "TEE-M", "WH", 4)
		d.hear(t)
		d.turn(t, true)
		quantities(4, 4)
		require.Equal(t, "DOWN", d.channel(t).LastErrorCode, "it is seen why")
		again := d.sync(t, channels.SyncStock)
		d.turn(t, true)
		quantities(4, 4)
		require.Equal(t, "DONE", d.job(t, again).State)
		require.NotZero(t, d.listing(t, "HAT").DueAt, "it stays due")
		d.put(t, "HAT", "WH", 3)
		d.hear(t)
		d.turn(t, false)
		quantities(3, 4)

		// A product that is told again shows no more than it was told; what was never told can have sold nothing.
		d.put(t, "TEE-M", "WH", 8)
		d.put(t, "TEE-L", "WH", 7)
		d.product(t, "tee", true, "TEE-M", 7700, "TEE-L", 7700)
		_, err := d.Publish(d.ctx, list("market", "TEE-L"))
		require.NoError(t, err)
		d.hear(t)
		d.turn(t, false)
		quantities(3, 4)
		require.Equal(t, []int64{7700, 7700, 7}, []int64{d.shown(t, "TEE-M").Price, d.shown(t, "TEE-L").Price, int64(d.shown(t, "TEE-L").Quantity)})

		d.spy.unread = nil
		d.put(t, "HAT", "WH", 9)
		d.settle(t)
		d.stands(t, sold, orders.Open, "")
		quantities(7, 8)
	})
}

func TestALimitIsMinded(t *testing.T) { // MP-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		d.put(t, "HAT", "WH", 4)
		d.hear(t)
		for range 3 {
			d.market.Fail(integrations.PushStock, memory.Fault{Kind: integrations.Limited})
		}
		done := d.turn(t, false)
		require.Equal(t, time.Second, done.Rest, "as long as the marketplace says")
		require.Equal(t, 5, d.shown(t, "HAT").Quantity)
		l := d.listing(t, "HAT")
		require.Equal(t, []any{channels.Live, 1, "ON_DEMAND"}, []any{l.State, l.Attempts, l.ErrorCode})
		require.GreaterOrEqual(t, l.DueAt, k.Store.Instant().Add(time.Second))
		require.Equal(t, channels.Active, d.channel(t).State)
		k.Clock.Advance(time.Minute)
		require.Zero(t, d.turn(t, false).Rest)
		require.Equal(t, 4, d.shown(t, "HAT").Quantity)
	})
}

func TestOneShopsFaultDoesNotDelayAnothers(t *testing.T) { // MP-09
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		other := memory.New(k.Clock.Now)
		second := memory.Adapter(other)
		second.Kind = "SECOND"
		d.Adapters = append(d.Adapters, second)
		task := d.connect(t, "SECOND", "second")
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		_, err := d.Publish(d.ctx, list("second", "HAT"))
		require.NoError(t, err)
		for _, a := range []integrations.Ability{integrations.ReadOrders, integrations.PushStock, integrations.Ship} {
			for range 50 {
				d.market.Fail(a, memory.Fault{Kind: integrations.Temporary})
			}
		}
		turn := func() {
			d.hear(t)
			d.turn(t, false)
			_, err := d.Turn(context.Background(), task, false, true)
			require.NoError(t, err)
		}
		turn()
		d.put(t, "HAT", "WH", 3)
		turn()
		require.Equal(t, 3, other.Units()[0].Quantity)
		require.Equal(t, 5, d.shown(t, "HAT").Quantity)
		id, err := other.Buy([]string{"HAT"}, []int{2}, commerce.Address{})
		require.NoError(t, err)
		require.NoError(t, other.Move(id, "PAID"))
		turn()
		require.Equal(t, 1, k.Count(t, "orders", "external_value = ? AND state = 'OPEN'", id))
		turn()
		require.Equal(t, 1, other.Units()[0].Quantity)
	})
}

func TestOneProcessAtATime(t *testing.T) { // CR-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		other := service(t, k, "two", d.Adapters...)
		work := func(s *channels.Service) bool {
			done, err := s.Turn(context.Background(), d.task, false, true)
			require.NoError(t, err)
			return done.Held
		}
		hears := func(s *channels.Service) bool {
			d.put(t, "HAT", "ST", int64(k.Count(t, "events", ""))) // something new each time
			require.Eventually(t, func() bool { return k.Count(t, "events", "seq IS NULL") == 0 }, 20*time.Second, 5*time.Millisecond)
			n, err := s.Hear(context.Background())
			require.NoError(t, err)
			return n > 0
		}
		require.True(t, work(d.Service))
		require.True(t, hears(d.Service))
		require.False(t, work(other))
		require.False(t, hears(other))
		k.Clock.Advance(5 * time.Second)
		require.True(t, work(d.Service), "the holder renews")
		require.True(t, hears(d.Service))
		k.Clock.Advance(5 * time.Second)
		require.False(t, work(other))
		require.False(t, hears(other))

		k.Clock.Advance(4 * time.Second) // the first one has died: 9 s
		require.True(t, hears(other))
		require.True(t, work(other))
		require.False(t, work(d.Service), "and when it comes back it finds that it was replaced")
		require.False(t, hears(d.Service))
		id := d.buy(t, true, "HAT")
		require.True(t, work(other))
		k.Clock.Advance(time.Second)
		require.True(t, work(other))
		d.stands(t, id, orders.Open, "")

		require.NoError(t, other.LetGo(context.Background(), d.task))
		require.NoError(t, k.Store.LetGo(context.Background(), "two"))
		require.True(t, work(d.Service), "who leaves in order leaves at once")
		require.True(t, hears(d.Service))
	})
}

// Work itself: it goes round by itself and on being woken, lets go when it is told to end, and ends when the channel is out of work.
func TestWorkGoesOnUntilItIsToldToEnd(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		_, err := d.Publish(d.ctx, list("market", "HAT"))
		require.NoError(t, err)
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		wake, ended := make(chan struct{}, 1), make(chan error, 1)
		go func() { ended <- d.Work(ctx, d.task, wake) }()
		within := func(what string, done func() bool) {
			t.Helper()
			require.Eventually(t, done, 20*time.Second, 5*time.Millisecond, what)
		}
		within("it is published", func() bool { return k.Count(t, "listings", "state = 'LIVE'") == 1 })
		d.put(t, "HAT", "WH", 3)
		d.hear(t)
		wake <- struct{}{}
		within("it is told", func() bool { return d.shown(t, "HAT").Quantity == 3 })
		id := d.buy(t, true, "HAT")
		k.Clock.Advance(time.Second)
		within("it is read", func() bool { return k.Count(t, "orders", "external_value = ?", id) == 1 })
		require.Equal(t, 1, k.Count(t, "channels", "lease_holder = 'one' AND lease_until > 0"))
		stop()
		require.NoError(t, <-ended)
		require.Equal(t, 1, k.Count(t, "channels", "lease_holder = 'one' AND lease_until = 0"))

		d.market.Fail(integrations.ReadOrders, memory.Fault{Kind: integrations.Unauthorized})
		require.NoError(t, d.Work(context.Background(), d.task, wake), "the channel is out of work")
		require.Equal(t, channels.Broken, d.channel(t).State)
		require.Equal(t, 1, k.Count(t, "channels", "lease_until = 0"))
	})
}
