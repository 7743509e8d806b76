package stock_test

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// store is a location with everything.
func store() stock.LocationInput {
	return stock.LocationInput{
		Code: commerce.Some("SH-1"), Name: commerce.Some("静安店"), Kind: commerce.Some("STORE"), Pickup: commerce.Some(true), Priority: commerce.Some(5),
		Point:        commerce.Some(commerce.Point{Latitude: 31.23, Longitude: 121.45}),
		Address:      commerce.Some(commerce.Address{City: "上海市", Line1: "南京西路1号"}),
		ExternalRefs: commerce.Some([]commerce.Reference{{System: "pos", Value: "7"}}),
	}
}

func place(t *testing.T, k *testkit.Kit, in stock.LocationInput) stock.LocationUpserted {
	t.Helper()
	out, err := (&stock.Service{Store: k.Store}).LocationUpsert(k.Ctx, in)
	require.NoError(t, err)
	return out
}

func generation(t *testing.T, k *testkit.Kit) int {
	t.Helper()
	var n int
	require.NoError(t, k.Store.DB.Read().QueryRow(k.Ctx, "SELECT generation FROM brands WHERE id = ?", k.Brand.ID).Scan(&n))
	return n
}

func TestALocationIsMadeFoundAndBroughtUpToDate(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		before := generation(t, k)
		out := place(t, k, store())
		require.True(t, out.Created)
		require.Equal(t, "OWN", out.Location.Ownership)
		require.True(t, out.Location.Active)
		require.Equal(t, before+1, generation(t, k))
		require.EqualValues(t, 1, place(t, k, store()).Location.Version)
		require.Equal(t, before+1, generation(t, k), "the same again is no change")

		found, err := stock.FindLocations(k.Ctx, k.Store.Ent, []commerce.LocationRef{
			{Code: "sh-1"}, {External: &commerce.Reference{System: "pos", Value: "7"}}, {ID: &out.Location.ID}, {Code: "none"}, {External: &commerce.Reference{System: "pos", Value: "8"}},
		})
		require.NoError(t, err)
		for i, l := range found {
			if i > 2 {
				require.Nil(t, l)
			} else {
				require.Equal(t, out.Location.ID, l.ID)
			}
		}

		changed := place(t, k, stock.LocationInput{By: &commerce.LocationRef{External: &commerce.Reference{System: "pos", Value: "7"}},
			Code: commerce.Some("SH-9"), Priority: commerce.Null[int](), Pickup: commerce.Null[bool](), Point: commerce.Null[commerce.Point](), Address: commerce.Null[commerce.Address]()})
		require.False(t, changed.Created)
		require.EqualValues(t, 2, changed.Location.Version)
		require.Equal(t, "SH-9", changed.Location.Code)
		require.Equal(t, "静安店", changed.Location.Name)
		require.Equal(t, 100, changed.Location.Priority)
		require.False(t, changed.Location.Pickup)
		require.Nil(t, changed.Location.Latitude)
		require.Nil(t, changed.Location.Address)

		made := place(t, k, stock.LocationInput{By: &commerce.LocationRef{Code: "WH"}})
		require.True(t, made.Created)
		require.Equal(t, "WH", made.Location.Name)
		require.Equal(t, "WAREHOUSE", made.Location.Kind)
	})
}

func TestALocationThatLeavesThePoolTakesItsStockAlong(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		l := place(t, k, store()).Location
		p, err := (&catalog.Service{Store: k.Store}).Upsert(k.Ctx, catalog.UpsertInput{Handle: commerce.Some("hat"), Title: commerce.Some("Hat"),
			Variants: []catalog.VariantInput{{SKU: commerce.Some("HAT")}}})
		require.NoError(t, err)
		s := &stock.Service{Store: k.Store}
		_, _, err = s.Set(k.Ctx, stock.SetInput{Key: "1", Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{ID: &l.ID}, OnHand: 3, Reason: "count"})
		require.NoError(t, err)
		stocked := func() bool {
			now, err := k.Store.Ent.Product.Get(k.Ctx, p.Product.ID)
			require.NoError(t, err)
			return now.InStock
		}
		require.True(t, stocked())
		for _, out := range []stock.LocationInput{{Active: commerce.Some(false)}, {ShipFrom: commerce.Some(false)}, {Ownership: commerce.Some("FRANCHISE")}} {
			out.Code = commerce.Some("SH-1")
			place(t, k, out)
			require.False(t, stocked())
			place(t, k, stock.LocationInput{Code: out.Code, Active: commerce.Some(true), ShipFrom: commerce.Some(true), Ownership: commerce.Some("OWN")})
			require.True(t, stocked())
		}
	})
}

