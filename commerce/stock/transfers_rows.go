package stock

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// transfer is one that the running transaction keeps from others.
type transfer struct {
	ID, From, To commerce.UUID
	state        string
	lines        []transferLine
}

type transferLine struct {
	id, variant        commerce.UUID
	quantity, received int64
}

func (l transferLine) missing() int64 { return l.quantity - l.received }

func (t transfer) line(variant commerce.UUID) *transferLine {
	for i := range t.lines {
		if t.lines[i].variant == variant {
			return &t.lines[i]
		}
	}
	return nil
}

// reference is what the ledger calls the transfer.
func (t transfer) reference() commerce.Reference {
	return commerce.Reference{System: "transfer", Value: commerce.ID{Kind: commerce.TransferID, UUID: t.ID}.String()}
}

// open answers nil while goods of the transfer are on their way.
func (t transfer) open(action string) error {
	if t.state == InTransit {
		return nil
	}
	return &commerce.Error{
		Code: commerce.IllegalTransition, Field: []string{"transfer"}, Message: "a transfer that is " + t.state + " cannot be " + action,
		Details: commerce.Allowed{Mutations: []string{}},
	}
}

// lockTransfer keeps a transfer from others until the transaction ends and reads it; NOT_FOUND when the viewer sees neither end.
func lockTransfer(ctx context.Context, tx *events.Tx, id commerce.UUID) (transfer, error) {
	t := transfer{ID: id}
	err := tx.QueryRow(ctx, "SELECT from_id, to_id, state FROM stock_transfers WHERE brand_id = ? AND id = ?"+tx.ForUpdate(), tx.Viewer.Brand, id).
		Scan(&t.From, &t.To, &t.state)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && !tx.Viewer.SeesLocation(t.From) && !tx.Viewer.SeesLocation(t.To)) {
		return t, commerce.Errorf(commerce.NotFound, "there is no such transfer").At("transfer")
	}
	if err != nil {
		return t, err
	}
	rows, err := tx.Query(ctx, "SELECT id, variant_id, quantity, received FROM stock_transfer_lines WHERE brand_id = ? AND stock_transfer_id = ? ORDER BY id", tx.Viewer.Brand, id)
	t.lines, err = db.Collect(rows, err, func(r *sql.Rows) (l transferLine, err error) {
		return l, r.Scan(&l.id, &l.variant, &l.quantity, &l.received)
	})
	return t, err
}

var (
	transferTable     = db.Into("stock_transfers", "id uuid, brand_id uuid, from_id uuid, to_id uuid, state text, reference_system text, reference_value text, version bigint, created_at bigint, updated_at bigint")
	transferLineTable = db.Into("stock_transfer_lines", "id uuid, brand_id uuid, stock_transfer_id uuid, variant_id uuid, quantity bigint, received bigint")
	arrivedList       = db.ListOf("arrived", "line_id uuid, in_all bigint")
)

// save writes a new transfer.
func (t transfer) save(ctx context.Context, tx *events.Tx, ref commerce.Reference, wanted []want) error {
	now := int64(tx.Now)
	if err := transferTable.Insert(ctx, tx.Conn, []any{t.ID, tx.Viewer.Brand, t.From, t.To, InTransit, ref.System, ref.Value, int64(1), now, now}); err != nil {
		return err
	}
	rows := make([]any, 0, 6*len(wanted))
	for _, w := range wanted {
		rows = append(rows, commerce.NewUUID(), tx.Viewer.Brand, t.ID, w.variant, w.sum, int64(0))
	}
	return transferLineTable.Insert(ctx, tx.Conn, rows)
}

// note writes where a transfer stands now and what of it has arrived.
func (t transfer) note(ctx context.Context, tx *events.Tx, state string, changed []transferLine) error {
	if len(changed) > 0 {
		values := make([]any, 0, 2*len(changed))
		for _, l := range changed {
			values = append(values, l.id, l.received)
		}
		with, args := arrivedList.With(tx.Conn, values)
		if _, err := tx.Exec(ctx, with+"UPDATE stock_transfer_lines SET received = in_all FROM arrived WHERE brand_id = ? AND id = line_id",
			append(args, tx.Viewer.Brand)...); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "UPDATE stock_transfers SET state = ?, version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ?",
		state, tx.Now, tx.Viewer.Brand, t.ID)
	return err
}

// findEnds finds the two locations of a transfer.
func findEnds(ctx context.Context, tx *events.Tx, from, to commerce.LocationRef) (commerce.UUID, commerce.UUID, error) {
	var none commerce.UUID
	found, err := FindLocations(ctx, tx.Ent, []commerce.LocationRef{from, to})
	if err != nil {
		return none, none, err
	}
	var errs commerce.Errors
	for i, name := range []string{"from", "to"} {
		if found[i] == nil {
			errs.Add(commerce.Errorf(commerce.NotFound, "there is no such location").At(name))
		}
	}
	if err := errs.Err(); err != nil {
		return none, none, err
	}
	if found[0].ID == found[1].ID {
		return none, none, commerce.Invalid([]string{"to"}, "must be another location than from")
	}
	return found[0].ID, found[1].ID, nil
}

// want is how many of a variant are asked for, by which lines.
type want struct {
	variant commerce.UUID
	sum     int64
	rows    []wantRow
}

type wantRow struct {
	index    int // of the input
	quantity int64
}

// beyond answers the first line with which the lines of the variant ask for more than there are.
func (w want) beyond(there int64) (int, bool) {
	sum := int64(0)
	for _, r := range w.rows {
		if sum += r.quantity; sum > there {
			return r.index, true
		}
	}
	return 0, false
}

// findWanted finds the variants of lines and sums the lines of each, in the order in which they come first.
func findWanted(ctx context.Context, tx *events.Tx, lines []TransferLine) ([]want, error) {
	refs := make([]commerce.VariantRef, len(lines))
	for i, l := range lines {
		refs[i] = l.Variant
	}
	variants, err := catalog.FindVariants(ctx, tx.Ent, refs)
	if err != nil {
		return nil, err
	}
	var errs commerce.Errors
	var out []want
	at := map[commerce.UUID]int{}
	for i, v := range variants {
		if v == nil {
			errs.Add(commerce.Errorf(commerce.NotFound, "there is no such variant").At("lines", strconv.Itoa(i), "variant"))
			continue
		}
		n, again := at[v.ID]
		if !again {
			n = len(out)
			at[v.ID] = n
			out = append(out, want{variant: v.ID})
		}
		out[n].sum += lines[i].Quantity
		out[n].rows = append(out[n].rows, wantRow{i, lines[i].Quantity})
	}
	return out, errs.Err()
}

func sortPlaces(places []Place) { slices.SortFunc(places, comparePlaces) }
