package orders

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// AcceptInput takes work on.
type AcceptInput struct {
	Key  string `json:"-"`
	Work commerce.UUID
}

// Accepted is the work with the token that shipping needs.
type Accepted struct {
	Work  commerce.UUID
	Count int
	Token string `json:"-"` // made again from Work and Count, so no token lies in the database
}

// Accept takes work on for its location and answers the dispatch token.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; ILLEGAL_TRANSITION.
func (s *Service) Accept(ctx context.Context, in AcceptInput) (Accepted, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return Accepted{}, false, err
	}
	a, replayed, err := events.Once(ctx, s.Store, events.Call{Operation: "fulfillmentAccept", Key: in.Key, Input: in}, func(tx *events.Tx) (Accepted, error) {
		o, w, err := lockWork(ctx, tx, in.Work)
		if err != nil {
			return Accepted{}, err
		}
		if err := o.mayWork(Accept, w, WorkOpen); err != nil {
			return Accepted{}, err
		}
		if err := turn(ctx, tx, w.ID, WorkAccepted); err != nil {
			return Accepted{}, err
		}
		noteAt(tx, o.ID, w.LocationID, "WORK_ACCEPTED", "")
		return Accepted{Work: w.ID, Count: w.Dispatch + 1}, sayOrder(ctx, tx, o)
	})
	if err == nil {
		a.Token = s.Tokens.Token(a.Work, a.Count)
	}
	return a, replayed, err
}

// turn brings work to a state and makes tokens given out before void.
func turn(ctx context.Context, tx *events.Tx, work commerce.UUID, state WorkState) error {
	_, err := tx.Exec(ctx, "UPDATE fulfillment_orders SET state = ?, dispatch = dispatch + 1, version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ?",
		state, tx.Now, tx.Viewer.Brand, work)
	return err
}

// mayWork judges an action on one piece of work: the order must allow it and the work must be in a state it begins in.
func (l locked) mayWork(a Action, w *ent.FulfillmentOrder, from ...WorkState) error {
	situation := l.situation()
	if err := situation.May(a); err != nil {
		return err
	}
	if !slices.Contains(from, WorkState(w.State)) {
		return situation.refuse(string(a) + " is not possible while the work is " + w.State)
	}
	return nil
}

// lockWork locks the order of a piece of work that the viewer sees.
func lockWork(ctx context.Context, tx *events.Tx, id commerce.UUID) (locked, *ent.FulfillmentOrder, error) {
	seen, err := tx.Ent.FulfillmentOrder.Query().Where(fulfillmentorder.ID(id)).Only(ctx)
	if ent.IsNotFound(err) {
		return locked{}, nil, commerce.Errorf(commerce.NotFound, "there is no such work").At("fulfillmentOrder")
	}
	if err != nil {
		return locked{}, nil, err
	}
	o, err := lock(ctx, tx, seen.OrderID)
	if err != nil {
		return locked{}, nil, err
	}
	for _, w := range o.work {
		if w.ID == id {
			return o, w, nil
		}
	}
	return locked{}, nil, errors.New("work without its order")
}

// ShipInput is a parcel that leaves.
type ShipInput struct {
	Key            string `json:"-"`
	Work           commerce.UUID
	Token          string
	Carrier        string
	TrackingNumber string
	Lines          []LineQuantity // all that is left when nil

	gone bool // it has left already, whatever the shelf is thought to hold
}

// LineQuantity is so many of an order line, named by id or by SKU.
type LineQuantity struct {
	Line     *commerce.UUID
	SKU      string
	Quantity int64
}

// Shipped names the parcel and its order.
type Shipped struct{ Fulfillment, Order commerce.UUID }

// Ship lets a parcel leave: what was promised turns into what has gone. Only the token of work that is still accepted can ship, so
// that of canceling and shipping one wins.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; DISPATCH_REVOKED; INSUFFICIENT_STOCK with what is on hand when a
// count found less than was promised.
func (s *Service) Ship(ctx context.Context, in ShipInput) (Shipped, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return Shipped{}, false, err
	}
	if err := in.clean(); err != nil {
		return Shipped{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "fulfillmentShip", Key: in.Key, Input: in}, func(tx *events.Tx) (Shipped, error) {
		o, w, err := lockWork(ctx, tx, in.Work)
		if err != nil {
			return Shipped{}, err
		}
		if !s.Tokens.Valid(in.Token, w.ID, w.Dispatch) || o.mayWork(Ship, w, WorkAccepted) != nil {
			return Shipped{}, commerce.Errorf(commerce.DispatchRevoked, "the dispatch token is not valid any more").At("dispatchToken")
		}
		return ship(ctx, tx, o, w, in)
	})
}

func (in *ShipInput) clean() error {
	var errs fields
	errs.Clean(&in.Carrier, commerce.CodeText, "carrier")
	errs.Clean(&in.TrackingNumber, commerce.CodeText, "trackingNumber")
	errs.lineQuantities(in.Lines, in.Lines != nil)
	return errs.Err()
}

// taking is so many of an allocation.
type taking struct {
	*ent.Allocation
	quantity int64
}

