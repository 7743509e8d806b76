package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func criteria(c ...routing.Criterion) commerce.Maybe[[]routing.Criterion] { return commerce.Some(c) }

func (s *shop) policy(t testing.TB, in orders.PolicyInput) routing.Policy {
	t.Helper()
	p, err := s.SetPolicy(s.ctx, in)
	require.NoError(t, err)
	return p
}

func TestABrandSaysHowLocationsAreChosen(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		p, err := s.Policy(k.Ctx)
		require.NoError(t, err)
		require.Equal(t, routing.Policy{}, p)
		set := s.policy(t, orders.PolicyInput{
			Criteria: criteria(routing.MostStock), Locations: commerce.Some([]commerce.LocationRef{{Code: "wh"}, {ID: &s.st.ID}, {Code: "WH"}}),
			Regions: commerce.Some([]string{" 浙江省 "}), MaxParcels: commerce.Some(2), AcceptWithin: commerce.Some(600),
		})
		wanted := routing.Policy{Criteria: []routing.Criterion{routing.MostStock}, Locations: []commerce.UUID{s.wh.ID, s.st.ID}, Regions: []string{"浙江省"}, MaxParcels: 2, AcceptWithin: 600}
		require.Equal(t, wanted, set)
		p, err = s.Policy(k.Ctx)
		require.NoError(t, err)
		require.Equal(t, wanted, p)
		p = s.policy(t, orders.PolicyInput{Locations: commerce.Null[[]commerce.LocationRef](), Regions: commerce.Null[[]string](), AcceptWithin: commerce.Null[int]()})
		require.Equal(t, routing.Policy{Criteria: wanted.Criteria, MaxParcels: 2}, p, "absent keeps, null clears")

		s.put(t, "HAT", "WH", 2)
		s.put(t, "HAT", "ST", 3)
		require.Equal(t, []string{"ST HAT 2"}, s.promised(t, s.placed(t, want("HAT", 2))))
		s.policy(t, orders.PolicyInput{Criteria: commerce.Null[[]routing.Criterion](), MaxParcels: commerce.Some(1)})
		require.Equal(t, []string{"WH HAT 2"}, s.promised(t, s.placed(t, want("HAT", 2))))
		s.put(t, "HAT", "WH", 3)
		_, _, err = s.Place(k.Ctx, s.input(want("HAT", 2)))
		testkit.Refused(t, err, commerce.InsufficientStock, "lines.0.quantity")

		other, err := s.Policy(k.OtherCtx)
		require.NoError(t, err)
		require.Equal(t, routing.Policy{}, other)
	})
}

func TestWhatAPolicyMayNotSay(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		for path, in := range map[string]orders.PolicyInput{
			"criteria":            {Criteria: criteria()},
			"criteria.1":          {Criteria: criteria(routing.Priority, routing.Priority)},
			"criteria.0":          {Criteria: criteria("CHEAPEST")},
			"locations":           {Locations: commerce.Some([]commerce.LocationRef{})},
			"regions":             {Regions: commerce.Some([]string{})},
			"regions.0":           {Regions: commerce.Some([]string{" "})},
			"maxParcels":          {MaxParcels: commerce.Some(0)},
			"acceptWithinSeconds": {AcceptWithin: commerce.Some(59)},
		} {
			_, err := s.SetPolicy(k.Ctx, in)
			testkit.Refused(t, err, commerce.InvalidInput, path)
		}
		_, err := s.SetPolicy(k.Ctx, orders.PolicyInput{Locations: commerce.Some([]commerce.LocationRef{{Code: "WH"}, {Code: "NO"}})})
		testkit.Refused(t, err, commerce.NotFound, "locations.1")
		_, err = s.SetPolicy(k.At(s.st.ID), orders.PolicyInput{MaxParcels: commerce.Some(1)})
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, err = s.SetPolicy(k.Without(auth.StockWrite), orders.PolicyInput{MaxParcels: commerce.Some(1)})
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, err = s.Policy(k.Without(auth.StockRead))
		testkit.Refused(t, err, commerce.Forbidden, "")
		require.Zero(t, k.Count(t, "routing_policies", ""))
	})
}

