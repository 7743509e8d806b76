package orders_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/ent/orderreturn"
	"github.com/oneshelf/oneshelf/ent/orderreturnline"
	"github.com/oneshelf/oneshelf/ent/reservationline"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// world is a shop with everybody who has to do with it: buyers, staff, warehouses, other systems and the clock. It keeps a model of
// what there should be, by arithmetic of its own, and every call that was answered, to be made again. With several at work at once it
// is only what its callers know: then nobody can tell beforehand what will be refused.
type world struct {
	*shop
	where []*ent.Location
	what  []*ent.Variant

	mu        sync.Mutex // guards what follows
	levels    map[stock.Place]*counts
	orders    []*life
	keeping   []*kept
	transfers []*transit
	calls     []deed
	done      map[string]int
	twins     [2]int // calls made twice at once that were answered, and that were refused
}

// counts is what a level should be, less what is reserved, which follows from the rest.
type counts struct {
	onHand, safety, incoming, damaged int64
	counted                           commerce.Instant
}

// life is an order: what it should be, and how it was read last.
type life struct {
	id             commerce.UUID
	pickup         bool
	paid, refunded int64
	shipping       int64
	lines          []bought
	void           bool // canceled as a whole: its sum stays what it was
	sum            int64
	used           bool                       // its code
	asked          bool                       // it is to be canceled, and something of it has left
	held           bool                       // nobody could give what was refused
	frozen         map[commerce.UUID][3]int64 // its promises, when the last act was to leave them alone
	becomes        map[commerce.UUID]string   // what the last act made of work and returns

	o        *ent.Order
	work     []*ent.FulfillmentOrder
	promises []*ent.Allocation
	returns  []*ent.OrderReturn
	coming   []*ent.OrderReturnLine
}

// bought is a line as it should be.
type bought struct {
	id                                              commerce.UUID
	variant                                         *ent.Variant
	quantity, fulfilled, canceled, returned, coming int64
	loose                                           int64 // still to be sent, promised by nobody
	price                                           int64
	shares                                          []int64
}

// total is what is still bought of it costs.
func (b bought) total() int64 {
	units := b.quantity - b.canceled
	sum := b.price * units
	for _, share := range b.shares {
		sum -= commerce.Portion(share, 0, units, b.quantity)
	}
	return sum
}

// total is what an order costs in all.
func (l *life) total() int64 {
	if l.void {
		return l.sum
	}
	sum := l.shipping
	for _, b := range l.lines {
		sum += b.total()
	}
	return sum
}

// out is what has left and neither come back nor been announced.
func (l *life) out() (n int64) {
	for _, b := range l.lines {
		n += b.fulfilled - b.returned - b.coming
	}
	return n
}

func (l *life) is(states ...string) bool { return slices.Contains(states, l.o.State) }

func (l *life) has(state string, at *commerce.UUID) bool {
	return slices.ContainsFunc(l.work, func(w *ent.FulfillmentOrder) bool { return w.State == state && (at == nil || w.LocationID == *at) })
}

// open is what a piece of work still promises.
func (l *life) open(work commerce.UUID) []*ent.Allocation {
	return slices.DeleteFunc(slices.Clone(l.promises), func(a *ent.Allocation) bool {
		return a.FulfillmentOrderID != work || a.Fulfilled+a.Released == a.Quantity
	})
}

// kept is a reservation.
type kept struct {
	id      commerce.UUID
	state   orders.ReservationState
	expires commerce.Instant
	lines   map[stock.Place]int64
}

// transit is a transfer.
type transit struct {
	id       commerce.UUID
	variant  *ent.Variant
	from, to *ent.Location
	missing  int64
}

// deed is a call that was answered.
type deed struct {
	name   string
	again  call
	answer any
}

// call makes a call, and makes the same again when it is used again.
type call func(context.Context) (answer any, replayed bool, err error)

