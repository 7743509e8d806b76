package orders

import (
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
)

// State is where an order stands.
type State string

// The states of an order.
const (
	Open            State = "OPEN"
	Held            State = "HELD"
	CancelRequested State = "CANCEL_REQUESTED"
	Canceled        State = "CANCELED"
	Completed       State = "COMPLETED"
)

// PaymentState is whether an order is paid.
type PaymentState string

// The payment states.
const (
	Pending           PaymentState = "PENDING"
	PartiallyPaid     PaymentState = "PARTIALLY_PAID"
	Paid              PaymentState = "PAID"
	PartiallyRefunded PaymentState = "PARTIALLY_REFUNDED"
	Refunded          PaymentState = "REFUNDED"
)

// FulfillmentState is whether an order has left.
type FulfillmentState string

// The fulfillment states.
const (
	Unfulfilled        FulfillmentState = "UNFULFILLED"
	PartiallyFulfilled FulfillmentState = "PARTIALLY_FULFILLED"
	Fulfilled          FulfillmentState = "FULFILLED"
)

// WorkState is where the work of a location stands.
type WorkState string

// The states of a location's work.
const (
	WorkOpen     WorkState = "OPEN"
	WorkAccepted WorkState = "ACCEPTED"
	WorkOnHold   WorkState = "ON_HOLD"
	WorkRejected WorkState = "REJECTED"
	WorkClosed   WorkState = "CLOSED"
	WorkCanceled WorkState = "CANCELED"
)

// Action is something a caller may ask of an order; its text is the mutation's name.
type Action string

// The actions.
const (
	RecordPayment Action = "orderPaymentRecord"
	Cancel        Action = "orderCancel"
	Accept        Action = "fulfillmentAccept"
	Ship          Action = "fulfillmentShip"
	Reject        Action = "fulfillmentReject"
	Hold          Action = "fulfillmentHold"
	Release       Action = "fulfillmentRelease"
	VerifyPickup  Action = "pickupVerify"
	RequestReturn Action = "returnRequest"
	ReceiveReturn Action = "returnReceive"
	RejectReturn  Action = "returnReject"
	Refund        Action = "refundCreate"
)

// Situation is what the table judges by.
type Situation struct {
	State      State
	Due        int64       // what is still to be paid
	Refundable int64       // what was paid and not given back
	Returnable int64       // units that have left and are not announced to come back
	Returning  int         // returns that are awaited
	Pickup     bool        // whether the buyer comes
	Late       bool        // whether the time for that is over
	Work       []WorkState // of each location
}

// legal is the whole table: when each action may be taken.
var legal = []struct {
	action Action
	rule   string // the condition in words, for people
	when   func(Situation) bool
}{
	{RecordPayment, "something is due and the order is not canceled", func(s Situation) bool { return s.Due > 0 && s.State != Canceled }},
	{Cancel, "the order is open or held, or it is to be canceled and the work is open, accepted or on hold", func(s Situation) bool {
		return s.State == Open || s.State == Held || s.State == CancelRequested && (s.has(WorkOpen) || s.has(WorkAccepted) || s.has(WorkOnHold))
	}},
	{Accept, "the order is open, the work is open", func(s Situation) bool { return s.State == Open && s.has(WorkOpen) }},
	{Ship, "the order is open or to be canceled, the work is accepted, the buyer does not come", func(s Situation) bool {
		return (s.State == Open || s.State == CancelRequested) && s.has(WorkAccepted) && !s.Pickup
	}},
	{Reject, "the order is open, the work is open, accepted or on hold", func(s Situation) bool {
		return s.State == Open && (s.has(WorkOpen) || s.has(WorkAccepted) || s.has(WorkOnHold))
	}},
	{Hold, "the order is open, the work is open or accepted", func(s Situation) bool {
		return s.State == Open && (s.has(WorkOpen) || s.has(WorkAccepted))
	}},
	{Release, "the order is open, the work is on hold", func(s Situation) bool { return s.State == Open && s.has(WorkOnHold) }},
	{VerifyPickup, "the buyer comes in time, the order is open, the work is open or accepted", func(s Situation) bool {
		return s.Pickup && !s.Late && s.State == Open && (s.has(WorkOpen) || s.has(WorkAccepted))
	}},
	{RequestReturn, "units have left that are not announced to come back", func(s Situation) bool { return s.Returnable > 0 }},
	{ReceiveReturn, "a return is awaited", func(s Situation) bool { return s.Returning > 0 }},
	{RejectReturn, "a return is awaited", func(s Situation) bool { return s.Returning > 0 }},
	{Refund, "something was paid and not given back", func(s Situation) bool { return s.Refundable > 0 }},
}

// SituationOf is how an order stands now, with the states of its work.
func SituationOf(o *ent.Order, work []WorkState, now commerce.Instant) Situation {
	return Situation{
		State: State(o.State), Due: o.Total - o.Paid, Refundable: o.Paid - o.Refunded, Returnable: o.Returnable, Returning: o.ReturnsOpen,
		Pickup: o.PickupLocationID != nil, Late: o.PickupUntil <= now, Work: work,
	}
}

func (s Situation) has(w WorkState) bool { return slices.Contains(s.Work, w) }

// Actions lists what is legal now, in the order of the table.
func (s Situation) Actions() []string {
	out := []string{}
	for _, row := range legal {
		if row.when(s) {
			out = append(out, string(row.action))
		}
	}
	return out
}

// May answers nil when the action is legal now, and otherwise the error that lists what is.
func (s Situation) May(a Action) error {
	for _, row := range legal {
		if row.action == a && row.when(s) {
			return nil
		}
	}
	return s.refuse(string(a) + " is not possible while the order is " + string(s.State))
}

// refuse is ILLEGAL_TRANSITION for a reason, with what is legal now.
func (s Situation) refuse(why string) *commerce.Error {
	return &commerce.Error{Code: commerce.IllegalTransition, Message: why, Details: commerce.Allowed{Mutations: s.Actions()}}
}

// paymentState follows from what was paid and given back.
func paymentState(paid, refunded, total int64) PaymentState {
	switch {
	case refunded > 0 && refunded == paid:
		return Refunded
	case refunded > 0:
		return PartiallyRefunded
	case paid >= total:
		return Paid
	case paid > 0:
		return PartiallyPaid
	}
	return Pending
}
