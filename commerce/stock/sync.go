package stock

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// MaxSyncRows is how many counts one call may send.
const MaxSyncRows = 10_000

// syncChunk is how many levels one statement changes.
const syncChunk = 500

// SyncInput is what a system of record counted.
type SyncInput struct {
	Key    string `json:"-"`
	Source string
	Rows   []SyncRow
}

// SyncRow is one count.
type SyncRow struct {
	Variant  commerce.VariantRef
	Location commerce.LocationRef
	OnHand   int64
	AsOf     commerce.Instant
}

// Verdict is what became of a row.
type Verdict struct {
	Outcome string
	Code    commerce.Code `json:",omitempty"`
	Path    []string      `json:",omitempty"`
	Message string        `json:",omitempty"`
}

// The outcomes of rows.
const (
	Applied      = "APPLIED"
	StaleSkipped = "STALE_SKIPPED"
	Failed       = "FAILED"
)

// Synced has a verdict for each row, in order.
type Synced struct{ Rows []Verdict }

// Count tells how many rows had an outcome.
func (s Synced) Count(outcome string) (n int) {
	for _, v := range s.Rows {
		if v.Outcome == outcome {
			n++
		}
	}
	return n
}

// Sync takes counts as they are, in one transaction and by statements over many levels: the number of statements grows with
// hundreds of rows, not with rows. A row that is not newer than what a level knows is skipped; of two rows for one place the newer
// counts. A count below what is reserved is taken: nothing is available then, and the shortfall is shown. A row that cannot be taken
// does not stop the others.
// Errors: FORBIDDEN without stock:write; INVALID_INPUT for the call as a whole.
func (s *Service) Sync(ctx context.Context, in SyncInput) (Synced, bool, error) {
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return Synced{}, false, err
	}
	var errs fields
	errs.text(&in.Source, commerce.CodeText, "source")
	if len(in.Rows) == 0 || len(in.Rows) > MaxSyncRows {
		errs.add(commerce.Invalid([]string{"rows"}, "must be 1 to %d", MaxSyncRows))
	}
	if err := errors.Join(errs...); err != nil {
		return Synced{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "stockSync", Key: in.Key, Input: in}, func(tx *events.Tx) (Synced, error) {
		out := Synced{Rows: make([]Verdict, len(in.Rows))}
		counts, err := judgeCounts(ctx, tx, in.Rows, out.Rows)
		if err != nil {
			return out, err
		}
		return out, applyCounts(ctx, tx, in.Source, counts, out.Rows)
	})
}

// counted is a row whose place is known; it is the newest of its place.
type counted struct {
	index int
	Place
	onHand int64
	asOf   commerce.Instant
}

// judgeCounts finds the places of the rows. What cannot be taken, or is older than another row of its place, has its verdict
// afterwards; the others come back in the order in which places are taken.
func judgeCounts(ctx context.Context, tx *events.Tx, rows []SyncRow, verdicts []Verdict) ([]counted, error) {
	variantRefs, locationRefs := make([]commerce.VariantRef, len(rows)), make([]commerce.LocationRef, len(rows))
	for i, r := range rows {
		variantRefs[i], locationRefs[i] = r.Variant, r.Location
	}
	variants, err := catalog.FindVariants(ctx, tx.Ent, variantRefs)
	if err != nil {
		return nil, err
	}
	locations, err := FindLocations(ctx, tx.Ent, locationRefs)
	if err != nil {
		return nil, err
	}
	fail := func(i int, err *commerce.Error, field string) {
		verdicts[i] = Verdict{Outcome: Failed, Code: err.Code, Path: []string{"rows", strconv.Itoa(i), field}, Message: err.Message}
	}
	newest := map[Place]counted{}
	for i, r := range rows {
		switch {
		case variants[i] == nil:
			fail(i, commerce.Errorf(commerce.NotFound, "there is no such variant"), "variant")
		case locations[i] == nil:
			fail(i, commerce.Errorf(commerce.NotFound, "there is no such location"), "location")
		case r.OnHand < 0 || r.OnHand > commerce.MaxQuantity:
			fail(i, commerce.Errorf(commerce.InvalidInput, "must be between 0 and %d", commerce.MaxQuantity), "onHand")
		case r.AsOf > tx.Now.Add(clockSkew):
			fail(i, commerce.Errorf(commerce.InvalidInput, "must not be in the future"), "asOf")
		default:
			c := counted{i, Place{variants[i].ID, locations[i].ID}, r.OnHand, r.AsOf}
			old, again := newest[c.Place]
			switch {
			case again && old.asOf >= c.asOf:
				verdicts[i] = Verdict{Outcome: StaleSkipped}
				continue
			case again:
				verdicts[old.index] = Verdict{Outcome: StaleSkipped}
			}
			newest[c.Place] = c
		}
	}
	out := make([]counted, 0, len(newest))
	for _, c := range newest {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b counted) int { return comparePlaces(a.Place, b.Place) })
	return out, nil
}

// clockSkew is how far another system's clock may be ahead of ours.
const clockSkew = 5 * 60 * 1e9

