package orders

import "github.com/oneshelf/oneshelf/commerce"

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

// The payment states this program reaches.
const (
	Pending       PaymentState = "PENDING"
	PartiallyPaid PaymentState = "PARTIALLY_PAID"
	Paid          PaymentState = "PAID"
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

// The states of a location's work this program reaches.
const (
	WorkOpen     WorkState = "OPEN"
	WorkAccepted WorkState = "ACCEPTED"
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
)

// Situation is what the table judges by.
type Situation struct {
	State State
	Due   int64       // what is still to be paid
	Left  bool        // whether a parcel has left
	Work  []WorkState // of each location
}

// legal is the whole table: when each action may be taken.
var legal = []struct {
	action Action
	when   func(Situation) bool
}{
	{RecordPayment, func(s Situation) bool { return s.Due > 0 && s.State != Canceled }},
	{Cancel, func(s Situation) bool { return s.State == Open || s.State == Held }},
	{Accept, func(s Situation) bool { return s.State == Open && s.has(WorkOpen) }},
	{Ship, func(s Situation) bool { return (s.State == Open || s.State == CancelRequested) && s.has(WorkAccepted) }},
}

func (s Situation) has(w WorkState) bool {
	for _, state := range s.Work {
		if state == w {
			return true
		}
	}
	return false
}

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
	return &commerce.Error{
		Code: commerce.IllegalTransition, Message: string(a) + " is not possible while the order is " + string(s.State),
		Details: commerce.Allowed{Mutations: s.Actions()},
	}
}

// paymentState follows from what was paid.
func paymentState(paid, total int64) PaymentState {
	switch {
	case paid >= total:
		return Paid
	case paid > 0:
		return PartiallyPaid
	}
	return Pending
}
