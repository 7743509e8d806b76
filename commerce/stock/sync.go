package stock

import (
	"context"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// MaxSyncRows is how many counts one call may send.
const MaxSyncRows = 10_000

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
	var errs commerce.Errors
	errs.Clean(&in.Source, commerce.CodeText, "source")
	if len(in.Rows) == 0 || len(in.Rows) > MaxSyncRows {
		errs.Invalid([]string{"rows"}, "must be 1 to %d", MaxSyncRows)
	}
	if err := errs.Err(); err != nil {
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
	aged   bool // too old to be trusted by the rule of its location
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
		case commerce.Between(r.OnHand, 0, commerce.MaxQuantity) != nil:
			fail(i, commerce.Between(r.OnHand, 0, commerce.MaxQuantity), "onHand")
		case r.AsOf > tx.Now.Add(clockSkew):
			fail(i, commerce.Errorf(commerce.InvalidInput, "must not be in the future"), "asOf")
		default:
			c := counted{i, Place{variants[i].ID, locations[i].ID}, r.OnHand, r.AsOf, aged(locations[i].StaleAfter, r.AsOf, tx.Now)}
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
	for some := range slices.Chunk(counts, chunk) {
		places := make([]Place, len(some))
		for i, c := range some {
			places[i] = c.Place
		}
		if err := ensure(ctx, tx, places); err != nil {
			return err
		}
		stands, err := hold(ctx, tx, places)
		if err != nil {
			return err
		}
		fresh := make([]counted, 0, len(some))
		for _, c := range some {
			if stands[c.Place].CountedAt >= c.asOf {
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
			was := stands[c.Place]
			now := was
			now.OnHand, now.Stale = c.onHand, c.aged
			if was == now {
				continue
			}
			now.Version++
			if was.OnHand != now.OnHand {
				movements = append(movements, Movement{
					Place: c.Place, Kind: Counted, OnHand: c.onHand - was.OnHand, Reason: "sync",
					Reference: commerce.Reference{System: source, Value: c.asOf.String()},
				})
			}
			if crosses(was, now) {
				crossed = append(crossed, c.Variant)
			}
			say(tx, now)
		}
	}
	write(tx, movements)
	return refreshVariants(ctx, tx, crossed)
}

var countList = db.ListOf("counted", "level_id uuid, n bigint, as_of bigint, aged boolean")

// writeCounts writes counts over the levels that stand, in one statement. A level's version rises only when its quantity or its
// freshness changes.
func writeCounts(ctx context.Context, tx *events.Tx, source string, counts []counted, stands map[Place]Level) error {
	if len(counts) == 0 {
		return nil
	}
	values := make([]any, 0, 4*len(counts))
	for _, c := range counts {
		values = append(values, stands[c.Place].ID, c.onHand, int64(c.asOf), c.aged)
	}
	with, args := countList.With(tx.Conn, values)
	_, err := tx.Exec(ctx, with+`UPDATE stock_levels SET version = CASE WHEN on_hand = n AND stale = aged THEN version ELSE version + 1 END,
		shortfall = CASE WHEN reserved > n THEN reserved - n ELSE 0 END, on_hand = n, counted_at = as_of, stale = aged, source = ?, updated_at = ?
		FROM counted WHERE brand_id = ? AND id = level_id`, append(args, source, tx.Now, tx.Viewer.Brand)...)
	return err
}
