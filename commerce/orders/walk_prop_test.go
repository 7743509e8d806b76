package orders_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/ent/orderreturn"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// every action of the table, with what tries it on a walker's order by an input that could go well.
var every = map[orders.Action]func(*walker) error{
	orders.RecordPayment: (*walker).payment, orders.Cancel: (*walker).cancel, orders.Accept: (*walker).accept, orders.Ship: (*walker).ship,
	orders.Reject: (*walker).reject, orders.Hold: (*walker).hold, orders.Release: (*walker).goOn, orders.VerifyPickup: (*walker).fetchIt,
	orders.RequestReturn: (*walker).announce, orders.ReceiveReturn: (*walker).receiveSome, orders.RejectReturn: (*walker).refuse,
	orders.Refund: (*walker).refund,
}

// errNothing says that there is nothing to try an action on.
var errNothing = errors.New("nothing to try it on")

// walker does with one order what it may, at random.
type walker struct {
	*shop
	t      *testing.T
	r      *rand.Rand
	id     commerce.UUID
	bought []*ent.OrderLine
}

// Random orders go through their lives: exactly what is listed may be done, everything else is refused and changes nothing, and
// after each step all sums hold.
func TestExactlyWhatIsListedMayBeDone(t *testing.T) { // MQ-02, MQ-03
	seed, inOrder := testkit.Seed(t), slices.Sorted(maps.Keys(every))
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := newCounter(t, k)
		done := map[orders.Action]int{}
		for walk := range 24 {
			w := newWalker(t, s, rand.New(rand.NewPCG(seed, uint64(walk))), walk%3 == 0)
			for range 16 {
				listed := s.actions(t, w.id)
				before := s.order(t, w.id)
				for _, action := range inOrder {
					if slices.Contains(listed, string(action)) {
						continue
					}
					err := every[action](w)
					require.Error(t, err, "walk %d: %s is not among %v", walk, action, listed)
					if code := commerce.CodeOf(err); code == commerce.IllegalTransition {
						require.Equal(t, commerce.Allowed{Mutations: listed}, testkit.All(err)[0].Details)
					} else if !errors.Is(err, errNothing) {
						require.Contains(t, []orders.Action{orders.Ship, orders.VerifyPickup}, action, "%v", err) // those have codes of their own
					}
				}
				require.Equal(t, before.String(), s.order(t, w.id).String(), "what is refused changes nothing")
				w.settled()
				if len(listed) == 0 {
					break
				}
				next := orders.Action(listed[w.r.IntN(len(listed))])
				if w.r.IntN(3) == 0 { // what was done least, so that every action has its turn
					next = orders.Action(slices.MinFunc(listed, func(a, b string) int { return done[orders.Action(a)] - done[orders.Action(b)] }))
				}
				require.NoError(t, every[next](w), "walk %d: %s of %v", walk, next, listed)
				done[next]++
				if s.order(t, w.id).State == "HELD" && w.r.IntN(2) == 0 {
					w.supply(20, 20)
					_, err := (&orders.Retrier{Orders: s.Service}).Round(k.Ctx)
					require.NoError(t, err)
				}
			}
			s.sums(t)
		}
		t.Logf("done %v", done)
		for action := range every {
			require.Positive(t, done[action], "%s was never done", action)
		}
	})
}

func newWalker(t *testing.T, s *shop, r *rand.Rand, pickup bool) *walker {
	w := &walker{shop: s, t: t, r: r}
	w.supply(r.Int64N(5), 16)
	in := s.input(
		off(off(want("HAT", 1+r.Int64N(4)), "BRAND", r.Int64N(500)), "PLATFORM", 1+r.Int64N(99)),
		off(want("CAP", 1+r.Int64N(4)), "POINTS", r.Int64N(2000)), want("HAT", 1+r.Int64N(4)),
	)
	in.Shipping = &commerce.Money{Amount: r.Int64N(1000), Currency: "CNY"}
	if pickup {
		in.Pickup = &commerce.LocationRef{Code: "ST"}
	}
	p, _, err := s.Place(s.ctx, in)
	require.NoError(t, err)
	w.id, w.bought = p.Order, s.lines(t, p.Order)
	return w
}

