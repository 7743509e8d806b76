package orders_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent/orderentry"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func because(w commerce.UUID, reason string) orders.WorkInput {
	return orders.WorkInput{Key: fresh(), Work: w, Reason: reason}
}

// states tells where the work of an order stands, as "WH REJECTED".
func (s *shop) states(t testing.TB, order commerce.UUID) (out []string) {
	t.Helper()
	names := map[commerce.UUID]string{s.wh.ID: "WH", s.st.ID: "ST"}
	for _, w := range s.work(t, order) {
		out = append(out, names[w.LocationID]+" "+w.State)
	}
	return out
}

// told tells the kinds of an order's timeline.
func (s *shop) told(t testing.TB, order commerce.UUID) (out []string) {
	t.Helper()
	all, err := s.Store.Ent.OrderEntry.Query().Where(orderentry.OrderID(order)).Order(orderentry.ByID()).All(s.ctx)
	require.NoError(t, err)
	for _, e := range all {
		out = append(out, e.Kind)
	}
	return out
}

func TestWorkThatAStoreRefusesGoesToAnother(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		s.put(t, "HAT", "ST", 5)
		id := s.placed(t, want("HAT", 2))
		token := s.accepted(t, id)
		in := because(token.Work, "closed for a wedding")
		at := k.At(s.wh.ID) // the store's own token, which does not see where it goes
		done, replayed, err := s.Reject(at, in)
		require.NoError(t, err)
		require.False(t, replayed)
		require.Equal(t, []string{"WH REJECTED", "ST OPEN"}, s.states(t, id))
		require.Equal(t, s.work(t, id)[1].ID, *done.Replacement)
		require.Equal(t, []string{"WH HAT 0", "ST HAT 2"}, s.promised(t, id))
		require.Contains(t, s.told(t, id), "WORK_REJECTED")
		again, replayed, err := s.Reject(at, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, done, again)
		_, _, err = s.Ship(k.Ctx, s.parcel(token))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		for _, c := range s.work(t, id)[1].Routing {
			if c.Location == s.wh.ID {
				require.Equal(t, "REJECTED", c.Excluded)
			}
		}

		// The second one says no too: who said no before is not asked again, so the order is held.
		done, _, err = s.Reject(k.Ctx, because(*done.Replacement, "closed too"))
		require.NoError(t, err)
		require.Nil(t, done.Replacement)
		require.Equal(t, []string{"WH REJECTED", "ST REJECTED"}, s.states(t, id))
		o := s.order(t, id)
		require.Equal(t, []string{"HELD", orders.HeldShort}, []string{o.State, o.HoldReason})
		_, reserved := s.level(t, s.hat)
		require.Zero(t, reserved)
		_, _, err = s.Reject(k.Ctx, because(*again.Replacement, "once more"))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		_, _, err = s.Cancel(k.Ctx, s.stop(id))
		require.NoError(t, err)
		s.sums(t)
	})
}

