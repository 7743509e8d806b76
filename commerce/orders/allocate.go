package orders

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/rule"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// demand is what is to be promised to one order, and for whom.
type demand struct {
	order   commerce.UUID
	number  string
	lines   []line
	near    *commerce.Point
	address commerce.Address
	pickup  *commerce.UUID
	except  []commerce.UUID        // locations that said no
	kept    []*ent.ReservationLine // what a reservation that was claimed keeps for it
	by      *auth.Viewer           // the transaction's viewer when nil
}

// line is a line that wants stock.
type line struct {
	id       commerce.UUID
	variant  commerce.UUID
	quantity int64
}

// decided is a demand with what routing said to it: its plan, and the shares of that with those of what was kept. Candidates are nil
// when nothing was left to decide.
type decided struct {
	demand
	candidates []routing.Candidate
	plan       []routing.Share
	shares     []routing.Share
	acceptBy   commerce.Instant
}

// outOf says that a variant cannot be given as often as an order demands it.
type outOf struct {
	variant   commerce.UUID
	available int64
}

func (outOf) Error() string { return "not enough stock" }

// allocate promises stock to one order: routing chooses locations, it is reserved there, and their work and its allocations are
// written. It answers the new work, or outOf when there is not enough, having changed nothing.
func allocate(ctx context.Context, tx *events.Tx, d demand) ([]commerce.UUID, error) {
	found, err := decide(ctx, tx, []demand{d})
	if err != nil {
		return nil, err
	}
	if found[0].short != nil {
		return nil, *found[0].short
	}
	work, err := promise(ctx, tx, []decided{found[0].decided})
	if err != nil {
		return nil, err
	}
	return work, tx.Flush(ctx)
}

// answer is what routing says to a demand: a decision, or what there is too little of.
type answer struct {
	decided
	short *outOf
}

// decide asks routing for each demand in turn, as if those before had been promised what they got. The levels in question are kept
// from others until the transaction ends, so that what is decided can be promised.
func decide(ctx context.Context, tx *events.Tx, demands []demand) ([]answer, error) {
	var variants []commerce.UUID
	for _, d := range demands {
		for _, l := range d.lines {
			variants = append(variants, l.variant)
		}
	}
	from, err := sources(ctx, tx, variants, true)
	if err != nil {
		return nil, err
	}
	policy, err := policyOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	stands := map[commerce.UUID]map[commerce.UUID]int64{} // what is left of each source
	for _, s := range from {
		stands[s.Location] = s.Available
	}
	out := make([]answer, len(demands))
	for i, d := range demands {
		out[i].demand = d
		kept, rest := d.fromKept()
		var decision routing.Decision
		if len(rest) > 0 {
			decision = routing.Decide(policy, routing.Request{Lines: rest, Near: d.near, Address: d.address, Pickup: d.pickup, Except: d.except}, from)
		}
		if s := decision.Short; s != nil {
			out[i].short = &outOf{s.Variant, s.Available + given(kept, s.Variant)}
			continue
		}
		for _, s := range decision.Plan {
			stands[s.Location][s.Variant] -= s.Quantity
		}
		out[i].candidates, out[i].plan, out[i].shares = decision.Candidates, decision.Plan, together(kept, decision.Plan)
		if p := policy.For(d.address); p.AcceptWithin > 0 && d.pickup == nil {
			out[i].acceptBy = tx.Now.Add(p.Patience())
		}
	}
	return out, nil
}

// fromKept takes what a reservation keeps first; the rest is what is wanted beyond it, a variant in one line.
func (d demand) fromKept() (kept []routing.Share, rest []routing.Line) {
	at := map[commerce.UUID]int{}
	for _, l := range d.lines {
		i, ok := at[l.variant]
		if !ok {
			i, at[l.variant] = len(rest), len(rest)
			rest = append(rest, routing.Line{Variant: l.variant})
		}
		rest[i].Quantity += l.quantity
	}
	for _, k := range d.kept {
		i, ok := at[k.VariantID]
		if !ok || (d.pickup != nil && *d.pickup != k.LocationID) {
			continue
		}
		if take := min(k.Quantity, rest[i].Quantity); take > 0 {
			rest[i].Quantity -= take
			kept = append(kept, routing.Share{Location: k.LocationID, Line: routing.Line{Variant: k.VariantID, Quantity: take}})
		}
	}
	return kept, slices.DeleteFunc(rest, func(l routing.Line) bool { return l.Quantity == 0 })
}

