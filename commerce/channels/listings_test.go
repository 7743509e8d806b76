package channels_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestAListingGoesLiveAndOffAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "TEE-M", "WH", 5)
		d.put(t, "TEE-M", "ST", 2)
		listings, err := d.Publish(d.ctx, list("market", "TEE-M", "TEE-L", "TEE-M"))
		require.NoError(t, err)
		require.Len(t, listings, 3)
		for _, l := range listings {
			require.Equal(t, channels.Pending, l.State)
			require.Empty(t, l.ExternalID)
		}
		d.settle(t)
		m, l := d.listing(t, "TEE-M"), d.listing(t, "TEE-L")
		require.Equal(t, []string{channels.Live, channels.Live}, []string{m.State, l.State})
		require.Equal(t, m.ExternalID, l.ExternalID, "one item for the product")
		require.NotEmpty(t, m.ExternalID)
		require.Equal(t, integrations.RemoteListing{ExternalID: m.ExternalID, ExternalSKUID: m.ExternalSkuID, OuterCode: "TEE-M", Title: "素野 tee", Price: 10000, Quantity: 7, Live: true},
			d.shown(t, "TEE-M"))
		require.Equal(t, []any{int64(7), int64(10000), int64(7)}, []any{*m.PublishedQuantity, *m.PublishedPrice, m.DesiredQuantity})
		require.Zero(t, m.DueAt)
		require.Equal(t, 1, d.spy.publishes)

		off, err := d.Unpublish(d.ctx, list("market", "TEE-L"))
		require.NoError(t, err)
		require.Equal(t, channels.Pending, off[0].State)
		d.settle(t)
		require.Equal(t, channels.Unpublished, d.listing(t, "TEE-L").State)
		require.False(t, d.shown(t, "TEE-L").Live)
		require.True(t, d.shown(t, "TEE-M").Live, "the other one stays")
		version := d.listing(t, "TEE-L").Version
		_, err = d.Unpublish(d.ctx, list("market", "TEE-L"))
		require.NoError(t, err)
		require.Equal(t, version, d.listing(t, "TEE-L").Version, "twice is once")
		_, err = d.Unpublish(d.ctx, list("market", "HAT"))
		testkit.Refused(t, err, commerce.NotFound, "variants.0")

		d.put(t, "TEE-L", "WH", 3)
		d.live(t, "TEE-L")
		require.Equal(t, m.ExternalID, d.listing(t, "TEE-L").ExternalID)
		require.Equal(t, 3, d.shown(t, "TEE-L").Quantity)
		require.Len(t, d.market.Units(), 2, "nothing was made twice")
	})
}

func TestListingsAreAskedForProperly(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		_, err := d.Publish(d.ctx, list("nowhere", "HAT"))
		testkit.Refused(t, err, commerce.NotFound, "channel")
		_, err = d.Publish(d.ctx, list("market", "HAT", "NONE"))
		testkit.Refused(t, err, commerce.NotFound, "variants.1")
		_, err = d.Publish(d.ctx, list("market"))
		testkit.Refused(t, err, commerce.InvalidInput, "variants")
		_, err = d.Publish(k.Without(auth.ChannelsWrite), list("market", "HAT"))
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, err = d.Publish(k.OtherCtx, list("market", "HAT"))
		testkit.Refused(t, err, commerce.NotFound, "channel")
		_, err = d.Publish(k.On(), list("market", "HAT"))
		testkit.Refused(t, err, commerce.NotFound, "channel")
		require.Zero(t, k.Count(t, "listings", ""))
	})
}