func TestAShortPick(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		s.put(t, "HAT", "ST", 9)
		id := s.placed(t, want("HAT", 2), want("HAT", 3))
		token := s.accepted(t, id)
		_, _, err := s.Ship(k.Ctx, s.parcel(token, orders.LineQuantity{SKU: "HAT", Quantity: 1}))
		require.NoError(t, err)
		in := because(token.Work, "only one was on the shelf")
		in.Missing = true
		done, _, err := s.Reject(k.Ctx, in)
		require.NoError(t, err)
		require.NotNil(t, done.Replacement)
		require.Equal(t, []string{"WH CLOSED", "ST OPEN"}, s.states(t, id))
		require.Equal(t, []string{"WH HAT 0", "WH HAT 0", "ST HAT 1", "ST HAT 3"}, s.promised(t, id))
		require.Equal(t, 1, k.Count(t, "stock_movements", "kind = 'ADJUST' AND on_hand_delta = -4"))
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{9, 4}, []int{onHand, reserved})

		// The rest of it is refused there too: nobody is left, though the first store has hats again without any having arrived for it.
		_, _, err = s.Reject(k.Ctx, because(*done.Replacement, "no"))
		require.NoError(t, err)
		o := s.order(t, id)
		require.Equal(t, []string{"HELD", "PARTIALLY_FULFILLED"}, []string{o.State, o.FulfillmentState})
		s.sums(t)

		retrier := &orders.Retrier{Orders: s.Service}
		n, err := retrier.Round(context.Background())
		require.NoError(t, err)
		require.Zero(t, n, "a location that said no is not asked again by itself")
		k.Clock.Advance(time.Minute)
		s.put(t, "HAT", "WH", 4)
		n, err = retrier.Round(context.Background())
		require.NoError(t, err)
		require.Equal(t, 1, n, "once goods have arrived it is")
		require.Equal(t, []string{"WH CLOSED", "ST REJECTED", "WH OPEN"}, s.states(t, id))
		require.Equal(t, "OPEN", s.order(t, id).State)
		works := s.work(t, id)
		a, _, err := s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: works[2].ID})
		require.NoError(t, err)
		_, _, err = s.Ship(k.Ctx, s.parcel(a))
		require.NoError(t, err)
		require.Equal(t, "FULFILLED", s.order(t, id).FulfillmentState)
		s.sums(t)
	})
}

// A location is asked again for what has arrived since it refused, also when it has taken other work of the order since.
func TestALocationThatRefusedIsAskedForWhatArrivedSince(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		retrier := &orders.Retrier{Orders: s.Service}
		goes := func(sku string) {
			t.Helper()
			k.Clock.Advance(time.Minute)
			if sku != "" {
				s.put(t, sku, "WH", 9)
			}
			n, err := retrier.Round(context.Background())
			require.NoError(t, err)
			require.Equal(t, 1, n)
		}
		s.put(t, "HAT", "WH", 2)
		s.put(t, "CAP", "ST", 1)
		id := s.placed(t, want("HAT", 2), want("CAP", 1))
		_, _, err := s.Reject(k.Ctx, because(s.work(t, id)[0].ID, "not found"))
		require.NoError(t, err)
		goes("HAT")
		require.Equal(t, []string{"WH REJECTED", "ST OPEN", "WH OPEN"}, s.states(t, id))
		k.Clock.Advance(time.Minute)
		s.put(t, "CAP", "WH", 9)
		k.Clock.Advance(time.Minute)
		_, _, err = s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: s.work(t, id)[2].ID})
		require.NoError(t, err)
		_, _, err = s.Reject(k.Ctx, because(s.work(t, id)[1].ID, "not found"))
		require.NoError(t, err)
		require.Equal(t, "HELD", s.order(t, id).State)
		goes("")
		require.Equal(t, []string{"WH REJECTED", "ST REJECTED", "WH OPEN", "WH OPEN"}, s.states(t, id))
		s.sums(t)
	})
}

func TestMissingGoodsAreNeverMoreThanWereThere(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		id := s.placed(t, want("HAT", 4))
		_, _, err := s.stock.Sync(k.Ctx, stock.SyncInput{Key: fresh(), Source: "erp", Rows: []stock.SyncRow{{
			Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{Code: "WH"}, OnHand: 1, AsOf: k.Store.Instant(),
		}}})
		require.NoError(t, err)
		in := because(s.work(t, id)[0].ID, "gone")
		in.Missing = true
		_, _, err = s.Reject(k.Ctx, in)
		require.NoError(t, err)
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{0, 0}, []int{onHand, reserved})
		s.sums(t)
	})
}

func TestAReplacementMayBeSeveral(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		third := s.location(t, "TH", 3)
		s.put(t, "HAT", "WH", 3)
		s.put(t, "HAT", "ST", 1)
		s.put(t, "HAT", "TH", 2)
		id := s.placed(t, want("HAT", 3))
		done, _, err := s.Reject(k.Ctx, because(s.work(t, id)[0].ID, "no"))
		require.NoError(t, err)
		works := s.work(t, id)
		require.Len(t, works, 3)
		require.Equal(t, []commerce.UUID{s.st.ID, third.ID}, []commerce.UUID{works[1].LocationID, works[2].LocationID})
		require.Equal(t, works[1].ID, *done.Replacement)
		s.sums(t)
	})
}

