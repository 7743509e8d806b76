package stock

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
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

// Movement is a line to be written to the ledger.
type Movement struct {
	ID commerce.UUID // made when it is nil
	Place
	Kind      Kind
	OnHand    int64 // what on hand changes by
	Reserved  int64 // what reserved changes by
	Reason    string
	Reference commerce.Reference
	By        *auth.Viewer // who moves it; the transaction's viewer when nil
}

// Level is a level as a movement left it.
type Level struct {
	ID commerce.UUID
	Place
	OnHand, Reserved, Safety int64
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
// first; places are taken in order, so that two transactions never wait for each other crosswise. Each level changes by one
// conditional update: on hand and reserved stay within each other, and a rise of reserved is borne by what is available. The first
// place that cannot bear its sum answers a *Shortfall; the transaction must then be given up. Levels that are missing are made when
// goods arrive. Each changed level is said as a fact, so no cause can be forgotten. The answer is in the order of the places.
func Move(ctx context.Context, tx *events.Tx, movements []Movement) ([]Level, error) {
	type sum struct{ onHand, reserved int64 }
	sums := map[Place]*sum{}
	var places []Place
	for _, m := range movements {
		s := sums[m.Place]
		if s == nil {
			s = &sum{}
			sums[m.Place] = s
			places = append(places, m.Place)
		}
		s.onHand += m.OnHand
		s.reserved += m.Reserved
	}
	slices.SortFunc(places, comparePlaces)
	var levels []Level
	var crossed []commerce.UUID
	for _, p := range places {
		s := sums[p]
		if s.onHand > 0 || *s == (sum{}) { // a level whose movements cancel each other out is as good as one of nothing
			if err := ensure(ctx, tx, p); err != nil {
				return nil, err
			}
		}
		level, err := change(ctx, tx, p, s.onHand, s.reserved)
		if err != nil {
			return nil, err
		}
		before := Level{OnHand: level.OnHand - s.onHand, Reserved: level.Reserved - s.reserved, Safety: level.Safety}
		if (before.Available() > 0) != (level.Available() > 0) {
			crossed = append(crossed, p.Variant)
		}
		levels = append(levels, level)
		say(tx, level)
	}
	if err := write(ctx, tx, movements); err != nil {
		return nil, err
	}
	return levels, refreshVariants(ctx, tx, crossed)
}

func comparePlaces(a, b Place) int {
	return cmp.Or(bytes.Compare(a.Variant[:], b.Variant[:]), bytes.Compare(a.Location[:], b.Location[:]))
}

// ensure makes the level of a place when it is missing.
func ensure(ctx context.Context, tx *events.Tx, p Place) error {
	_, err := tx.Exec(ctx, `INSERT INTO stock_levels (id, brand_id, variant_id, location_id, on_hand, reserved, safety_stock, version, created_at, updated_at)
		VALUES (?, ?, ?, ?, 0, 0, 0, 0, ?, ?) ON CONFLICT (brand_id, variant_id, location_id) DO NOTHING`,
		commerce.NewUUID(), tx.Viewer.Brand, p.Variant, p.Location, tx.Now, tx.Now)
	return err
}

func change(ctx context.Context, tx *events.Tx, p Place, onHand, reserved int64) (Level, error) {
	level := Level{Place: p}
	err := tx.QueryRow(ctx, `UPDATE stock_levels SET on_hand = on_hand + ?, reserved = reserved + ?, version = version + 1, updated_at = ?,
		shortfall = CASE WHEN shortfall > 0 AND reserved - on_hand > CAST(? AS bigint) THEN reserved - on_hand - ? ELSE 0 END
		WHERE brand_id = ? AND variant_id = ? AND location_id = ?
		AND on_hand + ? >= 0 AND on_hand + ? <= ? AND reserved + ? >= 0 AND on_hand + shortfall + ? >= reserved + ?
		AND (CAST(? AS bigint) <= 0 OR on_hand + ? - reserved - safety_stock >= ?)
		RETURNING id, on_hand, reserved, safety_stock, version`,
		onHand, reserved, tx.Now, onHand-reserved, onHand-reserved, tx.Viewer.Brand, p.Variant, p.Location,
		onHand, onHand, commerce.MaxQuantity, reserved, onHand, reserved, reserved, onHand, reserved,
	).Scan(&level.ID, &level.OnHand, &level.Reserved, &level.Safety, &level.Version)
	if errors.Is(err, sql.ErrNoRows) {
		stands, err := standing(ctx, tx, p)
		if err != nil {
			return level, err
		}
		return level, &Shortfall{stands}
	}
	return level, err
}

// standing reads a level and keeps others from changing it until the transaction ends; a missing one is empty.
func standing(ctx context.Context, tx *events.Tx, p Place) (Level, error) {
	level := Level{Place: p}
	err := tx.QueryRow(ctx, `SELECT id, on_hand, reserved, safety_stock, version FROM stock_levels
		WHERE brand_id = ? AND variant_id = ? AND location_id = ?`+tx.ForUpdate(),
		tx.Viewer.Brand, p.Variant, p.Location,
	).Scan(&level.ID, &level.OnHand, &level.Reserved, &level.Safety, &level.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return level, nil
	}
	return level, err
}

func say(tx *events.Tx, l Level) {
	location := l.Location
	tx.Record(events.Fact{
		Type: events.StockChanged, Aggregate: l.ID, Sequence: l.Version, Location: &location,
		Data: events.Stock{Variant: l.Variant, OnHand: l.OnHand, Reserved: l.Reserved, Available: l.Available()},
	})
}

// write puts movements into the ledger.
func write(ctx context.Context, tx *events.Tx, movements []Movement) error {
	for some := range slices.Chunk(movements, 500) {
		args := make([]any, 0, 13*len(some))
		for _, m := range some {
			if m.ID == (commerce.UUID{}) {
				m.ID = commerce.NewUUID()
			}
			by := tx
			if m.By != nil {
				by = tx.As(m.By)
			}
			args = append(args, m.ID, tx.Viewer.Brand, m.Variant, m.Location, m.Kind, m.OnHand, m.Reserved, m.Reason,
				m.Reference.System, m.Reference.Value, by.Viewer.Subject, by.Cause(), tx.Now)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO stock_movements (id, brand_id, variant_id, location_id, kind, on_hand_delta, reserved_delta, reason,
			reference_system, reference_value, actor, cause, occurred_at) VALUES `+db.Rows(len(some), 13), args...); err != nil {
			return err
		}
	}
	return nil
}
