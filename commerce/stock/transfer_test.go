package stock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// lines are quantities of HAT-0, HAT-1, … in turn.
func lines(quantities ...int64) (out []stock.TransferLine) {
	for i, n := range quantities {
		out = append(out, stock.TransferLine{Variant: commerce.VariantRef{SKU: fmt.Sprint("HAT-", i)}, Quantity: n})
	}
	return out
}

func ends(key, from, to string, lines ...stock.TransferLine) stock.TransferInput {
	return stock.TransferInput{Key: key, From: commerce.LocationRef{Code: from}, To: commerce.LocationRef{Code: to}, Lines: lines}
}

// stands is on hand, reserved and incoming of a variant at a location.
func (s *shop) stands(t testing.TB, variant, location int) [3]int64 {
	t.Helper()
	for _, l := range s.levels(t) {
		if l.VariantID == s.variants[variant] && l.LocationID == s.locations[location] {
			return [3]int64{l.OnHand, l.Reserved, l.Incoming}
		}
	}
	return [3]int64{}
}

func (s *shop) stocked(t testing.TB, onHand int64) {
	t.Helper()
	var all []stock.Movement
	for i := range s.variants {
		all = append(all, stock.Movement{Place: s.place(i, 0), Kind: stock.Receive, OnHand: onHand})
	}
	_, err := s.move(all...)
	require.NoError(t, err)
}

// agree checks that the audit finds nothing.
func (s *shop) agree(t testing.TB) {
	t.Helper()
	found, err := stock.Audit(context.Background(), s.Store.DB, 5)
	require.NoError(t, err)
	require.Empty(t, found.Differences)
	s.sums(t)
	s.flag(t)
}

func TestGoodsInTransitCountOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 2, 2)
		s.stocked(t, 10)
		id, replayed, err := s.CreateTransfer(k.Ctx, ends("a", "L-0", "L-1", lines(10, 4)...))
		require.NoError(t, err)
		require.False(t, replayed)
		again, replayed, err := s.CreateTransfer(k.Ctx, ends("a", "L-0", "L-1", lines(10, 4)...))
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, id, again)
		require.Equal(t, [][3]int64{{0, 0, 0}, {0, 0, 10}, {6, 0, 0}, {0, 0, 4}},
			[][3]int64{s.stands(t, 0, 0), s.stands(t, 0, 1), s.stands(t, 1, 0), s.stands(t, 1, 1)})
		s.agree(t)

		receive := func(key string, lines ...stock.TransferLine) error {
			_, _, err := s.ReceiveTransfer(k.Ctx, stock.ReceiveTransferInput{Key: key, Transfer: id, Lines: lines})
			return err
		}
		require.NoError(t, receive("some", lines(3, 1)...))
		require.NoError(t, receive("some", lines(3, 1)...), "the same call again receives nothing")
		require.Equal(t, [3]int64{3, 0, 7}, s.stands(t, 0, 1))
		s.agree(t)
		testkit.Refused(t, receive("more", append(lines(7, 2), lines(0, 2)[1:]...)...), commerce.InvalidInput, "lines.2.quantity")
		testkit.Refused(t, receive("none", []stock.TransferLine{}...), commerce.InvalidInput, "lines")
		require.NoError(t, receive("rest"))
		require.Equal(t, [][3]int64{{10, 0, 0}, {4, 0, 0}}, [][3]int64{s.stands(t, 0, 1), s.stands(t, 1, 1)})
		require.Equal(t, 1, k.Count(t, "stock_transfers", "state = 'RECEIVED'"))
		testkit.Refused(t, receive("again"), commerce.IllegalTransition, "transfer")
		_, _, err = s.CancelTransfer(k.Ctx, stock.CancelTransferInput{Key: "c", Transfer: id, Reason: "late"})
		testkit.Refused(t, err, commerce.IllegalTransition, "transfer")
		s.agree(t)
	})
}

func TestATransferThatIsCalledBackIsOnTheShelfAgain(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 2, 2)
		s.stocked(t, 10)
		id, _, err := s.CreateTransfer(k.Ctx, ends("a", "L-0", "L-1", lines(5, 5)...))
		require.NoError(t, err)
		_, _, err = s.ReceiveTransfer(k.Ctx, stock.ReceiveTransferInput{Key: "r", Transfer: id, Lines: lines(5, 2)})
		require.NoError(t, err)
		_, _, err = s.CancelTransfer(k.Ctx, stock.CancelTransferInput{Key: "c", Transfer: id})
		testkit.Refused(t, err, commerce.InvalidInput, "reason")
		_, _, err = s.CancelTransfer(k.Ctx, stock.CancelTransferInput{Key: "c", Transfer: id, Reason: "the van came back"})
		require.NoError(t, err)
		require.Equal(t, [][3]int64{{5, 0, 0}, {5, 0, 0}, {8, 0, 0}, {2, 0, 0}},
			[][3]int64{s.stands(t, 0, 0), s.stands(t, 0, 1), s.stands(t, 1, 0), s.stands(t, 1, 1)})
		_, _, err = s.ReceiveTransfer(k.Ctx, stock.ReceiveTransferInput{Key: "late", Transfer: id})
		testkit.Refused(t, err, commerce.IllegalTransition, "transfer")
		s.agree(t)
	})
}

