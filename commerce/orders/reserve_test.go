package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/reservationline"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func hold(sku string, n int64) orders.ReserveLine {
	return orders.ReserveLine{Variant: commerce.VariantRef{SKU: sku}, Quantity: n}
}

func holdAt(sku string, n int64, location string) orders.ReserveLine {
	l := hold(sku, n)
	l.Location = &commerce.LocationRef{Code: location}
	return l
}

func toHold(lines ...orders.ReserveLine) orders.ReserveInput {
	return orders.ReserveInput{Key: fresh(), Lines: lines, TTL: 600}
}

func (s *shop) reserved(t testing.TB, lines ...orders.ReserveLine) commerce.UUID {
	t.Helper()
	id, _, err := s.Reserve(s.ctx, toHold(lines...))
	require.NoError(t, err)
	return id
}

func (s *shop) reservation(t testing.TB, id commerce.UUID) *ent.Reservation {
	t.Helper()
	r, err := s.Store.Ent.Reservation.Get(s.ctx, id)
	require.NoError(t, err)
	return r
}

// keeps tells what a reservation keeps where, as "WH HAT" and how many.
func (s *shop) keeps(t testing.TB, id commerce.UUID) map[string]int64 {
	t.Helper()
	all, err := s.Store.Ent.ReservationLine.Query().Where(reservationline.ReservationID(id)).WithLocation().WithVariant().All(s.ctx)
	require.NoError(t, err)
	out := map[string]int64{}
	for _, l := range all {
		out[l.Edges.Location.Code+" "+l.Edges.Variant.Sku] = l.Quantity
	}
	return out
}

// takes is an order that takes a reservation.
func (s *shop) takes(reservation commerce.UUID, lines ...orders.LineInput) orders.PlaceInput {
	in := s.input(lines...)
	in.Reservation = &reservation
	return in
}

func (s *shop) release(ctx context.Context, reservation commerce.UUID) error {
	_, _, err := s.ReleaseReservation(ctx, orders.ReleaseReservationInput{Key: fresh(), Reservation: reservation})
	return err
}

func (s *shop) expire(t testing.TB) int {
	t.Helper()
	n, err := s.Expire(context.Background())
	require.NoError(t, err)
	return n
}

func (s *shop) count(t testing.TB, v *ent.Variant) []int {
	t.Helper()
	onHand, reserved := s.level(t, v)
	return []int{onHand, reserved}
}

func TestAnOrderTakesWhatWasKept(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		id := s.reserved(t, hold("HAT", 5))
		require.Equal(t, map[string]int64{"WH HAT": 5}, s.keeps(t, id))
		_, _, err := s.Place(k.Ctx, s.input(want("HAT", 1)))
		require.Equal(t, commerce.Shortage{Available: 0}, testkit.Refused(t, err, commerce.InsufficientStock, "lines.0.quantity").Details)

		p, _, err := s.Place(k.Ctx, s.takes(id, want("HAT", 5)))
		require.NoError(t, err)
		r := s.reservation(t, id)
		require.EqualValues(t, orders.ReservationConsumed, r.State)
		require.Equal(t, p.Order, *r.OrderID)
		require.Equal(t, []string{"WH HAT 5"}, s.promised(t, p.Order))
		require.Equal(t, []int{5, 5}, s.count(t, s.hat))

		_, _, err = s.Place(k.Ctx, s.takes(id, want("HAT", 1)))
		testkit.Refused(t, err, commerce.AlreadyUsed, "reservation")
		testkit.Refused(t, s.release(k.Ctx, id), commerce.AlreadyUsed, "reservation")
		k.Clock.Advance(time.Hour)
		require.Zero(t, s.expire(t))
		require.Equal(t, []int{5, 5}, s.count(t, s.hat))
		require.Equal(t, 1, k.Count(t, "orders", ""))
		s.sums(t)
	})
}

