package catalog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// shop makes a channel with a currency of its own.
func shop(t *testing.T, k *testkit.Kit, code string, currency commerce.Currency) commerce.UUID {
	t.Helper()
	ch, err := events.Do(k.Ctx, k.Store, func(tx *events.Tx) (*ent.Channel, error) {
		return tx.Ent.Channel.Create().SetCode(code).SetCodeFolded(commerce.Fold(code)).SetName(code).SetKind("STOREFRONT").SetState("ACTIVE").
			SetCurrency(currency).SetSettings(map[string]string{}).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Save(k.Ctx)
	})
	require.NoError(t, err)
	return ch.ID
}

func TestTheBasePriceMovesTheRange(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &catalog.Service{Store: k.Store}
		p := upsert(t, k, tee()).Product
		in := catalog.PriceInput{Variant: commerce.VariantRef{SKU: "TEE-E"}, Amount: commerce.Money{Amount: 5000, Currency: "CNY"}, CompareAt: cny(9900)}
		set, err := s.PriceSet(k.Ctx, in)
		require.NoError(t, err)
		require.Equal(t, catalog.Price{Amount: commerce.Money{Amount: 5000, Currency: "CNY"}, CompareAt: &commerce.Money{Amount: 9900, Currency: "CNY"}, Source: catalog.Base}, set.Price)
		now, err := k.Store.Ent.Product.Get(k.Ctx, p.ID)
		require.NoError(t, err)
		require.EqualValues(t, 5000, *now.MinPrice)
		require.EqualValues(t, 2, now.Version)
		_, err = s.PriceSet(k.Ctx, in)
		require.NoError(t, err)
		require.Len(t, k.Facts(t, p.ID), 2, "the same price again is no change")

		in.CompareAt = commerce.Null[commerce.Money]()
		set, err = s.PriceSet(k.Ctx, in)
		require.NoError(t, err)
		require.Nil(t, set.Price.CompareAt)
		require.Nil(t, find(t, k, "TEE-E").CompareAtAmount)
	})
}

func TestAChannelAndATimeHaveTheirOwnPrice(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &catalog.Service{Store: k.Store}
		p := upsert(t, k, tee()).Product
		hk, cn := shop(t, k, "hk", "HKD"), shop(t, k, "cn", "CNY")
		v := find(t, k, "TEE-N")
		at := commerce.VariantRef{ID: &v.ID}
		now := k.Store.Instant()
		set := func(amount int64, currency commerce.Currency, ch *commerce.ChannelRef, from, until commerce.Instant) catalog.PriceSet {
			t.Helper()
			in := catalog.PriceInput{Variant: at, Channel: ch, Amount: commerce.Money{Amount: amount, Currency: currency}}
			if from != 0 {
				in.ValidFrom = commerce.Some(from)
			}
			if until != 0 {
				in.ValidUntil = commerce.Some(until)
			}
			out, err := s.PriceSet(k.Ctx, in)
			require.NoError(t, err)
			return out
		}
		require.Equal(t, catalog.Channel, set(11000, "HKD", &commerce.ChannelRef{Code: "HK"}, 0, 0).Price.Source)
		set(12000, "HKD", &commerce.ChannelRef{ID: &hk}, 0, 0)
		set(8000, "CNY", nil, now.Add(-time.Hour), now.Add(time.Hour))
		require.Equal(t, 2, k.Count(t, "prices", ""), "the channel's was replaced")
		facts := k.Facts(t, p.ID)
		require.EqualValues(t, 4, facts[len(facts)-1].Sequence)
		require.Nil(t, facts[len(facts)-1].Channel)

		ctx, n := db.Counted(k.Ctx)
		costs, err := catalog.PricesInForce(ctx, k.Store.Ent, []*ent.Variant{v, find(t, k, "TEE-E")}, []commerce.UUID{hk, cn}, now, "CNY")
		require.NoError(t, err)
		require.EqualValues(t, 1, n.Load())
		is := func(variant commerce.UUID, ch *commerce.UUID) string {
			price, ok := costs(variant, ch)
			require.True(t, ok)
			return price.Amount.String() + " " + string(price.Source)
		}
		require.Equal(t, "120.00 HKD CHANNEL", is(v.ID, &hk))
		require.Equal(t, "80.00 CNY BASE", is(v.ID, &cn))
		require.Equal(t, "80.00 CNY BASE", is(v.ID, nil))
		require.Equal(t, "99.00 CNY BASE", is(find(t, k, "TEE-E").ID, &hk))
		_, ok := costs(commerce.NewUUID(), nil)
		require.False(t, ok)

		costs, err = catalog.PricesInForce(k.On(cn), k.Store.Ent, []*ent.Variant{v}, []commerce.UUID{hk, cn}, now.Add(2*time.Hour), "CNY")
		require.NoError(t, err)
		require.Equal(t, "129.00 CNY BASE", is(v.ID, &hk), "another channel's price does not exist for a narrowed viewer")
	})
}

func TestPricesThatAreRefused(t *testing.T) {
	k := testkit.SQLite(t)
	s := &catalog.Service{Store: k.Store}
	p := upsert(t, k, tee()).Product
	hk, cn := shop(t, k, "hk", "HKD"), shop(t, k, "cn", "CNY")
	good := catalog.PriceInput{Variant: commerce.VariantRef{SKU: "TEE-N"}, Amount: commerce.Money{Amount: 1, Currency: "CNY"}}
	bad := func(change func(*catalog.PriceInput)) catalog.PriceInput {
		in := good
		change(&in)
		return in
	}
	_, err := s.PriceSet(k.Without(auth.PricesWrite), good)
	testkit.Refused(t, err, commerce.Forbidden, "")
	_, err = s.PriceSet(k.OtherCtx, good)
	testkit.Refused(t, err, commerce.NotFound, "variant")
	_, err = s.PriceSet(k.On(cn), bad(func(in *catalog.PriceInput) { in.Channel = &commerce.ChannelRef{ID: &hk} }))
	testkit.Refused(t, err, commerce.NotFound, "channel")
	_, err = s.PriceSet(k.Ctx, bad(func(in *catalog.PriceInput) { in.Channel = &commerce.ChannelRef{ID: &hk} }))
	testkit.Refused(t, err, commerce.InvalidInput, "amount.currency")
	_, err = s.PriceSet(k.Ctx, bad(func(in *catalog.PriceInput) {
		in.Amount, in.CompareAt = commerce.Money{Amount: -1, Currency: "USD"}, cny(-5)
		in.ValidFrom, in.ValidUntil = commerce.Some(commerce.Instant(20)), commerce.Some(commerce.Instant(20))
	}))
	require.Equal(t, []string{"INVALID_INPUT amount.currency", "INVALID_INPUT amount.amount", "INVALID_INPUT compareAt.amount", "INVALID_INPUT validUntil"}, testkit.Said(err))
	require.Len(t, k.Facts(t, p.ID), 1)
}
