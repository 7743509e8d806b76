package routing

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

// name makes ids that read: name('h') is the hat, name('1') the first location.
func name(c byte) commerce.UUID { return commerce.UUID{15: c} }

// at is an active location that ships, with its priority and what it has, as in at('1', 10, "hhc").
func at(code byte, priority int, has string) Source {
	s := Source{Location: name(code), Code: string(code), Priority: priority, Active: true, ShipFrom: true, Pooled: true, Available: map[commerce.UUID]int64{}}
	for _, c := range has {
		s.Available[name(byte(c))]++
	}
	return s
}

// but changes a location.
func (s Source) but(change func(*Source)) Source {
	change(&s)
	return s
}

func asks(what string) (lines []Line) {
	for _, c := range what {
		i := slices.IndexFunc(lines, func(l Line) bool { return l.Variant == name(byte(c)) })
		if i < 0 {
			lines = append(lines, Line{Variant: name(byte(c))})
			i = len(lines) - 1
		}
		lines[i].Quantity++
	}
	return lines
}

// tell writes a plan as in "1:2h 3:1c", or "short of h: 3".
func tell(d Decision) (out string) {
	if d.Short != nil {
		return fmt.Sprintf("short of %c: %d", d.Short.Variant[15], d.Short.Available)
	}
	for i, s := range d.Plan {
		if i > 0 {
			out += " "
		}
		out += fmt.Sprintf("%c:%d%c", s.Location[15], s.Quantity, s.Variant[15])
	}
	return out
}

// liked lists the locations best first, as in "2 1 3-NO_STOCK".
func liked(d Decision) (out string) {
	for i, c := range d.Candidates {
		if i > 0 {
			out += " "
		}
		out += string(c.Location[15])
		if c.Excluded != "" {
			out += "-" + c.Excluded
		}
	}
	return out
}

func TestWhoGivesWhat(t *testing.T) {
	few := Policy{Criteria: []Criterion{FewestParcels, Priority}}
	for title, c := range map[string]struct {
		policy  Policy
		asked   string
		sources []Source
		plan    string
	}{
		"a lower number goes first":        {Policy{}, "hh", []Source{at('1', 20, "hh"), at('2', 10, "hhh")}, "2:2h"},
		"ties go by code":                  {Policy{}, "hh", []Source{at('2', 10, "hh"), at('1', 10, "hh")}, "1:2h"},
		"one that can beats a split":       {Policy{}, "hhh", []Source{at('1', 1, "hh"), at('2', 2, "hh"), at('3', 3, "hhh")}, "3:3h"},
		"one for all variants beats two":   {Policy{}, "hc", []Source{at('1', 1, "hhh"), at('2', 2, "ccc"), at('3', 3, "hc")}, "3:1h 3:1c"},
		"a split takes from each in turn":  {Policy{}, "hhhhh", []Source{at('1', 1, "hh"), at('2', 2, "hh"), at('3', 3, "hhhh")}, "1:2h 2:2h 3:1h"},
		"each variant splits by itself":    {Policy{}, "hhccc", []Source{at('1', 1, "hhc"), at('2', 2, "cc")}, "1:2h 1:1c 2:2c"},
		"the first short one is told":      {Policy{}, "hcc", []Source{at('1', 1, "h"), at('2', 2, "c")}, "short of c: 1"},
		"nobody has any":                   {Policy{}, "h", nil, "short of h: 0"},
		"as few parcels as can be":         {few, "hhhhh", []Source{at('1', 1, "hh"), at('2', 2, "hh"), at('3', 3, "hhhh")}, "1:2h 3:3h"},
		"few parcels for several variants": {few, "hhcc", []Source{at('1', 1, "hc"), at('2', 2, "hh"), at('3', 3, "cc")}, "2:2h 3:2c"},
		"few parcels, the preferred ones":  {few, "hhhh", []Source{at('1', 1, "hh"), at('2', 2, "hh"), at('3', 3, "hh")}, "1:2h 2:2h"},
		"most stock first": {
			Policy{Criteria: []Criterion{MostStock}}, "hhh", []Source{at('1', 1, "hhh"), at('2', 2, "hhhh")}, "2:3h"},
		"priority before parcels splits": {
			Policy{Criteria: []Criterion{Priority, FewestParcels}}, "hh", []Source{at('1', 1, "h"), at('2', 2, "hh"), at('3', 2, "h")}, "1:1h 2:1h"},
		"parcels judged among equals": {
			Policy{Criteria: []Criterion{Priority, FewestParcels}}, "hh", []Source{at('1', 1, "h"), at('2', 1, "hh")}, "2:2h"},
		"a limit of parcels gathers the order": {
			Policy{Criteria: []Criterion{Priority}, MaxParcels: 1}, "hh", []Source{at('1', 1, "h"), at('2', 2, "hh")}, "2:2h"},
		"a limit in the default policy": {
			Policy{MaxParcels: 2}, "hhhhh", []Source{at('1', 1, "hh"), at('2', 2, "hh"), at('3', 3, "hhhh")}, "1:2h 3:3h"},
		"beyond the limit it is short": {
			Policy{MaxParcels: 1}, "hhhh", []Source{at('1', 1, "hh"), at('2', 2, "hhh")}, "short of h: 3"},
	} {
		require.Equal(t, c.plan, tell(Decide(c.policy, Request{Lines: asks(c.asked)}, c.sources)), title)
	}
}

