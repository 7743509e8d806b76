package orders

import (
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
)

// supply is what one location can give, in the order of preference: lower priority first, then code.
type supply struct {
	location  commerce.UUID
	available map[commerce.UUID]int64 // by variant
}

// share is so many of a variant from a location.
type share struct {
	location, variant commerce.UUID
	quantity          int64
}

// plan decides which locations give what is demanded: one location that can give everything beats a split, the preferred one first;
// a split takes as much as it can from each location in turn. Without a way it tells the first variant that falls short, in the
// order of demanded, and how many of it there are.
func plan(demanded []commerce.UUID, demand map[commerce.UUID]int64, supplies []supply) (shares []share, short *commerce.UUID, available int64) {
	for _, s := range supplies {
		if gives(s, demand) {
			for _, v := range demanded {
				shares = append(shares, share{s.location, v, demand[v]})
			}
			return shares, nil, 0
		}
	}
	for _, v := range demanded {
		open, total := demand[v], int64(0)
		for _, s := range supplies {
			total += s.available[v]
			if take := min(open, s.available[v]); take > 0 {
				shares = append(shares, share{s.location, v, take})
				open -= take
			}
		}
		if open > 0 {
			return nil, &v, total
		}
	}
	return shares, nil, 0
}

func gives(s supply, demand map[commerce.UUID]int64) bool {
	for v, n := range demand {
		if s.available[v] < n {
			return false
		}
	}
	return true
}

// spread hands the shares of a variant to the lines that want it, in order.
func spread(lines []line, shares []share) []promise {
	left := slices.Clone(shares)
	var out []promise
	for i, l := range lines {
		open := l.quantity
		for j := range left {
			if left[j].variant != l.variant || left[j].quantity == 0 || open == 0 {
				continue
			}
			take := min(open, left[j].quantity)
			out = append(out, promise{line: i, share: share{left[j].location, l.variant, take}})
			left[j].quantity -= take
			open -= take
		}
	}
	return out
}

// line is a line as the plan sees it.
type line struct {
	id       commerce.UUID
	variant  commerce.UUID
	quantity int64
}

// promise is a share promised to a line.
type promise struct {
	line int
	share
}
