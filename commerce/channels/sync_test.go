package channels_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/job"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// sync asks for work now.
func (d *desk) sync(t testing.TB, what ...string) *ent.Job {
	t.Helper()
	j, err := d.Sync(d.ctx, channels.SyncInput{Channel: commerce.ChannelRef{Code: d.task.Code}, What: what})
	require.NoError(t, err)
	require.Equal(t, "QUEUED", j.State)
	return j
}

func (d *desk) job(t testing.TB, j *ent.Job) *ent.Job {
	t.Helper()
	now, err := d.Store.Ent.Job.Query().Where(job.ID(j.ID)).Only(d.ctx)
	require.NoError(t, err)
	return now
}

func TestASyncIsAJob(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.market.Seed(integrations.RemoteListing{OuterCode: "HAT", Title: "帽子", Price: 4900, Quantity: 1})
		d.market.Seed(integrations.RemoteListing{OuterCode: "STRANGE", Title: "?", Price: 100, Quantity: 1})
		j := d.sync(t, channels.SyncListings, channels.SyncStock, channels.SyncOrders)
		bought := d.buy(t, true, "HAT")
		d.turn(t, false)
		done := d.job(t, j)
		require.Equal(t, []any{"DONE", 3, 3, ""}, []any{done.State, done.Done, done.Total, done.Error})
		require.Positive(t, done.FinishedAt)

		l := d.listing(t, "HAT")
		require.Equal(t, []string{channels.Live, d.shown(t, "HAT").ExternalID, d.shown(t, "HAT").ExternalSKUID}, []string{l.State, l.ExternalID, l.ExternalSkuID}, "mapped by its outer code")
		require.EqualValues(t, 4900, *l.PublishedPrice)
		require.Equal(t, 1, k.Count(t, "listings", ""), "what we do not know is left alone")
		d.stands(t, bought, orders.Open, "")
		d.settle(t)
		require.Equal(t, 4, d.shown(t, "HAT").Quantity)
		require.Zero(t, d.spy.publishes, "nothing was published anew")

		again := d.sync(t, channels.SyncListings)
		d.turn(t, false)
		require.Equal(t, "DONE", d.job(t, again).State)
		require.Equal(t, l.ID, d.listing(t, "HAT").ID)
	})
}

func TestASyncGoesOnAfterACrash(t *testing.T) { // CR-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		j := d.sync(t, channels.SyncOrders, channels.SyncStock)
		// As a process leaves it that dies between the two.
		_, err := d.Store.DB.Write().Exec(d.ctx, "UPDATE jobs SET state = 'RUNNING', done = 1")
		require.NoError(t, err)
		d.spy.pushed()
		d.turn(t, false)
		require.Equal(t, "DONE", d.job(t, j).State)
		require.Len(t, d.spy.pushed(), 1)
	})
}

func TestASyncThatFailsSaysWhy(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		j := d.sync(t, channels.SyncListings)
		d.market.Fail(integrations.ReadListings, memory.Fault{Kind: integrations.Rejected})
		d.turn(t, false)
		failed := d.job(t, j)
		require.Equal(t, []any{"FAILED", "ON_DEMAND: a fault that was asked for"}, []any{failed.State, failed.Error})
		require.Positive(t, failed.FinishedAt)

		j = d.sync(t, channels.SyncListings)
		for range 3 {
			d.market.Fail(integrations.ReadListings, memory.Fault{Kind: integrations.Temporary})
		}
		d.turn(t, false)
		require.Equal(t, []any{"RUNNING", 1}, []any{d.job(t, j).State, d.job(t, j).Attempts})
		d.kit.Clock.Advance(time.Minute)
		d.turn(t, false)
		require.Equal(t, "DONE", d.job(t, j).State)
	})
}

func TestASyncIsAskedForProperly(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.connect(t, channels.Storefront, "shop")
		in := func(code string, what ...string) channels.SyncInput {
			return channels.SyncInput{Channel: commerce.ChannelRef{Code: code}, What: what}
		}
		_, err := d.Sync(d.ctx, in("market"))
		testkit.Refused(t, err, commerce.InvalidInput, "what")
		_, err = d.Sync(d.ctx, in("nowhere", channels.SyncStock))
		testkit.Refused(t, err, commerce.NotFound, "channel")
		_, err = d.Sync(k.OtherCtx, in("market", channels.SyncStock))
		testkit.Refused(t, err, commerce.NotFound, "channel")
		_, err = d.Sync(d.ctx, in("shop", channels.SyncStock))
		testkit.Refused(t, err, commerce.InvalidInput, "channel")
		_, err = d.Sync(k.Without(auth.ChannelsWrite), in("market", channels.SyncStock))
		testkit.Refused(t, err, commerce.Forbidden, "")
		d.market.Fail(integrations.ReadOrders, memory.Fault{Kind: integrations.Unauthorized})
		d.turn(t, false)
		_, err = d.Sync(d.ctx, in("market", channels.SyncStock))
		testkit.Refused(t, err, commerce.IllegalTransition, "channel")
		require.Zero(t, k.Count(t, "jobs", ""))
	})
}
