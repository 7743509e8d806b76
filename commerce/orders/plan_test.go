package orders

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
)

// name makes ids that read: name('h') is the hat, name('1') the first location.
func name(c byte) commerce.UUID { return commerce.UUID{15: c} }

func has(location byte, what map[byte]int64) supply {
	s := supply{name(location), map[commerce.UUID]int64{}}
	for v, n := range what {
		s.available[name(v)] = n
	}
	return s
}

func TestWhereAnOrderIsTakenFrom(t *testing.T) {
	hat, cap := name('h'), name('c')
	for title, c := range map[string]struct {
		demand   map[commerce.UUID]int64
		supplies []supply
		want     []share
		short    *commerce.UUID
		total    int64
	}{
		"the preferred location when it can give everything": {
			map[commerce.UUID]int64{hat: 2}, []supply{has('1', map[byte]int64{'h': 2}), has('2', map[byte]int64{'h': 9})}, []share{{name('1'), hat, 2}}, nil, 0},
		"one location beats a split, though others are preferred": {
			map[commerce.UUID]int64{hat: 3}, []supply{has('1', map[byte]int64{'h': 2}), has('2', map[byte]int64{'h': 2}), has('3', map[byte]int64{'h': 3})},
			[]share{{name('3'), hat, 3}}, nil, 0},
		"one location for all variants beats two that are nearer": {
			map[commerce.UUID]int64{hat: 1, cap: 1}, []supply{has('1', map[byte]int64{'h': 5}), has('2', map[byte]int64{'c': 5}), has('3', map[byte]int64{'h': 1, 'c': 1})},
			[]share{{name('3'), hat, 1}, {name('3'), cap, 1}}, nil, 0},
		"a split takes as much as it can from each in turn": {
			map[commerce.UUID]int64{hat: 5}, []supply{has('1', map[byte]int64{'h': 2}), has('2', map[byte]int64{'h': 2}), has('3', map[byte]int64{'h': 4})},
			[]share{{name('1'), hat, 2}, {name('2'), hat, 2}, {name('3'), hat, 1}}, nil, 0},
		"each variant is split by itself": {
			map[commerce.UUID]int64{hat: 2, cap: 3}, []supply{has('1', map[byte]int64{'h': 2, 'c': 1}), has('2', map[byte]int64{'c': 2})},
			[]share{{name('1'), hat, 2}, {name('1'), cap, 1}, {name('2'), cap, 2}}, nil, 0},
		"the first that falls short is told with all there is": {
			map[commerce.UUID]int64{hat: 1, cap: 9}, []supply{has('1', map[byte]int64{'h': 1, 'c': 3}), has('2', map[byte]int64{'c': 4})}, nil, &cap, 7},
		"nothing anywhere": {map[commerce.UUID]int64{hat: 1}, nil, nil, &hat, 0},
	} {
		var demanded []commerce.UUID
		for _, v := range []commerce.UUID{hat, cap} {
			if c.demand[v] > 0 {
				demanded = append(demanded, v)
			}
		}
		shares, short, total := plan(demanded, c.demand, c.supplies)
		require.Equal(t, c.want, shares, title)
		require.Equal(t, c.short, short, title)
		require.Equal(t, c.total, total, title)
	}
}

// Whatever is demanded and there: a plan gives exactly what is demanded and takes no more than there is, and finds one when there is one.
func TestAPlanGivesWhatIsDemandedOrNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		variants := []commerce.UUID{name('a'), name('b'), name('c')}
		demand := map[commerce.UUID]int64{}
		var lines []line
		for i, v := range rapid.SliceOfN(rapid.SampledFrom(variants), 1, 5).Draw(t, "lines") {
			n := rapid.Int64Range(1, 6).Draw(t, "quantity")
			lines = append(lines, line{id: name(byte(i)), variant: v, quantity: n})
			demand[v] += n
		}
		demanded := slices.SortedFunc(maps.Keys(demand), func(a, b commerce.UUID) int { return slices.Compare(a[:], b[:]) })
		var supplies []supply
		there := map[commerce.UUID]int64{}
		for i := range rapid.IntRange(0, 4).Draw(t, "locations") {
			s := supply{name(byte(i)), map[commerce.UUID]int64{}}
			for _, v := range variants {
				s.available[v] = rapid.Int64Range(0, 6).Draw(t, "available")
				there[v] += s.available[v]
			}
			supplies = append(supplies, s)
		}
		shares, short, total := plan(demanded, demand, supplies)
		if short != nil {
			require.Empty(t, shares)
			require.Equal(t, there[*short], total)
			require.Less(t, total, demand[*short])
			return
		}
		given, taken := map[commerce.UUID]int64{}, map[[2]commerce.UUID]int64{}
		for _, s := range shares {
			require.Positive(t, s.quantity)
			given[s.variant] += s.quantity
			taken[[2]commerce.UUID{s.location, s.variant}] += s.quantity
		}
		require.Equal(t, demand, given)
		for _, s := range supplies {
			for v, n := range s.available {
				require.LessOrEqual(t, taken[[2]commerce.UUID{s.location, v}], n)
			}
		}
		got, byShare := map[int]int64{}, map[[2]commerce.UUID]int64{}
		for _, a := range spread(lines, shares) {
			require.Equal(t, lines[a.line].variant, a.variant)
			got[a.line] += a.quantity
			byShare[[2]commerce.UUID{a.location, a.variant}] += a.quantity
		}
		for i, l := range lines {
			require.Equal(t, l.quantity, got[i])
		}
		require.Equal(t, taken, byShare)
	})
}
