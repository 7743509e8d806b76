package orders

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/pickupcode"
	"github.com/oneshelf/oneshelf/events"
)

// So many wrong codes in a row lock a counter for so long. Whoever knows a nonce has 4,032 guesses a week at one of 2^25 signatures.
const (
	maxWrong    = 6
	counterLock = 15 * time.Minute
)

// PickupInput is a code shown at a counter.
type PickupInput struct {
	Key      string
	Code     string
	Location commerce.LocationRef
}

// VerifyPickup gives out what waits at a counter against the order's code, once. A wrong code is the one refusal that leaves a
// change behind: it counts, and after six in a row the counter is locked for 15 minutes. Tries at one counter take turns, so however
// many come at once, no more than six are judged.
// Errors: FORBIDDEN without orders:write; NOT_FOUND for the location, or at code for a wrong one; LOCKED, with nothing counted;
// ALREADY_USED with when and by whom; EXPIRED when the time is over or the order was canceled; ILLEGAL_TRANSITION;
// INSUFFICIENT_STOCK at code, with what is on hand, when a count found less than was promised.
func (s *Service) VerifyPickup(ctx context.Context, in PickupInput) (Placed, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return Placed{}, false, err
	}
	codes := s.Tokens.pickup()
	nonce, signature, _ := readCode(in.Code) // what cannot be a code is a wrong one
	input := struct {
		Typed    []byte
		Location commerce.LocationRef
	}{codes.digest(nonce + signature), in.Location}
	return events.Once(ctx, s.Store, events.Call{Operation: "pickupVerify", Key: in.Key, Input: input}, func(tx *events.Tx) (Placed, error) {
		at, err := stock.FindLocation(ctx, tx.Ent, in.Location)
		if err != nil {
			return Placed{}, err
		}
		if at == nil {
			return Placed{}, commerce.Errorf(commerce.NotFound, "there is no such location").At("location")
		}
		counter, err := lockCounter(ctx, tx, at.ID)
		if err != nil {
			return Placed{}, err
		}
		if counter.until > tx.Now {
			return Placed{}, &commerce.Error{
				Code: commerce.Locked, Message: "after too many wrong codes this counter is locked until " + counter.until.String(),
				Field: []string{"location"}, Retryable: true,
			}
		}
		code, err := tx.Ent.PickupCode.Query().Where(pickupcode.Nonce(nonce), pickupcode.LocationID(at.ID)).Only(ctx)
		if err != nil && !ent.IsNotFound(err) {
			return Placed{}, err
		}
		if code == nil || !codes.signs(code, signature) {
			return Placed{}, counter.wrongCode(ctx, tx)
		}
		if err := giveOut(ctx, tx, code); err != nil {
			return Placed{}, err
		}
		return Placed{Order: code.OrderID}, counter.rightCode(ctx, tx)
	})
}

// counter is the count of wrong codes at a location, kept from others until the transaction ends. It is locked before any order, and
// nothing else locks it.
type counter struct {
	location commerce.UUID
	wrong    int
	until    commerce.Instant
}

