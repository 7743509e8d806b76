package routing

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
)

// Decide chooses the locations that give what is asked. It is pure: the same question has the same answer, in whatever order the
// sources come. The criteria are judged one after the other, ties by code; the most preferred location gives all it can, then the next.
// So one location that can give everything beats every split when FewestParcels comes first, and when it comes later only among those
// that are equal before it. A policy whose limit of parcels the plan would break gets the plan with the fewest instead, if that keeps it.
func Decide(p Policy, r Request, sources []Source) Decision {
	p = p.For(r.Address)
	judged := judge(p, r, sources)
	in := len(judged)
	for in > 0 && judged[in-1].excluded != "" {
		in--
	}
	d := Decision{}
	used, short := d.choose(p, r.Lines, judged[:in])
	if short != nil {
		d.Plan, d.Short = nil, short
		used = nil
	}
	d.Candidates = candidates(judged, in, used)
	return d
}

// judged is a source as the criteria see it.
type judged struct {
	*Source
	excluded string
	complete bool // whether it can give everything
	stock    int64
	km       *float64 // as it is told, to the metre
	distance float64  // as it is judged
}

// gives is how many of a variant the source can give.
func (j *judged) gives(v commerce.UUID) int64 { return max(0, j.Available[v]) }

// judge tells of each source why it is out of the question or how it stands, the preferred first and those out of the question last.
func judge(p Policy, r Request, sources []Source) []judged {
	criteria := p.Criteria
	if len(criteria) == 0 {
		criteria = defaultCriteria
	}
	enabled := among(p.Locations)
	var far func(*Source) float64
	if slices.Contains(criteria, Distance) {
		far = distances(r)
	}
	var km []float64
	if r.Near != nil {
		km = make([]float64, len(sources))
	}
	out := make([]judged, len(sources))
	for i := range sources {
		j := &out[i]
		j.Source, j.complete = &sources[i], true
		for _, l := range r.Lines {
			n := j.gives(l.Variant)
			j.stock += n
			j.complete = j.complete && n >= l.Quantity
		}
		j.excluded = excluded(p, r, j, enabled)
		if km != nil && j.Point != nil {
			km[i] = math.Round(r.Near.DistanceKm(*j.Point)*1000) / 1000
			j.km, j.distance = &km[i], km[i]
		} else if far != nil && j.excluded == "" {
			j.distance = far(j.Source)
		}
	}
	slices.SortFunc(out, func(a, b judged) int {
		if a.excluded == "" && b.excluded == "" {
			for _, c := range criteria {
				if n := compare(c, &a, &b); n != 0 {
					return n
				}
			}
		} else if (a.excluded == "") != (b.excluded == "") {
			return trueFirst(a.excluded == "", b.excluded == "")
		}
		return cmp.Or(cmp.Compare(a.Code, b.Code), bytes.Compare(a.Location[:], b.Location[:]))
	})
	return out
}

// among tells whether a location is one of those; every one is, when there is no list.
func among(locations []commerce.UUID) func(commerce.UUID) bool {
	switch {
	case locations == nil:
		return func(commerce.UUID) bool { return true }
	case len(locations) <= 8:
		return func(l commerce.UUID) bool { return slices.Contains(locations, l) }
	}
	set := make(map[commerce.UUID]bool, len(locations))
	for _, l := range locations {
		set[l] = true
	}
	return func(l commerce.UUID) bool { return set[l] }
}

// excluded tells why a source is out of the question, "" when it is not. Who the buyer comes to need not ship, lend or take part: that
// is about parcels.
func excluded(p Policy, r Request, j *judged, enabled func(commerce.UUID) bool) string {
	switch {
	case r.Pickup != nil && j.Location != *r.Pickup:
		return OtherPlace
	case !j.Active:
		return Inactive
	case r.Pickup != nil && !j.Pickup:
		return NoPickup
	case r.Pickup == nil && !j.ShipFrom:
		return NoShipping
	case r.Pickup == nil && !j.Pooled:
		return NotLent
	case r.Pickup == nil && !enabled(j.Location):
		return NotEnabled
	case slices.Contains(r.Except, j.Location):
		return Rejected
	case j.stock == 0 && len(r.Lines) > 0:
		return NoStock
	}
	return ""
}

// compare is negative when a is preferred by a criterion.
func compare(c Criterion, a, b *judged) int {
	switch c {
	case FewestParcels:
		return trueFirst(a.complete, b.complete)
	case Priority:
		return cmp.Compare(a.Priority, b.Priority)
	case Distance:
		return cmp.Compare(a.distance, b.distance)
	case MostStock:
		return cmp.Compare(b.stock, a.stock)
	}
	return 0
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// choose makes the plan and tells which of the ranked locations are used in it, or what it fails for.
func (d *Decision) choose(p Policy, lines []Line, ranked []judged) (used []bool, short *Shortage) {
	for _, l := range lines {
		if short := falls(l, ranked); short != nil {
			return nil, short
		}
	}
	if len(ranked) > 0 && ranked[0].complete {
		return d.take(lines, ranked, func(i int) bool { return i == 0 }), nil
	}
	if len(p.Criteria) == 0 || p.Criteria[0] != FewestParcels {
		used = d.take(lines, ranked, func(int) bool { return true })
		if p.MaxParcels == 0 || count(used) <= p.MaxParcels {
			return used, nil
		}
	}
	few := fewest(lines, ranked)
	if p.MaxParcels > 0 && len(few) > p.MaxParcels {
		some := greedy(lines, ranked, p.MaxParcels)
		var kept []judged
		for _, i := range some {
			kept = append(kept, ranked[i])
		}
		for _, l := range lines {
			if short := falls(l, kept); short != nil {
				return nil, short
			}
		}
		few = some
	}
	return d.take(lines, ranked, func(i int) bool { return slices.Contains(few, i) }), nil
}

// falls tells that locations together cannot give a line.
func falls(l Line, from []judged) *Shortage {
	total := int64(0)
	for i := range from {
		total += from[i].gives(l.Variant)
	}
	if total >= l.Quantity {
		return nil
	}
	return &Shortage{l.Variant, total}
}

// take plans as much as it can from each of the locations that may give, in turn.
func (d *Decision) take(lines []Line, ranked []judged, may func(int) bool) []bool {
	used := make([]bool, len(ranked))
	d.Plan = make([]Share, 0, len(lines))
	for _, l := range lines {
		open := l.Quantity
		for i := range ranked {
			if open == 0 {
				break
			}
			if !may(i) {
				continue
			}
			if n := min(open, ranked[i].gives(l.Variant)); n > 0 {
				d.Plan = append(d.Plan, Share{ranked[i].Location, Line{l.Variant, n}})
				open -= n
				used[i] = true
			}
		}
	}
	return used
}

func count(used []bool) (n int) {
	for _, u := range used {
		if u {
			n++
		}
	}
	return n
}

// candidates writes down what was judged: first what is used, then the others that were in the question, then the rest.
func candidates(judged []judged, in int, used []bool) []Candidate {
	out := make([]Candidate, 0, len(judged))
	add := func(i int) {
		c := Candidate{Location: judged[i].Location, DistanceKm: judged[i].km, Excluded: judged[i].excluded}
		if c.Excluded == "" {
			c.Score = math.Round(float64(in-len(out))/float64(in)*1e4) / 1e4
		}
		out = append(out, c)
	}
	for i := range used {
		if used[i] {
			add(i)
		}
	}
	for i := range judged {
		if i >= len(used) || !used[i] {
			add(i)
		}
	}
	return out
}