func TestARefusedListingSaysWhy(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 1)
		_, err := d.Publish(d.ctx, list("market", "CUP", "BAG", "HAT"))
		require.NoError(t, err)
		d.settle(t)
		cup, bag := d.listing(t, "CUP"), d.listing(t, "BAG")
		require.Equal(t, []string{channels.Rejected, "IMAGE_MISSING"}, []string{cup.State, cup.ErrorCode})
		require.Contains(t, cup.ErrorMessage, "image")
		require.Equal(t, []string{channels.Rejected, "NO_PRICE"}, []string{bag.State, bag.ErrorCode})
		require.Contains(t, bag.ErrorMessage, "BAG has no price in CNY")
		require.Equal(t, channels.Live, d.listing(t, "HAT").State, "the others are not held up")
		require.Equal(t, channels.Active, d.channel(t).State)
		calls := d.spy.publishes
		d.kit.Clock.Advance(time.Hour)
		d.settle(t)
		require.Equal(t, calls, d.spy.publishes, "what was refused is not said again unchanged")

		_, err = d.catalog.PriceSet(d.ctx, catalog.PriceInput{Variant: commerce.VariantRef{SKU: "BAG"}, Amount: commerce.Money{Amount: 700, Currency: "CNY"}})
		require.NoError(t, err)
		d.product(t, "cup", true, "CUP", 2000)
		d.live(t, "BAG", "CUP")
		require.EqualValues(t, 700, d.shown(t, "BAG").Price)
		require.Empty(t, d.listing(t, "BAG").ErrorCode)
	})
}

// refusing answers pushes of a SKU with an error, of every quantity or of one.
func refusing(kind integrations.ErrorKind, sku string, quantities ...int) func(integrations.StockPush) error {
	return func(p integrations.StockPush) error {
		if p.OuterCode != sku || len(quantities) > 0 && !slices.Contains(quantities, p.Quantity) {
			return nil
		}
		return &integrations.Error{Kind: kind, Code: "LOCKED", Message: "the figure is locked"}
	}
}

func TestARefusedQuantityIsNotForgotten(t *testing.T) { // MP-08
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.put(t, "TEE-M", "WH", 5)
		d.live(t, "HAT", "TEE-M")
		d.spy.refuse = refusing(integrations.Rejected, "HAT", 3)
		d.put(t, "HAT", "WH", 3)
		d.put(t, "TEE-M", "WH", 3)
		d.settle(t)
		require.Equal(t, []int{5, 3}, []int{d.shown(t, "HAT").Quantity, d.shown(t, "TEE-M").Quantity}, "the others are not held up")
		l := d.listing(t, "HAT")
		require.Equal(t, []any{channels.Live, "LOCKED", "the figure is locked", int64(5), int64(3)},
			[]any{l.State, l.ErrorCode, l.ErrorMessage, *l.PublishedQuantity, l.DesiredQuantity}, "it is on sale, and not as it should be")
		require.Equal(t, channels.Active, d.channel(t).State)

		d.put(t, "HAT", "WH", 2)
		d.settle(t)
		require.Equal(t, 2, d.shown(t, "HAT").Quantity, "the next figure is told at once")
		l = d.listing(t, "HAT")
		require.Equal(t, []any{channels.Live, "", 0}, []any{l.State, l.ErrorCode, l.Attempts})

		d.spy.refuse = refusing(integrations.Unsupported, "HAT")
		d.put(t, "HAT", "WH", 0)
		d.settle(t)
		d.spy.pushed()
		for range 60 {
			d.kit.Clock.Advance(time.Minute)
			d.turn(t, true)
			d.turn(t, false)
		}
		tries := len(d.spy.pushed())
		require.True(t, tries > 5 && tries < 20, "an hour's tries grow rare and do not end: %d", tries)
		d.spy.refuse = nil
		d.kit.Clock.Advance(11 * time.Minute)
		d.turn(t, true)
		require.Zero(t, d.shown(t, "HAT").Quantity)
		require.Empty(t, d.listing(t, "HAT").ErrorCode)

		d.spy.refuse = refusing(integrations.Rejected, "HAT")
		d.put(t, "HAT", "WH", 7)
		d.settle(t)
		d.spy.refuse = nil
		d.connect(t, "MEMORY", "market")
		d.turn(t, false)
		require.Equal(t, 7, d.shown(t, "HAT").Quantity, "what stood in the way may be gone")
	})
}

