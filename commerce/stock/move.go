package stock

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Kind says what moved stock.
type Kind string

// The kinds of movements.
const (
	Receive  Kind = "RECEIVE"
	Adjusted Kind = "ADJUST"
	Counted  Kind = "SET"
	Reserve  Kind = "RESERVE"
	Release  Kind = "RELEASE"
	Ship     Kind = "SHIP"
	Return   Kind = "RETURN"
	Transfer Kind = "TRANSFER"
)

// Place is a variant at a location.
type Place struct{ Variant, Location commerce.UUID }

// Movement is a line to be written to the ledger, with what the figures of its place change by.
type Movement struct {
	ID commerce.UUID // made when it is nil
	Place
	Kind      Kind
	OnHand    int64
	Reserved  int64
	Incoming  int64 // on its way here
	Damaged   int64 // here, but not for sale
	Reason    string
	Reference commerce.Reference
	By        *auth.Viewer // who moves it; the transaction's viewer when nil
}

// Level is a level as a movement left it.
type Level struct {
	ID commerce.UUID
	Place
	OnHand, Reserved, Safety int64
	Incoming, Damaged        int64
	CountedAt                commerce.Instant // when a system of record counted last, 0 for never
	Stale                    bool             // that count has aged beyond the location's rule
	Version                  int64
}

// Available is what can be promised, never below 0.
func (l Level) Available() int64 { return max(0, l.OnHand-l.Reserved-l.Safety) }

// ErrShort says that a level cannot bear a movement: on hand would fall below what is reserved, or a promise cannot be kept.
var ErrShort = errors.New("the level cannot bear the movement")

// Shortfall is the ErrShort of one place, with the level as it stands.
type Shortfall struct{ Level }

func (s *Shortfall) Error() string { return ErrShort.Error() }

// Is lets errors.Is find ErrShort.
func (s *Shortfall) Is(target error) bool { return target == ErrShort }

// Move writes movements to the ledger and their sums to the levels, inside a running transaction. Movements of one place are summed
// first; places are locked in order, so that two transactions never wait for each other crosswise. Each level changes by a conditional
// update, however many there are in one statement: no figure falls below 0, on hand and reserved stay within each other, and a rise of
// reserved is borne by what is available. The first place that cannot bear its sum answers a *Shortfall; the transaction must then be
// given up. Levels that are missing are made when goods arrive or are on their way. Each changed level is said as a fact, so no cause
// can be forgotten. The answer is in the order of the places.
func Move(ctx context.Context, tx *events.Tx, movements []Movement) ([]Level, error) {
	return move(ctx, tx, movements, false)
}

// MoveHeld is Move for levels that the transaction keeps from others already: it need not lock them once more.
func MoveHeld(ctx context.Context, tx *events.Tx, movements []Movement) ([]Level, error) {
	return move(ctx, tx, movements, true)
}

func move(ctx context.Context, tx *events.Tx, movements []Movement, held bool) ([]Level, error) {
	sums := sumUp(movements)
	levels := make([]Level, 0, len(sums))
	var crossed []commerce.UUID
	for some := range slices.Chunk(sums, chunk) {
		changed, err := changeAll(ctx, tx, some, held)
		if err != nil {
			return nil, err
		}
		for i, level := range changed {
			before := level
			before.OnHand, before.Reserved = level.OnHand-some[i].onHand, level.Reserved-some[i].reserved
			if crosses(before, level) {
				crossed = append(crossed, level.Variant)
			}
			say(tx, level)
		}
		levels = append(levels, changed...)
	}
	write(tx, movements)
	return levels, refreshVariants(ctx, tx, crossed)
}

// sum is what the figures of a place change by in all.
type sum struct {
	Place
	onHand, reserved, incoming, damaged int64
}

// makes tells whether a missing level is to be made. One whose movements cancel each other out is as good as one of nothing.
func (s sum) makes() bool {
	return s.onHand > 0 || s.incoming > 0 || s.damaged > 0 || s == (sum{Place: s.Place})
}

// sumUp sums movements by place, in the order in which places are taken.
func sumUp(movements []Movement) []sum {
	at := make(map[Place]int, len(movements))
	var sums []sum
	for _, m := range movements {
		i, there := at[m.Place]
		if !there {
			i = len(sums)
			at[m.Place] = i
			sums = append(sums, sum{Place: m.Place})
		}
		s := &sums[i]
		s.onHand, s.reserved, s.incoming, s.damaged = s.onHand+m.OnHand, s.reserved+m.Reserved, s.incoming+m.Incoming, s.damaged+m.Damaged
	}
	slices.SortFunc(sums, func(a, b sum) int { return comparePlaces(a.Place, b.Place) })
	return sums
}

func comparePlaces(a, b Place) int {
	return cmp.Or(bytes.Compare(a.Variant[:], b.Variant[:]), bytes.Compare(a.Location[:], b.Location[:]))
}

// crosses tells whether a change of a level may have changed whether it sells anything. How much a stale level sells depends on its
// location too, which others may be changing just now: the flag is judged anew whenever its figures move.
func crosses(before, after Level) bool {
	return (before.Available() > 0) != (after.Available() > 0) || before.Stale != after.Stale ||
		(after.Stale && before.Available() != after.Available())
}

func say(tx *events.Tx, l Level) {
	location := l.Location
	tx.Record(events.Fact{
		Type: events.StockChanged, Aggregate: l.ID, Sequence: l.Version, Location: &location,
		Data: events.Stock{Variant: l.Variant, OnHand: l.OnHand, Reserved: l.Reserved, Available: l.Available()},
	})
}

// write puts movements into the ledger, when the transaction's work is done.
func write(tx *events.Tx, movements []Movement) {
	rows := make([]any, 0, 15*len(movements))
	for _, m := range movements {
		if m.ID == (commerce.UUID{}) {
			m.ID = commerce.NewUUID()
		}
		by := tx
		if m.By != nil {
			by = tx.As(m.By)
		}
		rows = append(rows, m.ID, tx.Viewer.Brand, m.Variant, m.Location, string(m.Kind), m.OnHand, m.Reserved, m.Incoming, m.Damaged, m.Reason,
			m.Reference.System, m.Reference.Value, by.Viewer.Subject, by.Cause(), int64(tx.Now))
	}
	tx.Later(db.Rows{Table: ledger, Values: rows})
}

var ledger = db.Into("stock_movements", `id uuid, brand_id uuid, variant_id uuid, location_id uuid, kind text, on_hand_delta bigint, reserved_delta bigint,
	incoming_delta bigint, damaged_delta bigint, reason text, reference_system text, reference_value text, actor text, cause text, occurred_at bigint`)
