package orders

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

func TestWhatIsLegalWhen(t *testing.T) {
	pay, stop, accept, send := string(RecordPayment), string(Cancel), string(Accept), string(Ship)
	open, accepted, closed, canceled := []WorkState{WorkOpen}, []WorkState{WorkAccepted}, []WorkState{WorkClosed}, []WorkState{WorkCanceled}
	for name, c := range map[string]struct {
		s    Situation
		want []string
	}{
		"just placed":              {Situation{State: Open, Due: 1, Work: open}, []string{pay, stop, accept}},
		"placed and paid":          {Situation{State: Open, Work: open}, []string{stop, accept}},
		"accepted":                 {Situation{State: Open, Work: accepted}, []string{stop, send}},
		"accepted at one of two":   {Situation{State: Open, Due: 1, Work: []WorkState{WorkAccepted, WorkOpen}}, []string{pay, stop, accept, send}},
		"left in part":             {Situation{State: Open, Left: true, Work: []WorkState{WorkClosed, WorkAccepted}}, []string{stop, send}},
		"left, not paid":           {Situation{State: Open, Due: 1, Left: true, Work: closed}, []string{pay, stop}},
		"held for payment":         {Situation{State: Held, Due: 1, Work: open}, []string{pay, stop}},
		"held without stock":       {Situation{State: Held}, []string{stop}},
		"cancel requested":         {Situation{State: CancelRequested, Due: 1, Left: true, Work: accepted}, []string{pay, send}},
		"requested, nothing taken": {Situation{State: CancelRequested, Left: true, Work: open}, []string{}},
		"canceled":                 {Situation{State: Canceled, Due: 1, Work: canceled}, []string{}},
		"completed":                {Situation{State: Completed, Left: true, Work: closed}, []string{}},
	} {
		require.Equal(t, c.want, c.s.Actions(), name)
		for _, a := range []Action{RecordPayment, Cancel, Accept, Ship} {
			err := c.s.May(a)
			allowed := false
			for _, w := range c.want {
				allowed = allowed || w == string(a)
			}
			if allowed {
				require.NoError(t, err, "%s: %s", name, a)
				continue
			}
			require.Equal(t, commerce.IllegalTransition, commerce.CodeOf(err), "%s: %s", name, a)
			require.Equal(t, commerce.Allowed{Mutations: c.want}, err.(*commerce.Error).Details)
		}
	}
	require.Error(t, Situation{State: Open, Work: open}.May("orderForget"), "what is not in the table is not legal")
}

func TestPaymentStatesFollowFromSums(t *testing.T) {
	for _, c := range []struct {
		paid, total int64
		want        PaymentState
	}{{0, 10, Pending}, {1, 10, PartiallyPaid}, {9, 10, PartiallyPaid}, {10, 10, Paid}, {0, 0, Paid}} {
		require.Equal(t, c.want, paymentState(c.paid, 0, c.total))
	}
}