func TestWhoIsInTheQuestion(t *testing.T) {
	here, there := name('1'), name('2')
	sources := []Source{
		at('1', 1, "h").but(func(s *Source) { s.Pickup, s.ShipFrom, s.Pooled = true, false, false }),
		at('2', 2, "h"), at('3', 3, "h").but(func(s *Source) { s.Active = false }), at('4', 4, "h").but(func(s *Source) { s.ShipFrom = false }),
		at('5', 5, "h").but(func(s *Source) { s.Pooled = false }), at('6', 6, "c"), at('7', 7, "h"), at('8', 8, "h"),
	}
	policy := Policy{Locations: []commerce.UUID{name('1'), name('2'), name('6'), name('8')}}
	d := Decide(policy, Request{Lines: asks("h"), Except: []commerce.UUID{name('8')}}, sources)
	require.Equal(t, "2 1-NO_SHIPPING 3-INACTIVE 4-NO_SHIPPING 5-NOT_LENT 6-NO_STOCK 7-NOT_ENABLED 8-REJECTED", liked(d))
	require.Equal(t, "2:1h", tell(d))
	require.InDelta(t, 1, d.Candidates[0].Score, 0)
	require.Zero(t, d.Candidates[1].Score)

	d = Decide(Policy{Locations: []commerce.UUID{there}}, Request{Lines: asks("h"), Pickup: &here}, sources[:3])
	require.Equal(t, "1:1h", tell(d), "who picks up needs no parcel")
	require.Equal(t, "1 2-OTHER_PLACE 3-OTHER_PLACE", liked(d))
	d = Decide(Policy{}, Request{Lines: asks("h"), Pickup: &there}, sources[:3])
	require.Equal(t, "short of h: 0", tell(d))
	require.Equal(t, "1-OTHER_PLACE 2-NO_PICKUP 3-OTHER_PLACE", liked(d))
	d = Decide(Policy{}, Request{Lines: asks("hh"), Pickup: &here}, sources)
	require.Equal(t, "short of h: 1", tell(d), "others do not help out")
}

