package stock

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// aged tells whether a count is too old by a location's rule, in seconds, 0 for none.
func aged(staleAfter int, counted, now commerce.Instant) bool {
	return staleAfter > 0 && counted < now.Add(-time.Duration(staleAfter)*time.Second)
}

// recount makes a level that the transaction holds as fresh as now, when a system of record counts it and its location has a rule:
// somebody has just counted it by hand. A level that nothing counts, or whose counts do not age, keeps its last count.
func recount(ctx context.Context, tx *events.Tx, level *Level, source string) error {
	if level.CountedAt == 0 {
		return nil
	}
	was := *level
	err := tx.QueryRow(ctx, `UPDATE stock_levels SET counted_at = ?, source = ?, version = version + CASE WHEN stale THEN 1 ELSE 0 END, stale = FALSE, updated_at = ?
		WHERE brand_id = ? AND id = ? AND counted_at < ?
		AND location_id IN (SELECT id FROM locations WHERE brand_id = ? AND stale_after > 0) RETURNING version`,
		tx.Now, source, tx.Now, tx.Viewer.Brand, level.ID, tx.Now, tx.Viewer.Brand).Scan(&level.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil || !was.Stale {
		return err
	}
	level.Stale = false
	say(tx, *level)
	return refreshVariants(ctx, tx, []commerce.UUID{level.Variant})
}

// Age judges counts by the clock: levels whose last count has become older than their location's rule allows are marked as stale, and
// those that a changed rule trusts again are unmarked; each is said as a fact, so that channels are told and flags follow. Levels that
// no system of record counts never age. It works for every brand by transactions of a few hundred levels, of which several processes
// may run some at once: no level is taken twice. It answers how many levels it changed. It asks nobody's rights.
func (s *Service) Age(ctx context.Context) (int, error) {
	type shelf struct{ brand, location commerce.UUID }
	// Most shelves need nothing, which is found without a transaction.
	rows, err := s.Store.DB.Read().Query(ctx, "SELECT l.brand_id, l.id FROM locations l WHERE EXISTS (SELECT 1 FROM stock_levels s WHERE s.brand_id = l.brand_id AND s.location_id = l.id AND "+
		ageing+") OR EXISTS (SELECT 1 FROM stock_levels s WHERE s.brand_id = l.brand_id AND s.location_id = l.id AND "+trusted+") ORDER BY l.id",
		s.Store.Instant(), s.Store.Instant())
	shelves, err := db.Collect(rows, err, func(r *sql.Rows) (x shelf, err error) { return x, r.Scan(&x.brand, &x.location) })
	if err != nil {
		return 0, err
	}
	changed := 0
	for _, x := range shelves {
		ctx := auth.With(ctx, auth.System(x.brand, "", "freshness"))
		for _, which := range []struct {
			condition string
			stale     bool
		}{{ageing, true}, {trusted, false}} {
			for {
				n, err := events.Do(ctx, s.Store, func(tx *events.Tx) (int, error) { return judge(ctx, tx, x.location, which.condition, which.stale) })
				changed += n
				if err != nil {
					return changed, err
				}
				if n < chunk {
					break
				}
			}
		}
	}
	return changed, nil
}

// Which levels s of a location l the clock, whose time is the parameter, is to mark and to unmark.
const (
	ageing  = "s.stale = FALSE AND l.stale_after > 0 AND s.counted_at > 0 AND s.counted_at < CAST(? AS bigint) - CAST(l.stale_after AS bigint) * 1000000"
	trusted = "s.stale = TRUE AND (l.stale_after = 0 OR s.counted_at >= CAST(? AS bigint) - CAST(l.stale_after AS bigint) * 1000000)"
)

// judge marks or unmarks some levels of a location. Levels that somebody is changing just now are left to the next time: waiting for
// them in another order than theirs could end in a deadlock.
func judge(ctx context.Context, tx *events.Tx, location commerce.UUID, condition string, stale bool) (int, error) {
	lock := ""
	if tx.Engine() == db.Postgres {
		lock = " FOR UPDATE OF s SKIP LOCKED"
	}
	rows, err := tx.Query(ctx, `SELECT s.id FROM stock_levels s JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id
		WHERE s.brand_id = ? AND s.location_id = ? AND `+condition+" ORDER BY s.counted_at LIMIT ?"+lock, tx.Viewer.Brand, location, tx.Now, chunk)
	ids, err := db.Collect(rows, err, db.ScanUUID)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	in, args := db.In("id", ids)
	rows, err = tx.Query(ctx, "UPDATE stock_levels SET stale = ?, version = version + 1, updated_at = ? WHERE brand_id = ? AND "+in+" RETURNING "+levelColumns,
		append([]any{stale, tx.Now, tx.Viewer.Brand}, args...)...)
	levels, err := db.Collect(rows, err, scanLevel)
	if err != nil {
		return 0, err
	}
	variants := make([]commerce.UUID, len(levels))
	for i, l := range levels {
		variants[i] = l.Variant
		say(tx, l)
	}
	return len(levels), refreshVariants(ctx, tx, variants)
}