func newWorld(t testing.TB, k *testkit.Kit) *world {
	t.Helper()
	s := newCounter(t, k)
	s.Caps = orders.Caps{PerClient: 1e6, UnitsPerClient: 1e6}
	w := &world{
		shop: s, where: []*ent.Location{s.wh, s.st}, what: []*ent.Variant{s.hat, s.cap},
		levels: map[stock.Place]*counts{}, done: map[string]int{},
	}
	_, err := s.SetPolicy(k.Ctx, orders.PolicyInput{AcceptWithin: commerce.Some(1800)})
	require.NoError(t, err)
	for _, v := range w.what {
		for _, l := range w.where {
			s.put(t, v.Sku, l.Code, 30)
			w.levels[stock.Place{Variant: v.ID, Location: l.ID}] = &counts{onHand: 30}
		}
	}
	return w
}

// at is the level of a place.
func (w *world) at(v *ent.Variant, l *ent.Location) *counts {
	return w.levels[stock.Place{Variant: v.ID, Location: l.ID}]
}

// reservedAt is what orders and reservations are promised at a place.
func (w *world) reservedAt(p stock.Place) (n int64) {
	for _, l := range w.orders {
		for _, a := range l.promises {
			if a.VariantID == p.Variant && a.LocationID == p.Location {
				n += a.Quantity - a.Fulfilled - a.Released
			}
		}
	}
	for _, k := range w.keeping {
		if k.state == orders.ReservationActive {
			n += k.lines[p]
		}
	}
	return n
}

// available is what can be promised at a place.
func (w *world) available(p stock.Place) int64 {
	return max(0, w.levels[p].onHand-w.reservedAt(p)-w.levels[p].safety)
}

// pool is what can be promised of a variant online.
func (w *world) pool(v commerce.UUID) (n int64) {
	for _, l := range w.where {
		n += w.available(stock.Place{Variant: v, Location: l.ID})
	}
	return n
}

// read reads an order anew.
func (w *world) read(l *life) error {
	var fresh life
	var err error
	if fresh.o, err = w.Store.Ent.Order.Get(w.ctx, l.id); err != nil {
		return err
	}
	if fresh.work, err = w.Store.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.OrderID(l.id)).Order(fulfillmentorder.ByID()).All(w.ctx); err != nil {
		return err
	}
	if fresh.promises, err = w.Store.Ent.Allocation.Query().Where(allocation.OrderID(l.id)).Order(allocation.ByID()).All(w.ctx); err != nil {
		return err
	}
	if fresh.returns, err = w.Store.Ent.OrderReturn.Query().Where(orderreturn.OrderID(l.id)).Order(orderreturn.ByID()).All(w.ctx); err != nil {
		return err
	}
	if fresh.coming, err = w.Store.Ent.OrderReturnLine.Query().Where(orderreturnline.OrderID(l.id)).Order(orderreturnline.ByID()).All(w.ctx); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.o == nil || l.o.Version <= fresh.o.Version {
		l.o, l.work, l.promises, l.returns, l.coming = fresh.o, fresh.work, fresh.promises, fresh.returns, fresh.coming
	}
	return nil
}

// stored reads all orders as they are.
func (w *world) stored() (stored, error) {
	out := stored{map[commerce.UUID]*ent.Order{}, map[commerce.UUID][]*ent.OrderLine{}, map[commerce.UUID][]*ent.Allocation{}}
	all, err := w.Store.Ent.Order.Query().All(w.ctx)
	if err != nil {
		return out, err
	}
	for _, o := range all {
		out.orders[o.ID] = o
	}
	lines, err := w.Store.Ent.OrderLine.Query().Order(orderline.ByPosition()).All(w.ctx)
	if err != nil {
		return out, err
	}
	for _, l := range lines {
		out.lines[l.OrderID] = append(out.lines[l.OrderID], l)
	}
	promises, err := w.Store.Ent.Allocation.Query().All(w.ctx)
	for _, a := range promises {
		out.promises[a.OrderID] = append(out.promises[a.OrderID], a)
	}
	return out, err
}

// readLines reads which lines a new order has.
func (w *world) readLines(l *life) error {
	all, err := w.Store.Ent.OrderLine.Query().Where(orderline.OrderID(l.id)).Order(orderline.ByPosition()).All(w.ctx)
	if err != nil {
		return err
	}
	for i := range l.lines {
		l.lines[i].id = all[i].ID
	}
	return nil
}

