package channels

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channelorder"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/ent/variant"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/internal/db"
)

// ToldByMarketplace is the carrier of parcels that a marketplace told us of: it needs not be told of them.
const ToldByMarketplace = "MARKETPLACE"

// poll reads the orders that changed since the last time, and so much before, and puts the mark where it came to when all of them are
// kept. The mark is our clock's: when the clock was ahead and is set right, the mark falls with it.
func (s *Service) poll(ctx context.Context, c *ent.Channel, shop *integrations.Connection, back time.Duration) error {
	until := s.Store.Instant()
	since := min(c.OrdersUntil, until).Add(-back)
	if c.OrdersUntil == 0 {
		since = min(c.CreatedAt, until).Add(-backfill)
	}
	var failed []error
	err := shop.Orders(ctx, since.Time(), until.Time(), func(batch []integrations.Order) error {
		errs, err := s.receive(ctx, c, batch)
		for _, e := range errs {
			// What cannot be kept as it is must not keep the mark from moving on; it stays in the log, by its external id.
			if ofOrder(e) {
				s.Log.Error("a marketplace's order cannot be kept", "channel", c.Code, "error", e)
				continue
			}
			failed = append(failed, e)
		}
		return err
	})
	if err == nil {
		s.recall(c.ID).read = until
	}
	if err := errors.Join(append(failed, err)...); err != nil {
		return err // the mark stays: what failed is read again
	}
	_, err = s.Store.DB.Write().Exec(ctx, "UPDATE channels SET orders_until = ? WHERE brand_id = ? AND id = ?", until, c.BrandID, c.ID)
	return err
}

// receive keeps a batch of orders, each in a transaction of its own, so that one that cannot be kept does not hold up the others.
// Orders that are as they were are passed over. The first result is what went wrong with single orders.
func (s *Service) receive(ctx context.Context, c *ent.Channel, batch []integrations.Order) ([]error, error) {
	known := map[string]string{}
	externals := make([]string, len(batch))
	for i, o := range batch {
		externals[i] = o.ExternalID
	}
	seen, err := s.Store.Ent.ChannelOrder.Query().Where(channelorder.ChannelID(c.ID), channelorder.ExternalIDIn(externals...)).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range seen {
		known[k.ExternalID] = k.Fingerprint
	}
	var errs []error
	for _, o := range batch {
		print, err := fingerprint(o)
		if err != nil {
			return errs, err
		}
		if known[o.ExternalID] == print {
			continue
		}
		err = s.keep(ctx, c, o, print)
		if db.IsUnique(err) { // somebody placed it here at this moment: the next try finds it
			err = s.keep(ctx, c, o, print)
		}
		if err != nil && ctx.Err() == nil {
			err = errors.Join(fmt.Errorf("order %s: %w", o.ExternalID, err), s.retain(ctx, c, o, err))
		}
		if err != nil {
			if ctx.Err() != nil {
				return errs, ctx.Err()
			}
			errs = append(errs, err)
			continue
		}
		known[o.ExternalID] = print
	}
	return errs, nil
}

// ofOrder tells whether an error is about one order as it is, and not about the marketplace or the database as such: reading all orders
// again would not mend it.
func ofOrder(err error) bool {
	if many, ok := err.(interface{ Unwrap() []error }); ok { // as what could not be retained either
		return !slices.ContainsFunc(many.Unwrap(), func(err error) bool { return !ofOrder(err) })
	}
	judged, ours := errors.AsType[*commerce.Error](err)
	return ours && judged.Code != commerce.Conflict || integrations.AsError(err).Kind == integrations.Rejected || db.IsUnique(err) || db.IsForeignKey(err) || db.IsCheck(err)
}

// retain has an order tried again with those that are held, when it is known here and its news could not be followed for a reason that
// is its own: the mark does not wait for it.
func (s *Service) retain(ctx context.Context, c *ent.Channel, o integrations.Order, cause error) error {
	if !ofOrder(cause) {
		return nil
	}
	text, err := news(o)
	if err != nil {
		return err
	}
	modified := commerce.InstantOf(o.Modified)
	_, err = s.Store.DB.Write().Exec(ctx, `UPDATE channel_orders SET news = ?, fingerprint = '', modified_at = ?, held = ?
		WHERE brand_id = ? AND channel_id = ? AND external_id = ? AND modified_at <= ?`, text, modified, true, c.BrandID, c.ID, o.ExternalID, modified)
	return err
}

