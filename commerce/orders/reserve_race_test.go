package orders_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func (s *shop) member(t testing.TB, name string) *commerce.MemberRef {
	t.Helper()
	m, err := (&members.Service{Store: s.Store}).Upsert(s.ctx, members.UpsertInput{Name: commerce.Some(name)})
	require.NoError(t, err)
	return &commerce.MemberRef{ID: &m.Member.ID}
}

func TestNobodyKeepsTooMuch(t *testing.T) { // CC-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 10_000)
		s.put(t, "CAP", "WH", 10_000)
		anna, ben := s.member(t, "Anna"), s.member(t, "Ben")
		desk := k.Viewer(auth.Scopes()...)
		desk.Subject = "desk"
		reserve := func(ctx context.Context, member *commerce.MemberRef, lines ...orders.ReserveLine) (commerce.UUID, error) {
			in := toHold(lines...)
			in.Member = member
			id, _, err := s.Reserve(ctx, in)
			return id, err
		}

		_, err := reserve(k.Ctx, anna, hold("HAT", 11))
		testkit.Refused(t, err, commerce.LimitExceeded, "lines.0.quantity")
		_, err = reserve(k.Ctx, anna, hold("HAT", 6), hold("CAP", 10), hold("HAT", 4))
		require.NoError(t, err)
		_, err = reserve(k.With(desk), anna, hold("HAT", 1))
		testkit.Refused(t, err, commerce.LimitExceeded, "lines.0.quantity")
		_, err = reserve(k.Ctx, ben, hold("HAT", 10))
		require.NoError(t, err, "another member's are counted apart")

		lisa := s.member(t, "Lisa")
		var last commerce.UUID
		for range 5 {
			last, err = reserve(k.Ctx, lisa, hold("HAT", 1))
			require.NoError(t, err)
		}
		_, err = reserve(k.With(desk), lisa, hold("HAT", 1))
		testkit.Refused(t, err, commerce.LimitExceeded, "member")
		require.NoError(t, s.release(k.Ctx, last))
		_, err = reserve(k.With(desk), lisa, hold("HAT", 1))
		require.NoError(t, err, "what was given back does not count")
		_, err = reserve(k.Ctx, lisa, hold("HAT", 1))
		testkit.Refused(t, err, commerce.LimitExceeded, "member")
		k.Clock.Advance(time.Hour)
		_, err = reserve(k.Ctx, lisa, hold("HAT", 1))
		require.NoError(t, err, "nor does what is over, given back or not")
		s.expire(t)

		// The client itself, without a member: 1,000 units of a variant, whichever places they are at, and 100 reservations.
		_, err = reserve(k.With(desk), nil, hold("HAT", 600), hold("CAP", 1000), hold("HAT", 401))
		testkit.Refused(t, err, commerce.LimitExceeded, "lines.2.quantity")
		_, err = reserve(k.With(desk), nil, hold("HAT", 600), hold("CAP", 999), hold("HAT", 400))
		require.NoError(t, err)
		for range 99 {
			_, err = reserve(k.With(desk), nil, holdAt("HAT", 1, "WH"))
			testkit.Refused(t, err, commerce.LimitExceeded, "lines.0.quantity")
		}
		_, err = k.Store.DB.Write().Exec(k.Ctx, "UPDATE reservations SET state = 'RELEASED' WHERE holder = 'desk'")
		require.NoError(t, err)
		for range 100 {
			_, err = reserve(k.With(desk), nil, hold("HAT", 1))
			require.NoError(t, err)
		}
		_, err = reserve(k.With(desk), nil, hold("CAP", 1))
		testkit.Refused(t, err, commerce.LimitExceeded, "")
		_, err = reserve(k.Ctx, nil, hold("CAP", 1))
		require.NoError(t, err, "another client's are counted apart")
	})
}

func TestAHundredReservesOfOneMemberAtOnce(t *testing.T) { // CC-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 500)
		s.put(t, "CAP", "WH", 500)
		run := func(member *commerce.MemberRef, line orders.ReserveLine, where string) (won int) {
			errs := make([]error, 100)
			testkit.AtOnce(100, 100, func(i int) {
				v := k.Viewer(auth.Scopes()...)
				v.Subject = "desk" // one client, or two that share the member
				if member != nil && i%2 == 1 {
					v.Subject = "till"
				}
				in := toHold(line)
				in.Member = member
				_, _, errs[i] = s.Reserve(k.With(v), in)
			})
			for _, err := range errs {
				if err == nil {
					won++
				} else {
					testkit.Refused(t, err, commerce.LimitExceeded, where)
				}
			}
			return won
		}
		require.Equal(t, 5, run(s.member(t, "Anna"), hold("HAT", 1), "member"))
		require.Equal(t, 3, run(s.member(t, "Ben"), hold("HAT", 3), "lines.0.quantity"))
		s.Caps = orders.Caps{PerClient: 40, UnitsPerClient: 50}
		k.Clock.Advance(time.Hour)
		s.expire(t)
		require.Equal(t, 40, run(nil, hold("HAT", 1), ""))
		k.Clock.Advance(time.Hour)
		s.expire(t)
		require.Equal(t, 16, run(nil, hold("CAP", 3), "lines.0.quantity"))
		s.sums(t)
	})
}

