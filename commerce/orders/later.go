package orders

import (
	"context"
	"database/sql"
	"errors"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// laterMost is how many pieces of work or orders are looked at in one go.
const laterMost = 100

// routingSubject is who does what nobody asked for: rerouting work whose time is over, and trying held orders again.
const routingSubject = "routing"

// TimeOut takes work that nobody has accepted in time from its location and gives it to others, of every brand, a bounded number, and
// tells how much it looked at. What nobody else can give stays where it is, without a time. It may be run by many processes at once:
// each order is locked, and what another has done is not done again.
func (s *Service) TimeOut(ctx context.Context) (int, error) {
	type due struct {
		brand    commerce.UUID
		currency commerce.Currency
		work     commerce.UUID
	}
	rows, err := s.Store.DB.Read().Query(ctx, `SELECT w.brand_id, b.currency, w.id FROM fulfillment_orders w JOIN brands b ON b.id = w.brand_id
		JOIN orders o ON o.brand_id = w.brand_id AND o.id = w.order_id
		WHERE w.state = ? AND w.accept_by > 0 AND w.accept_by <= ? AND o.state = ? ORDER BY w.accept_by LIMIT ?`,
		WorkOpen, s.Store.Instant(), Open, laterMost)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (d due, err error) { return d, r.Scan(&d.brand, &d.currency, &d.work) })
	if err != nil {
		return 0, err
	}
	done := 0
	var errs []error
	for _, d := range all {
		viewer := auth.With(ctx, auth.System(d.brand, d.currency, routingSubject))
		_, err := events.Do(viewer, s.Store, func(tx *events.Tx) (struct{}, error) { return struct{}{}, timeOut(viewer, tx, d.work) })
		if errs = append(errs, err); err == nil {
			done++
		}
	}
	return done, errors.Join(errs...)
}

// timeOut reroutes one piece of work, if its time is still over.
func timeOut(ctx context.Context, tx *events.Tx, work commerce.UUID) error {
	o, w, err := lockWork(ctx, tx, work)
	if err != nil {
		return err
	}
	if o.mayWork(Reject, w, WorkOpen) != nil || w.AcceptBy == 0 || w.AcceptBy > tx.Now {
		return nil
	}
	const reason = "not accepted in time"
	told := reason
	_, err = reroute(ctx, tx, o, w, reason, false)
	if _, short := errors.AsType[outOf](err); short {
		told = reason + "; nobody else can give it, so it stays"
		_, err = tx.Exec(ctx, "UPDATE fulfillment_orders SET accept_by = 0, version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ?",
			tx.Now, tx.Viewer.Brand, w.ID)
	}
	if err != nil {
		return err
	}
	noteAt(tx, o.ID, w.LocationID, "WORK_TIMED_OUT", told)
	return sayOrder(ctx, tx, o)
}

// Retrier tries orders again that are held because nobody could give them. It is for one goroutine; many processes may have one each.
type Retrier struct {
	Orders *Service

	after map[commerce.UUID]commerce.UUID // how far it came in a brand's orders
}

// Round looks at the oldest held orders of each brand, or where the last round ended, and lets those go on whose stock is there again.
// It tells how many. Marketplaces' orders that never had any stock are not among them: those go on with their marketplace's news.
func (r *Retrier) Round(ctx context.Context) (int, error) {
	if r.after == nil {
		r.after = map[commerce.UUID]commerce.UUID{}
	}
	rows, err := r.Orders.Store.DB.Read().Query(ctx, "SELECT b.id, b.currency FROM brands b WHERE EXISTS (SELECT 1 FROM orders o WHERE o.brand_id = b.id AND o.state = ?)", Held)
	brands, err := db.Collect(rows, err, func(r *sql.Rows) (b ent.Brand, err error) { return b, r.Scan(&b.ID, &b.Currency) })
	if err != nil {
		return 0, err
	}
	released := 0
	var errs []error
	for _, b := range brands {
		n, err := r.brand(auth.With(ctx, auth.System(b.ID, b.Currency, routingSubject)), b.ID)
		released += n
		errs = append(errs, err)
	}
	return released, errors.Join(errs...)
}

func (r *Retrier) brand(ctx context.Context, brand commerce.UUID) (int, error) {
	ids, err := r.promising(ctx, brand)
	if err != nil {
		return 0, err
	}
	delete(r.after, brand)
	if len(ids) == laterMost {
		r.after[brand] = ids[len(ids)-1]
	}
	released := 0
	var errs []error
	for _, id := range ids {
		did, err := events.Do(ctx, r.Orders.Store, func(tx *events.Tx) (bool, error) { return retry(ctx, tx, id) })
		if errs = append(errs, err); did {
			released++
		}
	}
	return released, errors.Join(errs...)
}

// promising are held orders for which there seems to be stock, the oldest first: as much of each line as is open, where it may come from.
func (r *Retrier) promising(ctx context.Context, brand commerce.UUID) ([]commerce.UUID, error) {
	rows, err := r.Orders.Store.DB.Read().Query(ctx, `SELECT o.id FROM orders o WHERE o.brand_id = ? AND o.state = ? AND o.id > ? AND o.hold_reason = ?
		AND EXISTS (SELECT 1 FROM fulfillment_orders w WHERE w.brand_id = o.brand_id AND w.order_id = o.id)
		AND NOT EXISTS (SELECT 1 FROM order_lines i WHERE i.brand_id = o.brand_id AND i.order_id = o.id
			AND i.quantity - i.canceled - COALESCE((SELECT SUM(a.quantity - a.released) FROM allocations a
				WHERE a.brand_id = i.brand_id AND a.order_id = i.order_id AND a.order_line_id = i.id), 0)
			> COALESCE((SELECT SUM(`+stock.Sellable+`) FROM stock_levels s JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id
				WHERE s.brand_id = i.brand_id AND s.variant_id = i.variant_id
				AND (o.pickup_location_id IS NULL AND `+stock.Pool+` OR l.id = o.pickup_location_id)), 0))
		ORDER BY o.id LIMIT ?`, brand, Held, r.after[brand], HeldShort, laterMost)
	return db.Collect(rows, err, db.ScanUUID)
}

// retry lets a held order go on when all that is open can be promised.
func retry(ctx context.Context, tx *events.Tx, id commerce.UUID) (bool, error) {
	o, err := lock(ctx, tx, id)
	if err != nil || State(o.State) != Held || o.HoldReason != HeldShort || len(o.work) == 0 {
		return false, err
	}
	if enough, err := promiseOpen(ctx, tx, o); err != nil || !enough {
		return false, err
	}
	return true, reopen(ctx, tx, o)
}
