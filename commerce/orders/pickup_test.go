package orders_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/pickupcode"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// newCounter is a shop whose ST gives out goods to those who come.
func newCounter(t testing.TB, k *testkit.Kit) *shop {
	t.Helper()
	s := newShop(t, k, k.Ctx)
	_, err := s.stock.LocationUpsert(s.ctx, stock.LocationInput{By: &commerce.LocationRef{Code: "ST"}, Pickup: commerce.Some(true)})
	require.NoError(t, err)
	return s
}

// fetch places an order that waits at ST for its buyer.
func (s *shop) fetch(lines ...orders.LineInput) (commerce.UUID, error) {
	in := s.input(lines...)
	in.Pickup = &commerce.LocationRef{Code: "ST"}
	p, _, err := s.Place(s.ctx, in)
	return p.Order, err
}

func (s *shop) fetched(t testing.TB, lines ...orders.LineInput) commerce.UUID {
	t.Helper()
	p, err := s.fetch(lines...)
	require.NoError(t, err)
	return p
}

func (s *shop) codeRow(t testing.TB, order commerce.UUID) *ent.PickupCode {
	t.Helper()
	c, err := s.Store.Ent.PickupCode.Query().Where(pickupcode.OrderID(order)).Only(s.ctx)
	require.NoError(t, err)
	return c
}

// code is what the buyer shows.
func (s *shop) code(t testing.TB, order commerce.UUID) string { return s.CodeText(s.codeRow(t, order)) }

func show(code string) orders.PickupInput {
	return orders.PickupInput{Key: fresh(), Code: code, Location: commerce.LocationRef{Code: "ST"}}
}

// wrong is a code of the right form that nobody has.
const wrong = "00000-00000"

func (s *shop) refusedCode(t testing.TB, in orders.PickupInput) {
	t.Helper()
	_, _, err := s.VerifyPickup(s.ctx, in)
	require.Equal(t, []string{"NOT_FOUND code"}, testkit.Said(err))
}

// guard is the count of wrong codes at ST.
func (s *shop) guard(t testing.TB) (n int) {
	t.Helper()
	require.NoError(t, s.Store.DB.Read().QueryRow(s.ctx, "SELECT COALESCE(SUM(wrong), 0) FROM pickup_guards WHERE location_id = ?", s.st.ID).Scan(&n))
	return n
}

func TestACodeGivesOutOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", 3)
		s.put(t, "CAP", "ST", 3)
		id := s.fetched(t, want("HAT", 2), want("CAP", 1))
		row := s.codeRow(t, id)
		require.Equal(t, k.Store.Instant().Add(7*24*time.Hour), s.order(t, id).PickupUntil)
		code := s.CodeText(row)
		require.Regexp(t, `^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$`, code)
		require.Equal(t, []string{"orderPaymentRecord", "orderCancel", "fulfillmentAccept", "fulfillmentReject", "fulfillmentHold", "pickupVerify"}, s.actions(t, id))

		in := show(" " + code[:3] + " " + code[3:5] + "- " + code[6:])
		p, replayed, err := s.VerifyPickup(k.Ctx, in)
		require.NoError(t, err)
		require.False(t, replayed)
		require.Equal(t, id, p.Order)
		again, replayed, err := s.VerifyPickup(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, p, again)
		in.Code = code
		_, replayed, err = s.VerifyPickup(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed, "the same code, written otherwise")
		in.Code = wrong
		_, _, err = s.VerifyPickup(k.Ctx, in)
		testkit.Refused(t, err, commerce.IdempotencyMismatch, "idempotencyKey")

		o := s.order(t, id)
		require.Equal(t, "FULFILLED", o.FulfillmentState)
		for _, w := range s.work(t, id) {
			require.Equal(t, "CLOSED", w.State)
		}
		require.Equal(t, 1, k.Count(t, "fulfillments", "carrier = 'PICKUP' AND tracking_number = '"+o.Number+"'"))
		require.Equal(t, 2, k.Count(t, "stock_movements", "kind = 'SHIP'"))
		hats, reserved := s.level(t, s.hat)
		require.Equal(t, []int{1, 0}, []int{hats, reserved})
		subject := auth.From(k.Ctx).Subject
		require.Equal(t, 1, k.Count(t, "order_entries", "kind = 'PICKED_UP' AND actor = '"+subject+"'"))
		row = s.codeRow(t, id)
		require.Equal(t, []any{k.Store.Instant(), subject}, []any{row.UsedAt, row.UsedBy})

		used := k.Store.Instant()
		k.Clock.Advance(time.Hour)
		_, _, err = s.VerifyPickup(k.Ctx, show(code))
		require.Equal(t, commerce.Use{At: used, By: subject}, testkit.Refused(t, err, commerce.AlreadyUsed, "code").Details)
		k.Clock.Advance(30 * 24 * time.Hour)
		_, _, err = s.VerifyPickup(k.Ctx, show(code))
		testkit.Refused(t, err, commerce.AlreadyUsed, "code")
		require.Zero(t, s.guard(t), "who comes twice does not guess")
		s.sums(t)
	})
}

