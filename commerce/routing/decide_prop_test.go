package routing

import (
	"math/bits"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
)

var provinces = []string{"", "浙江省", "浙江", "上海市", "Shanghai"}

func drawAddress(t *rapid.T) commerce.Address {
	return commerce.Address{Province: rapid.SampledFrom(provinces).Draw(t, "province"), City: rapid.SampledFrom([]string{"", "杭州", "宁波市"}).Draw(t, "city")}
}

func drawPoint(t *rapid.T) *commerce.Point {
	if rapid.Bool().Draw(t, "nowhere") {
		return nil
	}
	return &commerce.Point{Latitude: rapid.Float64Range(18, 50).Draw(t, "latitude"), Longitude: rapid.Float64Range(75, 130).Draw(t, "longitude")}
}

func drawSources(t *rapid.T, most int) []Source {
	out := make([]Source, rapid.IntRange(0, most).Draw(t, "sources"))
	for i := range out {
		flag := rapid.Custom(func(t *rapid.T) bool { return rapid.IntRange(0, 9).Draw(t, "of ten") > 0 })
		out[i] = Source{
			Location: commerce.UUID{0: byte(rapid.IntRange(0, 3).Draw(t, "id")), 15: byte(i)}, Code: "L" + strconv.Itoa(i), Priority: rapid.IntRange(1, 3).Draw(t, "priority"),
			Active: flag.Draw(t, "active"), ShipFrom: flag.Draw(t, "ships"), Pickup: flag.Draw(t, "pickup"), Pooled: flag.Draw(t, "pooled"),
			Point: drawPoint(t), Address: drawAddress(t), Available: map[commerce.UUID]int64{},
		}
		for v := range byte(3) {
			if n := rapid.Int64Range(-2, 6).Draw(t, "available"); n != 0 {
				out[i].Available[name(v)] = n
			}
		}
	}
	return out
}

func drawRequest(t *rapid.T, sources []Source) Request {
	r := Request{Near: drawPoint(t), Address: drawAddress(t)}
	for _, v := range rapid.SliceOfNDistinct(rapid.ByteRange(0, 2), 1, 3, rapid.ID).Draw(t, "variants") {
		r.Lines = append(r.Lines, Line{name(v), rapid.Int64Range(1, 9).Draw(t, "quantity")})
	}
	if len(sources) > 0 {
		r.Except = some(t, sources, "except")
		if rapid.IntRange(0, 4).Draw(t, "of five") == 0 {
			place := rapid.SampledFrom(sources).Draw(t, "place").Location
			r.Pickup = &place
		}
	}
	return r
}

func some(t *rapid.T, sources []Source, label string) (out []commerce.UUID) {
	for _, s := range sources {
		if rapid.IntRange(0, 7).Draw(t, label) == 0 {
			out = append(out, s.Location)
		}
	}
	return out
}

func drawPolicy(t *rapid.T, sources []Source) Policy {
	all := []Criterion{FewestParcels, Priority, Distance, MostStock}
	p := Policy{MaxParcels: rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "limit")}
	p.Criteria = rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, 4, rapid.ID).Draw(t, "criteria")
	if rapid.IntRange(0, 2).Draw(t, "of three") == 0 {
		p.Locations = append([]commerce.UUID{}, some(t, sources, "without")...)
		p.Locations = slices.DeleteFunc(sourceIDs(sources), func(l commerce.UUID) bool { return slices.Contains(p.Locations, l) })
	}
	if rapid.IntRange(0, 2).Draw(t, "of three") == 0 {
		p.Regions = []string{"浙江"}
	}
	return p
}

func sourceIDs(sources []Source) []commerce.UUID {
	out := make([]commerce.UUID, len(sources))
	for i, s := range sources {
		out[i] = s.Location
	}
	return out
}

// Whatever is asked: a plan gives exactly that, takes no more than there is and only from who may give, in no more parcels than allowed
// and, where that comes first, in as few as any set of locations could; the order of the sources makes no difference.
func TestAPlanGivesWhatIsAskedOrNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources := drawSources(t, 9)
		r, p := drawRequest(t, sources), drawPolicy(t, sources)
		d := Decide(p, r, sources)
		require.Equal(t, d, Decide(p, r, rapid.Permutation(sources).Draw(t, "shuffled")))

		force := p.For(r.Address)
		in := map[commerce.UUID]Source{}
		require.Len(t, d.Candidates, len(sources))
		for i, c := range d.Candidates {
			s := sources[slices.IndexFunc(sources, func(s Source) bool { return s.Location == c.Location })]
			if c.Excluded == "" {
				in[s.Location] = s
				require.Positive(t, c.Score)
			} else {
				require.Zero(t, c.Score)
			}
			if i > 0 {
				require.GreaterOrEqual(t, d.Candidates[i-1].Score, c.Score)
			}
			require.Equal(t, r.Near != nil && s.Point != nil, c.DistanceKm != nil)
			may := s.Active && !slices.Contains(r.Except, s.Location) && slices.ContainsFunc(r.Lines, func(l Line) bool { return s.Available[l.Variant] > 0 })
			if r.Pickup != nil {
				may = may && s.Location == *r.Pickup && s.Pickup
			} else {
				may = may && s.ShipFrom && s.Pooled && (force.Locations == nil || slices.Contains(force.Locations, s.Location))
			}
			require.Equal(t, may, c.Excluded == "", c.Excluded)
		}

		least := smallest(r.Lines, in) // 0 when it cannot be done
		if least == 0 || force.MaxParcels > 0 && least > force.MaxParcels {
			require.NotNil(t, d.Short)
			require.Empty(t, d.Plan)
			asked := r.Lines[slices.IndexFunc(r.Lines, func(l Line) bool { return l.Variant == d.Short.Variant })]
			require.Less(t, d.Short.Available, asked.Quantity)
			require.GreaterOrEqual(t, d.Short.Available, int64(0))
			return
		}
		require.Nil(t, d.Short)
		given, parcels := map[commerce.UUID]int64{}, map[commerce.UUID]bool{}
		for _, s := range d.Plan {
			require.Positive(t, s.Quantity)
			require.LessOrEqual(t, s.Quantity, in[s.Location].Available[s.Variant])
			given[s.Variant] += s.Quantity
			parcels[s.Location] = true
		}
		for _, l := range r.Lines {
			require.Equal(t, l.Quantity, given[l.Variant])
		}
		for i := range parcels {
			require.Less(t, slices.IndexFunc(d.Candidates, func(c Candidate) bool { return c.Location == i }), len(parcels), "who gives is told first")
		}
		if force.MaxParcels > 0 {
			require.LessOrEqual(t, len(parcels), force.MaxParcels)
		}
		if least == 1 && len(force.Criteria) == 0 || len(force.Criteria) > 0 && force.Criteria[0] == FewestParcels {
			require.Len(t, parcels, least)
		}
	})
}