// supply sets what can be promised at both locations.
func (w *walker) supply(warehouse, store int64) {
	for _, v := range []*ent.Variant{w.hat, w.cap} {
		w.put(w.t, v.Sku, "WH", int64(w.shelf(w.t, v.ID, w.wh.ID)[1])+warehouse)
		w.put(w.t, v.Sku, "ST", int64(w.shelf(w.t, v.ID, w.st.ID)[1])+store)
	}
}

// settled checks what must hold of an order between two steps.
func (w *walker) settled() {
	o, goods := w.order(w.t, w.id), int64(0)
	for i, l := range w.lines(w.t, w.id) {
		goods += l.Total
		if o.State == "CANCELED" {
			continue // tells what was bought last
		}
		units, bought := l.Quantity-l.Canceled, w.bought[i]
		discount := l.UnitPrice*units - l.Total
		for j, share := range l.DiscountShares {
			discount -= share.Amount
			require.Equal(w.t, commerce.Portion(bought.DiscountShares[j].Amount, 0, units, l.Quantity), share.Amount)
		}
		require.Zero(w.t, discount, "a line's shares make its discount")
	}
	require.Equal(w.t, o.Total, goods+o.Shipping)
	require.Equal(w.t, o.Total, o.Subtotal-o.Discount+o.Shipping)
	require.LessOrEqual(w.t, o.Refunded, o.Paid)
}

// one picks any of some, and tells whether there are any.
func one[T any](r *rand.Rand, all []T) (one T, ok bool) {
	if len(all) == 0 {
		return one, false
	}
	return all[r.IntN(len(all))], true
}

// at finds work in one of some states, any work when there is none, since the action must be refused then.
func (w *walker) workIn(states ...string) (commerce.UUID, bool) {
	all := w.work(w.t, w.id)
	in := slices.DeleteFunc(slices.Clone(all), func(x *ent.FulfillmentOrder) bool { return !slices.Contains(states, x.State) })
	if len(in) == 0 {
		in = all
	}
	x, ok := one(w.r, in)
	if !ok {
		return commerce.UUID{}, false
	}
	return x.ID, true
}

func (w *walker) payment() error {
	o := w.order(w.t, w.id)
	_, _, err := w.RecordPayment(w.ctx, w.pay(w.id, 1+w.r.Int64N(max(1, o.Total-o.Paid))))
	return err
}

func (w *walker) cancel() error {
	in := w.stop(w.id)
	lines := slices.DeleteFunc(w.lines(w.t, w.id), func(l *ent.OrderLine) bool { return l.Canceled == l.Quantity })
	if l, ok := one(w.r, lines); ok && w.r.IntN(6) > 0 {
		n := 1 + w.r.Int64N(l.Quantity-l.Canceled)
		if open := l.Quantity - l.Canceled - l.Fulfilled; open > 0 && w.r.IntN(4) > 0 {
			n = min(n, open)
		}
		in.Lines = []orders.LineQuantity{{Line: &l.ID, Quantity: n}}
	}
	_, _, err := w.Cancel(w.ctx, in)
	return err
}

func (w *walker) accept() error {
	work, ok := w.workIn("OPEN")
	if !ok {
		return errNothing
	}
	_, _, err := w.Accept(w.ctx, orders.AcceptInput{Key: fresh(), Work: work})
	return err
}

func (w *walker) ship() error {
	work, ok := w.workIn("ACCEPTED")
	if !ok {
		return errNothing
	}
	row, err := w.Store.Ent.FulfillmentOrder.Get(w.ctx, work)
	require.NoError(w.t, err)
	in := w.parcel(orders.Accepted{Work: work, Token: w.Tokens.Token(work, row.Dispatch)})
	open, err := w.Store.Ent.Allocation.Query().Where(allocation.FulfillmentOrderID(work)).Order(allocation.ByID()).All(w.ctx)
	require.NoError(w.t, err)
	open = slices.DeleteFunc(open, func(a *ent.Allocation) bool { return a.Fulfilled+a.Released == a.Quantity })
	if a, ok := one(w.r, open); ok && w.r.IntN(2) == 0 {
		in.Lines = []orders.LineQuantity{{Line: &a.OrderLineID, Quantity: 1 + w.r.Int64N(a.Quantity-a.Fulfilled-a.Released)}}
	}
	_, _, err = w.Ship(w.ctx, in)
	return err
}

