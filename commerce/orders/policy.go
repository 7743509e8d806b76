package orders

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// PolicyInput says how locations are chosen from now on. Absent keeps, null brings back the default.
type PolicyInput struct {
	Criteria     commerce.Maybe[[]routing.Criterion]
	Locations    commerce.Maybe[[]commerce.LocationRef]
	Regions      commerce.Maybe[[]string]
	MaxParcels   commerce.Maybe[int]
	AcceptWithin commerce.Maybe[int] // seconds
}

// The bounds of a policy.
const (
	mostParcels = 100
	leastWait   = 60
	mostWait    = 7 * 24 * 60 * 60
	mostRegions = 250
)

// SetPolicy says how the brand chooses locations for orders from now on and answers the whole policy. Work there is stays where it is.
// Errors: FORBIDDEN without stock:write or for a viewer narrowed to locations; NOT_FOUND; INVALID_INPUT.
func (s *Service) SetPolicy(ctx context.Context, in PolicyInput) (routing.Policy, error) {
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return routing.Policy{}, err
	}
	if auth.From(ctx).NarrowedByLocation() {
		return routing.Policy{}, commerce.Errorf(commerce.Forbidden, "a token narrowed to locations does not choose for the others")
	}
	if err := in.clean(); err != nil {
		return routing.Policy{}, err
	}
	return events.Do(ctx, s.Store, func(tx *events.Tx) (routing.Policy, error) {
		// Brands without a policy have no row to lock: the brand's own keeps two who say something at once from forgetting each other. The
		// lock lets others write rows that point at the brand. SQLite has one writer.
		if tx.Engine() == db.Postgres {
			if _, err := tx.Exec(ctx, "SELECT 1 FROM brands WHERE id = ? FOR NO KEY UPDATE", tx.Viewer.Brand); err != nil {
				return routing.Policy{}, err
			}
		}
		policy, err := policyOf(ctx, tx)
		if err != nil {
			return policy, err
		}
		policy.Criteria, policy.Regions = in.Criteria.Or(policy.Criteria), in.Regions.Or(policy.Regions)
		policy.MaxParcels, policy.AcceptWithin = in.MaxParcels.Or(policy.MaxParcels), in.AcceptWithin.Or(policy.AcceptWithin)
		if in.Locations.Given() {
			if policy.Locations, err = takingPart(ctx, tx, in.Locations); err != nil {
				return policy, err
			}
		}
		text, err := json.Marshal(policy)
		if err != nil {
			return policy, err
		}
		_, err = tx.Exec(ctx, `INSERT INTO routing_policies (id, brand_id, policy, version, created_at, updated_at) VALUES (?, ?, ?, 1, ?, ?)
			ON CONFLICT (brand_id) DO UPDATE SET policy = excluded.policy, version = routing_policies.version + 1, updated_at = excluded.updated_at`,
			commerce.NewUUID(), tx.Viewer.Brand, string(text), tx.Now, tx.Now)
		return policy, err
	})
}

func takingPart(ctx context.Context, tx *events.Tx, in commerce.Maybe[[]commerce.LocationRef]) ([]commerce.UUID, error) {
	refs, ok := in.Get()
	if !ok {
		return nil, nil
	}
	found, err := stock.FindLocations(ctx, tx.Ent, refs)
	if err != nil {
		return nil, err
	}
	var errs fields
	out := make([]commerce.UUID, 0, len(found))
	for i, l := range found {
		switch {
		case l == nil:
			errs.Add(commerce.Errorf(commerce.NotFound, "there is no such location").At("locations", strconv.Itoa(i)))
		case !slices.Contains(out, l.ID):
			out = append(out, l.ID)
		}
	}
	return out, errs.Err()
}

func (in *PolicyInput) clean() error {
	var errs fields
	criteria, given := in.Criteria.Get()
	if given && len(criteria) == 0 {
		errs.Invalid([]string{"criteria"}, "must name some, or be null for the default")
	}
	for i, c := range criteria {
		if slices.Contains(criteria[:i], c) {
			errs.Invalid([]string{"criteria", strconv.Itoa(i)}, "is named twice")
		}
		if !slices.Contains([]routing.Criterion{routing.FewestParcels, routing.Priority, routing.Distance, routing.MostStock}, c) {
			errs.Invalid([]string{"criteria", strconv.Itoa(i)}, "is unknown")
		}
	}
	if l, ok := in.Locations.Get(); ok && len(l) == 0 {
		errs.Invalid([]string{"locations"}, "must name some, or be null for all")
	}
	if regions, ok := in.Regions.Get(); ok {
		if len(regions) == 0 || len(regions) > mostRegions {
			errs.Invalid([]string{"regions"}, "must be 1 to %d, or null for all", mostRegions)
		}
		regions = slices.Clone(regions)
		for i := range regions {
			rule := commerce.ShortText
			rule.Required = true
			errs.Clean(&regions[i], rule, "regions", strconv.Itoa(i))
		}
		in.Regions = commerce.Some(regions)
	}
	if n, ok := in.MaxParcels.Get(); ok {
		errs.Between(int64(n), 1, mostParcels, "maxParcels")
	}
	if n, ok := in.AcceptWithin.Get(); ok {
		errs.Between(int64(n), leastWait, mostWait, "acceptWithinSeconds")
	}
	return errs.Err()
}