// ship writes a parcel of a locked order's work.
func ship(ctx context.Context, tx *events.Tx, o locked, w *ent.FulfillmentOrder, in ShipInput) (Shipped, error) {
	all := auth.With(ctx, tx.Viewer.Unnarrowed())
	promised, err := tx.Ent.Allocation.Query().Where(allocation.FulfillmentOrderID(w.ID)).All(all)
	if err != nil {
		return Shipped{}, err
	}
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return Shipped{}, err
	}
	taken, err := take(lines, promised, in.Lines)
	if err != nil {
		return Shipped{}, err
	}
	parcel := Shipped{Fulfillment: commerce.NewUUID(), Order: o.ID}
	if err := writeParcel(ctx, tx, o, w, parcel.Fulfillment, in, taken); err != nil {
		return Shipped{}, err
	}
	if err := settle(ctx, tx, o, w, lines, promised, taken); err != nil {
		return Shipped{}, err
	}
	noteAt(tx, o.ID, w.LocationID, "SHIPPED", in.Carrier+" "+in.TrackingNumber)
	noteCompleted(tx, o)
	return parcel, sayOrder(ctx, tx, o)
}

// take chooses from which allocations a parcel is filled: everything left when nothing is asked; by SKU the lines in their order.
func take(lines []*ent.OrderLine, promised []*ent.Allocation, asked []LineQuantity) ([]taking, error) {
	byLine := map[commerce.UUID]*ent.Allocation{}
	left := map[commerce.UUID]int64{}
	for _, a := range promised {
		byLine[a.OrderLineID] = a
		left[a.OrderLineID] = a.Quantity - a.Fulfilled - a.Released
	}
	taken := map[commerce.UUID]int64{}
	if asked == nil {
		taken = left
	}
	for i, want := range asked {
		found, open, err := want.among(i, lines, left)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			taken[p.line.ID] += p.quantity
		}
		if open > 0 {
			return nil, commerce.Invalid([]string{"lines", strconv.Itoa(i), "quantity"}, "is more than what is left to ship here")
		}
	}
	var out []taking
	for _, l := range lines {
		if n := taken[l.ID]; n > 0 {
			out = append(out, taking{byLine[l.ID], n})
		}
	}
	if len(out) == 0 {
		return nil, commerce.Invalid([]string{"lines"}, "nothing is left to ship here")
	}
	return out, nil
}

// writeParcel writes the parcel, what is in it, and the movements that take it off the shelf.
func writeParcel(ctx context.Context, tx *events.Tx, o locked, w *ent.FulfillmentOrder, id commerce.UUID, in ShipInput, taken []taking) error {
	brand := tx.Viewer.Brand
	if _, err := tx.Exec(ctx, `INSERT INTO fulfillments (id, brand_id, order_id, fulfillment_order_id, location_id, carrier, tracking_number, shipped_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, id, brand, o.ID, w.ID, w.LocationID, in.Carrier, in.TrackingNumber, tx.Now); err != nil {
		return err
	}
	var args []any
	var movements []stock.Movement
	for _, t := range taken {
		args = append(args, commerce.NewUUID(), brand, id, t.OrderLineID, t.quantity)
		movements = append(movements, stock.Movement{
			Place: stock.Place{Variant: t.VariantID, Location: t.LocationID}, Kind: stock.Ship, OnHand: -t.quantity, Reserved: -t.quantity,
			Reason: "shipped", Reference: reference(o.Number),
		})
		if _, err := tx.Exec(ctx, "UPDATE allocations SET fulfilled = fulfilled + ? WHERE brand_id = ? AND id = ?", t.quantity, brand, t.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE order_lines SET fulfilled = fulfilled + ? WHERE brand_id = ? AND id = ?", t.quantity, brand, t.OrderLineID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "INSERT INTO fulfillment_lines (id, brand_id, fulfillment_id, order_line_id, quantity) VALUES "+db.Groups(len(taken), 5), args...); err != nil {
		return err
	}
	if in.gone {
		if err := asThere(ctx, tx, w.LocationID, movements); err != nil {
			return err
		}
	}
	_, err := stock.Move(ctx, tx, movements)
	if short, ok := errors.AsType[*stock.Shortfall](err); ok { // a count found less than was promised
		return &commerce.Error{
			Code: commerce.InsufficientStock, Message: "not so many are on hand here; what is missing can be refused", Field: []string{"lines"},
			Details: commerce.Shortage{Available: int(short.OnHand)},
		}
	}
	return err
}

// asThere lets movements that take goods off a shelf take no more than is thought to be there: a count has found before that they are gone.
func asThere(ctx context.Context, tx *events.Tx, at commerce.UUID, movements []stock.Movement) error {
	var variants []commerce.UUID
	for _, m := range movements {
		variants = append(variants, m.Variant)
	}
	there, err := onHand(ctx, tx, at, variants)
	for i := range movements {
		m := &movements[i]
		m.OnHand = -min(there[m.Variant], -m.OnHand)
		there[m.Variant] += m.OnHand
	}
	return err
}

// settle brings the work and the order to the states that follow from a parcel.
func settle(ctx context.Context, tx *events.Tx, o locked, w *ent.FulfillmentOrder, lines []*ent.OrderLine, promised []*ent.Allocation, taken []taking) error {
	var workLeft, orderLeft, leaves int64
	for _, a := range promised {
		workLeft += a.Quantity - a.Fulfilled - a.Released
	}
	for _, l := range lines {
		orderLeft += l.Quantity - l.Fulfilled - l.Canceled
	}
	for _, t := range taken {
		workLeft -= t.quantity
		orderLeft -= t.quantity
		leaves += t.quantity
	}
	if workLeft == 0 {
		if err := turn(ctx, tx, w.ID, WorkClosed); err != nil {
			return err
		}
	}
	o.FulfillmentState = string(PartiallyFulfilled)
	if orderLeft == 0 {
		o.FulfillmentState = string(Fulfilled)
	}
	_, err := tx.Exec(ctx, "UPDATE orders SET fulfillment_state = ?, state = ?, returnable = returnable + ? WHERE brand_id = ? AND id = ?",
		o.FulfillmentState, settled(o), leaves, tx.Viewer.Brand, o.ID)
	return err
}