func (w *walker) reject() error {
	work, ok := w.workIn("OPEN", "ACCEPTED", "ON_HOLD")
	if !ok {
		return errNothing
	}
	_, _, err := w.Reject(w.ctx, orders.WorkInput{Key: fresh(), Work: work, Reason: "no hands"})
	return err
}

func (w *walker) hold() error {
	work, ok := w.workIn("OPEN", "ACCEPTED")
	if !ok {
		return errNothing
	}
	_, _, err := w.Hold(w.ctx, orders.WorkInput{Key: fresh(), Work: work, Reason: "no light"})
	return err
}

func (w *walker) goOn() error {
	work, ok := w.workIn("ON_HOLD")
	if !ok {
		return errNothing
	}
	_, _, err := w.Release(w.ctx, orders.WorkInput{Key: fresh(), Work: work})
	return err
}

func (w *walker) fetchIt() error {
	if w.order(w.t, w.id).PickupLocationID == nil {
		return errNothing
	}
	_, _, err := w.VerifyPickup(w.ctx, show(w.code(w.t, w.id)))
	return err
}

// awaited tells what of each line is announced and has not arrived, in all returns that are open.
func (w *walker) awaited(line commerce.UUID) (n int64) {
	require.NoError(w.t, w.Store.DB.Read().QueryRow(w.ctx, `SELECT CAST(COALESCE(SUM(x.quantity), 0) AS bigint) FROM order_return_lines x
		JOIN order_returns r ON r.id = x.order_return_id WHERE r.state = 'REQUESTED' AND x.disposition = '' AND x.order_line_id = ?`, line).Scan(&n))
	return n
}

func (w *walker) announce() error {
	all := w.lines(w.t, w.id)
	l, ok := one(w.r, slices.DeleteFunc(slices.Clone(all), func(l *ent.OrderLine) bool { return l.Fulfilled-l.Returned-w.awaited(l.ID) == 0 }))
	n := int64(1)
	if ok {
		n += w.r.Int64N(l.Fulfilled - l.Returned - w.awaited(l.ID))
	} else {
		l = all[0]
	}
	_, _, err := w.RequestReturn(w.ctx, w.back(w.id, orders.LineQuantity{Line: &l.ID, Quantity: n}))
	return err
}

// awaitedReturn finds a return that is awaited, any when none is.
func (w *walker) awaitedReturn() (*ent.OrderReturn, bool) {
	all, err := w.Store.Ent.OrderReturn.Query().Where(orderreturn.OrderID(w.id)).Order(orderreturn.ByID()).All(w.ctx)
	require.NoError(w.t, err)
	if open := slices.DeleteFunc(slices.Clone(all), func(r *ent.OrderReturn) bool { return r.State != "REQUESTED" }); len(open) > 0 {
		all = open
	}
	return one(w.r, all)
}

func (w *walker) receiveSome() error {
	r, ok := w.awaitedReturn()
	if !ok {
		return errNothing
	}
	var line commerce.UUID
	n := int64(1)
	err := w.Store.DB.Read().QueryRow(w.ctx, `SELECT order_line_id, CAST(SUM(quantity) AS bigint) FROM order_return_lines
		WHERE order_return_id = ? AND disposition = '' GROUP BY order_line_id ORDER BY order_line_id LIMIT 1`, r.ID).Scan(&line, &n)
	if err != nil {
		line = w.bought[0].ID
	}
	d := []orders.Disposition{orders.Restock, orders.Damaged}[w.r.IntN(2)]
	_, _, err = w.ReceiveReturn(w.ctx, w.takeIn(r.ID, []string{"WH", "ST"}[w.r.IntN(2)], d, orders.LineQuantity{Line: &line, Quantity: 1 + w.r.Int64N(n)}))
	return err
}

func (w *walker) refuse() error {
	r, ok := w.awaitedReturn()
	if !ok {
		return errNothing
	}
	_, _, err := w.RejectReturn(w.ctx, w.refusal(r.ID))
	return err
}

func (w *walker) refund() error {
	o := w.order(w.t, w.id)
	_, _, err := w.Refund(w.ctx, w.giveBack(w.id, 1+w.r.Int64N(max(1, o.Paid-o.Refunded))))
	return err
}