func TestWhatCannotBeSentIsToldLineByLine(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 2, 2)
		s.stocked(t, 10)
		in := s.set("safety", 10)
		in.Safety = commerce.Some[int64](3)
		_, _, err := s.Set(k.Ctx, in)
		require.NoError(t, err)
		_, err = s.move(stock.Movement{Place: s.place(0, 0), Kind: stock.Reserve, Reserved: 2})
		require.NoError(t, err)
		create := func(in stock.TransferInput) error {
			_, _, err := s.CreateTransfer(k.Ctx, in)
			return err
		}
		short := testkit.Refused(t, create(ends("a", "L-0", "L-1", lines(6, 11)...)), commerce.InsufficientStock, "lines.0.quantity")
		require.Equal(t, commerce.Shortage{Available: 5}, short.Details, "what is reserved or kept back is not sent")
		short = testkit.Refused(t, create(ends("a", "L-0", "L-1", lines(6, 11)...)), commerce.InsufficientStock, "lines.1.quantity")
		require.Equal(t, commerce.Shortage{Available: 10}, short.Details)
		testkit.Refused(t, create(ends("a", "L-1", "L-0", lines(1)...)), commerce.InsufficientStock, "lines.0.quantity")
		twice := append(lines(3), lines(3)...)
		testkit.Refused(t, create(ends("a", "L-0", "L-1", twice...)), commerce.InsufficientStock, "lines.1.quantity")
		testkit.Refused(t, create(ends("a", "L-0", "L-0", lines(1)...)), commerce.InvalidInput, "to")
		testkit.Refused(t, create(ends("a", "nowhere", "L-9", lines(1)...)), commerce.NotFound, "from")
		testkit.Refused(t, create(ends("a", "nowhere", "L-9", lines(1)...)), commerce.NotFound, "to")
		testkit.Refused(t, create(ends("a", "L-0", "L-1", lines(1, 1, 1)...)), commerce.NotFound, "lines.2.variant")
		testkit.Refused(t, create(ends("a", "L-0", "L-1", lines(0)...)), commerce.InvalidInput, "lines.0.quantity")
		testkit.Refused(t, create(ends("a", "L-0", "L-1", lines(commerce.MaxQuantity+1)...)), commerce.InvalidInput, "lines.0.quantity")
		testkit.Refused(t, create(ends("a", "L-0", "L-1")), commerce.InvalidInput, "lines")
		testkit.Refused(t, create(ends("a", "L-0", "L-1", make([]stock.TransferLine, 251)...)), commerce.LimitExceeded, "lines")
		_, err = s.move(stock.Movement{Place: s.place(1, 1), Kind: stock.Transfer, Incoming: commerce.MaxQuantity - 1})
		require.NoError(t, err)
		testkit.Refused(t, create(ends("a", "L-0", "L-1", lines(1, 2)...)), commerce.InvalidInput, "lines.1.quantity")
		require.Zero(t, k.Count(t, "stock_transfers", ""))
		require.Zero(t, k.Count(t, "idempotency_keys", "operation = 'stockTransferCreate'"))
		_, _, err = s.CreateTransfer(k.Without("stock:write"), ends("a", "L-0", "L-1", lines(1)...))
		testkit.Refused(t, err, commerce.Forbidden, "")
	})
}

func TestANarrowedTokenMovesGoodsBetweenItsPlaces(t *testing.T) { // TN-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 1, 3)
		s.stocked(t, 10)
		at := func(n ...int) context.Context {
			var ids []commerce.UUID
			for _, i := range n {
				ids = append(ids, s.locations[i])
			}
			return k.At(ids...)
		}
		_, _, err := s.CreateTransfer(at(0, 2), ends("a", "L-0", "L-1", lines(1)...))
		testkit.Refused(t, err, commerce.NotFound, "to")
		_, _, err = s.CreateTransfer(at(1), ends("a", "L-0", "L-1", lines(1)...))
		testkit.Refused(t, err, commerce.NotFound, "from")
		id, _, err := s.CreateTransfer(at(0, 1), ends("a", "L-0", "L-1", lines(6)...))
		require.NoError(t, err)

		in := func(key string) stock.ReceiveTransferInput {
			return stock.ReceiveTransferInput{Key: key, Transfer: id, Lines: lines(2)}
		}
		_, _, err = s.ReceiveTransfer(at(2), in("elsewhere"))
		testkit.Refused(t, err, commerce.NotFound, "transfer")
		_, _, err = s.ReceiveTransfer(k.OtherCtx, in("another brand"))
		testkit.Refused(t, err, commerce.NotFound, "transfer")
		_, _, err = s.ReceiveTransfer(at(0), in("sender"))
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, _, err = s.ReceiveTransfer(at(1), in("receiver"))
		require.NoError(t, err)
		for n, code := range map[int]commerce.Code{0: commerce.Forbidden, 1: commerce.Forbidden, 2: commerce.NotFound} {
			_, _, err = s.CancelTransfer(at(n), stock.CancelTransferInput{Key: "c", Transfer: id, Reason: "no"})
			require.Equal(t, code, commerce.CodeOf(err), "%d", n)
		}
		_, _, err = s.CancelTransfer(at(0, 1), stock.CancelTransferInput{Key: "c", Transfer: id, Reason: "no"})
		require.NoError(t, err)
		require.Equal(t, [][3]int64{{8, 0, 0}, {2, 0, 0}}, [][3]int64{s.stands(t, 0, 0), s.stands(t, 0, 1)})
		s.agree(t)
	})
}