// A change of a product that the marketplace refuses leaves the old item on sale: it must not sell what is gone.
func TestWhatWasRefusedDoesNotSellWhatIsGone(t *testing.T) { // MP-08
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		d.market.Fail(integrations.Publish, memory.Fault{Kind: integrations.Rejected})
		d.product(t, "hat", true, "HAT", 7700)
		d.settle(t)
		stands := func(quantity int) {
			t.Helper()
			l := d.listing(t, "HAT")
			require.Equal(t, []any{channels.Rejected, "ON_DEMAND", int64(5000)}, []any{l.State, l.ErrorCode, *l.PublishedPrice})
			require.Equal(t, quantity, d.shown(t, "HAT").Quantity)
			require.EqualValues(t, quantity, *l.PublishedQuantity)
		}
		stands(5)
		d.put(t, "HAT", "WH", 1)
		d.settle(t)
		stands(1)
		d.spy.refuse = refusing(integrations.Rejected, "HAT")
		d.put(t, "HAT", "WH", 0)
		d.settle(t)
		stands(1)
		d.spy.refuse = nil
		d.kit.Clock.Advance(15 * time.Second)
		d.turn(t, true)
		stands(0)
		d.spy.pushed()
		d.settle(t)
		require.Empty(t, d.spy.pushed(), "what is told is not told again")

		for _, what := range []string{channels.SyncStock, channels.SyncListings} {
			d.market.Seed(integrations.RemoteListing{OuterCode: "HAT", Price: 5000, Quantity: 99})
			d.sync(t, what)
			d.settle(t)
			stands(0)
		}

		// So too when it could not be taken off. The product's next change tries that again, and does not put it back.
		_, err := d.Publish(d.ctx, list("market", "HAT"))
		require.NoError(t, err)
		d.put(t, "HAT", "WH", 4)
		d.settle(t)
		_, err = d.Unpublish(d.ctx, list("market", "HAT"))
		require.NoError(t, err)
		d.market.Fail(integrations.Publish, memory.Fault{Kind: integrations.Rejected})
		d.settle(t)
		require.Equal(t, channels.Rejected, d.listing(t, "HAT").State)
		d.put(t, "HAT", "WH", 0)
		d.settle(t)
		require.Zero(t, d.shown(t, "HAT").Quantity)
		require.True(t, d.shown(t, "HAT").Live)
		d.spy.pushed()
		d.turn(t, true)
		require.Empty(t, d.spy.pushed())
		d.product(t, "hat", true, "HAT", 8800)
		d.settle(t)
		require.Equal(t, channels.Unpublished, d.listing(t, "HAT").State)
		require.False(t, d.shown(t, "HAT").Live)
	})
}

// What the marketplace does not know any more is told again once a sync has found it.
func TestALostUnitIsFoundAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		_, err := d.Store.DB.Write().Exec(d.ctx, "UPDATE listings SET external_sku_id = 'gone'")
		require.NoError(t, err)
		d.put(t, "HAT", "WH", 3)
		d.settle(t)
		require.Equal(t, []string{channels.Rejected, "NO_UNIT"}, []string{d.listing(t, "HAT").State, d.listing(t, "HAT").ErrorCode})
		d.sync(t, channels.SyncListings)
		d.settle(t)
		require.Equal(t, 3, d.shown(t, "HAT").Quantity)
		require.Equal(t, d.shown(t, "HAT").ExternalSKUID, d.listing(t, "HAT").ExternalSkuID)
	})
}

func TestARefusalEndsWhenTheProductChanges(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		_, err := d.Publish(d.ctx, list("market", "CUP"))
		require.NoError(t, err)
		d.settle(t)
		refused := d.listing(t, "CUP")
		require.Equal(t, channels.Rejected, refused.State)
		d.product(t, "cup", true, "CUP", 2000)
		d.hear(t)
		again := d.listing(t, "CUP")
		require.Equal(t, []any{channels.Pending, "", refused.Version + 1}, []any{again.State, again.ErrorCode, again.Version})
		require.Equal(t, 1, k.Count(t, "events", "type = 'LISTING_CHANGED' AND aggregate_id = ? AND sequence = ?", again.ID, again.Version), "and it is said")
		d.turn(t, false)
		require.Equal(t, channels.Live, d.listing(t, "CUP").State)
		require.True(t, d.shown(t, "CUP").Live)
	})
}

func TestAChangedProductIsToldAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.live(t, "HAT")
		d.product(t, "hat", true, "HAT", 7700)
		d.settle(t)
		require.EqualValues(t, 7700, d.shown(t, "HAT").Price)
		require.EqualValues(t, 7700, *d.listing(t, "HAT").PublishedPrice)
		require.Equal(t, 2, d.spy.publishes)
	})
}

func TestManyChangesAreOneQuantity(t *testing.T) { // MP-08
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.put(t, "TEE-M", "WH", 5)
		d.live(t, "HAT", "TEE-M")
		d.spy.pushed()
		for range 20 {
			_, _, err := d.stock.Adjust(d.ctx, stock.AdjustInput{Key: fresh(), Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{Code: "WH"}, Delta: 1, Reason: "found"})
			require.NoError(t, err)
		}
		d.settle(t)
		pushed := d.spy.pushed()
		require.Len(t, pushed, 1, "one push, and none for what did not change")
		require.Equal(t, []any{"HAT", 25}, []any{pushed[0].OuterCode, pushed[0].Quantity})
		require.Equal(t, 25, d.shown(t, "HAT").Quantity)
		d.settle(t)
		require.Empty(t, d.spy.pushed(), "what is told is not told again")

		// A change that nobody has heard of yet goes out with the next push, and its event then finds nothing to do.
		d.put(t, "HAT", "WH", 8)
		d.hear(t)
		d.put(t, "HAT", "WH", 6)
		d.turn(t, false)
		require.Equal(t, 6, d.shown(t, "HAT").Quantity)
		require.Len(t, d.spy.pushed(), 1)
		for range 3 {
			d.turn(t, false)
		}
		require.Empty(t, d.spy.pushed(), "it is not told over and over until the event is heard")
		d.settle(t)
		require.Empty(t, d.spy.pushed())
	})
}

func TestNothingIsShownThatIsNotThere(t *testing.T) { // MP-08
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.connect(t, channels.Storefront, "shop")
		d.put(t, "HAT", "WH", 4)
		d.put(t, "HAT", "ST", 3)
		d.live(t, "HAT")
		_, err := d.Publish(d.ctx, list("shop", "HAT"))
		require.NoError(t, err)
		_, _, err = d.orders.Place(d.ctx, orders.PlaceInput{Key: fresh(), Channel: commerce.ChannelRef{Code: "shop"},
			Lines: []orders.LineInput{{Variant: commerce.VariantRef{SKU: "HAT"}, Quantity: 5}}})
		require.NoError(t, err)
		d.settle(t)
		require.Equal(t, 2, d.shown(t, "HAT").Quantity, "less what is promised")
		_, _, err = d.stock.Set(d.ctx, stock.SetInput{Key: fresh(), Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{Code: "ST"}, OnHand: 3,
			Safety: commerce.Some[int64](9), Reason: "careful"})
		require.NoError(t, err)
		d.settle(t)
		require.Zero(t, d.shown(t, "HAT").Quantity, "never below nothing")
		_, err = d.stock.LocationUpsert(d.ctx, stock.LocationInput{Code: commerce.Some("ST"), ShipFrom: commerce.Some(false)})
		require.NoError(t, err)
		d.put(t, "HAT", "WH", 6)
		d.settle(t)
		require.Equal(t, 6-4, d.shown(t, "HAT").Quantity, "only what may be sent")
		for _, p := range d.spy.pushed() {
			require.GreaterOrEqual(t, p.Quantity, 0)
		}
		own := d.task
		shop, err := channels.Find(d.ctx, d.Store.Ent, []commerce.ChannelRef{{Code: "shop"}})
		require.NoError(t, err)
		d.task.Channel = shop[0].ID
		require.EqualValues(t, 2, *d.listing(t, "HAT").PublishedQuantity, "the brand's own shop shows it as soon as it is so")
		require.Zero(t, d.listing(t, "HAT").DueAt)
		d.task = own
	})
}