// applyCounts brings the levels of the counts to what was counted.
func applyCounts(ctx context.Context, tx *events.Tx, source string, counts []counted, verdicts []Verdict) error {
	var movements []Movement
	var crossed []commerce.UUID
	for some := range slices.Chunk(counts, syncChunk) {
		if err := ensureAll(ctx, tx, some); err != nil {
			return err
		}
		stands, err := standingAll(ctx, tx, some)
		if err != nil {
			return err
		}
		fresh := make([]counted, 0, len(some))
		for _, c := range some {
			if stands[c.Place].countedAt >= c.asOf {
				verdicts[c.index] = Verdict{Outcome: StaleSkipped}
				continue
			}
			verdicts[c.index] = Verdict{Outcome: Applied}
			fresh = append(fresh, c)
		}
		if err := writeCounts(ctx, tx, source, fresh, stands); err != nil {
			return err
		}
		for _, c := range fresh {
			was := stands[c.Place].Level
			if was.OnHand == c.onHand {
				continue
			}
			now := was
			now.OnHand, now.Version = c.onHand, was.Version+1
			movements = append(movements, Movement{Place: c.Place, Kind: Counted, OnHand: c.onHand - was.OnHand, Reason: "sync", Reference: commerce.Reference{System: source, Value: c.asOf.String()}})
			if (was.Available() > 0) != (now.Available() > 0) {
				crossed = append(crossed, c.Variant)
			}
			say(tx, now)
		}
	}
	if err := write(ctx, tx, movements); err != nil {
		return err
	}
	for some := range slices.Chunk(crossed, 1000) {
		if err := refreshVariants(ctx, tx, some); err != nil {
			return err
		}
	}
	return nil
}

// ensureAll makes the levels that are missing.
func ensureAll(ctx context.Context, tx *events.Tx, counts []counted) error {
	args := make([]any, 0, 6*len(counts))
	for _, c := range counts {
		args = append(args, commerce.NewUUID(), tx.Viewer.Brand, c.Variant, c.Location, tx.Now, tx.Now)
	}
	_, err := tx.Exec(ctx, `INSERT INTO stock_levels (id, brand_id, variant_id, location_id, created_at, updated_at, version) VALUES `+
		strings.TrimSuffix(strings.Repeat("(?,?,?,?,?,?,0),", len(counts)), ",")+" ON CONFLICT (brand_id, variant_id, location_id) DO NOTHING", args...)
	return err
}

// known is a level with the moment of its last count.
type known struct {
	Level
	countedAt commerce.Instant
}

// standingAll reads the levels of counts and keeps others from changing them until the transaction ends.
func standingAll(ctx context.Context, tx *events.Tx, counts []counted) (map[Place]known, error) {
	var variants, locations []commerce.UUID
	for _, c := range counts {
		variants = append(variants, c.Variant)
		if !slices.Contains(locations, c.Location) {
			locations = append(locations, c.Location)
		}
	}
	slices.SortFunc(variants, func(a, b commerce.UUID) int { return strings.Compare(string(a[:]), string(b[:])) })
	inV, argsV := db.In("variant_id", slices.Compact(variants))
	inL, argsL := db.In("location_id", locations)
	rows, err := tx.Query(ctx, `SELECT id, variant_id, location_id, on_hand, reserved, safety_stock, version, counted_at FROM stock_levels
		WHERE brand_id = ? AND `+inV+" AND "+inL+" ORDER BY variant_id, location_id"+tx.ForUpdate(), append(append([]any{tx.Viewer.Brand}, argsV...), argsL...)...)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (k known, err error) {
		return k, r.Scan(&k.ID, &k.Variant, &k.Location, &k.OnHand, &k.Reserved, &k.Safety, &k.Version, &k.countedAt)
	})
	out := make(map[Place]known, len(found))
	for _, k := range found {
		out[k.Place] = k
	}
	return out, err
}

// writeCounts writes counts over the levels that stand, in one statement. A level's version rises only when its quantity changes.
func writeCounts(ctx context.Context, tx *events.Tx, source string, counts []counted, stands map[Place]known) error {
	if len(counts) == 0 {
		return nil
	}
	// PostgreSQL takes the types of a list of values from its first row.
	first, rest := "(?,?,?),", strings.Repeat("(?,?,?),", len(counts)-1)
	if tx.Engine() == db.Postgres {
		first = "(?::uuid,?::bigint,?::bigint),"
	}
	args := []any{source, tx.Now}
	for _, c := range counts {
		args = append(args, stands[c.Place].ID, c.onHand, c.asOf)
	}
	args = append(args, tx.Viewer.Brand)
	_, err := tx.Exec(ctx, `UPDATE stock_levels SET version = CASE WHEN on_hand = v.column2 THEN version ELSE version + 1 END,
		shortfall = CASE WHEN reserved > v.column2 THEN reserved - v.column2 ELSE 0 END, on_hand = v.column2, counted_at = v.column3, source = ?, updated_at = ?
		FROM (VALUES `+strings.TrimSuffix(first+rest, ",")+`) v WHERE stock_levels.id = v.column1 AND stock_levels.brand_id = ?`, args...)
	return err
}