// A shop may keep all its visitors' carts under one token: those who wait for their turn take no connection from anybody else.
func TestReservesOfOneClientWaitWithoutAConnection(t *testing.T) { // CC-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 500)
		anna := s.member(t, "Anna")
		s.Caps = orders.Caps{PerMember: 100, UnitsPerMember: 100}
		const many = 40 // more than the pool has
		var all sync.WaitGroup
		errs := make([]error, many)
		require.NoError(t, k.Store.DB.InTx(k.Ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(k.Ctx, "UPDATE stock_levels SET version = version"); err != nil { // nobody can reserve for a while
				return err
			}
			for i := range many {
				v := k.Viewer(auth.Scopes()...)
				in := toHold(hold("HAT", 1))
				if v.Subject = "shop"; i%2 == 1 { // or many clients for one member
					v.Subject, in.Member = fresh(), anna
				}
				all.Go(func() { _, _, errs[i] = s.Reserve(k.With(v), in) })
			}
			ctx, stop := context.WithTimeout(k.Ctx, 10*time.Second)
			defer stop()
			for range 300 { // while they come
				if err := k.Store.DB.Ping(ctx); err != nil {
					return err
				}
			}
			return nil
		}))
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		s.sums(t)
	})
}

// While an order takes a reservation, somebody releases it and its time runs out; the order is paid and canceled as soon as it is
// there, and goods arrive. One of them ends the reservation, and the stock is right.
func TestOneEndsAReservation(t *testing.T) { // CC-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const rounds = 300
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 1)
		ended := map[orders.ReservationState]int{}
		canceled := 0
		for round := range rounds {
			in := toHold(hold("HAT", 1))
			in.TTL = 60
			id, _, err := s.Reserve(k.Ctx, in)
			require.NoError(t, err)
			var placed orders.Placed
			var ordered, stopped, paid, released, arrived error
			go_ := make(chan struct{})
			var all sync.WaitGroup
			all.Go(func() {
				<-go_
				if placed, _, ordered = s.Place(k.Ctx, s.takes(id, want("HAT", 1))); ordered != nil {
					return
				}
				var after sync.WaitGroup
				after.Go(func() { _, _, stopped = s.Cancel(k.Ctx, s.stop(placed.Order)) })
				after.Go(func() { _, _, paid = s.RecordPayment(k.Ctx, s.pay(placed.Order, 10000)) })
				after.Wait()
			})
			all.Go(func() { <-go_; released = s.release(k.Ctx, id) })
			expired := make([]error, 2)
			for i := range expired {
				all.Go(func() {
					<-go_
					if round%3 != 0 { // else nobody's time runs out
						k.Clock.Advance(time.Minute)
					}
					_, expired[i] = s.Expire(context.Background())
				})
			}
			all.Go(func() {
				<-go_
				_, _, arrived = s.stock.Adjust(k.Ctx, stock.AdjustInput{Key: fresh(), Variant: commerce.VariantRef{SKU: "HAT"}, Location: commerce.LocationRef{Code: "WH"}, Delta: 1, Reason: "restock"})
			})
			close(go_)
			all.Wait()
			require.NoError(t, expired[0])
			require.NoError(t, expired[1])
			require.NoError(t, arrived)
			s.expire(t) // what was looked at while somebody tried in vain

			state := orders.ReservationState(s.reservation(t, id).State)
			ended[state]++
			require.Equal(t, ordered == nil, state == orders.ReservationConsumed, "%s, the order: %v", state, ordered)
			require.Equal(t, released == nil, state == orders.ReservationReleased, "%s, the release: %v", state, released)
			require.NotEqual(t, orders.ReservationActive, state)
			if ordered != nil {
				testkit.Refused(t, ordered, commerce.Expired, "reservation")
			} else {
				require.NoError(t, stopped)
				canceled++
				if paid != nil {
					testkit.Refused(t, paid, commerce.IllegalTransition, "")
				}
			}
			require.Equal(t, []int{round + 2, 0}, s.count(t, s.hat), "round %d, %s", round, state)
		}
		require.Equal(t, canceled, k.Count(t, "orders", "state = 'CANCELED'"))
		require.Equal(t, rounds, k.Count(t, "stock_movements", "kind = 'RELEASE'")-canceled, "each reservation is given back once, and each order's")
		s.sums(t)
		t.Logf("ended %v", ended)
	})
}

// A call that is sent to two processes at once is one call, also when it takes a reservation: the second finds that taken, by itself.
func TestOneCallToTwoProcessesTakesAReservationOnce(t *testing.T) { // ID-01
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.Caps = orders.Caps{PerClient: 1000, UnitsPerClient: 10_000}
		other := &orders.Service{Store: k.Store, Tokens: s.Tokens}
		s.put(t, "HAT", "WH", 100)
		for range 50 {
			in := s.input(want("HAT", 1))
			kept, _, err := s.Reserve(k.Ctx, toHold(hold("HAT", 1)))
			require.NoError(t, err)
			in.Reservation = &kept
			var placed [2]orders.Placed
			var replayed [2]bool
			var errs [2]error
			var both sync.WaitGroup
			for i, process := range []*orders.Service{s.Service, other} {
				both.Go(func() { placed[i], replayed[i], errs[i] = process.Place(k.Ctx, in) })
			}
			both.Wait()
			require.NoError(t, errs[0])
			require.NoError(t, errs[1])
			require.Equal(t, placed[0].Order, placed[1].Order)
			require.NotEqual(t, replayed[0], replayed[1])
		}
	})
}