// Whatever is counted, sold and given back in whatever order, a push never tells more than there is, nor less than nothing.
func TestAPushNeverTellsMoreThanThereIs(t *testing.T) { // MP-08
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.connect(t, channels.Storefront, "shop")
		d.put(t, "HAT", "WH", 3)
		d.live(t, "HAT")
		d.spy.pushed()
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		chance := rand.New(rand.NewPCG(seed, 0))
		pushes := 0
		for range 40 {
			switch chance.IntN(5) {
			case 0:
				place := []string{"WH", "ST"}[chance.IntN(2)]
				_, _, err := d.stock.Set(d.ctx, stock.SetInput{Key: fresh(), Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{Code: place},
					OnHand: chance.Int64N(9), Reason: "count"})
				require.Contains(t, []commerce.Code{"", commerce.InsufficientStock}, commerce.CodeOf(err), "a count below what is promised is refused")
			case 1:
				_, _, err := d.orders.Place(d.ctx, orders.PlaceInput{Key: fresh(), Channel: commerce.ChannelRef{Code: "shop"},
					Lines: []orders.LineInput{{Variant: commerce.VariantRef{SKU: "HAT"}, Quantity: 1 + chance.Int64N(3)}}})
				require.Contains(t, []commerce.Code{"", commerce.InsufficientStock}, commerce.CodeOf(err))
			case 2:
				if d.shown(t, "HAT").Quantity > 0 {
					d.buy(t, chance.IntN(2) == 0, "HAT")
				}
			case 3:
				d.hear(t)
			}
			d.turn(t, chance.IntN(9) == 0)
			for _, p := range d.spy.pushed() {
				pushes++
				require.GreaterOrEqual(t, p.Quantity, 0)
				require.LessOrEqual(t, p.Quantity, d.available(t, "HAT"))
			}
		}
		require.Positive(t, pushes)
		d.turn(t, true) // orders held for want of stock are tried again by sweeps
		d.settle(t)
		require.Equal(t, d.available(t, "HAT"), d.shown(t, "HAT").Quantity)
		d.ledger(t)
	})
}

func TestDriftIsMended(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		d.live(t, "HAT")
		// As if an event had been lost: what we believe to have told is not what is there.
		_, err := d.Store.DB.Write().Exec(d.ctx, "UPDATE listings SET desired_quantity = 9, published_quantity = 9, due_at = 0")
		require.NoError(t, err)
		d.market.Seed(integrations.RemoteListing{OuterCode: "HAT", Price: 5000, Quantity: 9})
		d.turn(t, false)
		require.Equal(t, 9, d.shown(t, "HAT").Quantity)
		d.turn(t, true)
		d.turn(t, false)
		require.Equal(t, 5, d.shown(t, "HAT").Quantity)

		// The marketplace's own figure was changed by somebody: telling everything again sets it right.
		d.market.Seed(integrations.RemoteListing{OuterCode: "HAT", Price: 5000, Quantity: 99})
		d.sync(t, channels.SyncStock)
		d.turn(t, false)
		require.Equal(t, 5, d.shown(t, "HAT").Quantity)
	})
}