// lockCounter makes the count when it is missing.
func lockCounter(ctx context.Context, tx *events.Tx, location commerce.UUID) (counter, error) {
	c := counter{location: location}
	read := func() error {
		return tx.QueryRow(ctx, "SELECT wrong, locked_until FROM pickup_guards WHERE brand_id = ? AND location_id = ?"+tx.ForUpdate(),
			tx.Viewer.Brand, location).Scan(&c.wrong, &c.until)
	}
	err := read()
	if !errors.Is(err, sql.ErrNoRows) {
		return c, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO pickup_guards (id, brand_id, location_id, wrong, locked_until) VALUES (?, ?, ?, 0, 0)
		ON CONFLICT (brand_id, location_id) DO NOTHING`, commerce.NewUUID(), tx.Viewer.Brand, location); err != nil {
		return c, err
	}
	return c, read()
}

// wrongCode counts a wrong code and answers the refusal with which the count is kept.
func (c counter) wrongCode(ctx context.Context, tx *events.Tx) error {
	wrong, until := c.wrong+1, commerce.Instant(0)
	if wrong >= maxWrong {
		wrong, until = 0, tx.Now.Add(counterLock)
	}
	if err := c.set(ctx, tx, wrong, until); err != nil {
		return err
	}
	return events.Kept(commerce.Errorf(commerce.NotFound, "this is not the code of an order that waits here").At("code"))
}

// rightCode begins the count anew.
func (c counter) rightCode(ctx context.Context, tx *events.Tx) error {
	if c.wrong == 0 {
		return nil
	}
	return c.set(ctx, tx, 0, 0)
}

func (c counter) set(ctx context.Context, tx *events.Tx, wrong int, until commerce.Instant) error {
	_, err := tx.Exec(ctx, "UPDATE pickup_guards SET wrong = ?, locked_until = ? WHERE brand_id = ? AND location_id = ?",
		wrong, until, tx.Viewer.Brand, c.location)
	return err
}

// renewPickup lets the goods of a locked order, if it is to be picked up, wait as long as if it had just been placed: nobody could fetch
// them while it or its work was held, and to hold and release work is how staff give a late buyer more time.
func renewPickup(ctx context.Context, tx *events.Tx, o locked) error {
	if o.PickupLocationID == nil {
		return nil
	}
	_, err := tx.Exec(ctx, "UPDATE orders SET pickup_until = ? WHERE brand_id = ? AND id = ?", tx.Now.Add(pickupTime), tx.Viewer.Brand, o.ID)
	return err
}

// giveOut lets everything leave that waits at the code's counter and marks the code as used.
func giveOut(ctx context.Context, tx *events.Tx, code *ent.PickupCode) error {
	if code.UsedAt != 0 {
		return &commerce.Error{
			Code: commerce.AlreadyUsed, Message: "this code was used before", Field: []string{"code"}, Details: commerce.Use{At: code.UsedAt, By: code.UsedBy},
		}
	}
	o, err := lock(ctx, tx, code.OrderID)
	if err != nil {
		return err
	}
	if State(o.State) == Canceled {
		return commerce.Errorf(commerce.Expired, "the order of this code was canceled").At("code")
	}
	if o.PickupUntil <= tx.Now {
		return commerce.Errorf(commerce.Expired, "the time of this code is over").At("code")
	}
	waiting, err := o.waiting()
	if err != nil {
		return err
	}
	for _, w := range waiting {
		_, err := ship(ctx, tx, o, w, ShipInput{Carrier: "PICKUP", TrackingNumber: o.Number})
		if short, ok := errors.AsType[*commerce.Error](err); ok { // whoever shows a code names no lines
			return short.At("code")
		}
		if err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "UPDATE pickup_codes SET used_at = ?, used_by = ? WHERE brand_id = ? AND id = ?",
		tx.Now, tx.Viewer.Subject, tx.Viewer.Brand, code.ID); err != nil {
		return err
	}
	noteAt(tx, o.ID, code.LocationID, "PICKED_UP", "")
	return nil
}

// waiting is the work whose goods lie at the counter for the buyer. None of it may be kept back.
func (l locked) waiting() ([]*ent.FulfillmentOrder, error) {
	situation := l.situation()
	if err := situation.May(VerifyPickup); err != nil {
		return nil, err
	}
	var out []*ent.FulfillmentOrder
	held := false
	for _, w := range l.work {
		if w.LocationID != *l.PickupLocationID {
			continue
		}
		switch WorkState(w.State) {
		case WorkOpen, WorkAccepted:
			out = append(out, w)
		case WorkOnHold:
			held = true
		}
	}
	if held || len(out) == 0 {
		return nil, situation.refuse("nothing may be given out at this counter now")
	}
	return out, nil
}

// PickupCodeState is where a pick-up code stands.
type PickupCodeState string

// The states of a code.
const (
	CodeIssued  PickupCodeState = "ISSUED"
	CodeUsed    PickupCodeState = "USED"
	CodeExpired PickupCodeState = "EXPIRED"
	CodeLocked  PickupCodeState = "LOCKED"
)

// CodeState tells where the code of an order stands now; lockedUntil is when its counter is open again, 0 when it never was locked.
func CodeState(c *ent.PickupCode, o *ent.Order, lockedUntil, now commerce.Instant) PickupCodeState {
	switch {
	case c.UsedAt != 0:
		return CodeUsed
	case o.PickupUntil <= now || State(o.State) == Canceled:
		return CodeExpired
	case lockedUntil > now:
		return CodeLocked
	}
	return CodeIssued
}

// CodeText is the code that the buyer shows, five characters, a hyphen and five more. It gives out goods: it is for the brand's own eyes and lies nowhere.
func (s *Service) CodeText(c *ent.PickupCode) string { return s.Tokens.pickup().text(c) }