// What a reservation keeps was decided by it: the order keeps a decision only with work that routing chose.
func TestADecisionIsKeptOnlyOfWhatWasDecided(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		_, err := s.stock.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("ST"), ShipFrom: commerce.Some(false)})
		require.NoError(t, err)
		s.put(t, "HAT", "WH", 5)
		s.put(t, "HAT", "ST", 5)

		// All of it was kept, where no parcel would come from otherwise.
		p, _, err := s.Place(k.Ctx, s.takes(s.reserved(t, holdAt("HAT", 2, "ST")), want("HAT", 2)))
		require.NoError(t, err)
		require.Equal(t, []string{"ST OPEN"}, s.states(t, p.Order))
		require.Nil(t, s.work(t, p.Order)[0].Routing)

		// Some of it was, and routing chose for the rest.
		p, _, err = s.Place(k.Ctx, s.takes(s.reserved(t, holdAt("HAT", 2, "ST")), want("HAT", 3)))
		require.NoError(t, err)
		require.Equal(t, []string{"ST OPEN", "WH OPEN"}, s.states(t, p.Order))
		work := s.work(t, p.Order)
		require.Nil(t, work[0].Routing)
		require.Equal(t, []routing.Candidate{{Location: s.wh.ID, Score: 1}, {Location: s.st.ID, Excluded: routing.NoShipping}}, work[1].Routing)
		s.sums(t)
	})
}

func TestOrdersSmallerAndLargerThanWhatWasKept(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 10)
		s.put(t, "CAP", "ST", 4)

		smaller := s.reserved(t, hold("HAT", 5), holdAt("CAP", 2, "ST"))
		p, _, err := s.Place(k.Ctx, s.takes(smaller, want("HAT", 2)))
		require.NoError(t, err)
		require.Equal(t, []string{"WH HAT 2"}, s.promised(t, p.Order))
		require.Equal(t, []int{10, 2}, s.count(t, s.hat))
		require.Equal(t, []int{4, 0}, s.count(t, s.cap))

		larger := s.reserved(t, hold("HAT", 3))
		p, _, err = s.Place(k.Ctx, s.takes(larger, want("HAT", 6), want("CAP", 1)))
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"WH HAT 6", "ST CAP 1"}, s.promised(t, p.Order))
		require.Equal(t, []int{10, 8}, s.count(t, s.hat))

		tooLarge := s.reserved(t, hold("HAT", 1))
		_, _, err = s.Place(k.Ctx, s.takes(tooLarge, want("HAT", 3)))
		testkit.Refused(t, err, commerce.InsufficientStock, "lines.0.quantity")
		require.EqualValues(t, orders.ReservationActive, s.reservation(t, tooLarge).State)
		require.Equal(t, []int{10, 9}, s.count(t, s.hat))
		require.NoError(t, s.release(k.Ctx, tooLarge))
		require.Equal(t, []int{10, 8}, s.count(t, s.hat))
		require.Equal(t, 2, k.Count(t, "orders", ""))
		s.sums(t)
	})
}

