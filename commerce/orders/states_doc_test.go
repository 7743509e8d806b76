package orders

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the table of what is legal into docs/orders.md")

// The page shows the table the code goes by: `go test ./commerce/orders -run TestThePageShowsTheTable -update` writes it anew.
func TestThePageShowsTheTable(t *testing.T) {
	const page, begin, end = "../../docs/orders.md", "<!-- what is legal: drawn from commerce/orders/states.go -->\n", "<!-- end of what is drawn -->\n"
	file, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(file), begin)
	require.True(t, found, "%s has no place for the table", page)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found, "%s has no end of the table", page)
	want := before + begin + table() + end + after
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(file), "%s is out of date: run this test with -update", page)
}

// table draws what is legal: each action with its rule, and the states of an order in which there is a situation that allows it.
func table() string {
	states := []State{Open, Held, CancelRequested, Completed, Canceled}
	var b strings.Builder
	b.WriteString("| mutation | possible when |")
	for _, s := range states {
		fmt.Fprintf(&b, " `%s` |", s)
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" :-: |", len(states)) + "\n")
	for _, row := range legal {
		fmt.Fprintf(&b, "| `%s` | %s |", row.action, row.rule)
		for _, s := range states {
			mark := " "
			for _, situation := range situations(s) {
				if row.when(situation) {
					mark = " × "
					break
				}
			}
			b.WriteString(mark + "|")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// situations are those an order of a state can be in, as far as the table looks at them: a completed order is paid, and only one that
// is not canceled has work that is not done.
func situations(s State) (out []Situation) {
	work := []WorkState{WorkOpen, WorkAccepted, WorkOnHold, WorkRejected, WorkClosed}
	if s == Completed {
		work = []WorkState{WorkClosed}
	}
	if s == Canceled {
		work = []WorkState{WorkCanceled}
	}
	for bits := range 1 << 4 {
		bit := func(i int) int { return bits >> i & 1 }
		for _, w := range work {
			x := Situation{State: s, Due: int64(bit(0)), Refundable: int64(bit(1)), Returnable: int64(bit(2)), Returning: bit(2), Pickup: bit(3) == 1, Work: []WorkState{w}}
			if s == Completed {
				x.Due = 0
			}
			if s == Canceled {
				x.Returnable, x.Returning = 0, 0
			}
			out = append(out, x)
		}
	}
	return out
}