// smallest counts the fewest locations that together can give everything, trying every set.
func smallest(lines []Line, in map[commerce.UUID]Source) int {
	var all []Source
	for _, s := range in {
		all = append(all, s)
	}
	best := 0
	for set := uint(1); set < 1<<len(all); set++ {
		if n := bits.OnesCount(set); best > 0 && n >= best {
			continue
		}
		enough := true
		for _, l := range lines {
			sum := int64(0)
			for i, s := range all {
				if set>>i&1 == 1 {
					sum += max(0, s.Available[l.Variant])
				}
			}
			enough = enough && sum >= l.Quantity
		}
		if enough {
			best = bits.OnesCount(set)
		}
	}
	return best
}

// Without a policy the rule is the simple one: the lower number goes first, then the code; one that can give everything is taken, else
// each gives what it can in turn.
func TestTheDefaultIsTheSimpleRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources := drawSources(t, 20)
		r := drawRequest(t, sources)
		r.Except, r.Pickup = nil, nil
		plan, short := simple(r.Lines, sources)
		d := Decide(Policy{}, r, sources)
		require.Equal(t, short, d.Short)
		require.Equal(t, plan, d.Plan)
	})
}

func simple(lines []Line, sources []Source) (plan []Share, short *Shortage) {
	var pool []Source
	for _, s := range sources {
		if s.Active && s.ShipFrom && s.Pooled {
			pool = append(pool, s)
		}
	}
	slices.SortFunc(pool, func(a, b Source) int {
		if a.Priority != b.Priority {
			return a.Priority - b.Priority
		}
		return slices.Compare([]byte(a.Code), []byte(b.Code))
	})
	for _, s := range pool {
		if !slices.ContainsFunc(lines, func(l Line) bool { return s.Available[l.Variant] < l.Quantity }) {
			for _, l := range lines {
				plan = append(plan, Share{s.Location, l})
			}
			return plan, nil
		}
	}
	for _, l := range lines {
		open, total := l.Quantity, int64(0)
		for _, s := range pool {
			there := max(0, s.Available[l.Variant])
			total += there
			if take := min(open, there); take > 0 {
				plan = append(plan, Share{s.Location, Line{l.Variant, take}})
				open -= take
			}
		}
		if open > 0 {
			return nil, &Shortage{l.Variant, total}
		}
	}
	return plan, nil
}

// Many locations and lines: the work is bounded and the plan still right.
func TestManyLocationsAndLines(t *testing.T) {
	var sources []Source
	var r Request
	for v := range 250 {
		r.Lines = append(r.Lines, Line{commerce.UUID{14: 1, 15: byte(v)}, 3})
	}
	for i := range 400 {
		s := Source{Location: commerce.UUID{13: byte(i >> 8), 15: byte(i)}, Code: strconv.Itoa(i), Active: true, ShipFrom: true, Pooled: true, Available: map[commerce.UUID]int64{}}
		for k := range 5 {
			s.Available[commerce.UUID{14: 1, 15: byte((i*5 + k) % 250)}] = 1
		}
		sources = append(sources, s)
	}
	d := Decide(Policy{Criteria: []Criterion{FewestParcels}}, r, sources)
	require.Nil(t, d.Short)
	parcels := map[commerce.UUID]bool{}
	for _, s := range d.Plan {
		parcels[s.Location] = true
	}
	require.Len(t, parcels, 150)
	d = Decide(Policy{Criteria: []Criterion{FewestParcels}, MaxParcels: 149}, r, sources)
	require.NotNil(t, d.Short)
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{4, 50, 400} {
		var sources []Source
		for i := range n {
			sources = append(sources, Source{
				Location: commerce.UUID{14: byte(i >> 8), 15: byte(i)}, Code: strconv.Itoa(1000 + i), Active: true, ShipFrom: true, Pooled: true, Priority: i / 7,
				Available: map[commerce.UUID]int64{name('h'): int64(i)},
			})
		}
		r := Request{Lines: asks("hh")}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Decide(Policy{}, r, sources)
			}
		})
	}
}