// news is an order in the border's words without what must not be kept twice.
func news(o integrations.Order) ([]byte, error) {
	o.Raw, o.Address = nil, commerce.Address{}
	return json.Marshal(o)
}

// fingerprint tells whether an order is as it was, its address too: of that no more than this hash is kept beside the order's own.
func fingerprint(o integrations.Order) (string, error) {
	text, err := news(o)
	if err != nil {
		return "", err
	}
	address, err := json.Marshal(o.Address)
	sum := sha256.Sum256(append(text, address...))
	return hex.EncodeToString(sum[:16]), err
}

// whereTo is the address of an order when the marketplace tells one: a country alone is none.
func whereTo(o integrations.Order) *commerce.Address {
	if o.Address == (commerce.Address{Country: o.Address.Country}) {
		return nil
	}
	return &o.Address
}

// keep imports one order: the first time it becomes an order of ours, later it brings that order to what the marketplace says. News
// that are older than what was kept change nothing. It is kept as received beside the order made of it.
func (s *Service) keep(ctx context.Context, c *ent.Channel, o integrations.Order, print string) error {
	text, err := news(o)
	if err != nil {
		return err
	}
	_, err = events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
		old, err := tx.Ent.ChannelOrder.Query().Where(channelorder.ChannelID(c.ID), channelorder.ExternalID(o.ExternalID)).Only(ctx)
		if err != nil && !ent.IsNotFound(err) {
			return struct{}{}, err
		}
		modified := commerce.InstantOf(o.Modified)
		if o.Modified.IsZero() { // it could not be read
			modified = 0
			if old != nil {
				modified = old.ModifiedAt
			}
		}
		if old != nil && modified < old.ModifiedAt {
			return struct{}{}, nil
		}
		var order commerce.UUID
		if old == nil {
			if order, err = s.first(ctx, tx, c, o); err != nil {
				return struct{}{}, err
			}
		} else {
			order = old.OrderID
		}
		held, err := s.follow(ctx, tx, c, order, o)
		if err != nil {
			return struct{}{}, err
		}
		if err := doubt(ctx, tx, c, order); err != nil {
			return struct{}{}, err
		}
		raw := o.Raw
		if raw == nil {
			raw = json.RawMessage("null")
		}
		if old == nil {
			return struct{}{}, tx.Ent.ChannelOrder.Create().SetChannelID(c.ID).SetExternalID(o.ExternalID).SetOrderID(order).SetRaw(raw).SetNews(text).
				SetFingerprint(print).SetExternalState(string(o.State)).SetModifiedAt(modified).SetReceivedAt(tx.Now).SetHeld(held).Exec(ctx)
		}
		return struct{}{}, tx.Ent.ChannelOrder.UpdateOne(old).SetRaw(raw).SetNews(text).SetFingerprint(print).
			SetExternalState(string(o.State)).SetModifiedAt(modified).SetReceivedAt(tx.Now).SetHeld(held).Exec(ctx)
	})
	return err
}

// doubt has the quantities of an order's listings told again. The marketplace has changed what it shows by itself when the order was
// placed or closed, so what we told last is not what it shows, even where it is what we want.
func doubt(ctx context.Context, tx *events.Tx, c *ent.Channel, order commerce.UUID) error {
	_, err := tx.Exec(ctx, `UPDATE listings SET due_at = ? WHERE brand_id = ? AND channel_id = ? AND state = ? AND due_at = 0
		AND variant_id IN (SELECT variant_id FROM order_lines WHERE brand_id = ? AND order_id = ? AND variant_id IS NOT NULL)`,
		tx.Now, tx.Viewer.Brand, c.ID, Live, tx.Viewer.Brand, order)
	return err
}

