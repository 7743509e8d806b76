package orders

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent/reservationline"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

const (
	// expireMost is how many reservations Expire looks at in one go.
	expireMost = 500
	// expireTogether is how many are given back in one transaction: one wait for the disk for all of them, and never so much work
	// that SQLite's one writer keeps buyers waiting.
	expireTogether = 20
)

// Expire gives back the stock of reservations whose time is over, of every brand, a bounded number of them, and tells how many it
// gave back. It may be run by many processes at once: each reservation is given back by one of them. A reservation that cannot be
// given back does not keep the others waiting.
func (s *Service) Expire(ctx context.Context) (int, error) {
	type due struct {
		brand    commerce.UUID
		currency commerce.Currency
		id       commerce.UUID
	}
	rows, err := s.Store.DB.Read().Query(ctx, `SELECT r.brand_id, b.currency, r.id FROM reservations r JOIN brands b ON b.id = r.brand_id
		WHERE r.state = ? AND r.expires_at <= ? ORDER BY r.expires_at LIMIT ?`, ReservationActive, s.Store.Instant(), expireMost)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (d due, err error) { return d, r.Scan(&d.brand, &d.currency, &d.id) })
	if err != nil {
		return 0, err
	}
	slices.SortStableFunc(all, func(a, b due) int { return compareUUIDs(a.brand, b.brand) })
	var count int
	var errs []error
	for len(all) > 0 {
		first := all[0]
		viewer := auth.With(ctx, auth.System(first.brand, first.currency, "reservations"))
		var ids []commerce.UUID
		for len(all) > 0 && all[0].brand == first.brand && len(ids) < expireTogether {
			ids, all = append(ids, all[0].id), all[1:]
		}
		n, err := s.expire(viewer, ids)
		if err != nil && len(ids) > 1 && ctx.Err() == nil { // one of them spoils it for the others
			n, err = s.expireEach(viewer, ids)
		}
		count += n
		errs = append(errs, err)
	}
	return count, errors.Join(errs...)
}

// expire gives back those of a brand's reservations that are still active and whose time is over, in one transaction. Those that
// somebody else is about to end are left to them.
func (s *Service) expire(ctx context.Context, ids []commerce.UUID) (int, error) {
	return events.Do(ctx, s.Store, func(tx *events.Tx) (int, error) {
		in, args := db.In("id", ids)
		query := "SELECT id FROM reservations WHERE brand_id = ? AND " + in + " AND state = ? AND expires_at <= ? ORDER BY id" + tx.ForUpdate()
		if tx.Engine() == db.Postgres {
			query += " SKIP LOCKED"
		}
		rows, err := tx.Query(ctx, query, slices.Concat([]any{tx.Viewer.Brand}, args, []any{ReservationActive, tx.Now})...)
		over, err := db.Collect(rows, err, db.ScanUUID)
		if err != nil || len(over) == 0 {
			return 0, err
		}
		in, args = db.In("id", over)
		if _, err := tx.Exec(ctx, "UPDATE reservations SET state = ?, version = version + 1, updated_at = ? WHERE brand_id = ? AND "+in,
			append([]any{ReservationExpired, tx.Now, tx.Viewer.Brand}, args...)...); err != nil {
			return 0, err
		}
		lines, err := tx.Ent.ReservationLine.Query().Where(reservationline.ReservationIDIn(over...)).Order(reservationline.ByID()).All(ctx)
		if err != nil {
			return 0, err
		}
		_, err = stock.Move(ctx, tx, freedBy(lines, "reservation expired"))
		return len(over), err
	})
}

func (s *Service) expireEach(ctx context.Context, ids []commerce.UUID) (int, error) {
	var count int
	var errs []error
	for _, id := range ids {
		n, err := s.expire(ctx, []commerce.UUID{id})
		count += n
		errs = append(errs, err)
	}
	return count, errors.Join(errs...)
}
