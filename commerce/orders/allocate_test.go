package orders

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/ent"
)

// name makes ids that read: name('h') is the hat, name('1') the first location.
func name(c byte) commerce.UUID { return commerce.UUID{15: c} }

// Whatever a reservation keeps and a plan adds: each line gets what it wants, each location gives what it was to give, and a line has
// one promise of a location.
func TestSharesAreHandedToLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		variants := []commerce.UUID{name('a'), name('b')}
		variant, quantity := rapid.SampledFrom(variants), rapid.Int64Range(1, 5)
		location := rapid.Custom(func(t *rapid.T) commerce.UUID { return name('0' + byte(rapid.IntRange(0, 3).Draw(t, "location"))) })
		var d demand
		for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
			d.lines = append(d.lines, line{id: name(byte(i)), variant: variant.Draw(t, "variant"), quantity: quantity.Draw(t, "quantity")})
		}
		kept := map[routing.Share]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "kept") {
			k := &ent.ReservationLine{VariantID: variant.Draw(t, "variant"), LocationID: location.Draw(t, "at"), Quantity: quantity.Draw(t, "quantity")}
			place := routing.Share{Location: k.LocationID, Line: routing.Line{Variant: k.VariantID}}
			if !kept[place] { // a reservation has one line of a place
				kept[place] = true
				d.kept = append(d.kept, k)
			}
		}
		shares, rest := d.fromKept()
		var plan []routing.Share
		for _, r := range rest {
			first := min(r.Quantity, quantity.Draw(t, "first"))
			plan = append(plan, routing.Share{Location: name('0'), Line: routing.Line{Variant: r.Variant, Quantity: first}})
			if first < r.Quantity {
				plan = append(plan, routing.Share{Location: name('1'), Line: routing.Line{Variant: r.Variant, Quantity: r.Quantity - first}})
			}
		}
		shares = together(shares, plan)
		given := map[routing.Share]int64{}
		for _, s := range shares {
			place := routing.Share{Location: s.Location, Line: routing.Line{Variant: s.Variant}}
			require.Zero(t, given[place], "a share for each place")
			given[place] = s.Quantity
		}
		got := make([]int64, len(d.lines))
		promised := map[routing.Share]int64{}
		once := map[portion]bool{}
		for _, p := range spread(d.lines, shares) {
			require.Equal(t, d.lines[p.line].variant, p.Variant)
			got[p.line] += p.Quantity
			promised[routing.Share{Location: p.Location, Line: routing.Line{Variant: p.Variant}}] += p.Quantity
			p.Quantity = 0
			require.False(t, once[p])
			once[p] = true
		}
		for i, l := range d.lines {
			require.Equal(t, l.quantity, got[i])
		}
		require.Equal(t, given, promised)
	})
}