// Setting a policy does not wait for those whose rows point at the brand, which is nearly everybody, nor they for it.
func TestAPolicyWaitsForNobodyWhoPointsAtTheBrand(t *testing.T) { // CC-06
	k := testkit.Postgres(t)
	s := newShop(t, k, k.Ctx)
	soon, stop := context.WithTimeout(k.Ctx, 10*time.Second)
	defer stop()
	require.NoError(t, k.Store.DB.InTx(k.Ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(k.Ctx, "SELECT 1 FROM brands WHERE id = ? FOR KEY SHARE", k.Brand.ID); err != nil { // as a foreign key does
			return err
		}
		_, err := s.SetPolicy(soon, orders.PolicyInput{MaxParcels: commerce.Some(1)})
		return err
	}))
}

// A policy that is not in force for every buyer leaves nobody out for good.
func TestSendersAreWhomThePolicyLeavesIn(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		senders := func(ctx context.Context) []commerce.UUID {
			out, err := orders.Senders(ctx, k.Store.DB.Read(), auth.From(ctx))
			require.NoError(t, err)
			return out
		}
		require.Nil(t, senders(k.Ctx))
		s.policy(t, orders.PolicyInput{Locations: commerce.Some([]commerce.LocationRef{{Code: "ST"}}), MaxParcels: commerce.Some(1)})
		require.Equal(t, []commerce.UUID{s.st.ID}, senders(k.Ctx))
		require.Equal(t, []commerce.UUID{s.st.ID}, senders(k.At(s.wh.ID)))
		require.Nil(t, senders(k.OtherCtx))
		s.policy(t, orders.PolicyInput{Regions: commerce.Some([]string{"浙江省"})})
		require.Nil(t, senders(k.Ctx))
		s.policy(t, orders.PolicyInput{Regions: commerce.Null[[]string]()})
		require.Equal(t, []commerce.UUID{s.st.ID}, senders(k.Ctx))
		s.policy(t, orders.PolicyInput{Locations: commerce.Null[[]commerce.LocationRef]()})
		require.Nil(t, senders(k.Ctx))
	})
}

func TestSimulatingChangesNothing(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 1)
		s.put(t, "HAT", "ST", 2)
		asked := func(quantities ...int64) (in orders.SimulateInput) {
			for _, n := range quantities {
				in.Lines = append(in.Lines, orders.SimulateLine{Variant: commerce.VariantRef{SKU: "HAT"}, Quantity: n})
			}
			return in
		}
		d, err := s.Simulate(k.Ctx, asked(1, 2))
		require.NoError(t, err)
		require.Len(t, d.Plan, 2)
		require.Equal(t, []commerce.UUID{s.wh.ID, s.st.ID}, []commerce.UUID{d.Candidates[0].Location, d.Candidates[1].Location})
		d, err = s.Simulate(k.Ctx, asked(4))
		require.NoError(t, err)
		require.Empty(t, d.Plan)
		require.EqualValues(t, 3, d.Short.Available)
		d, err = s.Simulate(k.At(s.st.ID), asked(1))
		require.NoError(t, err)
		require.Len(t, d.Candidates, 1)
		require.Equal(t, s.st.ID, d.Plan[0].Location)
		d, err = s.Simulate(k.Ctx, orders.SimulateInput{Lines: []orders.SimulateLine{{Variant: commerce.VariantRef{SKU: "NO"}, Quantity: 1}}})
		require.NoError(t, err)
		require.Nil(t, d)
		for path, in := range map[string]orders.SimulateInput{"lines": {}, "lines.0.quantity": asked(0)} {
			_, err = s.Simulate(k.Ctx, in)
			testkit.Refused(t, err, commerce.InvalidInput, path)
		}
		_, err = s.Simulate(k.Without(auth.StockRead), asked(1))
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, reserved := s.level(t, s.hat)
		require.Zero(t, reserved)
	})
}
