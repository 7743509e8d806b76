package catalog

import (
	"context"
	"reflect"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/ent/price"
	"github.com/oneshelf/oneshelf/events"
)

// PriceInput is a price as it should be: the base price without Channel and window, else one for the channel, the time or both. A
// price with the same channel and window is replaced.
type PriceInput struct {
	Variant    commerce.VariantRef
	Channel    *commerce.ChannelRef
	Amount     commerce.Money
	CompareAt  commerce.Maybe[commerce.Money]
	ValidFrom  commerce.Maybe[commerce.Instant]
	ValidUntil commerce.Maybe[commerce.Instant]
}

// PriceSet is a price as it was set.
type PriceSet struct {
	Variant *ent.Variant
	Price   Price
}

// PriceSet sets a price. Setting the same again changes nothing.
// Errors: FORBIDDEN without prices:write; NOT_FOUND for a variant, or a channel that the viewer does not see; INVALID_INPUT for another
// currency than the channel's, or the brand's without one, a negative amount, or a window that ends before it begins.
func (s *Service) PriceSet(ctx context.Context, in PriceInput) (PriceSet, error) {
	if err := auth.Need(ctx, auth.PricesWrite); err != nil {
		return PriceSet{}, err
	}
	return events.Again(ctx, s.Store, func(tx *events.Tx) (PriceSet, error) {
		v, ch, err := in.check(ctx, tx)
		if err != nil {
			return PriceSet{}, err
		}
		if err := lockProduct(ctx, tx, v.ProductID); err != nil {
			return PriceSet{}, err
		}
		if ch == nil && in.from() == 0 && in.until() == 0 {
			return in.setBase(ctx, tx, v)
		}
		return in.setRow(ctx, tx, v, ch)
	})
}

func (in PriceInput) from() commerce.Instant  { return in.ValidFrom.Or(0) }
func (in PriceInput) until() commerce.Instant { return in.ValidUntil.Or(0) }

// check finds what the input names and collects what is wrong.
func (in PriceInput) check(ctx context.Context, tx *events.Tx) (*ent.Variant, *ent.Channel, error) {
	var errs verdicts
	v, err := FindVariant(ctx, tx.Ent, in.Variant)
	if err != nil {
		return nil, nil, err
	}
	if v == nil {
		errs.Add(commerce.Errorf(commerce.NotFound, "there is no such variant").At("variant"))
	}
	wanted := tx.Viewer.Currency
	var ch *ent.Channel
	if in.Channel != nil {
		if ch, err = findChannel(ctx, tx.Ent, *in.Channel); err != nil {
			return nil, nil, err
		}
		if ch == nil {
			errs.Add(commerce.Errorf(commerce.NotFound, "there is no such channel").At("channel"))
			return nil, nil, errs.Err()
		}
		if ch.Currency != "" {
			wanted = ch.Currency
		}
	}
	errs.money(in.Amount, wanted, "amount")
	if compareAt, ok := in.CompareAt.Get(); ok {
		errs.money(compareAt, wanted, "compareAt")
	}
	if in.until() != 0 && in.until() <= in.from() {
		errs.Invalid([]string{"validUntil"}, "must be after validFrom")
	}
	return v, ch, errs.Err()
}

// findChannel answers nil for a channel that the viewer does not see.
func findChannel(ctx context.Context, c *ent.Client, ref commerce.ChannelRef) (*ent.Channel, error) {
	ref = ref.Clean()
	which := channel.CodeFolded(commerce.Fold(ref.Code))
	if ref.ID != nil {
		which = channel.ID(*ref.ID)
	}
	found, err := c.Channel.Query().Where(which).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}

// setBase sets the variant's own price and the product's range with it.
func (in PriceInput) setBase(ctx context.Context, tx *events.Tx, v *ent.Variant) (PriceSet, error) {
	v, err := tx.Ent.Variant.Get(ctx, v.ID) // as it is now that the product is locked
	if err != nil {
		return PriceSet{}, err
	}
	compareAt := pointer(amountOf(in.CompareAt), v.CompareAtAmount)
	if amount(v.PriceAmount) != in.Amount.Amount || amount(v.CompareAtAmount) != amount(compareAt) {
		c := tx.Ent.Variant.UpdateOneID(v.ID).AddVersion(1).SetUpdatedAt(tx.Now).SetPriceAmount(in.Amount.Amount).SetNillableCompareAtAmount(compareAt)
		if compareAt == nil {
			c.ClearCompareAtAmount()
		}
		if v, err = c.Save(ctx); err != nil {
			return PriceSet{}, err
		}
		all, err := variantsOf(ctx, tx.Ent, v.ProductID)
		if err != nil {
			return PriceSet{}, err
		}
		lowest, highest := priceRange(all)
		if err := raise(ctx, tx, tx.Ent.Product.UpdateOneID(v.ProductID).SetMinPrice(lowest).SetMaxPrice(highest)); err != nil {
			return PriceSet{}, err
		}
	}
	p, _ := basePrice(v, tx.Viewer.Currency)
	return PriceSet{Variant: v, Price: p}, nil
}

// setRow sets a price for a channel or a time.
func (in PriceInput) setRow(ctx context.Context, tx *events.Tx, v *ent.Variant, ch *ent.Channel) (PriceSet, error) {
	scope := price.ChannelIDIsNil()
	if ch != nil {
		scope = price.ChannelID(ch.ID)
	}
	old, err := tx.Ent.Price.Query().Where(price.VariantID(v.ID), scope, price.ValidFrom(in.from()), price.ValidUntil(in.until())).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return PriceSet{}, err
	}
	var now *ent.Price
	if old == nil {
		c := tx.Ent.Price.Create().SetVariantID(v.ID).SetAmount(in.Amount.Amount).SetCurrency(in.Amount.Currency).
			SetNillableCompareAtAmount(pointer(amountOf(in.CompareAt), nil)).SetValidFrom(in.from()).SetValidUntil(in.until())
		if ch != nil {
			c.SetChannelID(ch.ID)
		}
		now, err = c.Save(ctx)
	} else {
		compareAt := pointer(amountOf(in.CompareAt), old.CompareAtAmount)
		if old.Amount == in.Amount.Amount && old.Currency == in.Amount.Currency && reflect.DeepEqual(old.CompareAtAmount, compareAt) {
			return PriceSet{Variant: v, Price: shown(old)}, nil
		}
		c := tx.Ent.Price.UpdateOneID(old.ID).SetAmount(in.Amount.Amount).SetCurrency(in.Amount.Currency).SetNillableCompareAtAmount(compareAt)
		if compareAt == nil {
			c.ClearCompareAtAmount()
		}
		now, err = c.Save(ctx)
	}
	if err != nil {
		return PriceSet{}, err
	}
	if err := raise(ctx, tx, tx.Ent.Product.UpdateOneID(v.ProductID)); err != nil {
		return PriceSet{}, err
	}
	return PriceSet{Variant: v, Price: shown(now)}, nil
}

// raise gives the product its next version and tells that it changed.
func raise(ctx context.Context, tx *events.Tx, c *ent.ProductUpdateOne) error {
	p, err := c.AddVersion(1).SetUpdatedAt(tx.Now).Save(ctx)
	if err != nil {
		return err
	}
	return changed(ctx, tx, p.ID, p.Version)
}