// first makes an order of ours out of a marketplace's, or finds the one that was placed here with its reference already.
func (s *Service) first(ctx context.Context, tx *events.Tx, c *ent.Channel, o integrations.Order) (commerce.UUID, error) {
	var none commerce.UUID
	variants, err := s.mapped(ctx, tx, c, o.Lines)
	if err != nil {
		return none, err
	}
	ref := commerce.Reference{System: strings.ToLower(c.Kind), Value: o.ExternalID}
	named := make([]orders.Named, len(o.Lines))
	for i, l := range o.Lines {
		named[i] = orders.Named{ExternalID: l.ExternalID, Quantity: int64(l.Quantity)}
		if v := variants[i]; v != nil {
			named[i].Variant = &v.ID
		}
	}
	if order, bound, err := orders.Bind(ctx, tx, c.ID, ref, named, holdFor(o)); err != nil || bound {
		return order, err
	}
	command := orders.Command{
		Channel: c, External: &ref, Address: o.Address,
		Shipping: o.Shipping, PlacedAt: min(commerce.InstantOf(o.Placed), tx.Now), HoldFor: holdFor(o), KeepShort: true,
	}
	if command.Member, err = buyer(ctx, tx, c, o); err != nil {
		return none, err
	}
	if o.Placed.IsZero() {
		command.PlacedAt = tx.Now
	}
	if unread(o) {
		command.Shipping = 0
	} else {
		command.Lines = lines(o, variants)
	}
	outcomes, err := orders.Receive(ctx, tx, []orders.Command{command})
	if err != nil {
		return none, err
	}
	return outcomes[0].Order, outcomes[0].Err
}

// lines are an order's lines with the variants found for them.
func lines(o integrations.Order, variants []*ent.Variant) []orders.CommandLine {
	out := make([]orders.CommandLine, len(o.Lines))
	for i, l := range o.Lines {
		out[i] = orders.CommandLine{SKU: l.OuterCode, Title: l.Title, Quantity: int64(l.Quantity), UnitPrice: l.UnitPrice, Total: l.Total, ExternalID: l.ExternalID}
		if v := variants[i]; v != nil {
			out[i].Variant, out[i].SKU = &v.ID, v.Sku
		}
	}
	return out
}

// buyer is the member that a marketplace's pseudonym stands for, nil when it names none.
func buyer(ctx context.Context, tx *events.Tx, c *ent.Channel, o integrations.Order) (*commerce.UUID, error) {
	if o.Buyer == "" {
		return nil, nil
	}
	member, err := members.Pseudonym(ctx, tx, c.Code, o.Buyer)
	return &member, err
}

// holdFor is why an order must not be worked on although we have it.
func holdFor(o integrations.Order) string {
	switch {
	case unread(o):
		return orders.HeldUnread
	case o.State == integrations.Unpaid:
		return orders.HeldUnpaid
	case o.State == integrations.Unknown:
		return orders.HeldUnknown
	case o.State == integrations.ToShip && o.Blocked != "":
		return orders.HeldBlocked
	}
	return ""
}

// follow brings our order to what the marketplace says and tells whether it is still held for want of mapping or stock.
func (s *Service) follow(ctx context.Context, tx *events.Tx, c *ent.Channel, order commerce.UUID, o integrations.Order) (bool, error) {
	n := orders.News{
		HoldFor: holdFor(o), Paid: o.Paid, Closed: o.State == integrations.Closed,
		Left: o.State == integrations.Shipped || o.State == integrations.Completed, Carrier: ToldByMarketplace,
		Shipping: o.Shipping, Address: whereTo(o),
	}
	for _, l := range o.Lines {
		if l.TrackingNumber != "" {
			n.TrackingNumber = l.TrackingNumber
		}
		if unread(o) { // what it says of its other lines is not to be trusted either
			continue
		}
		n.Lines = append(n.Lines, orders.NewsLine{
			ExternalID: l.ExternalID, Quantity: int64(l.Quantity), Total: l.Total,
			Closed: l.Closed && !(n.Left && l.Shipped), // refunded after it had left
		})
	}
	before, err := tx.Ent.Order.Get(ctx, order)
	if err != nil {
		return false, err
	}
	if before.HoldReason == orders.HeldUnread && !unread(o) {
		if err := s.fill(ctx, tx, c, order, o); err != nil {
			return false, err
		}
	}
	if before.HoldReason == orders.HeldUnmapped {
		if n.Variants, err = s.mappedLines(ctx, tx, c, order, o); err != nil {
			return false, err
		}
	}
	if _, err := orders.Follow(ctx, tx, order, n); err != nil {
		return false, err
	}
	after, err := tx.Ent.Order.Get(ctx, order)
	if err != nil {
		return false, err
	}
	return after.HoldReason == orders.HeldUnmapped || after.HoldReason == orders.HeldShort, nil
}

