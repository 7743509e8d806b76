package orders

import (
	"context"
	"database/sql"
	"errors"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/reservationline"
	"github.com/oneshelf/oneshelf/events"
)

// ReservationState is where a reservation stands.
type ReservationState string

// The states of a reservation. It leaves Active once, for one of the others, and stays there.
const (
	ReservationActive   ReservationState = "ACTIVE"
	ReservationConsumed ReservationState = "CONSUMED"
	ReservationReleased ReservationState = "RELEASED"
	ReservationExpired  ReservationState = "EXPIRED"
)

// StateOf is where a reservation stands at a moment: one whose time is over is expired, whether or not it has been given back yet.
func StateOf(r *ent.Reservation, now commerce.Instant) ReservationState {
	return stateAt(ReservationState(r.State), r.ExpiresAt, now)
}

func stateAt(s ReservationState, expires, now commerce.Instant) ReservationState {
	if s == ReservationActive && expires <= now {
		return ReservationExpired
	}
	return s
}

// claim ends a reservation for an order and answers what it keeps, which is still reserved: whoever calls turns that into the
// order's allocations and gives back the rest. The order must be written before, since the reservation points at it.
// Errors, at reservation: NOT_FOUND; EXPIRED when its time is over or it was given back; ALREADY_USED when an order took it.
// The transaction must then be given up.
func claim(ctx context.Context, tx *events.Tx, id, order commerce.UUID) ([]*ent.ReservationLine, error) {
	lines, stood, err := endReservation(ctx, tx, id, ReservationConsumed, &order)
	if err != nil {
		return nil, err
	}
	if stood == ReservationReleased {
		return nil, commerce.Errorf(commerce.Expired, "this reservation was given back").At("reservation")
	}
	return lines, hadEnded(stood)
}

// hadEnded is nil for a reservation that was active, and otherwise says why it cannot be ended once more.
func hadEnded(stood ReservationState) error {
	switch stood {
	case ReservationActive:
		return nil
	case ReservationConsumed:
		return commerce.Errorf(commerce.AlreadyUsed, "an order took this reservation").At("reservation")
	case ReservationReleased: // what is legal now is nothing
		return &commerce.Error{
			Code: commerce.IllegalTransition, Message: "this reservation was given back before", Field: []string{"reservation"},
			Details: commerce.Allowed{Mutations: []string{}},
		}
	}
	return commerce.Errorf(commerce.Expired, "the time of this reservation is over").At("reservation")
}

// endReservation moves an active reservation whose time is not over to another state, by one conditional update: of all that would end it at
// once, one does. It answers its lines and how it stood before: when that is not ACTIVE, nothing has happened. A reservation of
// which the viewer does not see every place does not exist: NOT_FOUND at reservation.
func endReservation(ctx context.Context, tx *events.Tx, id commerce.UUID, to ReservationState, order *commerce.UUID) ([]*ent.ReservationLine, ReservationState, error) {
	lines, err := tx.Ent.ReservationLine.Query().Where(reservationline.ReservationID(id)).Order(reservationline.ByID()).
		All(auth.With(ctx, tx.Viewer.Unnarrowed())) // they never change: there is nothing to be locked yet
	if err != nil {
		return nil, "", err
	}
	seen := len(lines) > 0
	for _, l := range lines {
		seen = seen && tx.Viewer.SeesLocation(l.LocationID)
	}
	if !seen {
		return nil, "", commerce.Errorf(commerce.NotFound, "there is no such reservation").At("reservation")
	}
	n, err := tx.Exec(ctx, `UPDATE reservations SET state = ?, order_id = ?, version = version + 1, updated_at = ?
		WHERE brand_id = ? AND id = ? AND state = ? AND expires_at > ?`, to, order, tx.Now, tx.Viewer.Brand, id, ReservationActive, tx.Now)
	if err != nil || n == 1 {
		return lines, ReservationActive, err
	}
	var state ReservationState
	var expires commerce.Instant
	err = tx.QueryRow(ctx, "SELECT state, expires_at FROM reservations WHERE brand_id = ? AND id = ?", tx.Viewer.Brand, id).Scan(&state, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", commerce.Errorf(commerce.NotFound, "there is no such reservation").At("reservation")
	}
	return nil, stateAt(state, expires, tx.Now), err
}

// freedBy are the movements that give back what reservations keep.
func freedBy(lines []*ent.ReservationLine, reason string) []stock.Movement {
	out := make([]stock.Movement, len(lines))
	for i, l := range lines {
		out[i] = stock.Movement{
			Place: stock.Place{Variant: l.VariantID, Location: l.LocationID}, Kind: stock.Release, Reserved: -l.Quantity,
			Reason: reason, Reference: reservationReference(l.ReservationID),
		}
	}
	return out
}

// reservationReference is how the ledger names a reservation.
func reservationReference(id commerce.UUID) commerce.Reference {
	return commerce.Reference{System: "reservation", Value: commerce.ID{Kind: commerce.ReservationID, UUID: id}.String()}
}
