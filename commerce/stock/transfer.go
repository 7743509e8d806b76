package stock

import (
	"context"
	"errors"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
)

// Where a transfer stands.
const (
	InTransit = "IN_TRANSIT"
	Received  = "RECEIVED"
	Canceled  = "CANCELED"
)

// maxTransferLines is how many lines a transfer can be given.
const maxTransferLines = 250

// TransferInput is goods to be sent to another location.
type TransferInput struct {
	Key       string `json:"-"`
	From, To  commerce.LocationRef
	Lines     []TransferLine // those of one variant are summed
	Reference commerce.Reference
}

// TransferLine is so many of a variant.
type TransferLine struct {
	Variant  commerce.VariantRef
	Quantity int64
}

// CreateTransfer takes goods off the shelf of a location and says them to be incoming at another, until they are received there: in
// transit they are on hand nowhere. What is promised or kept back stays. It answers the transfer's id.
// Errors: FORBIDDEN without stock:write; NOT_FOUND for what the caller does not see; INVALID_INPUT, also when more than can be counted
// would be on its way; INSUFFICIENT_STOCK with what could be sent, for each line that asks for more.
func (s *Service) CreateTransfer(ctx context.Context, in TransferInput) (commerce.UUID, bool, error) {
	var none commerce.UUID
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return none, false, err
	}
	var errs commerce.Errors
	in.Reference = errs.ReferenceIfAny(in.Reference, "reference")
	if len(in.Lines) == 0 {
		errs.Invalid([]string{"lines"}, "must have at least one line")
	}
	checkLines(&errs, in.Lines)
	if err := errs.Err(); err != nil {
		return none, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "stockTransferCreate", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		return send(ctx, tx, in)
	})
}

func checkLines(errs *commerce.Errors, lines []TransferLine) {
	if len(lines) > maxTransferLines {
		errs.Add(commerce.Errorf(commerce.LimitExceeded, "at most %d lines", maxTransferLines).At("lines"))
		return
	}
	for i, l := range lines {
		errs.Quantity(l.Quantity, 1, "lines", strconv.Itoa(i), "quantity")
	}
}

func send(ctx context.Context, tx *events.Tx, in TransferInput) (commerce.UUID, error) {
	var none commerce.UUID
	from, to, err := findEnds(ctx, tx, in.From, in.To)
	if err != nil {
		return none, err
	}
	wanted, err := findWanted(ctx, tx, in.Lines)
	if err != nil {
		return none, err
	}
	t := transfer{ID: commerce.NewUUID(), From: from, To: to}
	var arriving, places []Place
	for _, w := range wanted {
		arriving = append(arriving, Place{w.variant, to})
		places = append(places, Place{w.variant, from}, Place{w.variant, to})
	}
	sortPlaces(arriving)
	sortPlaces(places)
	if err := ensure(ctx, tx, arriving); err != nil {
		return none, err
	}
	stands, err := hold(ctx, tx, places)
	if err != nil {
		return none, err
	}
	var errs commerce.Errors
	var movements []Movement
	for _, w := range wanted {
		available := stands[Place{w.variant, from}].Available()
		if i, over := w.beyond(available); over {
			errs.Add(&commerce.Error{
				Code: commerce.InsufficientStock, Field: []string{"lines", strconv.Itoa(i), "quantity"},
				Message: "there is not so much to send", Details: commerce.Shortage{Available: int(available)},
			})
		}
		if stands[Place{w.variant, to}].Incoming+w.sum > commerce.MaxQuantity {
			errs.Invalid([]string{"lines", strconv.Itoa(w.rows[0].index), "quantity"}, "would bring more than %d", commerce.MaxQuantity)
		}
		movements = append(movements,
			Movement{Place: Place{w.variant, from}, Kind: Transfer, OnHand: -w.sum, Reason: "transfer sent", Reference: t.reference()},
			Movement{Place: Place{w.variant, to}, Kind: Transfer, Incoming: w.sum, Reason: "transfer sent", Reference: t.reference()})
	}
	if err := errs.Err(); err != nil {
		return none, err
	}
	if err := t.save(ctx, tx, in.Reference, wanted); err != nil {
		return none, err
	}
	_, err = Move(ctx, tx, movements)
	return t.ID, err
}

// ReceiveTransferInput is goods that arrived.
type ReceiveTransferInput struct {
	Key      string `json:"-"`
	Transfer commerce.UUID
	Lines    []TransferLine // all that is missing when nil; those of one variant are summed
}