// What a location gives to the pool may change without any of its levels: the brand's own shop shows it with the next sweep.
func TestTheBrandsOwnShopFollowsItsLocations(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.connect(t, channels.Storefront, "shop")
		d.put(t, "HAT", "WH", 3)
		d.put(t, "HAT", "ST", 4)
		d.put(t, "TEE-M", "ST", 5)
		_, err := d.Publish(d.ctx, list("shop", "HAT", "TEE-M"))
		require.NoError(t, err)
		d.hear(t)
		tasks, err := d.Tasks(context.Background())
		require.NoError(t, err)
		own := slices.IndexFunc(tasks, func(t channels.Task) bool { return t.Own })
		require.GreaterOrEqual(t, own, 0)
		require.Len(t, tasks, 2)
		d.task = tasks[own]
		shows := func(hat, tee int64) {
			t.Helper()
			for sku, want := range map[string]int64{"HAT": hat, "TEE-M": tee} {
				l := d.listing(t, sku)
				require.Equal(t, []int64{want, want, 0}, []int64{l.DesiredQuantity, *l.PublishedQuantity, int64(l.DueAt)}, sku)
			}
		}
		site := func(in stock.LocationInput) {
			t.Helper()
			in.Code = commerce.Some("ST")
			_, err := d.stock.LocationUpsert(d.ctx, in)
			require.NoError(t, err)
			d.hear(t)
			require.Equal(t, channels.Turn{Held: true}, d.turn(t, true))
		}
		shows(7, 5)
		site(stock.LocationInput{Active: commerce.Some(false)})
		shows(3, 0)
		site(stock.LocationInput{Active: commerce.Some(true)})
		shows(7, 5)
		site(stock.LocationInput{Ownership: commerce.Some("FRANCHISE"), Lent: commerce.Some(true)})
		shows(7, 5)
		site(stock.LocationInput{Lent: commerce.Some(false)})
		shows(3, 0)
		site(stock.LocationInput{Lent: commerce.Some(true), StaleAfter: commerce.Some(60), StalePercent: commerce.Some(50)})
		shows(7, 5)
		// Counts of long ago, whose marking has been heard of.
		_, err = d.Store.DB.Write().Exec(d.ctx, "UPDATE stock_levels SET stale = TRUE WHERE location_id = (SELECT id FROM locations WHERE code = 'ST')")
		require.NoError(t, err)
		site(stock.LocationInput{StalePercent: commerce.Some(20)})
		shows(3, 1)

		// Whatever was missed otherwise is mended, too.
		_, err = d.Store.DB.Write().Exec(d.ctx, "UPDATE listings SET desired_quantity = 9, published_quantity = 9")
		require.NoError(t, err)
		d.turn(t, false)
		require.EqualValues(t, 9, d.listing(t, "HAT").DesiredQuantity)
		d.turn(t, true)
		shows(3, 1)
		require.Empty(t, d.channel(t).LastErrorCode)
		require.Zero(t, d.spy.reads)
	})
}

// What the routing policy lets nobody send is not told to a marketplace: it would be sold, and its order held.
func TestWhatMayNotBeSentIsNotTold(t *testing.T) { // MP-08
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		policy := func(in orders.PolicyInput) {
			t.Helper()
			_, err := d.orders.SetPolicy(d.ctx, in)
			require.NoError(t, err)
		}
		only := func(codes ...string) orders.PolicyInput {
			var refs []commerce.LocationRef
			for _, c := range codes {
				refs = append(refs, commerce.LocationRef{Code: c})
			}
			return orders.PolicyInput{Locations: commerce.Some(refs)}
		}
		own := d.connect(t, channels.Storefront, "shop")
		d.put(t, "HAT", "WH", 3)
		d.put(t, "HAT", "ST", 4)
		policy(only("WH"))
		d.live(t, "HAT")
		_, err := d.Publish(d.ctx, list("shop", "HAT"))
		require.NoError(t, err)
		shows := func(want int) {
			t.Helper()
			for _, task := range []channels.Task{d.task, own} {
				_, err := d.Turn(context.Background(), task, true, true)
				require.NoError(t, err)
			}
			require.EqualValues(t, want, d.shown(t, "HAT").Quantity)
			require.Equal(t, 2, k.Count(t, "listings", "desired_quantity = ? AND published_quantity = ? AND due_at = 0", want, want))
		}
		shows(3)
		d.put(t, "HAT", "ST", 5)
		d.hear(t)
		shows(3)
		policy(only("ST"))
		shows(5)
		d.put(t, "HAT", "ST", 6)
		d.hear(t)
		shows(6)
		policy(orders.PolicyInput{Regions: commerce.Some([]string{"浙江省"})}) // to buyers elsewhere all send
		shows(9)
		policy(orders.PolicyInput{Regions: commerce.Null[[]string]()})
		shows(6)
		policy(orders.PolicyInput{Locations: commerce.Null[[]commerce.LocationRef]()})
		shows(9)
	})
}