// readKept reads where a reservation keeps what.
func (w *world) readKept(id commerce.UUID) (*kept, error) {
	r, err := w.Store.Ent.Reservation.Get(w.ctx, id)
	if err != nil {
		return nil, err
	}
	lines, err := w.Store.Ent.ReservationLine.Query().Where(reservationline.ReservationID(id)).All(w.ctx)
	k := &kept{id: id, state: orders.ReservationActive, expires: r.ExpiresAt, lines: map[stock.Place]int64{}}
	for _, l := range lines {
		k.lines[stock.Place{Variant: l.VariantID, Location: l.LocationID}] += l.Quantity
	}
	return k, err
}

func (w *world) name(p stock.Place) string {
	names := map[commerce.UUID]string{w.wh.ID: "WH", w.st.ID: "ST", w.hat.ID: "HAT", w.cap.ID: "CAP"}
	return names[p.Variant] + " at " + names[p.Location]
}

// everything is the whole database in figures: whatever a call does changes one of them.
func (w *world) everything() (out string, err error) {
	var all [26]int64
	into := make([]any, len(all))
	for i := range all {
		into[i] = &all[i]
	}
	err = w.Store.DB.Read().QueryRow(w.ctx, `SELECT e.*, m.*, i.*, l.*, o.*, f.*, a.*, r.*, k.*, t.*, n.*, p.*, g.*, c.* FROM
		(SELECT COUNT(*) FROM events) e, (SELECT COUNT(*) FROM stock_movements) m, (SELECT COUNT(*) FROM idempotency_keys) i,
		(SELECT SUM(version), SUM(on_hand), SUM(reserved), SUM(incoming), SUM(damaged), SUM(safety_stock), SUM(shortfall) FROM stock_levels) l,
		(SELECT COUNT(*), COALESCE(SUM(version), 0), COALESCE(SUM(paid), 0), COALESCE(SUM(refunded), 0) FROM orders) o,
		(SELECT COUNT(*), COALESCE(SUM(version), 0) FROM fulfillment_orders) f,
		(SELECT COUNT(*), COALESCE(SUM(fulfilled + 1000 * released), 0) FROM allocations) a,
		(SELECT COUNT(*), COALESCE(SUM(version), 0) FROM order_returns) r, (SELECT COALESCE(SUM(version), 0) FROM reservations) k,
		(SELECT COALESCE(SUM(version), 0) FROM stock_transfers) t, (SELECT COUNT(*) FROM order_entries) n, (SELECT COUNT(*) FROM payments) p,
		(SELECT COUNT(*) FROM refunds) g, (SELECT COALESCE(MAX(used_at), 0) FROM pickup_codes) c`).Scan(into...)
	return fmt.Sprint(all), err
}

// again makes every call again that was answered: each answers the same, and nothing changes.
func (w *world) again(t testing.TB, calls ...deed) {
	t.Helper()
	before, err := w.everything()
	require.NoError(t, err)
	for _, c := range calls {
		answer, replayed, err := c.again(w.ctx)
		require.NoError(t, err, "%s again", c.name)
		require.True(t, replayed, "%s again", c.name)
		require.Equal(t, c.answer, answer, "%s again", c.name)
	}
	after, err := w.everything()
	require.NoError(t, err)
	require.Equal(t, before, after, "making a call again changes nothing")
}

// audited checks the books as an operator would.
func (w *world) audited(t testing.TB) {
	t.Helper()
	a, err := stock.Audit(w.ctx, w.Store.DB, 10)
	require.NoError(t, err)
	require.Zero(t, a.Different, "%v", a.Differences)
	require.Zero(t, w.kit.Count(t, "stock_levels", "on_hand < 0 OR reserved < 0 OR incoming < 0 OR damaged < 0"), "nothing is less than nothing")
	require.Zero(t, w.kit.Count(t, "stock_levels", "shortfall <> CASE WHEN reserved > on_hand THEN reserved - on_hand ELSE 0 END"), "a shortfall is shown")
	require.Zero(t, w.kit.Count(t, "order_lines", "fulfilled + canceled > quantity OR returned > fulfilled"), "nothing leaves that was canceled, nothing comes back that has not left")
	w.sums(t)
}

// seconds lets time pass.
func (w *world) seconds(n int64) { w.kit.Clock.Advance(time.Duration(n) * time.Second) }