// given is how much of a variant the shares give.
func given(shares []routing.Share, variant commerce.UUID) (n int64) {
	for _, s := range shares {
		if s.Variant == variant {
			n += s.Quantity
		}
	}
	return n
}

// together is the shares of both; of one variant from one location it is one share.
func together(a, b []routing.Share) []routing.Share {
	out := slices.Clone(a)
	for _, s := range b {
		same := func(o routing.Share) bool { return o.Location == s.Location && o.Variant == s.Variant }
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Quantity += s.Quantity
			continue
		}
		out = append(out, s)
	}
	return out
}

// promise keeps what was decided, for all orders together: stock is reserved, and work with its allocations is written when the
// transaction's work is done. What a claimed reservation keeps is given back and reserved again for the order in one. It answers the
// new work.
func promise(ctx context.Context, tx *events.Tx, demands []decided) (made []commerce.UUID, err error) {
	var work, allocations []any
	var movements []stock.Movement
	for _, d := range demands {
		for _, k := range d.kept {
			movements = append(movements, stock.Movement{
				Place: stock.Place{Variant: k.VariantID, Location: k.LocationID}, Kind: stock.Release, Reserved: -k.Quantity,
				Reason: "reservation taken by its order", Reference: reference(d.number), By: d.by,
			})
		}
		at := map[commerce.UUID]commerce.UUID{} // the work at a location
		why, err := reasons(d.candidates)
		if err != nil {
			return nil, err
		}
		reason := "order placed"
		if len(d.except) > 0 {
			reason = "order rerouted"
		}
		for _, s := range d.shares {
			movements = append(movements, stock.Movement{
				Place: stock.Place{Variant: s.Variant, Location: s.Location}, Kind: stock.Reserve, Reserved: s.Quantity,
				Reason: reason, Reference: reference(d.number), By: d.by,
			})
			if _, ok := at[s.Location]; ok {
				continue
			}
			id := commerce.NewUUID()
			at[s.Location] = id
			made = append(made, id)
			because := why
			if !slices.ContainsFunc(d.plan, func(p routing.Share) bool { return p.Location == s.Location }) {
				because = nil // the reservation chose it
			}
			work = append(work, id, tx.Viewer.Brand, d.order, s.Location, WorkOpen, 0, d.acceptBy, because, 1, tx.Now, tx.Now)
		}
		for _, p := range spread(d.lines, d.shares) {
			allocations = append(allocations, commerce.NewUUID(), tx.Viewer.Brand, d.order, d.lines[p.line].id, at[p.Location], p.Variant, p.Location, p.Quantity, 0, 0)
		}
	}
	tx.Later(db.Rows{Table: workTable, Values: work}, db.Rows{Table: allocationTable, Values: allocations})
	move := stock.MoveHeld // decide holds the levels of what is wanted; what a reservation keeps may be others
	if slices.ContainsFunc(demands, func(d decided) bool { return len(d.kept) > 0 }) {
		move = stock.Move
	}
	_, err = move(ctx, tx, movements)
	return made, err
}

var (
	workTable = db.Into("fulfillment_orders", `id uuid, brand_id uuid, order_id uuid, location_id uuid, state text, dispatch bigint, accept_by bigint,
		routing jsonb, version bigint, created_at bigint, updated_at bigint`)
	allocationTable = db.Into("allocations", `id uuid, brand_id uuid, order_id uuid, order_line_id uuid, fulfillment_order_id uuid, variant_id uuid,
		location_id uuid, quantity bigint, fulfilled bigint, released bigint`)
)

// CandidatesTold is of how many locations a decision tells, the best: so many are kept with its work. A brand may have hundreds.
const CandidatesTold = 20