func TestWrongCodesLockACounter(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", 9)
		id, second := s.fetched(t, want("HAT", 1)), s.fetched(t, want("HAT", 1))
		code, other := s.code(t, id), s.code(t, second)
		right := show(code)
		again := show(wrong) // the same call counts each time: a refusal binds no key
		forged := code[:6] + other[6:]
		for i, in := range []orders.PickupInput{again, again, show(""), show("\x00"), show(forged)} {
			s.refusedCode(t, in)
			require.Equal(t, i+1, s.guard(t))
		}
		_, _, err := s.VerifyPickup(k.Ctx, show(other))
		require.NoError(t, err)
		require.Zero(t, s.guard(t), "a right code begins the count anew")

		for range 6 {
			s.refusedCode(t, again)
		}
		for _, in := range []orders.PickupInput{again, right, show(other)} {
			_, _, err := s.VerifyPickup(k.Ctx, in)
			require.True(t, testkit.Refused(t, err, commerce.Locked, "location").Retryable)
		}
		require.Equal(t, orders.CodeLocked, s.codeState(t, id))
		require.Equal(t, orders.CodeUsed, s.codeState(t, second))
		elsewhere := show(code)
		elsewhere.Location = commerce.LocationRef{Code: "WH"}
		s.refusedCode(t, elsewhere) // another counter is not locked, and the code is not one of its own
		k.Clock.Advance(15*time.Minute - time.Microsecond)
		_, _, err = s.VerifyPickup(k.Ctx, right)
		testkit.Refused(t, err, commerce.Locked, "location")
		k.Clock.Advance(time.Microsecond)
		require.Equal(t, orders.CodeIssued, s.codeState(t, id))
		for range 5 {
			s.refusedCode(t, again)
		}
		_, replayed, err := s.VerifyPickup(k.Ctx, right)
		require.NoError(t, err)
		require.False(t, replayed)
		for range 6 {
			s.refusedCode(t, again)
		}
		_, replayed, err = s.VerifyPickup(k.Ctx, right)
		require.NoError(t, err, "what was done once is answered again, locked or not")
		require.True(t, replayed)
		require.Equal(t, 2, k.Count(t, "idempotency_keys", "operation = 'pickupVerify'"))
		s.sums(t)
	})
}