func TestReservingAtAPlaceOrWhereverItIs(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		// A counter in a mall: its stock is not sold online, and yet is kept for whoever comes.
		_, err := s.stock.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("CT"), Kind: commerce.Some("COUNTER"), Ownership: commerce.Some("FRANCHISE"), ShipFrom: commerce.Some(false)})
		require.NoError(t, err)
		_, err = s.stock.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("OLD"), Active: commerce.Some(false)})
		require.NoError(t, err)
		s.put(t, "HAT", "WH", 4)
		s.put(t, "HAT", "ST", 3)
		s.put(t, "HAT", "CT", 2)
		s.put(t, "HAT", "OLD", 9)
		for _, c := range []struct {
			name      string
			lines     []orders.ReserveLine
			keeps     map[string]int64
			refused   string
			available int
		}{
			{name: "the counter", lines: []orders.ReserveLine{holdAt("HAT", 2, "CT")}, keeps: map[string]int64{"CT HAT": 2}},
			{name: "more than the counter has", lines: []orders.ReserveLine{holdAt("HAT", 3, "ct")}, refused: "lines.0.quantity", available: 2},
			{name: "more in two lines", lines: []orders.ReserveLine{holdAt("HAT", 1, "CT"), hold("HAT", 1), holdAt("HAT", 2, "CT")}, refused: "lines.2.quantity", available: 2},
			{name: "wherever, one parcel", lines: []orders.ReserveLine{hold("HAT", 1), hold("HAT", 3)}, keeps: map[string]int64{"WH HAT": 4}},
			{name: "wherever, split", lines: []orders.ReserveLine{hold("HAT", 2), hold("HAT", 3)}, keeps: map[string]int64{"WH HAT": 4, "ST HAT": 1}},
			{name: "wherever, never at the counter", lines: []orders.ReserveLine{hold("HAT", 3), hold("HAT", 5)}, refused: "lines.1.quantity", available: 7},
			{name: "what a named place leaves", lines: []orders.ReserveLine{hold("HAT", 4), holdAt("HAT", 3, "WH")}, keeps: map[string]int64{"WH HAT": 4, "ST HAT": 3}},
			{name: "more than a named place leaves", lines: []orders.ReserveLine{hold("HAT", 5), holdAt("HAT", 3, "WH")}, refused: "lines.0.quantity", available: 4},
		} {
			id, _, err := s.Reserve(k.Ctx, toHold(c.lines...))
			if c.refused != "" {
				require.Equal(t, commerce.Shortage{Available: c.available}, testkit.Refused(t, err, commerce.InsufficientStock, c.refused).Details, c.name)
				continue
			}
			require.NoError(t, err, c.name)
			require.Equal(t, c.keeps, s.keeps(t, id), c.name)
			s.sums(t)
			require.NoError(t, s.release(k.Ctx, id), c.name)
		}
		_, _, err = s.Reserve(k.Ctx, toHold(holdAt("HAT", 1, "OLD")))
		testkit.Refused(t, err, commerce.InvalidInput, "lines.0.location")
		require.Equal(t, 4, k.Count(t, "reservations", "state = 'RELEASED'"))
		require.Equal(t, 4, k.Count(t, "reservations", ""))
		require.Equal(t, []int{18, 0}, s.count(t, s.hat))
		s.sums(t)
	})
}

