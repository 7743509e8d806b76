package orders_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestTwoHundredBuyersOfTenUnits(t *testing.T) { // CC-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 6)
		s.put(t, "HAT", "ST", 4)
		errs := make([]error, 200)
		testkit.AtOnce(len(errs), len(errs), func(i int) { _, _, errs[i] = s.Place(k.Ctx, s.input(want("HAT", 1))) })
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				testkit.Refused(t, err, commerce.InsufficientStock, "lines.0.quantity")
			}
		}
		require.Equal(t, 10, won)
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{10, 10}, []int{onHand, reserved})
		require.Equal(t, 10, k.Count(t, "orders", ""))
		s.sums(t)
	})
}

func TestOrdersOfTheSameVariantsCrosswise(t *testing.T) { // CC-06
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		for _, location := range []string{"WH", "ST"} {
			s.put(t, "HAT", location, 80)
			s.put(t, "CAP", location, 80)
		}
		testkit.AtOnce(32, 96, func(i int) {
			lines := []orders.LineInput{want("HAT", 1), want("CAP", 1)}
			if i%2 == 1 {
				lines[0], lines[1] = lines[1], lines[0]
			}
			p, _, err := s.Place(k.Ctx, s.input(lines...))
			if err == nil && i%3 == 0 {
				_, _, err = s.Cancel(k.Ctx, s.stop(p.Order))
			}
			if err != nil {
				t.Error(err)
			}
		})
		_, hats := s.level(t, s.hat)
		_, caps := s.level(t, s.cap)
		require.Equal(t, []int{64, 64}, []int{hats, caps})
		s.sums(t)
	})
}

func TestOfManyWhoCancelOneWins(t *testing.T) { // CC-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		id := s.placed(t, want("HAT", 3))
		errs := make([]error, 16)
		testkit.AtOnce(16, len(errs), func(i int) { _, _, errs[i] = s.Cancel(k.Ctx, s.stop(id)) })
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				testkit.Refused(t, err, commerce.IllegalTransition, "")
			}
		}
		require.Equal(t, 1, won)
		require.Equal(t, 1, k.Count(t, "stock_movements", "kind = 'RELEASE'"))
		_, reserved := s.level(t, s.hat)
		require.Zero(t, reserved)
		s.sums(t)
	})
}

// The warehouse ships while the shop cancels: either the parcel leaves and cancel is only asked for, or the token is void and nothing leaves.
func TestCancelingAndShippingAtOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const races = 500
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", races)
		taken := make([]orders.Accepted, races)
		order := make([]commerce.UUID, races)
		testkit.AtOnce(4, races, func(i int) {
			p, _, err := s.Place(k.Ctx, s.input(want("HAT", 1)))
			var work commerce.UUID
			if err == nil {
				order[i] = p.Order
				work, err = k.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderID(p.Order)).OnlyID(k.Ctx)
			}
			if err == nil {
				taken[i], _, err = s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: work})
			}
			if err != nil {
				t.Error(err)
			}
		})
		var shipped, canceled [races]error
		testkit.AtOnce(4, races, func(i int) {
			var pair sync.WaitGroup
			pair.Go(func() { _, _, shipped[i] = s.Ship(k.Ctx, s.parcel(taken[i])) })
			pair.Go(func() { _, _, canceled[i] = s.Cancel(k.Ctx, s.stop(order[i])) })
			pair.Wait()
		})
		left := 0
		for i, err := range shipped {
			require.NoError(t, canceled[i], "cancel is never refused here")
			if err == nil {
				left++
				continue
			}
			testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		}
		require.Equal(t, left, k.Count(t, "fulfillments", ""))
		require.Equal(t, left, k.Count(t, "orders", "state = 'CANCEL_REQUESTED' AND id IN (SELECT order_id FROM fulfillments)"))
		require.Equal(t, races-left, k.Count(t, "orders", "state = 'CANCELED'"))
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{races - left, 0}, []int{onHand, reserved})
		s.sums(t)
		t.Logf("%d of %d left", left, races)
	})
}

func TestTheSameOrderAtOnceIsPlacedOnce(t *testing.T) { // ID-01, ID-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 3) // enough for one: who comes second must not be told that it is not
		for _, external := range []*commerce.Reference{nil, {System: "web", Value: "1"}} {
			s.put(t, "HAT", "WH", int64(3+3*k.Count(t, "orders", "")))
			in := s.input(want("HAT", 3))
			in.External = external
			answers := make([]orders.Placed, 16)
			replays := make([]bool, 16)
			errs := make([]error, 16)
			testkit.AtOnce(16, 16, func(i int) { answers[i], replays[i], errs[i] = s.Place(k.Ctx, in) })
			first := 0
			for i := range answers {
				require.NoError(t, errs[i])
				require.Equal(t, answers[0], answers[i])
				if !replays[i] {
					first++
				}
			}
			require.Equal(t, 1, first)
		}
		require.Equal(t, 2, k.Count(t, "orders", ""))
		s.sums(t)
	})
}

func TestAnExternalReferenceIsTakenOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 99)
		placed := make([]orders.Placed, 16)
		errs := make([]error, 16)
		testkit.AtOnce(16, 16, func(i int) {
			in := s.input(want("HAT", 1))
			in.External = &commerce.Reference{System: "web", Value: "7"}
			placed[i], _, errs[i] = s.Place(k.Ctx, in)
		})
		var made commerce.UUID
		for i, err := range errs {
			if err == nil {
				require.Zero(t, made, "one only")
				made = placed[i].Order
			}
		}
		for _, err := range errs {
			if err != nil {
				require.Equal(t, commerce.Existing{ID: commerce.ID{Kind: commerce.OrderID, UUID: made}}, testkit.Refused(t, err, commerce.AlreadyExists, "externalRef").Details)
			}
		}
		require.Equal(t, 1, k.Count(t, "orders", ""))
		s.sums(t)
	})
}

// A refusal binds no key: the same may be tried again when there is stock.
func TestARefusedOrderMayBeTriedAgain(t *testing.T) { // ID-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		in := s.input(want("HAT", 1))
		_, _, err := s.Place(k.Ctx, in)
		testkit.Refused(t, err, commerce.InsufficientStock, "lines.0.quantity")
		s.put(t, "HAT", "WH", 1)
		_, replayed, err := s.Place(k.Ctx, in)
		require.NoError(t, err)
		require.False(t, replayed)
	})
}