// reasons is how a decision is stored with the work it made: null when nothing was to be decided.
func reasons(candidates []routing.Candidate) (any, error) {
	if len(candidates) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(candidates[:min(len(candidates), CandidatesTold)])
	return string(text), err
}

// reference is how the ledger names an order.
func reference(number string) commerce.Reference {
	return commerce.Reference{System: "order", Value: number}
}

// sources reads what the locations that the viewer sees can give of variants. To promise from them, lock keeps the levels from others
// until the transaction ends, in the order in which stock.Move takes them, and leaves out locations that have none of it.
func sources(ctx context.Context, tx *events.Tx, variants []commerce.UUID, lock bool) ([]routing.Source, error) {
	at, args := rule.Where(rule.Location, tx.Viewer, "l")
	which, more := db.Any(tx.Conn, "s.variant_id", variants)
	query := `SELECT l.id, l.code, l.priority, l.active, l.ship_from, l.pickup, l.ownership = 'OWN' OR l.lent, l.latitude, l.longitude, l.address,
		s.variant_id, ` + stock.Sellable + ` FROM `
	if lock {
		query += "stock_levels s JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id WHERE " + at + " AND " + which + " ORDER BY s.variant_id, s.location_id"
		args = append(args, more...)
		if tx.Engine() == db.Postgres { // whoever waited for a row sees it as it is then
			query += " FOR UPDATE OF s"
		}
	} else {
		query += "locations l LEFT JOIN stock_levels s ON s.brand_id = l.brand_id AND s.location_id = l.id AND " + which + " WHERE " + at
		args = append(more, args...)
	}
	type row struct {
		routing.Source
		variant *commerce.UUID
		give    int64
	}
	rows, err := tx.Query(ctx, query, args...)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (x row, err error) {
		var latitude, longitude *float64
		var address []byte
		var give *int64
		err = r.Scan(&x.Location, &x.Code, &x.Priority, &x.Active, &x.ShipFrom, &x.Pickup, &x.Pooled, &latitude, &longitude, &address, &x.variant, &give)
		if err != nil {
			return x, err
		}
		if latitude != nil && longitude != nil {
			x.Point = &commerce.Point{Latitude: *latitude, Longitude: *longitude}
		}
		if give != nil {
			x.give = *give
		}
		if len(address) == 0 {
			return x, nil
		}
		return x, json.Unmarshal(address, &x.Address)
	})
	if err != nil {
		return nil, err
	}
	var out []routing.Source
	place := map[commerce.UUID]int{}
	for _, x := range found {
		i, ok := place[x.Location]
		if !ok {
			i, place[x.Location] = len(out), len(out)
			x.Available = map[commerce.UUID]int64{}
			out = append(out, x.Source)
		}
		if x.variant != nil && x.give > 0 {
			out[i].Available[*x.variant] = x.give
		}
	}
	slices.SortFunc(out, func(a, b routing.Source) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), bytes.Compare(a.Location[:], b.Location[:]))
	})
	return out, nil
}

// policyOf reads how the brand chooses locations; a brand that has not said has the default.
func policyOf(ctx context.Context, tx *events.Tx) (p routing.Policy, err error) {
	var text []byte
	err = tx.QueryRow(ctx, "SELECT policy FROM routing_policies WHERE brand_id = ?", tx.Viewer.Brand).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(text, &p)
}

// portion is a share promised to a line.
type portion struct {
	line int
	routing.Share
}

// spread hands the shares of a variant to the lines that want it, in order.
func spread(lines []line, shares []routing.Share) []portion {
	left := slices.Clone(shares)
	var out []portion
	for i, l := range lines {
		open := l.quantity
		for j := range left {
			s := &left[j]
			if s.Variant != l.variant || s.Quantity == 0 || open == 0 {
				continue
			}
			take := min(open, s.Quantity)
			s.Quantity -= take
			open -= take
			out = append(out, portion{i, routing.Share{Location: s.Location, Line: routing.Line{Variant: l.variant, Quantity: take}}})
		}
	}
	return out
}
