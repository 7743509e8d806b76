package orders

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
)

func TestWhatIsLegalWhen(t *testing.T) {
	pay, stop, accept, send := string(RecordPayment), string(Cancel), string(Accept), string(Ship)
	reject, hold, release, give := string(Reject), string(Hold), string(Release), string(VerifyPickup)
	comeBack, takeIn, refuse, refund := string(RequestReturn), string(ReceiveReturn), string(RejectReturn), string(Refund)
	open, accepted, closed, canceled := []WorkState{WorkOpen}, []WorkState{WorkAccepted}, []WorkState{WorkClosed}, []WorkState{WorkCanceled}
	kept := []WorkState{WorkOnHold}
	for name, c := range map[string]struct {
		s    Situation
		want []string
	}{
		"just placed":              {Situation{State: Open, Due: 1, Work: open}, []string{pay, stop, accept, reject, hold}},
		"placed and paid":          {Situation{State: Open, Refundable: 1, Work: open}, []string{stop, accept, reject, hold, refund}},
		"accepted":                 {Situation{State: Open, Work: accepted}, []string{stop, send, reject, hold}},
		"accepted at one of two":   {Situation{State: Open, Due: 1, Work: []WorkState{WorkAccepted, WorkOpen}}, []string{pay, stop, accept, send, reject, hold}},
		"work kept back":           {Situation{State: Open, Work: kept}, []string{stop, reject, release}},
		"left in part":             {Situation{State: Open, Returnable: 1, Work: []WorkState{WorkClosed, WorkAccepted}}, []string{stop, send, reject, hold, comeBack}},
		"left, not paid":           {Situation{State: Open, Due: 1, Returnable: 2, Work: closed}, []string{pay, stop, comeBack}},
		"held for payment":         {Situation{State: Held, Due: 1, Work: open}, []string{pay, stop}},
		"held without stock":       {Situation{State: Held}, []string{stop}},
		"to be picked up":          {Situation{State: Open, Pickup: true, Work: open}, []string{stop, accept, reject, hold, give}},
		"not fetched in time":      {Situation{State: Open, Pickup: true, Late: true, Work: open}, []string{stop, accept, reject, hold}},
		"accepted for pick-up":     {Situation{State: Open, Pickup: true, Work: accepted}, []string{stop, reject, hold, give}},
		"kept back from pick-up":   {Situation{State: Open, Pickup: true, Work: kept}, []string{stop, reject, release}},
		"cancel requested":         {Situation{State: CancelRequested, Due: 1, Work: accepted}, []string{pay, stop, send}},
		"requested, nothing taken": {Situation{State: CancelRequested, Work: open}, []string{stop}},
		"requested, kept back":     {Situation{State: CancelRequested, Work: kept}, []string{stop}},
		"requested, all has left":  {Situation{State: CancelRequested, Returnable: 1, Work: closed}, []string{comeBack}},
		"canceled":                 {Situation{State: Canceled, Due: 1, Work: canceled}, []string{}},
		"canceled, money is there": {Situation{State: Canceled, Refundable: 1, Work: canceled}, []string{refund}},
		"completed":                {Situation{State: Completed, Refundable: 5, Returnable: 1, Work: closed}, []string{comeBack, refund}},
		"all of it comes back":     {Situation{State: Completed, Returning: 1, Work: closed}, []string{takeIn, refuse}},
	} {
		require.Equal(t, c.want, c.s.Actions(), name)
		for _, row := range legal {
			a := row.action
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

func TestARefusalTellsWhyAndWhatIsLegalNow(t *testing.T) {
	s := Situation{State: Held, Due: 1}
	legal := commerce.Allowed{Mutations: []string{"orderPaymentRecord", "orderCancel"}}
	require.Equal(t, &commerce.Error{Code: commerce.IllegalTransition, Message: "the counter is closed", Details: legal}, s.refuse("the counter is closed"))
	require.Equal(t, &commerce.Error{Code: commerce.IllegalTransition, Message: "fulfillmentShip is not possible while the order is HELD", Details: legal}, s.May(Ship))
}

func TestPaymentStatesFollowFromSums(t *testing.T) {
	for _, c := range []struct {
		paid, refunded, total int64
		want                  PaymentState
	}{
		{0, 0, 10, Pending}, {1, 0, 10, PartiallyPaid}, {9, 0, 10, PartiallyPaid}, {10, 0, 10, Paid}, {12, 0, 10, Paid}, {0, 0, 0, Paid},
		{10, 1, 10, PartiallyRefunded}, {10, 10, 10, Refunded}, {3, 3, 10, Refunded}, {3, 2, 10, PartiallyRefunded},
	} {
		require.Equal(t, c.want, paymentState(c.paid, c.refunded, c.total))
	}
}
