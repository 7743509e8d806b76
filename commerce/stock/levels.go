package stock

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/events"
)

// AdjustInput corrects what is on hand and what lies damaged beside it: scrapping takes from Damaged alone, what is repaired goes from
// one to the other in one line of the ledger.
type AdjustInput struct {
	Key       string `json:"-"`
	Variant   commerce.VariantRef
	Location  commerce.LocationRef
	Delta     int64
	Damaged   int64 `json:",omitempty"` // keys used before there was such a thing stay those of the same input
	Reason    string
	Reference commerce.Reference
}

// AdjustedLevel names what an adjustment touched.
type AdjustedLevel struct{ Level, Movement commerce.UUID }

// Adjust adds in.Delta to what is on hand and in.Damaged to what lies damaged, both or neither.
// Errors: FORBIDDEN without stock:write; NOT_FOUND; INVALID_INPUT, also when more than can be counted would be there;
// INSUFFICIENT_STOCK when less than what is reserved would remain, or fewer are damaged than are taken.
func (s *Service) Adjust(ctx context.Context, in AdjustInput) (AdjustedLevel, bool, error) {
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return AdjustedLevel{}, false, err
	}
	if err := in.clean(); err != nil {
		return AdjustedLevel{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "stockAdjust", Key: in.Key, Input: in}, func(tx *events.Tx) (AdjustedLevel, error) {
		place, err := findPlace(ctx, tx, in.Variant, in.Location)
		if err != nil {
			return AdjustedLevel{}, err
		}
		m := Movement{ID: commerce.NewUUID(), Place: place, Kind: Adjusted, OnHand: in.Delta, Damaged: in.Damaged, Reason: in.Reason, Reference: in.Reference}
		levels, err := Move(ctx, tx, []Movement{m})
		if short, ok := errors.AsType[*Shortfall](err); ok {
			return AdjustedLevel{}, in.refusal(short.Level)
		}
		if err != nil {
			return AdjustedLevel{}, err
		}
		return AdjustedLevel{Level: levels[0].ID, Movement: m.ID}, nil
	})
}

// refusal says why a level as it stands cannot be adjusted.
func (in *AdjustInput) refusal(l Level) error {
	var errs commerce.Errors
	switch {
	case in.Delta > 0 && l.OnHand+in.Delta > commerce.MaxQuantity:
		errs.Invalid([]string{"delta"}, "would make more than %d", commerce.MaxQuantity)
	case in.Delta < 0 && l.OnHand+in.Delta < l.Reserved:
		errs.Add(notBelow(l, "delta"))
	}
	switch {
	case in.Damaged > 0 && l.Damaged+in.Damaged > commerce.MaxQuantity:
		errs.Invalid([]string{"damagedDelta"}, "would make more than %d", commerce.MaxQuantity)
	case in.Damaged < 0 && l.Damaged+in.Damaged < 0:
		errs.Add(&commerce.Error{
			Code: commerce.InsufficientStock, Field: []string{"damagedDelta"}, Message: "there are not so many damaged",
			Details: commerce.Shortage{Available: int(l.Damaged)},
		})
	}
	if len(errs) == 0 { // it could not be borne, and by now it could
		errs.Add(&commerce.Error{Code: commerce.Conflict, Message: "many change the same at once; try again", Retryable: true})
	}
	return errs.Err()
}

func (in *AdjustInput) clean() error {
	var errs commerce.Errors
	errs.Clean(&in.Reason, commerce.Text{Max: 200, Required: true}, "reason")
	in.Reference = errs.ReferenceIfAny(in.Reference, "reference")
	if in.Delta == 0 && in.Damaged == 0 || in.Delta > commerce.MaxQuantity || in.Delta < -commerce.MaxQuantity {
		errs.Invalid([]string{"delta"}, "must not be 0 and at most %d either way", commerce.MaxQuantity)
	}
	if in.Damaged > commerce.MaxQuantity || in.Damaged < -commerce.MaxQuantity {
		errs.Invalid([]string{"damagedDelta"}, "must be at most %d either way", commerce.MaxQuantity)
	}
	return errs.Err()
}

// SetInput sets what is on hand to a count.
type SetInput struct {
	Key       string `json:"-"`
	Variant   commerce.VariantRef
	Location  commerce.LocationRef
	OnHand    int64
	Expected  commerce.Maybe[int64]
	Safety    commerce.Maybe[int64]
	Reason    string
	Reference commerce.Reference
}

