package routing

import "slices"

// exact is up to how many locations every way to split is tried; beyond, the search is greedy.
const exact = 12

// fewest finds a smallest set of locations that together give everything, which all of them can. Among the smallest it is the one
// whose first location is preferred, then whose second is, and so on. Beyond exact locations it is small, but maybe not smallest.
func fewest(lines []Line, ranked []judged) []int {
	if len(ranked) > exact {
		return greedy(lines, ranked, len(ranked))
	}
	s := newSearch(lines, ranked)
	for size := 1; size < len(ranked); size++ {
		if s.find(0, size) {
			return s.chosen
		}
	}
	all := make([]int, len(ranked))
	for i := range all {
		all[i] = i
	}
	return all
}

// search tries sets of locations, the preferred first.
type search struct {
	gives  [][]int64 // by location and line
	after  [][]int64 // what this location and all after it can give
	open   []int64   // what of each line the chosen ones leave open; below 0 when they have more
	chosen []int
}

func newSearch(lines []Line, ranked []judged) *search {
	s := &search{open: make([]int64, len(lines)), gives: table(len(ranked), len(lines)), after: table(len(ranked)+1, len(lines))}
	for k, l := range lines {
		s.open[k] = l.Quantity
	}
	for i := len(ranked) - 1; i >= 0; i-- {
		for k, l := range lines {
			s.gives[i][k] = ranked[i].gives(l.Variant)
			s.after[i][k] = s.after[i+1][k] + s.gives[i][k]
		}
	}
	return s
}

func table(rows, columns int) [][]int64 {
	cells := make([]int64, rows*columns)
	out := make([][]int64, rows)
	for i := range out {
		out[i] = cells[i*columns : (i+1)*columns]
	}
	return out
}

// find chooses n more locations, from the one at from on, that close what is open.
func (s *search) find(from, n int) bool {
	if n == 0 {
		return s.closed()
	}
	for i := from; i+n <= len(s.gives); i++ {
		for k, open := range s.open {
			if open > s.after[i][k] {
				return false // not even all that are left can
			}
		}
		s.chosen = append(s.chosen, i)
		s.take(i, 1)
		if s.find(i+1, n-1) {
			return true
		}
		s.take(i, -1)
		s.chosen = s.chosen[:len(s.chosen)-1]
	}
	return false
}

func (s *search) take(i int, sign int64) {
	for k, n := range s.gives[i] {
		s.open[k] -= sign * n
	}
}

func (s *search) closed() bool {
	for _, open := range s.open {
		if open > 0 {
			return false
		}
	}
	return true
}

// greedy chooses, again and again, the location that closes most of what is open, at most limit of them, and leaves out those that the
// others make needless, the least preferred first.
func greedy(lines []Line, ranked []judged, limit int) []int {
	s := newSearch(lines, ranked)
	for len(s.chosen) < limit && !s.closed() {
		best, most := -1, int64(0)
		for i := range ranked {
			closes := int64(0)
			for k, n := range s.gives[i] {
				closes += max(0, min(n, s.open[k]))
			}
			if closes > most && !slices.Contains(s.chosen, i) {
				best, most = i, closes
			}
		}
		if best < 0 {
			break
		}
		s.chosen = append(s.chosen, best)
		s.take(best, 1)
	}
	slices.Sort(s.chosen)
	if s.closed() {
		for at := len(s.chosen) - 1; at >= 0; at-- {
			i := s.chosen[at]
			if s.take(i, -1); s.closed() {
				s.chosen = slices.Delete(s.chosen, at, at+1)
				continue
			}
			s.take(i, 1)
		}
	}
	return s.chosen
}