func TestACodeIsVoidAfterItsTimeOrItsOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", 9)
		canceled, late, held, kept := s.fetched(t, want("HAT", 1)), s.fetched(t, want("HAT", 1)), s.fetched(t, want("HAT", 1)), s.fetched(t, want("HAT", 1))
		_, _, err := s.Cancel(k.Ctx, s.stop(canceled))
		require.NoError(t, err)
		_, _, err = s.VerifyPickup(k.Ctx, show(s.code(t, canceled)))
		testkit.Refused(t, err, commerce.Expired, "code")
		require.Equal(t, orders.CodeExpired, s.codeState(t, canceled))

		_, err = k.Store.DB.Write().Exec(k.Ctx, "UPDATE orders SET state = 'HELD' WHERE id = ?", held)
		require.NoError(t, err)
		_, err = k.Store.DB.Write().Exec(k.Ctx, "UPDATE fulfillment_orders SET state = 'ON_HOLD' WHERE order_id = ?", kept)
		require.NoError(t, err)
		for _, id := range []commerce.UUID{held, kept} {
			_, _, err = s.VerifyPickup(k.Ctx, show(s.code(t, id)))
			allowed, ok := testkit.Refused(t, err, commerce.IllegalTransition, "").Details.(commerce.Allowed)
			require.True(t, ok)
			require.NotContains(t, allowed.Mutations, "pickupVerify")
			require.Equal(t, orders.CodeIssued, s.codeState(t, id))
		}
		k.Clock.Advance(7*24*time.Hour - time.Microsecond)
		require.Equal(t, orders.CodeIssued, s.codeState(t, late))
		k.Clock.Advance(time.Microsecond)
		require.Equal(t, orders.CodeExpired, s.codeState(t, late))
		_, _, err = s.VerifyPickup(k.Ctx, show(s.code(t, late)))
		testkit.Refused(t, err, commerce.Expired, "code")
		require.Zero(t, s.guard(t), "none of them is a guess")
		require.Zero(t, k.Count(t, "fulfillments", ""))

		require.NotContains(t, s.actions(t, late), "pickupVerify")
		work := orders.WorkInput{Key: fresh(), Work: s.work(t, late)[0].ID, Reason: "comes on Sunday"}
		_, _, err = s.Hold(k.Ctx, work)
		require.NoError(t, err)
		work.Key = fresh()
		_, _, err = s.Release(k.Ctx, work)
		require.NoError(t, err)
		k.Clock.Advance(7*24*time.Hour - time.Microsecond)
		require.Contains(t, s.actions(t, late), "pickupVerify")
		_, _, err = s.VerifyPickup(k.Ctx, show(s.code(t, late)))
		require.NoError(t, err, "who holds and releases gives the buyer as much time again, for the same code")
		s.sums(t)
	})
}

func TestGoodsThatArriveLateAreFetchedWithTheSameCode(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", 1)
		id := s.fetched(t, want("HAT", 1))
		_, _, err := s.Reject(k.Ctx, orders.WorkInput{Key: fresh(), Work: s.work(t, id)[0].ID, Reason: "not found", Missing: true})
		require.NoError(t, err)
		k.Clock.Advance(8 * 24 * time.Hour)
		require.Equal(t, orders.CodeExpired, s.codeState(t, id))
		s.put(t, "HAT", "ST", 1)
		n, err := (&orders.Retrier{Orders: s.Service}).Round(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, orders.CodeIssued, s.codeState(t, id))
		require.Contains(t, s.actions(t, id), "pickupVerify")
		_, _, err = s.VerifyPickup(k.Ctx, show(s.code(t, id)))
		require.NoError(t, err)
		s.sums(t)
	})
}

func TestWhoMayNotGiveOut(t *testing.T) { // TN-02, SC-06
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", 9)
		id := s.fetched(t, want("HAT", 1))
		code := s.code(t, id)
		_, _, err := s.VerifyPickup(k.Without(auth.OrdersWrite), show(code))
		require.Equal(t, commerce.Forbidden, commerce.CodeOf(err))
		_, _, err = s.VerifyPickup(k.OtherCtx, show(code))
		require.Equal(t, []string{"NOT_FOUND location"}, testkit.Said(err))
		_, _, err = s.VerifyPickup(k.At(s.wh.ID), show(code))
		require.Equal(t, []string{"NOT_FOUND location"}, testkit.Said(err))
		require.Zero(t, s.guard(t), "no counter, nothing to count at")
		_, _, err = s.VerifyPickup(k.On(s.open(t, "second", "CNY").ID), show(code))
		require.Equal(t, []string{"NOT_FOUND code"}, testkit.Said(err))
		require.Equal(t, 1, s.guard(t), "an order of another channel does not exist")
		theirs := newShop(t, k, k.OtherCtx)
		_, _, err = theirs.VerifyPickup(k.OtherCtx, show(code))
		require.Equal(t, []string{"NOT_FOUND code"}, testkit.Said(err))
		in := show(code)
		in.Key = ""
		_, _, err = s.VerifyPickup(k.Ctx, in)
		testkit.Refused(t, err, commerce.InvalidInput, "idempotencyKey")
		_, _, err = s.VerifyPickup(k.At(s.st.ID), show(code))
		require.NoError(t, err, "who stands at the counter may")
	})
}

func TestGuessesAtOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", 9)
		s.fetched(t, want("HAT", 1))
		const guesses = 200
		errs := make([]error, guesses)
		testkit.AtOnce(guesses, guesses, func(i int) { _, _, errs[i] = s.VerifyPickup(k.Ctx, show(fmt.Sprintf("00000-%05d", i))) })
		said := map[string]int{}
		for _, err := range errs {
			require.Len(t, testkit.Said(err), 1)
			said[testkit.Said(err)[0]]++
		}
		require.Equal(t, map[string]int{"NOT_FOUND code": 6, "LOCKED location": guesses - 6}, said)
		require.Equal(t, 1, k.Count(t, "pickup_guards", ""))
	})
}

func TestOfManyWhoShowOneCodeOneGetsTheGoods(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", 9)
		for _, same := range []bool{false, true} { // with a key of their own, and with the same
			code := s.code(t, s.fetched(t, want("HAT", 1)))
			in := show(code)
			errs, replays := make([]error, 50), make([]bool, 50)
			testkit.AtOnce(50, 50, func(i int) {
				mine := in
				if !same {
					mine.Key = fresh()
				}
				_, replays[i], errs[i] = s.VerifyPickup(k.Ctx, mine)
			})
			won := 0
			for i, err := range errs {
				switch {
				case err == nil && !replays[i]:
					won++
				case !same:
					testkit.Refused(t, err, commerce.AlreadyUsed, "code")
				default:
					require.NoError(t, err)
				}
			}
			require.Equal(t, 1, won)
		}
		require.Equal(t, 2, k.Count(t, "fulfillments", ""))
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{7, 0}, []int{onHand, reserved})
		s.sums(t)
	})
}

// The buyer shows the code while the shop cancels: either the goods leave and cancel is refused or only asked for, or the code is void.
func TestCancelingAndPickingUpAtOnce(t *testing.T) { // CC-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const races = 500
		s := newCounter(t, k)
		s.put(t, "HAT", "ST", races)
		ids, codes := make([]commerce.UUID, races), make([]string, races)
		testkit.AtOnce(4, races, func(i int) {
			var err error
			if ids[i], err = s.fetch(want("HAT", 1)); err != nil {
				t.Error(err)
			}
		})
		for i, id := range ids {
			codes[i] = s.code(t, id)
		}
		var fetched, canceled [races]error
		testkit.AtOnce(4, races, func(i int) {
			var pair sync.WaitGroup
			pair.Go(func() { _, _, fetched[i] = s.VerifyPickup(k.Ctx, show(codes[i])) })
			pair.Go(func() { _, _, canceled[i] = s.Cancel(k.Ctx, s.stop(ids[i])) })
			pair.Wait()
		})
		left := 0
		for i, err := range fetched {
			o := s.order(t, ids[i])
			if err == nil {
				left++
				require.NotEqual(t, "CANCELED", o.State)
				require.Equal(t, "FULFILLED", o.FulfillmentState)
				continue
			}
			testkit.Refused(t, err, commerce.Expired, "code")
			require.NoError(t, canceled[i])
			require.Equal(t, "CANCELED", o.State)
		}
		require.Equal(t, left, k.Count(t, "fulfillments", ""))
		require.Equal(t, left, k.Count(t, "pickup_codes", "used_at > 0"))
		onHand, reserved := s.level(t, s.hat)
		require.Equal(t, []int{races - left, 0}, []int{onHand, reserved})
		s.sums(t)
		t.Logf("%d of %d left", left, races)
	})
}

func (s *shop) codeState(t testing.TB, order commerce.UUID) orders.PickupCodeState {
	t.Helper()
	var until commerce.Instant
	require.NoError(t, s.Store.DB.Read().QueryRow(s.ctx, "SELECT COALESCE(MAX(locked_until), 0) FROM pickup_guards WHERE location_id = ?", s.st.ID).Scan(&until))
	return orders.CodeState(s.codeRow(t, order), s.order(t, order), until, s.Store.Instant())
}

// actions are the mutations that are legal now.
func (s *shop) actions(t testing.TB, order commerce.UUID) []string {
	t.Helper()
	var states []orders.WorkState
	for _, w := range s.work(t, order) {
		states = append(states, orders.WorkState(w.State))
	}
	return orders.SituationOf(s.order(t, order), states, s.Store.Instant()).Actions()
}
