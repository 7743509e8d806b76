package graph

import (
	"context"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/graph/model"
)

func policyInput(in model.RoutingPolicySetInput) (orders.PolicyInput, error) {
	out := orders.PolicyInput{
		Criteria:   maybeList(in.Criteria, func(c model.RoutingCriterion) routing.Criterion { return routing.Criterion(c) }),
		Regions:    maybeList(in.Regions, same[string]),
		MaxParcels: maybe(in.MaxParcels), AcceptWithin: maybe(in.AcceptWithinSeconds),
	}
	named, given := in.Locations.ValueOK()
	switch {
	case !given:
	case named == nil:
		out.Locations = commerce.Null[[]commerce.LocationRef]()
	default:
		places, err := refs(named, locationRef)
		if err != nil {
			return out, err
		}
		out.Locations = commerce.Some(places)
	}
	return out, nil
}

// policyModel tells a policy. Of the locations that take part a narrowed viewer is told those it sees.
func (r *Resolver) policyModel(ctx context.Context, p routing.Policy, s selection) (*model.RoutingPolicy, error) {
	m := &model.RoutingPolicy{Regions: p.Regions}
	criteria := p.Criteria
	if len(criteria) == 0 {
		criteria = routing.DefaultCriteria()
	}
	m.Criteria = each(criteria, func(c routing.Criterion) model.RoutingCriterion { return model.RoutingCriterion(c) })
	if p.MaxParcels > 0 {
		m.MaxParcels = &p.MaxParcels
	}
	if p.AcceptWithin > 0 {
		m.AcceptWithinSeconds = &p.AcceptWithin
	}
	sub, asked := s.child("locations", "RoutingPolicy")
	if p.Locations == nil || !asked {
		return m, nil
	}
	found, err := r.locationsByID(ctx, p.Locations, sub)
	m.Locations = []*model.Location{}
	for _, l := range p.Locations {
		if found[l] != nil {
			m.Locations = append(m.Locations, found[l])
		}
	}
	return m, err
}

func simulateInput(in model.RoutingSimulateInput) (orders.SimulateInput, error) {
	out := orders.SimulateInput{Lines: make([]orders.SimulateLine, len(in.Lines))}
	for i, l := range in.Lines {
		variant, err := variantRef(*l.Variant)
		if err != nil {
			return out, err
		}
		out.Lines[i] = orders.SimulateLine{Variant: variant, Quantity: int64(l.Quantity)}
	}
	if in.Address.Value() != nil {
		a := addressIn(in.Address.Value())
		out.Address = &a
	}
	if p := in.Near.Value(); p != nil {
		out.Near = &commerce.Point{Latitude: p.Latitude, Longitude: p.Longitude}
	}
	return out, nil
}

// simulation tells a decision that was not made in earnest.
func (r *Resolver) simulation(ctx context.Context, d *orders.Simulation, s selection) (*model.RoutingSimulation, error) {
	candidates, _ := s.child("candidates", "RoutingSimulation")
	plan, _ := s.child("plan", "RoutingSimulation")
	shown := selection{oc: s.oc}
	judged, _ := candidates.child("location", "RoutingCandidate")
	giving, _ := plan.child("location", "RoutingPlanEntry")
	shown.set = append(append(shown.set, judged.set...), giving.set...)
	seen := slices.DeleteFunc(d.Candidates, func(c routing.Candidate) bool { return !auth.From(ctx).SeesLocation(c.Location) })
	seen = seen[:min(len(seen), orders.CandidatesTold)]
	places := map[commerce.UUID]bool{}
	for _, c := range seen {
		places[c.Location] = true
	}
	for _, share := range d.Plan {
		places[share.Location] = true
	}
	locations := map[commerce.UUID]*model.Location{}
	if len(shown.set) > 0 {
		var err error
		if locations, err = r.locationsByID(ctx, keys(places), shown); err != nil {
			return nil, err
		}
	}
	m := &model.RoutingSimulation{Candidates: candidateModels(ctx, seen, locations), Plan: []*model.RoutingPlanEntry{}}
	at := map[commerce.UUID]*model.RoutingPlanEntry{}
	for _, share := range d.Plan {
		entry := at[share.Location]
		if entry == nil {
			entry = &model.RoutingPlanEntry{Location: locations[share.Location]}
			at[share.Location] = entry
			m.Plan = append(m.Plan, entry)
		}
		entry.Lines = append(entry.Lines, &model.RoutingPlanLine{Sku: d.Variants[share.Variant].Sku, Quantity: int(share.Quantity)})
	}
	return m, nil
}

// candidateModels tells how locations were judged, as far as the viewer sees them.
func candidateModels(ctx context.Context, candidates []routing.Candidate, locations map[commerce.UUID]*model.Location) []*model.RoutingCandidate {
	out := []*model.RoutingCandidate{}
	for _, c := range candidates {
		if auth.From(ctx).SeesLocation(c.Location) {
			out = append(out, &model.RoutingCandidate{
				Location: locations[c.Location], Score: c.Score, DistanceKm: c.DistanceKm, ExcludedBecause: text(c.Excluded),
			})
		}
	}
	return out
}

// routingOf tells why work is at its location, null when no decision is kept with it.
func routingOf(ctx context.Context, w *ent.FulfillmentOrder, locations map[commerce.UUID]*model.Location) *model.RoutingDecision {
	if w.Routing == nil {
		return nil
	}
	return &model.RoutingDecision{Candidates: candidateModels(ctx, w.Routing, locations)}
}

// judgedPlaces is what is asked of locations in the routing of work, and which they are.
func judgedPlaces(work selection, rows []*ent.FulfillmentOrder) (shown selection, places []commerce.UUID) {
	decision, _ := work.child("routing", "FulfillmentOrder")
	candidates, _ := decision.child("candidates", "RoutingDecision")
	shown, asked := candidates.child("location", "RoutingCandidate")
	if !asked {
		return shown, nil
	}
	for _, w := range rows {
		for _, c := range w.Routing {
			places = append(places, c.Location)
		}
	}
	return shown, places
}

func workInput(key, work, reason string) orders.WorkInput {
	return orders.WorkInput{Key: key, Work: *uid(commerce.FulfillmentOrderID, work), Reason: reason}
}
