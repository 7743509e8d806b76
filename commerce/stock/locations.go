package stock

import (
	"context"
	"reflect"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// LocationInput is a location as it should be. Without By it goes by Code. Null brings back what a new location begins with;
// for Code, Name, Kind and Ownership, which a location always has, it is INVALID_INPUT.
type LocationInput struct {
	By           *commerce.LocationRef
	Code         commerce.Maybe[string]
	Name         commerce.Maybe[string]
	Kind         commerce.Maybe[string]
	Ownership    commerce.Maybe[string]
	Active       commerce.Maybe[bool]
	Pickup       commerce.Maybe[bool]
	ShipFrom     commerce.Maybe[bool]
	Lent         commerce.Maybe[bool] // to the online pool, which asks it of a partner's location alone
	StaleAfter   commerce.Maybe[int]  // after how many seconds a count is not trusted any more; null for never
	StalePercent commerce.Maybe[int]  // of what is available, when it is not
	Priority     commerce.Maybe[int]
	Point        commerce.Maybe[commerce.Point]
	Address      commerce.Maybe[commerce.Address]
	ExternalRefs commerce.Maybe[[]commerce.Reference] // merged; null drops all
}

// LocationUpserted is a location as it is now, and whether it was made.
type LocationUpserted struct {
	Location *ent.Location
	Created  bool
}

// What a location can be, and whose.
var (
	kinds      = []string{"WAREHOUSE", "STORE", "COUNTER", "VIRTUAL"}
	ownerships = []string{"OWN", "JOINT_VENTURE", "FRANCHISE"}
)

// LocationUpsert makes a location or brings it up to date. Absent keeps, null clears, external references are merged. Saying the same
// again changes nothing. A location that joins or leaves the online pool takes its stock along. A percentage holds at once for what is
// stale already; how old a count may be is judged by the next Age.
// Errors: FORBIDDEN without stock:write, or when a viewer narrowed to locations would make one; NOT_FOUND for an unknown by id;
// INVALID_INPUT, ALREADY_EXISTS and LIMIT_EXCEEDED, all that there are; CONFLICT after lost races.
func (s *Service) LocationUpsert(ctx context.Context, in LocationInput) (LocationUpserted, error) {
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return LocationUpserted{}, err
	}
	if err := in.clean(); err != nil {
		return LocationUpserted{}, err
	}
	return events.Again(ctx, s.Store, func(tx *events.Tx) (LocationUpserted, error) { return upsertLocation(ctx, tx, in) })
}

func upsertLocation(ctx context.Context, tx *events.Tx, in LocationInput) (LocationUpserted, error) {
	old, err := lockLocation(ctx, tx, in.ref())
	if err != nil {
		return LocationUpserted{}, err
	}
	id, now := commerce.NewUUID(), newLocation
	switch {
	case old != nil:
		id, now = old.ID, siteOf(old)
	case in.By != nil && in.By.ID != nil:
		return LocationUpserted{}, commerce.Errorf(commerce.NotFound, "there is no such location").At("by")
	case tx.Viewer.NarrowedByLocation():
		return LocationUpserted{}, commerce.Errorf(commerce.Forbidden, "a token narrowed to locations makes no new one")
	}
	in.apply(&now)
	refs, err := judgeLocation(ctx, tx, in, old, id, now)
	if err != nil {
		if found, _ := FindLocation(ctx, tx.Ent, in.ref()); old == nil && found != nil {
			return LocationUpserted{}, events.ErrRaced // somebody else made it while we looked
		}
		return LocationUpserted{}, err
	}
	if old != nil && !refs.Touches() && reflect.DeepEqual(siteOf(old), now) {
		return LocationUpserted{Location: old}, nil
	}
	l, err := now.save(ctx, tx, id, old)
	if err == nil {
		err = refs.Save(ctx, tx)
	}
	if err == nil && old != nil && now.sells() != siteOf(old).sells() {
		err = refreshShelf(ctx, tx, id)
	}
	if err == nil {
		err = tx.RaiseGeneration(ctx)
	}
	return LocationUpserted{Location: l, Created: old == nil}, err
}

// lockLocation answers the location as it is once nobody else changes it, nil when the viewer has none such.
func lockLocation(ctx context.Context, tx *events.Tx, ref commerce.LocationRef) (*ent.Location, error) {
	found, err := FindLocation(ctx, tx.Ent, ref)
	if err != nil || found == nil {
		return nil, err
	}
	if tx.Engine() == db.Postgres { // SQLite has one writer. The lock lets others write rows that point at the location.
		if _, err := tx.Exec(ctx, "SELECT 1 FROM locations WHERE brand_id = ? AND id = ? FOR NO KEY UPDATE", tx.Viewer.Brand, found.ID); err != nil {
			return nil, err
		}
	}
	return tx.Ent.Location.Get(ctx, found.ID)
}