func TestWhatCannotBeReserved(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 10)
		theirs, err := (&members.Service{Store: k.Store}).Upsert(k.OtherCtx, members.UpsertInput{Name: commerce.Some("Other")})
		require.NoError(t, err)
		none := commerce.UUID{}
		for name, c := range map[string]struct {
			ctx    context.Context
			change func(*orders.ReserveInput)
			said   []string
		}{
			"no scope":  {k.Without(auth.StockWrite), nil, []string{"FORBIDDEN"}},
			"no viewer": {context.Background(), nil, []string{"UNAUTHENTICATED"}},
			"no key":    {k.Ctx, func(in *orders.ReserveInput) { in.Key = "" }, []string{"INVALID_INPUT idempotencyKey"}},
			"no lines":  {k.Ctx, func(in *orders.ReserveInput) { in.Lines = nil }, []string{"INVALID_INPUT lines"}},
			"too many lines": {k.Ctx, func(in *orders.ReserveInput) {
				in.Lines = make([]orders.ReserveLine, 251)
				fill(in.Lines, hold("HAT", 1))
			}, []string{"INVALID_INPUT lines"}},
			"no time":          {k.Ctx, func(in *orders.ReserveInput) { in.TTL = 0 }, []string{"INVALID_INPUT ttlSeconds"}},
			"more than a day":  {k.Ctx, func(in *orders.ReserveInput) { in.TTL = 86_401 }, []string{"INVALID_INPUT ttlSeconds"}},
			"none of it":       {k.Ctx, func(in *orders.ReserveInput) { in.Lines[0].Quantity = 0 }, []string{"INVALID_INPUT lines.0.quantity"}},
			"beyond counting":  {k.Ctx, func(in *orders.ReserveInput) { in.Lines[0].Quantity = commerce.MaxQuantity + 1 }, []string{"INVALID_INPUT lines.0.quantity"}},
			"half a reference": {k.Ctx, func(in *orders.ReserveInput) { in.Reference.System = "web" }, []string{"INVALID_INPUT reference.value"}},
			"nothing is known": {k.Ctx, func(in *orders.ReserveInput) {
				in.Lines[0] = holdAt("X", 1, "NOWHERE")
				in.Member = &commerce.MemberRef{ID: &none}
			}, []string{"NOT_FOUND member", "NOT_FOUND lines.0.variant", "NOT_FOUND lines.0.location"}},
			"foreign member": {k.Ctx, func(in *orders.ReserveInput) { in.Member = &commerce.MemberRef{ID: &theirs.Member.ID} }, []string{"NOT_FOUND member"}},
			"foreign brand":  {k.OtherCtx, nil, []string{"NOT_FOUND lines.0.variant"}},
			"a place outside": {k.At(s.st.ID), func(in *orders.ReserveInput) { in.Lines[0] = holdAt("HAT", 1, "WH") },
				[]string{"NOT_FOUND lines.0.location"}},
			"stock outside": {k.At(s.st.ID), nil, []string{"INSUFFICIENT_STOCK lines.0.quantity"}},
		} {
			in := toHold(hold("HAT", 1))
			if c.change != nil {
				c.change(&in)
			}
			_, _, err := s.Reserve(c.ctx, in)
			require.Equal(t, c.said, testkit.Said(err), name)
		}
		require.Zero(t, k.Count(t, "reservations", ""))
		require.Equal(t, []int{10, 0}, s.count(t, s.hat))
		s.sums(t)
	})
}

func fill(lines []orders.ReserveLine, with orders.ReserveLine) {
	for i := range lines {
		lines[i] = with
	}
}

// Each reservation is given back once, and says how it ended.
func TestReleasing(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 5)
		s.put(t, "HAT", "ST", 5)
		in := toHold(hold("HAT", 7))
		in.Reference = commerce.Reference{System: " desk ", Value: "7"}
		id, replayed, err := s.Reserve(k.Ctx, in)
		require.NoError(t, err)
		require.False(t, replayed)
		again, replayed, err := s.Reserve(k.Ctx, in)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, id, again)
		r := s.reservation(t, id)
		require.Equal(t, []string{"desk", "7", "tester"}, []string{r.ReferenceSystem, r.ReferenceValue, r.Holder})
		require.Equal(t, k.Store.Instant().Add(10*time.Minute), r.ExpiresAt)

		for name, ctx := range map[string]context.Context{
			"another brand": k.OtherCtx, "one of its places": k.At(s.st.ID), "no place": k.At(),
		} {
			require.Equal(t, []string{"NOT_FOUND reservation"}, testkit.Said(s.release(ctx, id)), name)
			out := s.takes(id, want("HAT", 1))
			_, _, err := s.Place(ctx, out)
			require.Error(t, err, name)
		}
		require.Equal(t, []string{"NOT_FOUND reservation"}, testkit.Said(s.release(k.Ctx, commerce.NewUUID())))
		require.Equal(t, []string{"FORBIDDEN"}, testkit.Said(s.release(k.Without(auth.StockWrite), id)))
		require.Equal(t, []int{10, 7}, s.count(t, s.hat))

		out := orders.ReleaseReservationInput{Key: fresh(), Reservation: id}
		for _, replay := range []bool{false, true} {
			released, replayed, err := s.ReleaseReservation(k.At(s.st.ID, s.wh.ID), out)
			require.NoError(t, err)
			require.Equal(t, replay, replayed)
			require.Equal(t, id, released)
		}
		require.Equal(t, []int{10, 0}, s.count(t, s.hat))
		require.EqualValues(t, orders.ReservationReleased, s.reservation(t, id).State)
		refused := testkit.Refused(t, s.release(k.Ctx, id), commerce.IllegalTransition, "reservation")
		require.Equal(t, commerce.Allowed{Mutations: []string{}}, refused.Details)
		_, _, err = s.Place(k.Ctx, s.takes(id, want("HAT", 1)))
		testkit.Refused(t, err, commerce.Expired, "reservation")
		require.Equal(t, 2, k.Count(t, "stock_movements", "kind = 'RELEASE' AND reason = 'reservation released' AND reference_value = ?",
			commerce.ID{Kind: commerce.ReservationID, UUID: id}.String()))
		k.Clock.Advance(time.Hour)
		require.Zero(t, s.expire(t))
		s.sums(t)
	})
}