// Many receive one transfer, in parts and as a whole, while somebody calls it back: what was sent is there once at the end.
func TestManyReceiveAndCancelOneTransfer(t *testing.T) { // CC-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		for round := range 4 {
			s := newShop(t, k, k.Ctx, 2, 2)
			sent := int64(20)
			s.stocked(t, sent)
			before := []int64{s.stands(t, 0, 0)[0] + s.stands(t, 0, 1)[0], s.stands(t, 1, 0)[0] + s.stands(t, 1, 1)[0]}
			id, _, err := s.CreateTransfer(k.Ctx, ends(fmt.Sprint("t", round), "L-0", "L-1", lines(sent, sent)...))
			require.NoError(t, err)
			done := make(chan error, 30)
			for i := range cap(done) {
				go func() {
					var err error
					key := fmt.Sprint(round, "-", i)
					switch {
					case i == 17 && round%2 == 1:
						_, _, err = s.CancelTransfer(k.Ctx, stock.CancelTransferInput{Key: key, Transfer: id, Reason: "back"})
					case i == 29:
						_, _, err = s.ReceiveTransfer(k.Ctx, stock.ReceiveTransferInput{Key: key, Transfer: id})
					default:
						_, _, err = s.ReceiveTransfer(k.Ctx, stock.ReceiveTransferInput{Key: key, Transfer: id, Lines: lines(1, 1)})
					}
					if code := commerce.CodeOf(err); code == commerce.IllegalTransition || code == commerce.InvalidInput {
						err = nil
					}
					done <- err
				}()
			}
			for range cap(done) {
				require.NoError(t, <-done)
			}
			for v := range s.variants {
				a, b := s.stands(t, v, 0), s.stands(t, v, 1)
				require.Equal(t, before[v], a[0]+b[0], "round %d", round)
				require.Zero(t, a[2]+b[2], "round %d", round)
			}
			require.Zero(t, k.Count(t, "stock_transfers", "state = 'IN_TRANSIT'"), "one of the calls ended it")
			s.agree(t)
		}
	})
}

// Transfers cross each other in both directions while orders take from both ends.
func TestTransfersCrossEachOther(t *testing.T) { // CC-06
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 3, 2)
		s.stocked(t, 12)
		done := make(chan error, 12)
		for i := range cap(done) {
			go func() {
				for j := range 4 {
					key := fmt.Sprint(i, "-", j)
					from, to := "L-0", "L-1"
					if i%2 == 1 {
						from, to = to, from
					}
					id, _, err := s.CreateTransfer(k.Ctx, ends(key, from, to, lines(1+rand.Int64N(2), 1, 1+rand.Int64N(3))...))
					switch {
					case commerce.CodeOf(err) == commerce.InsufficientStock:
						_, err = s.move(stock.Movement{Place: s.place(rand.IntN(3), i%2), Kind: stock.Adjusted, OnHand: -1}, stock.Movement{Place: s.place(0, 1-i%2), Kind: stock.Receive, OnHand: 1})
					case err == nil && j%2 == 0:
						_, _, err = s.ReceiveTransfer(k.Ctx, stock.ReceiveTransferInput{Key: key, Transfer: id})
					case err == nil:
						_, _, err = s.CancelTransfer(k.Ctx, stock.CancelTransferInput{Key: key, Transfer: id, Reason: "back"})
					}
					if err != nil && !errors.Is(err, stock.ErrShort) {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range cap(done) {
			require.NoError(t, <-done)
		}
		s.agree(t)
	})
}

func TestTheStatementsOfATransferDoNotGrowWithItsLines(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newShop(t, k, k.Ctx, 60, 2)
		s.stocked(t, 10)
		statements := func(key string, quantities ...int64) int64 {
			ctx, counted := db.Counted(k.Ctx)
			id, _, err := s.CreateTransfer(ctx, ends(key, "L-0", "L-1", lines(quantities...)...))
			require.NoError(t, err)
			_, _, err = s.ReceiveTransfer(ctx, stock.ReceiveTransferInput{Key: key, Transfer: id})
			require.NoError(t, err)
			return counted.Load()
		}
		many := make([]int64, 60)
		for i := range many {
			many[i] = 1
		}
		few := statements("few", 1, 1)
		require.LessOrEqual(t, statements("many", many...), few, "a shelf that was empty crosses zero once")
		s.agree(t)
	})
}