func TestTheStatementsOfASweepDoNotGrowWithItsListings(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		var skusAndPrices []any
		var skus []string
		for i := range 100 {
			skus = append(skus, fmt.Sprintf("S-%03d", i))
			skusAndPrices = append(skusAndPrices, skus[i], 100)
		}
		d.product(t, "many", true, skusAndPrices...)
		for _, sku := range skus {
			d.put(t, sku, "ST", 4)
		}
		d.task = d.connect(t, channels.Storefront, "shop")
		statements := func(some ...string) int64 {
			t.Helper()
			_, err := d.Publish(d.ctx, list("shop", some...))
			require.NoError(t, err)
			d.turn(t, true)
			ctx, counted := db.Counted(context.Background())
			for _, active := range []bool{false, true} {
				_, err := d.stock.LocationUpsert(d.ctx, stock.LocationInput{Code: commerce.Some("ST"), Active: commerce.Some(active)})
				require.NoError(t, err)
				_, err = d.Turn(ctx, d.task, true, false)
				require.NoError(t, err)
			}
			require.Equal(t, len(some), k.Count(t, "listings", "desired_quantity = 4"))
			return counted.Load()
		}
		require.Equal(t, statements(skus[:2]...), statements(skus...))
	})
}

func TestALostAnswerDoublesNothing(t *testing.T) { // MP-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "HAT", "WH", 5)
		_, err := d.Publish(d.ctx, list("market", "HAT"))
		require.NoError(t, err)
		lost := func(a integrations.Ability) {
			for range 4 { // more than the tries of one call
				d.market.Fail(a, memory.Fault{Kind: integrations.Temporary, After: true})
			}
		}
		lost(integrations.Publish)
		d.turn(t, false)
		waiting := d.listing(t, "HAT")
		require.Equal(t, []any{channels.Pending, 1}, []any{waiting.State, waiting.Attempts})
		require.Greater(t, waiting.DueAt, k.Store.Instant(), "it is tried again later")
		d.kit.Clock.Advance(time.Minute)
		d.settle(t)
		require.Equal(t, channels.Live, d.listing(t, "HAT").State)
		require.Equal(t, d.shown(t, "HAT").ExternalID, d.listing(t, "HAT").ExternalID)

		d.put(t, "HAT", "WH", 3)
		lost(integrations.PushStock)
		d.hear(t)
		d.turn(t, false)
		require.Equal(t, 3, d.shown(t, "HAT").Quantity)
		require.EqualValues(t, 5, *d.listing(t, "HAT").PublishedQuantity, "nothing is noted that was not answered")
		require.Equal(t, channels.Live, d.listing(t, "HAT").State)
		d.kit.Clock.Advance(time.Minute)
		d.settle(t)
		require.EqualValues(t, 3, *d.listing(t, "HAT").PublishedQuantity)
		require.Equal(t, 3, d.shown(t, "HAT").Quantity)
		require.Len(t, d.market.Units(), 1)
	})
}

func TestWhatShowsLateIsMadeOnce(t *testing.T) { // MP-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		d := newDesk(t, k)
		d.put(t, "TEE-M", "WH", 5)
		d.put(t, "TEE-L", "WH", 5)
		waits := func(sku string, units int) {
			t.Helper()
			for range 4 {
				d.turn(t, false)
				l := d.listing(t, sku)
				require.Equal(t, []any{channels.Pending, "NOT_SHOWN", ""}, []any{l.State, l.ErrorCode, l.ExternalSkuID})
				require.Equal(t, d.market.Units()[0].ExternalID, l.ExternalID, "what was answered is kept")
				require.Len(t, d.market.Units(), units)
				d.kit.Clock.Advance(20 * time.Second) // longer than it waits after so few tries
			}
			d.kit.Clock.Advance(10 * time.Minute)
			d.settle(t)
			l := d.listing(t, sku)
			require.Equal(t, []any{channels.Live, "", d.shown(t, sku).ExternalSKUID}, []any{l.State, l.ErrorCode, l.ExternalSkuID})
			require.Len(t, d.market.Units(), units)
		}
		d.market.Late(5 * time.Minute)
		_, err := d.Publish(d.ctx, list("market", "TEE-M"))
		require.NoError(t, err)
		waits("TEE-M", 1)

		// Nor is a variant added twice that joins the item later.
		_, err = d.Publish(d.ctx, list("market", "TEE-L"))
		require.NoError(t, err)
		waits("TEE-L", 2)
		require.Equal(t, channels.Live, d.listing(t, "TEE-M").State)
		require.Equal(t, d.listing(t, "TEE-M").ExternalID, d.listing(t, "TEE-L").ExternalID)
	})
}