// Set sets what is on hand to in.OnHand and answers the level's id. With in.Expected it is a compare-and-set.
// Errors: FORBIDDEN without stock:write; NOT_FOUND; INVALID_INPUT; STOCK_CONFLICT with the figure that stands;
// INSUFFICIENT_STOCK when it is less than what is reserved.
func (s *Service) Set(ctx context.Context, in SetInput) (commerce.UUID, bool, error) {
	var none commerce.UUID
	if err := auth.Need(ctx, auth.StockWrite); err != nil {
		return none, false, err
	}
	if err := in.clean(); err != nil {
		return none, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "stockSet", Key: in.Key, Input: in}, func(tx *events.Tx) (commerce.UUID, error) {
		place, err := findPlace(ctx, tx, in.Variant, in.Location)
		if err != nil {
			return none, err
		}
		return count(ctx, tx, place, in)
	})
}

// count sets one level inside a running transaction.
func count(ctx context.Context, tx *events.Tx, place Place, in SetInput) (commerce.UUID, error) {
	if err := ensure(ctx, tx, []Place{place}); err != nil {
		return commerce.UUID{}, err
	}
	stands, err := hold(ctx, tx, []Place{place})
	if err != nil {
		return commerce.UUID{}, err
	}
	level := stands[place]
	if expected, ok := in.Expected.Get(); ok && expected != level.OnHand {
		return level.ID, &commerce.Error{
			Code: commerce.StockConflict, Message: "another count stands", Field: []string{"expectedOnHand"},
			Details: commerce.StockMismatch{Actual: int(level.OnHand)},
		}
	}
	if in.OnHand < level.Reserved {
		return level.ID, notBelow(level, "onHand")
	}
	if err := recount(ctx, tx, &level, in.Reference.System); err != nil {
		return level.ID, err
	}
	if safety := in.Safety.Or(level.Safety); safety != level.Safety {
		if err := keepBack(ctx, tx, &level, safety); err != nil {
			return level.ID, err
		}
	}
	if in.OnHand == level.OnHand {
		return level.ID, nil
	}
	_, err = Move(ctx, tx, []Movement{{Place: place, Kind: Counted, OnHand: in.OnHand - level.OnHand, Reason: in.Reason, Reference: in.Reference}})
	return level.ID, err
}

// keepBack changes the safety stock of a level that the transaction holds.
func keepBack(ctx context.Context, tx *events.Tx, level *Level, safety int64) error {
	was := *level
	level.Safety = safety
	err := tx.QueryRow(ctx, `UPDATE stock_levels SET safety_stock = ?, version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ?
		RETURNING version`, safety, tx.Now, tx.Viewer.Brand, level.ID).Scan(&level.Version)
	if err != nil {
		return err
	}
	say(tx, *level)
	if !crosses(was, *level) {
		return nil
	}
	return refreshVariants(ctx, tx, []commerce.UUID{level.Variant})
}

func (in *SetInput) clean() error {
	var errs commerce.Errors
	errs.Clean(&in.Reason, commerce.Text{Max: 200, Required: true}, "reason")
	in.Reference = errs.ReferenceIfAny(in.Reference, "reference")
	errs.Quantity(in.OnHand, 0, "onHand")
	if n, ok := in.Expected.Get(); ok {
		errs.Quantity(n, 0, "expectedOnHand")
	}
	if n, ok := in.Safety.Get(); ok {
		errs.Quantity(n, 0, "safetyStock")
	}
	return errs.Err()
}

// notBelow says that a level cannot fall below what is reserved.
func notBelow(l Level, field string) *commerce.Error {
	return &commerce.Error{
		Code: commerce.InsufficientStock, Field: []string{field},
		Message: "what is reserved must remain", Details: commerce.Shortage{Available: int(max(0, l.OnHand-l.Reserved))},
	}
}

func findPlace(ctx context.Context, tx *events.Tx, v commerce.VariantRef, l commerce.LocationRef) (Place, error) {
	variants, err := catalog.FindVariants(ctx, tx.Ent, []commerce.VariantRef{v})
	if err != nil {
		return Place{}, err
	}
	locations, err := FindLocations(ctx, tx.Ent, []commerce.LocationRef{l})
	if err != nil {
		return Place{}, err
	}
	var errs commerce.Errors
	if variants[0] == nil {
		errs.Add(commerce.Errorf(commerce.NotFound, "there is no such variant").At("variant"))
	}
	if locations[0] == nil {
		errs.Add(commerce.Errorf(commerce.NotFound, "there is no such location").At("location"))
	}
	if err := errs.Err(); err != nil {
		return Place{}, err
	}
	return Place{Variant: variants[0].ID, Location: locations[0].ID}, nil
}