func TestLocationsOutsideAreNotThere(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &stock.Service{Store: k.Store}
		here := place(t, k, store()).Location
		there := place(t, k, stock.LocationInput{Code: commerce.Some("SH-2")}).Location
		narrow := k.At(here.ID)
		found, err := stock.FindLocations(narrow, k.Store.Ent, []commerce.LocationRef{{ID: &there.ID}, {Code: "SH-2"}, {Code: "SH-1"}})
		require.NoError(t, err)
		require.Equal(t, []*ent.Location{nil, nil}, found[:2])
		require.NotNil(t, found[2])

		_, err = s.LocationUpsert(narrow, stock.LocationInput{By: &commerce.LocationRef{ID: &there.ID}, Name: commerce.Some("mine")})
		testkit.Refused(t, err, commerce.NotFound, "by")
		for _, code := range []string{"SH-2", "SH-3"} { // there or not, it looks the same
			_, err = s.LocationUpsert(narrow, stock.LocationInput{Code: commerce.Some(code), Name: commerce.Some("mine")})
			testkit.Refused(t, err, commerce.Forbidden, "")
		}
		own, err := s.LocationUpsert(narrow, stock.LocationInput{Code: commerce.Some("SH-1"), Name: commerce.Some("mine")})
		require.NoError(t, err)
		require.Equal(t, "mine", own.Location.Name)
		_, err = s.LocationUpsert(k.OtherCtx, stock.LocationInput{By: &commerce.LocationRef{ID: &here.ID}})
		testkit.Refused(t, err, commerce.NotFound, "by")
		_, err = s.LocationUpsert(k.Without(auth.StockWrite), store())
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, err = s.LocationUpsert(k.Ctx, stock.LocationInput{By: &commerce.LocationRef{ID: &there.ID}, Code: commerce.Some("sh-1"),
			ExternalRefs: commerce.Some([]commerce.Reference{{System: "pos", Value: "7"}})})
		require.Equal(t, []string{"ALREADY_EXISTS code", "ALREADY_EXISTS externalRefs.0"}, testkit.Said(err))
		theirs, err := s.LocationUpsert(k.OtherCtx, store())
		require.NoError(t, err)
		require.True(t, theirs.Created)
	})
}

func TestTwoWhoMakeTheSameLocationMakeOne(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := &stock.Service{Store: k.Store}
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = s.LocationUpsert(k.Ctx, store()) })
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, 1, k.Count(t, "locations", "version = 1"))
		require.Equal(t, 1, k.Count(t, "external_refs", ""))
	})
}

func TestEveryMistakeInALocationIsNamedAtOnce(t *testing.T) {
	k := testkit.SQLite(t)
	s := &stock.Service{Store: k.Store}
	_, err := s.LocationUpsert(k.Ctx, stock.LocationInput{
		Code: commerce.Null[string](), Name: commerce.Some(" "), Kind: commerce.Some("KIOSK"), Ownership: commerce.Null[string](), Priority: commerce.Some(10001),
		Point: commerce.Some(commerce.Point{Latitude: 90.1, Longitude: math.NaN()}), Address: commerce.Some(commerce.Address{Line1: strings.Repeat("x", 201)}),
		ExternalRefs: commerce.Some([]commerce.Reference{{System: "pos"}}),
	})
	require.Equal(t, []string{"INVALID_INPUT code", "INVALID_INPUT name", "INVALID_INPUT kind", "INVALID_INPUT ownership", "INVALID_INPUT priority",
		"INVALID_INPUT point.latitude", "INVALID_INPUT point.longitude", "INVALID_INPUT address.line1", "INVALID_INPUT externalRefs.0.value"}, testkit.Said(err))
	null := commerce.Null[string]()
	_, err = s.LocationUpsert(k.Ctx, stock.LocationInput{By: &commerce.LocationRef{Code: "SH-1"}, Code: null, Name: null, Kind: null, Ownership: null})
	require.Equal(t, []string{"INVALID_INPUT code", "INVALID_INPUT name", "INVALID_INPUT kind", "INVALID_INPUT ownership"}, testkit.Said(err))
	_, err = s.LocationUpsert(k.Ctx, stock.LocationInput{Name: commerce.Some("x")})
	testkit.Refused(t, err, commerce.InvalidInput, "code")
	_, err = s.LocationUpsert(k.Ctx, stock.LocationInput{By: &commerce.LocationRef{External: &commerce.Reference{System: "pos", Value: "1"}}})
	testkit.Refused(t, err, commerce.InvalidInput, "code")
	require.Zero(t, k.Count(t, "locations", ""))
}

// A change of a location does not wait for those whose rows point at it: they take products before it, and it takes products after.
func TestAChangeOfALocationWaitsForNobodyWhoPointsAtIt(t *testing.T) { // CC-06
	k := testkit.Postgres(t)
	l := place(t, k, store()).Location
	soon, stop := context.WithTimeout(k.Ctx, 10*time.Second)
	defer stop()
	require.NoError(t, k.Store.DB.InTx(k.Ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(k.Ctx, "SELECT 1 FROM locations WHERE id = ? FOR KEY SHARE", l.ID); err != nil { // as a foreign key does
			return err
		}
		_, err := (&stock.Service{Store: k.Store}).LocationUpsert(soon, stock.LocationInput{Code: commerce.Some("SH-1"), Active: commerce.Some(false)})
		return err
	}))
}