// mapped finds the variant of each line: by the listing that the marketplace names, else by the outer code; nil when there is none.
func (s *Service) mapped(ctx context.Context, tx *events.Tx, c *ent.Channel, lines []integrations.OrderLine) ([]*ent.Variant, error) {
	items, units := make([]string, len(lines)), make([]string, len(lines))
	refs := make([]commerce.VariantRef, len(lines))
	for i, l := range lines {
		items[i], units[i] = l.ExternalItem, l.ExternalSKU
		refs[i] = commerce.VariantRef{SKU: l.OuterCode}
	}
	out, err := catalog.FindVariants(ctx, tx.Ent, refs)
	if err != nil {
		return nil, err
	}
	// Some answers name the unit without its item: JD's unpaid orders do.
	listings, err := tx.Ent.Listing.Query().Where(listing.ChannelID(c.ID), listing.ExternalIDNEQ(""),
		listing.Or(listing.ExternalIDIn(items...), listing.And(listing.ExternalSkuIDIn(units...), listing.ExternalSkuIDNEQ("")))).All(ctx)
	if err != nil {
		return nil, err
	}
	variants, err := tx.Ent.Variant.Query().Where(variant.IDIn(variantsOf(listings)...)).All(ctx)
	if err != nil {
		return nil, err
	}
	for i, l := range lines {
		for _, listed := range listings {
			if listed.ExternalSkuID != l.ExternalSKU || (listed.ExternalID != l.ExternalItem && (l.ExternalItem != "" || l.ExternalSKU == "")) {
				continue
			}
			if at := slices.IndexFunc(variants, func(v *ent.Variant) bool { return v.ID == listed.VariantID }); at >= 0 {
				out[i] = variants[at]
			}
		}
	}
	return out, nil
}

// mappedLines finds variants for the lines of an order of ours that had none.
func (s *Service) mappedLines(ctx context.Context, tx *events.Tx, c *ent.Channel, order commerce.UUID, o integrations.Order) (map[commerce.UUID]commerce.UUID, error) {
	ours, err := tx.Ent.OrderLine.Query().Where(orderline.OrderID(order)).All(ctx)
	if err != nil {
		return nil, err
	}
	variants, err := s.mapped(ctx, tx, c, o.Lines)
	if err != nil {
		return nil, err
	}
	out := map[commerce.UUID]commerce.UUID{}
	for i, l := range o.Lines {
		for _, our := range ours {
			if our.ExternalID == l.ExternalID && variants[i] != nil {
				out[our.ID] = variants[i].ID
			}
		}
	}
	return out, nil
}

// replayHeld tries again what is held for want of mapping or stock: the oldest, or where the last round ended. One that fails does not
// hold up the others.
func (s *Service) replayHeld(ctx context.Context, c *ent.Channel) error {
	m := s.recall(c.ID)
	held, err := s.Store.Ent.ChannelOrder.Query().Where(channelorder.ChannelID(c.ID), channelorder.Held(true), channelorder.IDGT(m.held)).
		Order(channelorder.ByID()).Limit(heldAtOnce).All(ctx)
	if err != nil {
		return err
	}
	m.held = commerce.UUID{}
	if len(held) == heldAtOnce {
		m.held = held[len(held)-1].ID
	}
	var errs []error
	for _, h := range held {
		if err := s.replay(ctx, c, h); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// replay tries one held order again with what the marketplace said of it last.
func (s *Service) replay(ctx context.Context, c *ent.Channel, h *ent.ChannelOrder) error {
	var o integrations.Order
	if err := json.Unmarshal(h.News, &o); err != nil {
		return err
	}
	_, err := events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
		still, err := s.follow(ctx, tx, c, h.OrderID, o)
		if err != nil || still {
			return struct{}{}, err
		}
		return struct{}{}, tx.Ent.ChannelOrder.UpdateOneID(h.ID).SetHeld(false).Exec(ctx)
	})
	return err
}