func TestTheNearestGoesFirst(t *testing.T) {
	shanghai, hangzhou, beijing := commerce.Point{Latitude: 31.2304, Longitude: 121.4737}, commerce.Point{Latitude: 30.2741, Longitude: 120.1551}, commerce.Point{Latitude: 39.9042, Longitude: 116.4074}
	policy := Policy{Criteria: []Criterion{Distance, Priority}}
	stands := func(p commerce.Point) func(*Source) { return func(s *Source) { s.Point = &p } }
	lives := func(province, city, district string) func(*Source) {
		return func(s *Source) { s.Address = commerce.Address{Province: province, City: city, District: district} }
	}
	d := Decide(policy, Request{Lines: asks("h"), Near: &hangzhou}, []Source{at('1', 1, "h").but(stands(beijing)), at('2', 2, "h").but(stands(shanghai)), at('3', 0, "h")})
	require.Equal(t, "2 1 3", liked(d), "who has no place on the map is the farthest")
	require.InDelta(t, 164, *d.Candidates[0].DistanceKm, 2)
	require.Nil(t, d.Candidates[2].DistanceKm)
	require.Equal(t, []float64{1, 0.6667, 0.3333}, []float64{d.Candidates[0].Score, d.Candidates[1].Score, d.Candidates[2].Score})

	d = Decide(Policy{}, Request{Lines: asks("h"), Near: &hangzhou}, []Source{at('1', 1, "h").but(stands(beijing)), at('2', 2, "h").but(stands(shanghai))})
	require.Equal(t, "1 2", liked(d), "a policy without distance tells it and goes by priority")
	require.InDelta(t, 1126, *d.Candidates[0].DistanceKm, 10)

	sources := []Source{
		at('1', 1, "h"), at('2', 1, "h").but(lives("北京", "北京", "朝阳区")), at('3', 1, "h").but(lives("浙江省", "宁波市", "海曙区")),
		at('4', 1, "h").but(lives("浙江", "杭州", "西湖")), at('5', 1, "h").but(lives("ZHEJIANG Province", "", "")), at('6', 1, "h").but(lives("浙江省", "杭州市", "上城区")),
	}
	d = Decide(policy, Request{Lines: asks("h"), Address: commerce.Address{Province: "浙江省", City: "杭州市", District: "西湖区"}}, sources)
	require.Equal(t, "4 6 3 2 5 1", liked(d), "district, city, province, elsewhere, unknown")
	d = Decide(policy, Request{Lines: asks("h"), Address: commerce.Address{Province: "zhejiang", City: "Ningbo Shi"}}, sources)
	require.Equal(t, "5", liked(d)[:1])
	d = Decide(policy, Request{Lines: asks("h"), Address: commerce.Address{City: "杭州"}}, sources)
	require.Equal(t, "4 6", liked(d)[:3], "a city alone is enough")
	d = Decide(policy, Request{Lines: asks("h")}, sources)
	require.Equal(t, "1 2 3 4 5 6", liked(d), "nowhere is equally far from everywhere")
}

func TestAPolicyIsInForceForItsProvinces(t *testing.T) {
	p := Policy{Criteria: []Criterion{MostStock}, Regions: []string{"浙江省", "江苏"}, MaxParcels: 1, AcceptWithin: 60}
	for province, in := range map[string]bool{"浙江": true, "江苏省": true, "上海市": false, "": false} {
		want := Policy{}
		if in {
			want = p
		}
		require.Equal(t, want, p.For(commerce.Address{Province: province}), province)
	}
	everywhere := Policy{MaxParcels: 3}
	require.Equal(t, everywhere, everywhere.For(commerce.Address{}))
	sources := []Source{at('1', 1, "h"), at('2', 2, "hh")}
	require.Equal(t, "2:1h", tell(Decide(p, Request{Lines: asks("h"), Address: commerce.Address{Province: "浙江"}}, sources)))
	require.Equal(t, "1:1h", tell(Decide(p, Request{Lines: asks("h"), Address: commerce.Address{Province: "上海"}}, sources)))
}

// Names of places compare as people write them, and short names keep what they are.
func TestFoldingRegions(t *testing.T) {
	for a, b := range map[string]string{
		"广东省": "广东", "北京市": "北京", "新疆维吾尔自治区": "新疆", "内蒙古自治区": "内蒙古", "香港特别行政区": "香港", "Guangdong Province": "GUANGDONG",
		"朝阳区": "朝阳", "Ｓhanghai  ": "shanghai", "大理白族自治州": "大理白族", "Beijing Shi": "beijing",
	} {
		require.Equal(t, foldRegion(a), foldRegion(b), a)
	}
	require.Equal(t, "忠县", foldRegion("忠县"), "a name of one sign keeps its word")
	require.NotEqual(t, foldRegion("海淀区"), foldRegion("朝阳区"))
}