func TestWorkIsHeldAndReleased(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.policy(t, orders.PolicyInput{AcceptWithin: commerce.Some(60)})
		s.put(t, "HAT", "WH", 5)
		id := s.placed(t, want("HAT", 2))
		token := s.accepted(t, id)
		in := because(token.Work, "customer asked to wait")
		work, replayed, err := s.Hold(k.At(s.wh.ID), in)
		require.NoError(t, err)
		require.False(t, replayed)
		require.Equal(t, token.Work, work)
		w := s.work(t, id)[0]
		require.Equal(t, []string{"ON_HOLD", "customer asked to wait"}, []string{w.State, w.HoldReason})
		_, replayed, err = s.Hold(k.At(s.wh.ID), in)
		require.NoError(t, err)
		require.True(t, replayed)
		_, _, err = s.Ship(k.Ctx, s.parcel(token))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		_, _, err = s.Hold(k.Ctx, because(work, "again"))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		k.Clock.Advance(time.Hour)
		_, _, err = s.Release(k.Ctx, because(work, ""))
		require.NoError(t, err)
		w = s.work(t, id)[0]
		require.Equal(t, []string{"OPEN", ""}, []string{w.State, w.HoldReason})
		require.Equal(t, k.Store.Instant().Add(time.Minute), w.AcceptBy, "its time begins anew")
		_, _, err = s.Release(k.Ctx, because(work, ""))
		testkit.Refused(t, err, commerce.IllegalTransition, "")
		_, _, err = s.Ship(k.Ctx, s.parcel(token))
		testkit.Refused(t, err, commerce.DispatchRevoked, "dispatchToken")
		_, _, err = s.Ship(k.Ctx, s.parcel(s.accepted(t, id)))
		require.NoError(t, err)
		require.Equal(t, []string{"PLACED", "WORK_ACCEPTED", "WORK_HELD", "WORK_RELEASED", "WORK_ACCEPTED", "SHIPPED"}, s.told(t, id))
		s.sums(t)
	})
}

func TestWhoMayRefuseAndHold(t *testing.T) { // TN-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		work := s.work(t, s.placed(t, want("HAT", 2)))[0].ID
		for name, do := range map[string]func(context.Context, orders.WorkInput) error{
			"reject":  func(ctx context.Context, in orders.WorkInput) error { _, _, err := s.Reject(ctx, in); return err },
			"hold":    func(ctx context.Context, in orders.WorkInput) error { _, _, err := s.Hold(ctx, in); return err },
			"release": func(ctx context.Context, in orders.WorkInput) error { _, _, err := s.Release(ctx, in); return err },
		} {
			for where, ctx := range map[string]context.Context{"another place": k.At(s.st.ID), "another brand": k.OtherCtx} {
				err := do(ctx, because(work, "no"))
				require.Error(t, err, name+" "+where)
				testkit.Refused(t, err, commerce.NotFound, "fulfillmentOrder")
			}
			testkit.Refused(t, do(k.Ctx, because(commerce.NewUUID(), "no")), commerce.NotFound, "fulfillmentOrder")
			testkit.Refused(t, do(k.Without(auth.OrdersWrite), because(work, "no")), commerce.Forbidden, "")
			if name != "release" {
				testkit.Refused(t, do(k.Ctx, because(work, " ")), commerce.InvalidInput, "reason")
			}
		}
		require.Equal(t, "OPEN", s.order(t, s.work(t, s.placed(t, want("HAT", 1)))[0].OrderID).State)
	})
}

