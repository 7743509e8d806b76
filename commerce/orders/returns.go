package orders

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/ent/orderreturn"
	"github.com/oneshelf/oneshelf/ent/orderreturnline"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// ReturnState is where a return stands.
type ReturnState string

// The states of a return. It is awaited while it is REQUESTED, even when a part has arrived.
const (
	ReturnRequested ReturnState = "REQUESTED"
	ReturnReceived  ReturnState = "RECEIVED"
	ReturnRejected  ReturnState = "REJECTED"
)

// ReturnInput announces goods that come back.
type ReturnInput struct {
	Key   string `json:"-"`
	Order commerce.OrderRef
	Lines []ReturnLine
}

// ReturnLine is so many of an order line that come back, and why.
type ReturnLine struct {
	LineQuantity
	Reason string
}

// RequestReturn announces that goods of an order come back: never more than has left and neither come back nor been announced.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION when nothing is out.
func (s *Service) RequestReturn(ctx context.Context, in ReturnInput) (commerce.UUID, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return commerce.UUID{}, false, err
	}
	if err := in.clean(); err != nil {
		return commerce.UUID{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "returnRequest", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		o, err := findAndLock(ctx, tx, in.Order)
		if err != nil {
			return commerce.UUID{}, err
		}
		if err := o.situation().May(RequestReturn); err != nil {
			return commerce.UUID{}, err
		}
		return announce(ctx, tx, o, in.Lines)
	})
}

func (in *ReturnInput) clean() error {
	var errs fields
	quantities := make([]LineQuantity, len(in.Lines))
	in.Lines = slices.Clone(in.Lines) // what the caller gave stays as it is
	for i := range in.Lines {
		quantities[i] = in.Lines[i].LineQuantity
		errs.Clean(&in.Lines[i].Reason, commerce.Text{Max: 200, Required: true}, "lines", strconv.Itoa(i), "reason")
	}
	errs.lineQuantities(quantities, true)
	return errs.Err()
}