// ReceiveTransfer puts goods of a transfer on the shelf where they were sent, and ends the transfer when nothing of it is missing any
// more. However many receive at once, no more arrives than was sent.
// Errors: FORBIDDEN without stock:write, or when the caller does not see where the goods were sent; NOT_FOUND; INVALID_INPUT for what
// the transfer does not have, or not so many of; ILLEGAL_TRANSITION when it has ended.
func (s *Service) ReceiveTransfer(ctx context.Context, in ReceiveTransferInput) (commerce.UUID, bool, error) {
	var none commerce.UUID
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return none, false, err
	}
	var errs commerce.Errors
	if in.Lines != nil && len(in.Lines) == 0 {
		errs.Invalid([]string{"lines"}, "must not be empty")
	}
	checkLines(&errs, in.Lines)
	if err := errs.Err(); err != nil {
		return none, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "stockTransferReceive", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		t, err := lockTransfer(ctx, tx, in.Transfer)
		if err != nil {
			return none, err
		}
		if !tx.Viewer.SeesLocation(t.To) {
			return none, commerce.Errorf(commerce.Forbidden, "a token narrowed to locations receives at those alone")
		}
		if err := t.open("received"); err != nil {
			return none, err
		}
		return t.ID, receive(ctx, tx, t, in.Lines)
	})
}

func receive(ctx context.Context, tx *events.Tx, t transfer, lines []TransferLine) error {
	arrived := map[commerce.UUID]int64{} // by variant
	if lines == nil {
		for _, l := range t.lines {
			arrived[l.variant] = l.missing()
		}
	}
	wanted, err := findWanted(ctx, tx, lines)
	if err != nil {
		return err
	}
	var errs commerce.Errors
	for _, w := range wanted {
		arrived[w.variant] = w.sum
		at := t.line(w.variant)
		if at == nil {
			errs.Invalid([]string{"lines", strconv.Itoa(w.rows[0].index), "variant"}, "is not in the transfer")
		} else if i, over := w.beyond(at.missing()); over {
			errs.Invalid([]string{"lines", strconv.Itoa(i), "quantity"}, "is more than the %d that are missing", at.missing())
		}
	}
	if err := errs.Err(); err != nil {
		return err
	}
	var movements []Movement
	var changed []transferLine
	state := Received
	for _, l := range t.lines {
		if n := arrived[l.variant]; n > 0 {
			l.received += n
			changed = append(changed, l)
			movements = append(movements, Movement{
				Place: Place{l.variant, t.To}, Kind: Transfer, OnHand: n, Incoming: -n, Reason: "transfer received", Reference: t.reference(),
			})
		}
		if l.missing() > 0 {
			state = InTransit
		}
	}
	if err := t.note(ctx, tx, state, changed); err != nil {
		return err
	}
	_, err = Move(ctx, tx, movements)
	return tooMany(err, "transfer")
}

// CancelTransferInput calls back what has not been received.
type CancelTransferInput struct {
	Key      string `json:"-"`
	Transfer commerce.UUID
	Reason   string
}

// CancelTransfer puts what of a transfer has not been received on the shelf again where it came from, and ends the transfer.
// Errors: FORBIDDEN without stock:write, or when the caller does not see both ends; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION when
// it has ended.
func (s *Service) CancelTransfer(ctx context.Context, in CancelTransferInput) (commerce.UUID, bool, error) {
	var none commerce.UUID
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return none, false, err
	}
	var errs commerce.Errors
	errs.Clean(&in.Reason, commerce.Text{Max: 200, Required: true}, "reason")
	if err := errs.Err(); err != nil {
		return none, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "stockTransferCancel", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		t, err := lockTransfer(ctx, tx, in.Transfer)
		if err != nil {
			return none, err
		}
		if !tx.Viewer.SeesLocation(t.From) || !tx.Viewer.SeesLocation(t.To) {
			return none, commerce.Errorf(commerce.Forbidden, "a token narrowed to locations cannot call back what is elsewhere")
		}
		if err := t.open("canceled"); err != nil {
			return none, err
		}
		var movements []Movement
		for _, l := range t.lines {
			if n := l.missing(); n > 0 {
				movements = append(movements,
					Movement{Place: Place{l.variant, t.From}, Kind: Transfer, OnHand: n, Reason: in.Reason, Reference: t.reference()},
					Movement{Place: Place{l.variant, t.To}, Kind: Transfer, Incoming: -n, Reason: in.Reason, Reference: t.reference()})
			}
		}
		if err := t.note(ctx, tx, Canceled, nil); err != nil {
			return none, err
		}
		_, err = Move(ctx, tx, movements)
		return t.ID, tooMany(err, "transfer")
	})
}

// tooMany says of a level that it cannot take more: a transfer's own goods are there, so that a shelf is short of nothing else.
func tooMany(err error, field string) error {
	if errors.Is(err, ErrShort) {
		return commerce.Invalid([]string{field}, "would make more than %d", commerce.MaxQuantity)
	}
	return err
}