// Where the buyer is stays known with the order: what one location refuses, or does not accept in time, goes to the next nearest.
func TestReroutedWorkGoesByDistanceToo(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.policy(t, orders.PolicyInput{Criteria: commerce.Some([]routing.Criterion{routing.Distance}), AcceptWithin: commerce.Some(60)})
		for i, code := range []string{"ST", "WH", "M", "A"} { // the farther, the earlier by code
			_, err := s.stock.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some(code), Point: commerce.Some(commerce.Point{Latitude: 31 + float64(i), Longitude: 121})})
			require.NoError(t, err)
			s.put(t, "HAT", code, 9)
		}
		in := s.input(want("HAT", 2))
		in.Near = &commerce.Point{Latitude: 30.9, Longitude: 121}
		p, _, err := s.Place(k.Ctx, in)
		require.NoError(t, err)
		require.Equal(t, []string{"ST OPEN"}, s.states(t, p.Order))
		_, _, err = s.Reject(k.Ctx, because(s.work(t, p.Order)[0].ID, "closed"))
		require.NoError(t, err)
		require.Equal(t, []string{"ST REJECTED", "WH OPEN"}, s.states(t, p.Order))
		require.InDelta(t, 122.3, *s.work(t, p.Order)[1].Routing[0].DistanceKm, 0.1)
		k.Clock.Advance(time.Minute)
		n, err := s.TimeOut(context.Background())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		m, err := stock.FindLocation(k.Ctx, k.Store.Ent, commerce.LocationRef{Code: "M"})
		require.NoError(t, err)
		require.Equal(t, m.ID, s.work(t, p.Order)[2].LocationID)
	})
}

func TestWorkThatNobodyAcceptsInTimeGoesElsewhere(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.policy(t, orders.PolicyInput{AcceptWithin: commerce.Some(60)})
		s.put(t, "HAT", "WH", 9)
		s.put(t, "HAT", "ST", 9)
		late, prompt := s.placed(t, want("HAT", 2)), s.placed(t, want("HAT", 1))
		s.accepted(t, prompt)
		n, err := s.TimeOut(context.Background())
		require.NoError(t, err)
		require.Zero(t, n)
		k.Clock.Advance(time.Minute)
		n, err = s.TimeOut(context.Background())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, []string{"WH ACCEPTED"}, s.states(t, prompt))
		require.Equal(t, []string{"WH REJECTED", "ST OPEN"}, s.states(t, late))
		entries, err := s.Store.Ent.OrderEntry.Query().Where(orderentry.OrderID(late), orderentry.Kind("WORK_TIMED_OUT")).All(k.Ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"routing", "not accepted in time"}, []string{entries[0].Actor, entries[0].Note})
		k.Clock.Advance(time.Minute)
		n, err = s.TimeOut(context.Background())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, []string{"WH REJECTED", "ST OPEN"}, s.states(t, late), "nobody else can: it stays")
		require.Zero(t, s.work(t, late)[1].AcceptBy)
		require.Equal(t, "OPEN", s.order(t, late).State)
		n, err = s.TimeOut(context.Background())
		require.NoError(t, err)
		require.Zero(t, n)
		s.sums(t)
	})
}

func TestAHeldOrderGoesOnWhenThereIsStock(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 4)
		first, second := s.placed(t, want("HAT", 2)), s.placed(t, want("HAT", 2))
		for _, id := range []commerce.UUID{first, second} {
			_, _, err := s.Reject(k.Ctx, because(s.work(t, id)[0].ID, "flooded"))
			require.NoError(t, err)
			require.Equal(t, "HELD", s.order(t, id).State)
		}
		retrier := &orders.Retrier{Orders: s.Service}
		n, err := retrier.Round(context.Background())
		require.NoError(t, err)
		require.Zero(t, n)
		version := s.order(t, first).Version
		s.put(t, "HAT", "ST", 3)
		n, err = retrier.Round(context.Background())
		require.NoError(t, err)
		require.Equal(t, 1, n, "enough for one: the older one")
		require.Equal(t, []string{"OPEN", "HELD"}, []string{s.order(t, first).State, s.order(t, second).State})
		require.Empty(t, s.order(t, first).HoldReason)
		require.Equal(t, version+1, s.order(t, first).Version)
		require.Equal(t, []string{"WH REJECTED", "ST OPEN"}, s.states(t, first))
		require.Equal(t, []string{"PLACED", "WORK_REJECTED", "HELD", "RELEASED"}, s.told(t, first))
		s.sums(t)
	})
}

