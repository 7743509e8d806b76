package orders

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
)

// ReceiveInput takes in goods that came back.
type ReceiveInput struct {
	Key      string `json:"-"`
	Return   commerce.UUID
	Location commerce.LocationRef
	Lines    []ReceivedLine
}

// ReceivedLine is so many of an order line that arrived, and what becomes of them.
type ReceivedLine struct {
	LineQuantity
	Disposition Disposition
}

// Disposition is what becomes of goods that came back.
type Disposition string

// The dispositions.
const (
	Restock Disposition = "RESTOCK"
	Damaged Disposition = "DAMAGED"
)

// ReceiveReturn takes in goods of a return at any location the viewer sees, in as many parts as they arrive in: what is sold again is
// on hand there, what is damaged is counted apart. When all has arrived the return is RECEIVED.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION when the return is not awaited.
func (s *Service) ReceiveReturn(ctx context.Context, in ReceiveInput) (commerce.UUID, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return commerce.UUID{}, false, err
	}
	if err := in.clean(); err != nil {
		return commerce.UUID{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "returnReceive", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		at, err := stock.FindLocation(ctx, tx.Ent, in.Location)
		if err != nil {
			return in.Return, err
		}
		if at == nil {
			return in.Return, commerce.Errorf(commerce.NotFound, "there is no such location").At("location")
		}
		o, r, err := lockReturn(ctx, tx, in.Return, ReceiveReturn)
		if err != nil {
			return in.Return, err
		}
		return in.Return, takeIn(ctx, tx, o, r, at, in.Lines)
	})
}

func (in *ReceiveInput) clean() error {
	var errs fields
	quantities := make([]LineQuantity, len(in.Lines))
	for i, l := range in.Lines {
		quantities[i] = l.LineQuantity
		if l.Disposition != Restock && l.Disposition != Damaged {
			errs.Invalid([]string{"lines", strconv.Itoa(i), "disposition"}, "must be %s or %s", Restock, Damaged)
		}
	}
	errs.lineQuantities(quantities, true)
	return errs.Err()
}

// takeIn books what arrived of a return at a location.
func takeIn(ctx context.Context, tx *events.Tx, o locked, r awaited, at *ent.Location, asked []ReceivedLine) error {
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	rows := newArrivals(r.rows)
	left := rows.awaited()
	var movements []stock.Movement
	returned := map[commerce.UUID]int64{}
	for i, want := range asked {
		found, open, err := want.among(i, lines, left)
		if err != nil {
			return err
		}
		if open > 0 {
			return commerce.Invalid([]string{"lines", strconv.Itoa(i), "quantity"}, "is more than is awaited of this return")
		}
		for _, p := range found {
			if p.line.VariantID == nil {
				return errors.New("a line left without a variant")
			}
			m := stock.Movement{
				Place: stock.Place{Variant: *p.line.VariantID, Location: at.ID}, Kind: stock.Return, Reason: "returned", Reference: reference(o.Number),
			}
			if want.Disposition == Damaged {
				m.Damaged = p.quantity
			} else {
				m.OnHand = p.quantity
			}
			movements = append(movements, m)
			returned[p.line.ID] += p.quantity
			rows.arrive(p, want.Disposition, at.ID)
		}
	}
	for _, l := range lines {
		if n := returned[l.ID]; n > 0 {
			if _, err := tx.Exec(ctx, "UPDATE order_lines SET returned = returned + ? WHERE brand_id = ? AND id = ?", n, tx.Viewer.Brand, l.ID); err != nil {
				return err
			}
		}
	}
	if err := rows.write(ctx, tx, r.OrderReturn); err != nil {
		return err
	}
	if len(rows.awaited()) == 0 {
		err = endReturn(ctx, tx, o, r.ID, ReturnReceived, 0)
	} else {
		_, err = tx.Exec(ctx, "UPDATE order_returns SET version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ?", tx.Now, tx.Viewer.Brand, r.ID)
	}
	if err != nil {
		return err
	}
	note(tx, o.ID, "RETURN_RECEIVED", arrived(movements))
	if _, err := stock.Move(ctx, tx, movements); errors.Is(err, stock.ErrShort) { // goods that arrive fail a level only by being too many
		return commerce.Invalid([]string{"lines"}, "are more than one location can count")
	} else if err != nil {
		return err
	}
	return sayOrder(ctx, tx, o)
}

// arrived tells in words what arrived. Where is left out: not everybody who sees the order sees that location.
func arrived(movements []stock.Movement) string {
	var restocked, damaged int64
	for _, m := range movements {
		restocked += m.OnHand
		damaged += m.Damaged
	}
	return fmt.Sprintf("%d %s, %d %s", restocked, Restock, damaged, Damaged)
}

// arrivals are the rows of a return while goods are taken in: what has arrived stands apart from what is awaited, in one row for
// each line, reason, disposition and location, so that their number does not grow with the number of parcels.
type arrivals struct {
	rows []*ent.OrderReturnLine
	was  map[commerce.UUID]int64 // the quantities that are stored
}

func newArrivals(stored []*ent.OrderReturnLine) *arrivals {
	a := &arrivals{stored, map[commerce.UUID]int64{}}
	for _, row := range stored {
		a.was[row.ID] = row.Quantity
	}
	return a
}

// awaited is what of each line has not arrived.
func (a *arrivals) awaited() map[commerce.UUID]int64 {
	out := map[commerce.UUID]int64{}
	for _, row := range a.rows {
		if row.Disposition == "" && row.Quantity > 0 {
			out[row.OrderLineID] += row.Quantity
		}
	}
	return out
}

// arrive moves so many of a line from the rows that are awaited to those that have arrived.
func (a *arrivals) arrive(p someOf, d Disposition, at commerce.UUID) {
	open := p.quantity
	for _, row := range a.rows {
		if row.OrderLineID != p.line.ID || row.Disposition != "" {
			continue
		}
		if n := min(open, row.Quantity); n > 0 {
			row.Quantity -= n
			open -= n
			a.add(row, n, d, at)
		}
	}
}

func (a *arrivals) add(from *ent.OrderReturnLine, n int64, d Disposition, at commerce.UUID) {
	for _, row := range a.rows {
		if row.OrderLineID == from.OrderLineID && row.Reason == from.Reason && row.Disposition == string(d) && *row.LocationID == at {
			row.Quantity += n
			return
		}
	}
	a.rows = append(a.rows, &ent.OrderReturnLine{
		ID: commerce.NewUUID(), OrderLineID: from.OrderLineID, Reason: from.Reason, Disposition: string(d), LocationID: &at, Quantity: n,
	})
}

// write stores what has changed.
func (a *arrivals) write(ctx context.Context, tx *events.Tx, r *ent.OrderReturn) error {
	brand := tx.Viewer.Brand
	for _, row := range a.rows {
		var err error
		switch was := a.was[row.ID]; {
		case was == row.Quantity:
		case was == 0:
			_, err = tx.Exec(ctx, `INSERT INTO order_return_lines (id, brand_id, order_id, order_return_id, order_line_id, location_id, quantity, reason, disposition)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, row.ID, brand, r.OrderID, r.ID, row.OrderLineID, row.LocationID, row.Quantity, row.Reason, row.Disposition)
		case row.Quantity == 0:
			_, err = tx.Exec(ctx, "DELETE FROM order_return_lines WHERE brand_id = ? AND id = ?", brand, row.ID)
		default:
			_, err = tx.Exec(ctx, "UPDATE order_return_lines SET quantity = ? WHERE brand_id = ? AND id = ?", row.Quantity, brand, row.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