func TestWhatIsNotTakenInTimeIsGivenBack(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx)
		s.put(t, "HAT", "WH", 100)
		in := toHold(hold("HAT", 1))
		in.TTL = 60
		id, _, err := s.Reserve(k.Ctx, in)
		require.NoError(t, err)
		later := s.reserved(t, hold("HAT", 2))

		k.Clock.Advance(60*time.Second - time.Microsecond)
		require.Zero(t, s.expire(t), "not yet")
		require.Equal(t, orders.ReservationActive, orders.StateOf(s.reservation(t, id), k.Store.Instant()))
		k.Clock.Advance(time.Microsecond)
		require.Equal(t, orders.ReservationExpired, orders.StateOf(s.reservation(t, id), k.Store.Instant()))
		for range 2 { // before it is given back, and afterwards
			_, _, err = s.Place(k.Ctx, s.takes(id, want("HAT", 1)))
			testkit.Refused(t, err, commerce.Expired, "reservation")
			testkit.Refused(t, s.release(k.Ctx, id), commerce.Expired, "reservation")
			s.expire(t)
			require.EqualValues(t, orders.ReservationExpired, s.reservation(t, id).State)
			require.Equal(t, []int{100, 2}, s.count(t, s.hat))
		}
		require.EqualValues(t, orders.ReservationActive, s.reservation(t, later).State)
		require.Equal(t, 1, k.Count(t, "stock_movements", "kind = 'RELEASE' AND reason = 'reservation expired' AND actor = 'reservations'"))
		s.sums(t)
	})
}

// Two processes give back what two brands' reservations kept: each once, and one that cannot be given back stops none of the others.
func TestMuchExpiresAtOnce(t *testing.T) { // CR-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		const each = 45 // more than are given back together
		s, other := newShop(t, k, k.Ctx), newShop(t, k, k.OtherCtx)
		for _, shop := range []*shop{s, other} {
			shop.put(t, "HAT", "WH", each)
			shop.put(t, "CAP", "WH", 1)
			for range each {
				shop.reserved(t, hold("HAT", 1))
			}
		}
		spoilt := s.reserved(t, hold("CAP", 1))
		_, err := k.Store.DB.Write().Exec(k.Ctx, "UPDATE stock_levels SET reserved = 0 WHERE brand_id = ? AND variant_id = ?", k.Brand.ID, s.cap.ID)
		require.NoError(t, err)
		k.Clock.Advance(time.Hour)
		counts := make([]int, 2)
		testkit.AtOnce(2, 2, func(i int) { counts[i], _ = s.Expire(context.Background()) })
		n, err := s.Expire(context.Background())
		require.ErrorIs(t, err, stock.ErrShort)
		require.Equal(t, 2*each, counts[0]+counts[1]+n)
		require.Equal(t, 1, k.Count(t, "reservations", "state = 'ACTIVE'"))
		require.EqualValues(t, orders.ReservationActive, s.reservation(t, spoilt).State)
		require.Equal(t, 2*each, k.Count(t, "stock_movements", "kind = 'RELEASE'"))
		require.Equal(t, []int{each, 0}, s.count(t, s.hat))
		require.Equal(t, []int{each, 0}, other.count(t, other.hat))
	})
}