// Two do something to the same work at once, two hundred times: one of them wins, never both, and the stock is right.
func TestRefusingWhileOthersActOnTheSameWork(t *testing.T) { // CC-02, CC-03
	type side func(s *shop, order commerce.UUID, a orders.Accepted) error
	reject := func(s *shop, _ commerce.UUID, a orders.Accepted) error {
		_, _, err := s.Reject(s.ctx, because(a.Work, "no"))
		return err
	}
	for name, other := range map[string]side{
		"shipping": func(s *shop, _ commerce.UUID, a orders.Accepted) error {
			_, _, err := s.Ship(s.ctx, s.parcel(a))
			return err
		},
		"canceling": func(s *shop, id commerce.UUID, _ orders.Accepted) error {
			_, _, err := s.Cancel(s.ctx, s.stop(id))
			return err
		},
		"refusing": reject,
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
				const races = 200
				s := newShop(t, k, k.Ctx)
				s.put(t, "HAT", "WH", races)
				s.put(t, "HAT", "ST", races)
				ids, taken := make([]commerce.UUID, races), make([]orders.Accepted, races)
				for i := range races {
					ids[i] = s.placed(t, want("HAT", 1))
					taken[i] = s.accepted(t, ids[i])
				}
				var rejected, others [races]error
				testkit.AtOnce(4, races, func(i int) {
					var pair sync.WaitGroup
					pair.Go(func() { rejected[i] = reject(s, ids[i], taken[i]) })
					pair.Go(func() { others[i] = other(s, ids[i], taken[i]) })
					pair.Wait()
				})
				shipped, canceled := 0, 0
				for i := range races {
					switch name {
					case "shipping":
						require.NotEqual(t, rejected[i] == nil, others[i] == nil, "one of them: %v, %v", rejected[i], others[i])
						if others[i] == nil {
							shipped++
						}
					case "canceling":
						require.NoError(t, others[i], "an order is canceled wherever its work is")
						canceled++
					default:
						require.NotEqual(t, rejected[i] == nil, others[i] == nil)
					}
				}
				require.Equal(t, shipped, k.Count(t, "fulfillments", ""))
				onHand, reserved := s.level(t, s.hat)
				require.Equal(t, []int{2*races - shipped, races - shipped - canceled}, []int{onHand, reserved})
				s.sums(t)
			})
		})
	}
}

// A store accepts at the moment at which its time is over, and two processes notice that it is.
func TestAcceptingWhileTheTimeRunsOut(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const races = 200
		s := newShop(t, k, k.Ctx)
		s.policy(t, orders.PolicyInput{AcceptWithin: commerce.Some(60)})
		s.put(t, "HAT", "WH", races)
		s.put(t, "HAT", "ST", races)
		works := make([]commerce.UUID, races)
		for i := range races {
			works[i] = s.work(t, s.placed(t, want("HAT", 1)))[0].ID
		}
		k.Clock.Advance(time.Minute)
		errs := make([]error, races)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				for n := 1; n > 0; {
					var err error
					if n, err = s.TimeOut(context.Background()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		testkit.AtOnce(4, races, func(i int) { // from the far end, so that they meet
			_, _, errs[i] = s.Accept(k.Ctx, orders.AcceptInput{Key: fresh(), Work: works[races-1-i]})
		})
		all.Wait()
		accepted := len(slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err != nil }))
		require.Equal(t, accepted, k.Count(t, "fulfillment_orders", "state = 'ACCEPTED'"))
		require.Equal(t, races-accepted, k.Count(t, "fulfillment_orders", "state = 'REJECTED'"))
		require.Equal(t, races-accepted, k.Count(t, "fulfillment_orders", "state = 'OPEN'"))
		require.Equal(t, races-accepted, k.Count(t, "order_entries", "kind = 'WORK_TIMED_OUT'"))
		_, reserved := s.level(t, s.hat)
		require.Equal(t, races, reserved)
		s.sums(t)
		t.Logf("%d of %d were accepted", accepted, races)
	})
}