// announce writes a return of a locked order.
func announce(ctx context.Context, tx *events.Tx, o locked, asked []ReturnLine) (commerce.UUID, error) {
	id, brand := commerce.NewUUID(), tx.Viewer.Brand
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return id, err
	}
	out, err := stillOut(ctx, tx, o.ID, lines)
	if err != nil {
		return id, err
	}
	var rows []any
	var units int64
	var reasons []string
	for i, want := range asked {
		found, open, err := want.among(i, lines, out)
		if err != nil {
			return id, err
		}
		if open > 0 {
			return id, commerce.Invalid([]string{"lines", strconv.Itoa(i), "quantity"}, "is more than what has left and is not announced to come back")
		}
		for _, t := range found {
			rows = append(rows, commerce.NewUUID(), brand, o.ID, id, t.line.ID, t.quantity, want.Reason, "")
			units += t.quantity
		}
		reasons = append(reasons, want.Reason)
	}
	if _, err := tx.Exec(ctx, "INSERT INTO order_returns (id, brand_id, order_id, state, version, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		id, brand, o.ID, ReturnRequested, 1, tx.Now, tx.Now); err != nil {
		return id, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO order_return_lines (id, brand_id, order_id, order_return_id, order_line_id, quantity, reason, disposition)
		VALUES `+db.Groups(len(rows)/8, 8), rows...); err != nil {
		return id, err
	}
	if _, err := tx.Exec(ctx, "UPDATE orders SET returnable = returnable - ?, returns_open = returns_open + 1 WHERE brand_id = ? AND id = ?",
		units, brand, o.ID); err != nil {
		return id, err
	}
	note(tx, o.ID, "RETURN_REQUESTED", inShort(reasons))
	return id, sayOrder(ctx, tx, o)
}

// inShort tells several reasons in one line that is not too long.
func inShort(reasons []string) string {
	var out []string
	length := 0
	for i, r := range reasons {
		if i > 0 && r == reasons[i-1] {
			continue
		}
		if length += len(r); length > 1000 {
			out = append(out, "…")
			break
		}
		out = append(out, r)
	}
	return strings.Join(out, "; ")
}

// someOf is so many of an order line.
type someOf struct {
	line     *ent.OrderLine
	quantity int64
}

// among finds what is wanted as the i-th among lines, in their order, taking it away from what is left of each. What is not found stays
// open. It answers NOT_FOUND when no line is meant.
func (want LineQuantity) among(i int, lines []*ent.OrderLine, left map[commerce.UUID]int64) (found []someOf, open int64, err error) {
	open = want.Quantity
	named := false
	for _, l := range lines {
		if !want.names(l) {
			continue
		}
		named = true
		if n := min(open, left[l.ID]); n > 0 {
			left[l.ID] -= n
			open -= n
			found = append(found, someOf{l, n})
		}
	}
	if named {
		return found, open, nil
	}
	field := "sku"
	if want.Line != nil {
		field = "line"
	}
	return nil, open, commerce.Errorf(commerce.NotFound, "the order has no such line").At("lines", strconv.Itoa(i), field)
}

// names tells whether a line is meant.
func (want LineQuantity) names(l *ent.OrderLine) bool {
	if want.Line != nil {
		return *want.Line == l.ID
	}
	return commerce.Fold(want.SKU) == commerce.Fold(l.Sku)
}

// linesOf reads the lines of a locked order, in order.
func linesOf(ctx context.Context, tx *events.Tx, order commerce.UUID) ([]*ent.OrderLine, error) {
	return tx.Ent.OrderLine.Query().Where(orderline.OrderID(order)).Order(orderline.ByPosition(), orderline.ByID()).
		All(auth.With(ctx, tx.Viewer.Unnarrowed()))
}

// stillOut is what of each line has left and neither come back nor been announced.
func stillOut(ctx context.Context, tx *events.Tx, order commerce.UUID, lines []*ent.OrderLine) (map[commerce.UUID]int64, error) {
	all := auth.With(ctx, tx.Viewer.Unnarrowed())
	awaited, err := tx.Ent.OrderReturn.Query().Where(orderreturn.OrderID(order), orderreturn.State(string(ReturnRequested))).IDs(all)
	if err != nil {
		return nil, err
	}
	out := map[commerce.UUID]int64{}
	for _, l := range lines {
		out[l.ID] = l.Fulfilled - l.Returned
	}
	if len(awaited) == 0 {
		return out, nil
	}
	rows, err := tx.Ent.OrderReturnLine.Query().Where(orderreturnline.OrderReturnIDIn(awaited...), orderreturnline.Disposition("")).All(all)
	for _, r := range rows {
		out[r.OrderLineID] -= r.Quantity
	}
	return out, err
}

// RejectReturnInput refuses what of a return has not been taken in.
type RejectReturnInput struct {
	Key    string `json:"-"`
	Return commerce.UUID
	Reason string
}

// RejectReturn refuses what of a return has not arrived; it can be announced again. A return of which nothing has arrived is REJECTED
// and keeps its lines; otherwise what has arrived is what came back, and the return is RECEIVED.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION when the return is not awaited.
func (s *Service) RejectReturn(ctx context.Context, in RejectReturnInput) (commerce.UUID, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return commerce.UUID{}, false, err
	}
	var errs fields
	errs.Clean(&in.Reason, commerce.Text{Max: 200, Required: true}, "reason")
	if err := errs.Err(); err != nil {
		return commerce.UUID{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "returnReject", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		o, r, err := lockReturn(ctx, tx, in.Return, RejectReturn)
		if err != nil {
			return in.Return, err
		}
		return in.Return, refuse(ctx, tx, o, r, in.Reason)
	})
}

// refuse ends a return with what has arrived of it.
func refuse(ctx context.Context, tx *events.Tx, o locked, r awaited, reason string) error {
	var missing, arrived int64
	var absent []commerce.UUID
	for _, row := range r.rows {
		if row.Disposition == "" {
			missing += row.Quantity
			absent = append(absent, row.ID)
		} else {
			arrived += row.Quantity
		}
	}
	state := ReturnRejected
	if arrived > 0 {
		state = ReturnReceived
		in, ids := db.In("id", absent)
		if _, err := tx.Exec(ctx, "DELETE FROM order_return_lines WHERE brand_id = ? AND "+in, append([]any{tx.Viewer.Brand}, ids...)...); err != nil {
			return err
		}
	}
	if err := endReturn(ctx, tx, o, r.ID, state, missing); err != nil {
		return err
	}
	note(tx, o.ID, "RETURN_REJECTED", reason)
	return sayOrder(ctx, tx, o)
}

// endReturn closes a return; units that did not come may be announced again.
func endReturn(ctx context.Context, tx *events.Tx, o locked, id commerce.UUID, state ReturnState, units int64) error {
	if _, err := tx.Exec(ctx, "UPDATE order_returns SET state = ?, version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ?",
		state, tx.Now, tx.Viewer.Brand, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE orders SET returnable = returnable + ?, returns_open = returns_open - 1 WHERE brand_id = ? AND id = ?",
		units, tx.Viewer.Brand, o.ID)
	return err
}

// awaited is a return that has not ended, with its rows.
type awaited struct {
	*ent.OrderReturn
	rows []*ent.OrderReturnLine
}

// lockReturn locks the order of a return that the viewer sees and judges what is to be done with it.
func lockReturn(ctx context.Context, tx *events.Tx, id commerce.UUID, a Action) (locked, awaited, error) {
	seen, err := FindReturn(ctx, tx.Ent, id)
	if err != nil {
		return locked{}, awaited{}, err
	}
	if seen == nil {
		return locked{}, awaited{}, commerce.Errorf(commerce.NotFound, "there is no such return").At("return")
	}
	o, err := lock(ctx, tx, seen.OrderID)
	if err != nil {
		return locked{}, awaited{}, err
	}
	all := auth.With(ctx, tx.Viewer.Unnarrowed())
	now, err := tx.Ent.OrderReturn.Get(all, id) // as it is since the order is ours
	if err != nil {
		return locked{}, awaited{}, err
	}
	situation := o.situation()
	if err := situation.May(a); err != nil {
		return locked{}, awaited{}, err
	}
	if ReturnState(now.State) != ReturnRequested {
		return locked{}, awaited{}, situation.refuse(string(a) + " is not possible while the return is " + now.State)
	}
	rows, err := tx.Ent.OrderReturnLine.Query().Where(orderreturnline.OrderReturnID(id)).Order(orderreturnline.ByID()).All(all)
	return o, awaited{now, rows}, err
}

// FindReturn answers a return of an order that the viewer sees, nil when there is none.
func FindReturn(ctx context.Context, c *ent.Client, id commerce.UUID) (*ent.OrderReturn, error) {
	found, err := c.OrderReturn.Query().Where(orderreturn.ID(id)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}
