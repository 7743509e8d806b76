package channels

import (
	"context"
	"errors"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/events"
)

// The states of a listing that this program reaches.
const (
	Pending     = "PENDING"
	Live        = "LIVE"
	Rejected    = "REJECTED"
	Unpublished = "UNPUBLISHED"
)

// What a listing still wants told besides its quantity.
const (
	wantNothing   = "NOTHING"
	wantPublish   = "PUBLISH"
	wantUnpublish = "UNPUBLISH"
)

// sells tells whether a marketplace may be selling a listing: it is live, or something was refused of one that is there. Whatever else
// was refused, its quantity is kept true. selling is the same as a condition.
func sells(l *ent.Listing) bool { return l.State == Live || l.State == Rejected && l.ExternalID != "" }

const selling = "(state = '" + Live + "' OR state = '" + Rejected + "' AND external_id <> '')"

// maxListings is how many listings one call may touch.
const maxListings = 250

// ListInput names variants and the channel they are put on or taken off.
type ListInput struct {
	Channel  commerce.ChannelRef
	Variants []commerce.VariantRef
}

// Publish puts variants on a channel and answers their listings in the order asked. The marketplace is told soon after; on the
// brand's own shop they are live at once. Repeating it tells the marketplace again.
// Errors: FORBIDDEN without channels:write; NOT_FOUND; INVALID_INPUT.
func (s *Service) Publish(ctx context.Context, in ListInput) ([]*ent.Listing, error) {
	return s.list(ctx, in, func(tx *events.Tx, c *ent.Channel, variants []*ent.Variant, old map[commerce.UUID]*ent.Listing) error {
		available, err := offered(ctx, tx.Conn, tx.Viewer.Unnarrowed(), ids(variants)) // a channel shows the whole brand's, whoever puts it there
		if err != nil {
			return err
		}
		for _, v := range variants {
			if err := publish(ctx, tx, c, v.ID, available[v.ID], old[v.ID]); err != nil {
				return err
			}
		}
		return nil
	})
}

func publish(ctx context.Context, tx *events.Tx, c *ent.Channel, variant commerce.UUID, available int64, old *ent.Listing) error {
	state, wanted, due := Pending, wantPublish, tx.Now
	if c.Kind == Storefront {
		state, wanted, due = Live, wantNothing, 0
	}
	var saved *ent.Listing
	var err error
	if old == nil {
		saved, err = tx.Ent.Listing.Create().SetChannelID(c.ID).SetVariantID(variant).SetState(state).SetWanted(wanted).
			SetDesiredQuantity(available).SetDueAt(due).SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Save(ctx)
	} else {
		if old.State == Live {
			state = Live // it stays on sale while it is brought up to date
		}
		saved, err = tx.Ent.Listing.UpdateOne(old).SetState(state).SetWanted(wanted).SetDesiredQuantity(available).SetDueAt(due).
			SetAttempts(0).SetErrorCode("").SetErrorMessage("").AddVersion(1).SetUpdatedAt(tx.Now).Save(ctx)
	}
	if err != nil {
		return err
	}
	if c.Kind == Storefront {
		if saved, err = tx.Ent.Listing.UpdateOne(saved).SetPublishedQuantity(available).Save(ctx); err != nil {
			return err
		}
	}
	sayListing(tx, saved.ID, saved.Version, c.ID)
	return nil
}