// Policy reads how the brand chooses locations; a brand that has not said has the default.
// Errors: FORBIDDEN without stock:read.
func (s *Service) Policy(ctx context.Context) (routing.Policy, error) {
	if err := auth.Need(ctx, auth.StockRead); err != nil {
		return routing.Policy{}, err
	}
	return policyOf(ctx, s.reading(ctx))
}

// Senders are the locations that may send what a viewer's brand sells, whoever buys it; nil for all of the pool. It asks nobody's rights.
func Senders(ctx context.Context, c db.Conn, v *auth.Viewer) ([]commerce.UUID, error) {
	policy, err := policyOf(ctx, &events.Tx{Tx: &db.Tx{Conn: c}, Viewer: v})
	if err != nil || policy.Regions != nil { // to other regions the others send too
		return nil, err
	}
	return policy.Locations, nil
}

// SimulateInput is an order that is not placed.
type SimulateInput struct {
	Lines   []SimulateLine
	Address *commerce.Address
	Near    *commerce.Point
}

// SimulateLine is so many of a variant.
type SimulateLine struct {
	Variant  commerce.VariantRef
	Quantity int64
}

// Simulation is what routing would decide, and the variants asked for, by id.
type Simulation struct {
	routing.Decision
	Variants map[commerce.UUID]*ent.Variant
}

// Simulate tells what routing would decide among the locations that the viewer sees; nothing is promised. Nil when a variant does not
// exist for the viewer.
// Errors: FORBIDDEN without stock:read; INVALID_INPUT.
func (s *Service) Simulate(ctx context.Context, in SimulateInput) (*Simulation, error) {
	if err := auth.Need(ctx, auth.StockRead); err != nil {
		return nil, err
	}
	if err := in.clean(); err != nil {
		return nil, err
	}
	refs := make([]commerce.VariantRef, len(in.Lines))
	for i, l := range in.Lines {
		refs[i] = l.Variant
	}
	found, err := catalog.FindVariants(ctx, s.Store.Ent, refs)
	if err != nil {
		return nil, err
	}
	out := &Simulation{Variants: map[commerce.UUID]*ent.Variant{}}
	var variants []commerce.UUID
	request := routing.Request{Near: in.Near}
	for i, v := range found {
		if v == nil {
			return nil, nil
		}
		at := slices.Index(variants, v.ID)
		if at < 0 {
			at, variants = len(variants), append(variants, v.ID)
			request.Lines = append(request.Lines, routing.Line{Variant: v.ID})
			out.Variants[v.ID] = v
		}
		request.Lines[at].Quantity += in.Lines[i].Quantity
	}
	if in.Address != nil {
		request.Address = *in.Address
	}
	tx := s.reading(ctx)
	from, err := sources(ctx, tx, variants, false)
	if err != nil {
		return nil, err
	}
	policy, err := policyOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	out.Decision = routing.Decide(policy, request, from)
	return out, nil
}

func (in *SimulateInput) clean() error {
	var errs fields
	if len(in.Lines) == 0 || len(in.Lines) > maxLines {
		errs.Invalid([]string{"lines"}, "an order has 1 to %d lines", maxLines)
	}
	for i, l := range in.Lines {
		errs.Quantity(l.Quantity, 1, "lines", strconv.Itoa(i), "quantity")
	}
	if in.Near != nil && !in.Near.OnGlobe() {
		errs.Invalid([]string{"near"}, "is no place on the globe")
	}
	if in.Address != nil {
		a := *in.Address
		errs.Address(&a, "address")
		in.Address = &a
	}
	return errs.Err()
}

// reading stands in for a transaction where something is only read: statements see what has been committed.
func (s *Service) reading(ctx context.Context) *events.Tx {
	return &events.Tx{Tx: &db.Tx{Conn: s.Store.DB.Read()}, Ent: s.Store.Ent, Viewer: auth.From(ctx), Now: s.Store.Instant()}
}