// judgeLocation collects what is wrong with the location as it will be, and plans its external references.
func judgeLocation(ctx context.Context, tx *events.Tx, in LocationInput, old *ent.Location, id commerce.UUID, now site) (catalog.Bindings, error) {
	var errs commerce.Errors
	rows, err := tx.Query(ctx, "SELECT id FROM locations WHERE brand_id = ? AND code_folded = ? AND id <> ?", tx.Viewer.Brand, commerce.Fold(now.Code), id)
	others, err := db.Collect(rows, err, db.ScanUUID)
	if err != nil {
		return catalog.Bindings{}, err
	}
	switch {
	case now.Code == "":
		errs.Invalid([]string{"code"}, "is needed for a new location")
	case len(others) > 0:
		errs.Add(commerce.Errorf(commerce.AlreadyExists, "another location has this code").At("code"))
	}
	own := []catalog.Binding{{Owner: id, Path: []string{"externalRefs"}, Refs: in.ExternalRefs.Or(nil), Clear: in.ExternalRefs.IsNull()}}
	if old == nil && in.By != nil && in.By.External != nil {
		own = append(own, catalog.Binding{Owner: id, Path: []string{"by", "externalRef"}, Refs: []commerce.Reference{*in.By.External}})
	}
	refs, wrong, err := catalog.PlanBindings(ctx, tx.Ent, catalog.OfLocation, own)
	if errs = append(errs, wrong...); err == nil {
		err = errs.Err()
	}
	return refs, err
}

// ref names the location.
func (in LocationInput) ref() commerce.LocationRef {
	if in.By != nil {
		return *in.By
	}
	return commerce.LocationRef{Code: in.Code.Or("")}
}

// clean checks all that can be judged without looking at what is there.
func (in *LocationInput) clean() error {
	var errs commerce.Errors
	if in.By != nil {
		by := *in.By
		switch {
		case by.ID != nil:
		case by.External != nil:
			r := errs.Reference(*by.External, "by", "externalRef")
			by.External = &r
		default:
			errs.Clean(&by.Code, commerce.CodeText, "by", "code")
		}
		in.By = &by
	} else if !in.Code.Given() {
		errs.Invalid([]string{"code"}, "is needed when the location is not named by by")
	}
	in.Code = errs.Given(in.Code, commerce.CodeText, "code")
	in.Name = errs.Given(in.Name, commerce.NameText, "name")
	if s, ok := in.Kind.Get(); in.Kind.Given() && !(ok && slices.Contains(kinds, s)) {
		errs.Invalid([]string{"kind"}, "must be WAREHOUSE, STORE, COUNTER or VIRTUAL")
	}
	if s, ok := in.Ownership.Get(); in.Ownership.Given() && !(ok && slices.Contains(ownerships, s)) {
		errs.Invalid([]string{"ownership"}, "must be OWN, JOINT_VENTURE or FRANCHISE")
	}
	if n, ok := in.Priority.Get(); ok && (n < 0 || n > 10000) {
		errs.Invalid([]string{"priority"}, "must be from 0 to 10000")
	}
	if n, ok := in.StaleAfter.Get(); ok && (n < 1 || n > 31_536_000) {
		errs.Invalid([]string{"staleAfterSeconds"}, "must be from 1 to 31536000")
	}
	if n, ok := in.StalePercent.Get(); ok && (n < 0 || n > 100) {
		errs.Invalid([]string{"stalePercent"}, "must be from 0 to 100")
	}
	if p, ok := in.Point.Get(); ok {
		// Written so that what is no number fails too.
		if !(p.Latitude >= -90 && p.Latitude <= 90) {
			errs.Invalid([]string{"point", "latitude"}, "must be from -90 to 90")
		}
		if !(p.Longitude >= -180 && p.Longitude <= 180) {
			errs.Invalid([]string{"point", "longitude"}, "must be from -180 to 180")
		}
	}
	if a, ok := in.Address.Get(); ok {
		errs.Address(&a, "address")
		in.Address = commerce.Some(a)
	}
	if refs, ok := in.ExternalRefs.Get(); ok {
		refs, wrong := catalog.CleanReferences(refs, "externalRefs")
		errs = append(errs, wrong...)
		in.ExternalRefs = commerce.Some(refs)
	}
	return errs.Err()
}