// Unpublish takes variants off a channel and answers their listings in the order asked. The marketplace is told soon after.
// Errors: FORBIDDEN without channels:write; NOT_FOUND, also for a variant that was never listed there; INVALID_INPUT.
func (s *Service) Unpublish(ctx context.Context, in ListInput) ([]*ent.Listing, error) {
	return s.list(ctx, in, func(tx *events.Tx, c *ent.Channel, variants []*ent.Variant, old map[commerce.UUID]*ent.Listing) error {
		var errs fields
		for i, v := range variants {
			if old[v.ID] == nil {
				errs.add(commerce.Errorf(commerce.NotFound, "is not listed on this channel").At("variants", strconv.Itoa(i)))
			}
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for _, v := range variants {
			l := old[v.ID]
			if l.State == Unpublished {
				continue
			}
			change := tx.Ent.Listing.UpdateOne(l).AddVersion(1).SetUpdatedAt(tx.Now).SetAttempts(0).SetErrorCode("").SetErrorMessage("")
			if c.Kind == Storefront || l.ExternalID == "" && l.State == Rejected {
				change = change.SetState(Unpublished).SetWanted(wantNothing).SetDueAt(0)
			} else {
				change = change.SetState(Pending).SetWanted(wantUnpublish).SetDueAt(tx.Now)
			}
			saved, err := change.Save(ctx)
			if err != nil {
				return err
			}
			sayListing(tx, saved.ID, saved.Version, c.ID)
		}
		return nil
	})
}

// list finds what a call names and answers the listings after change has worked on them.
func (s *Service) list(ctx context.Context, in ListInput, change func(*events.Tx, *ent.Channel, []*ent.Variant, map[commerce.UUID]*ent.Listing) error) ([]*ent.Listing, error) {
	if err := auth.Need(ctx, auth.ChannelsWrite); err != nil {
		return nil, err
	}
	if len(in.Variants) == 0 || len(in.Variants) > maxListings {
		return nil, commerce.Invalid([]string{"variants"}, "must be 1 to %d", maxListings)
	}
	return events.Do(ctx, s.Store, func(tx *events.Tx) ([]*ent.Listing, error) {
		found, err := Find(ctx, tx.Ent, []commerce.ChannelRef{in.Channel})
		if err != nil {
			return nil, err
		}
		if found[0] == nil {
			return nil, commerce.Errorf(commerce.NotFound, "there is no such channel").At("channel")
		}
		variants, err := catalog.FindVariants(ctx, tx.Ent, in.Variants)
		if err != nil {
			return nil, err
		}
		var errs fields
		for i, v := range variants {
			if v == nil {
				errs.add(commerce.Errorf(commerce.NotFound, "there is no such variant").At("variants", strconv.Itoa(i)))
			}
		}
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		old, err := listed(ctx, tx, found[0].ID, ids(variants))
		if err != nil {
			return nil, err
		}
		if err := change(tx, found[0], distinct(variants), old); err != nil {
			return nil, err
		}
		now, err := listed(ctx, tx, found[0].ID, ids(variants))
		if err != nil {
			return nil, err
		}
		out := make([]*ent.Listing, len(variants))
		for i, v := range variants {
			out[i] = now[v.ID]
		}
		return out, nil
	})
}

// listed finds a channel's listings of variants.
func listed(ctx context.Context, tx *events.Tx, channel commerce.UUID, variants []commerce.UUID) (map[commerce.UUID]*ent.Listing, error) {
	found, err := tx.Ent.Listing.Query().Where(listing.ChannelID(channel), listing.VariantIDIn(variants...)).All(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[commerce.UUID]*ent.Listing, len(found))
	for _, l := range found {
		out[l.VariantID] = l
	}
	return out, nil
}

func sayListing(tx *events.Tx, id commerce.UUID, version int64, channel commerce.UUID) {
	tx.Record(events.Fact{Type: events.ListingChanged, Aggregate: id, Sequence: version, Channel: &channel})
}

func ids(variants []*ent.Variant) []commerce.UUID {
	out := make([]commerce.UUID, len(variants))
	for i, v := range variants {
		out[i] = v.ID
	}
	return out
}

func distinct(variants []*ent.Variant) []*ent.Variant {
	seen := map[commerce.UUID]bool{}
	var out []*ent.Variant
	for _, v := range variants {
		if !seen[v.ID] {
			seen[v.ID] = true
			out = append(out, v)
		}
	}
	return out
}
