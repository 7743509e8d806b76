package channels

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/category"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/ent/predicate"
	"github.com/oneshelf/oneshelf/ent/product"
	"github.com/oneshelf/oneshelf/ent/variant"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations"
)

// settleListings tells a marketplace what its due listings want: publishing by product, taking off by item, quantities in batches.
// While its orders cannot be read, quantities are only lowered: what it has sold meanwhile still counts as on the shelf here, and would
// be offered again. What is not told stays due.
func (s *Service) settleListings(ctx context.Context, c *ent.Channel, shop *integrations.Connection) error {
	query := s.Store.Ent.Listing.Query().Where(listing.ChannelID(c.ID), listing.DueAtGT(0), listing.DueAtLTE(s.Store.Instant()))
	if s.recall(c.ID).blind { // what must wait must not take the place of what must not
		lowered := predicate.Listing(sql.FieldsLT(listing.FieldDesiredQuantity, listing.FieldPublishedQuantity))
		query = query.Where(listing.Or(listing.WantedNEQ(wantNothing), lowered))
	}
	due, err := query.Order(listing.ByDueAt(), listing.ByID()).Limit(200).All(ctx)
	if err != nil || len(due) == 0 {
		return err
	}
	var publish, remove, quantities []*ent.Listing
	for _, l := range due {
		switch {
		case l.Wanted == wantPublish:
			publish = append(publish, l)
		case l.Wanted == wantUnpublish && l.State != Rejected: // else it was refused, and sells
			remove = append(remove, l)
		default:
			quantities = append(quantities, l)
		}
	}
	return errors.Join(
		s.pushQuantities(ctx, c, shop, quantities),
		s.publishProducts(ctx, c, shop, publish),
		s.takeOff(ctx, c, shop, remove),
	)
}

// pushQuantities sets the quantities that listings on sale should show, as they are at this moment.
func (s *Service) pushQuantities(ctx context.Context, c *ent.Channel, shop *integrations.Connection, due []*ent.Listing) error {
	due = slices.DeleteFunc(due, func(l *ent.Listing) bool { return !sells(l) })
	if len(due) == 0 {
		return nil
	}
	variants, err := s.Store.Ent.Variant.Query().Where(variant.IDIn(variantsOf(due)...)).All(ctx)
	if err != nil {
		return err
	}
	sku := map[commerce.UUID]string{}
	for _, v := range variants {
		sku[v.ID] = v.Sku
	}
	available, err := offered(ctx, s.Store.DB.Read(), auth.From(ctx), variantsOf(due))
	if err != nil {
		return err
	}
	if s.recall(c.ID).blind {
		due = slices.DeleteFunc(due, func(l *ent.Listing) bool {
			return l.PublishedQuantity == nil || available[l.VariantID] >= *l.PublishedQuantity
		})
	}
	pushes := make([]integrations.StockPush, len(due))
	for i, l := range due {
		n := available[l.VariantID]
		pushes[i] = integrations.StockPush{
			ExternalID: l.ExternalID, ExternalSKUID: l.ExternalSkuID, OuterCode: sku[l.VariantID], Quantity: int(n),
			Key: fmt.Sprintf("%s-%d-%d", l.ID, l.Version, n),
		}
	}
	results, err := shop.PushStock(ctx, pushes)
	if err != nil {
		return s.later(ctx, due, err, untold)
	}
	_, err = events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
		desired, err := offered(ctx, tx.Conn, tx.Viewer, variantsOf(due))
		if err != nil {
			return struct{}{}, err
		}
		for i, l := range due {
			if results[i] != nil {
				if err := untold(ctx, tx, l, results[i]); err != nil {
					return struct{}{}, err
				}
				continue
			}
			if err := told(ctx, tx, l, int64(pushes[i].Quantity), desired[l.VariantID], nil); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return errors.Join(append(grave(results), err)...)
}

// grave are the errors of single pushes that are about the whole shop.
func grave(results []error) []error {
	return slices.DeleteFunc(slices.Clone(results), func(err error) bool { return err == nil || gravity(integrations.AsError(err)) == 0 })
}

// told notes that a marketplace shows a quantity now, and a price when one was told. desired is what it should show at this moment:
// what changed meanwhile stays due, and what was told before its event was heard is not told again. Why a listing is REJECTED stands,
// and a quantity that is told of it brings nothing else about.
func told(ctx context.Context, tx *events.Tx, l *ent.Listing, quantity, desired int64, price *int64) error {
	if price == nil {
		price = l.PublishedPrice
	}
	due := commerce.Instant(0)
	if quantity != desired {
		due = tx.Now
	}
	var version int64
	err := tx.QueryRow(ctx, `UPDATE listings SET published_quantity = ?, desired_quantity = ?, published_price = ?, last_pushed_at = ?, attempts = 0,
		error_code = CASE WHEN state = ? THEN error_code ELSE '' END, error_message = CASE WHEN state = ? THEN error_message ELSE '' END,
		due_at = CASE WHEN wanted = ? OR state = ? THEN CAST(? AS BIGINT) ELSE CAST(? AS BIGINT) END, version = version + 1,
		updated_at = ? WHERE brand_id = ? AND id = ? RETURNING version`,
		quantity, desired, price, tx.Now, Rejected, Rejected, wantNothing, Rejected, due, tx.Now, tx.Now, tx.Viewer.Brand, l.ID).Scan(&version)
	if err != nil {
		return err
	}
	sayListing(tx, l.ID, version, l.ChannelID)
	return nil
}

// later notes a fault of the whole call, which it answers, on each listing.
func (s *Service) later(ctx context.Context, due []*ent.Listing, cause error, note func(context.Context, *events.Tx, *ent.Listing, error) error) error {
	_, err := events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
		for _, l := range due {
			if err := note(ctx, tx, l, cause); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return errors.Join(cause, err)
}

// untold notes why a quantity could not be told. The marketplace goes on selling, so a refusal leaves the listing as it stands, with the
// reason; it is tried again when the figure changes, and by sweeps with growing pauses. Only what is not there any more is REJECTED.
func untold(ctx context.Context, tx *events.Tx, l *ent.Listing, cause error) error {
	e := integrations.AsError(cause)
	state, code, message := l.State, codeOf(e), e.Message
	due := tx.Now.Add(backoff(l.Attempts, e))
	changed := due // when the figure has changed since
	switch e.Kind {
	case integrations.Rejected, integrations.Unsupported:
		due, changed = 0, tx.Now
	case integrations.Missing:
		state, due, changed = Rejected, 0, tx.Now
	}
	if l.State == Rejected { // for a reason that stands
		code, message = l.ErrorCode, l.ErrorMessage
	}
	var version int64
	err := tx.QueryRow(ctx, `UPDATE listings SET state = CASE WHEN version = ? THEN ? ELSE state END,
		due_at = CASE WHEN wanted <> ? THEN due_at WHEN desired_quantity = ? THEN ? ELSE ? END, attempts = attempts + 1,
		error_code = ?, error_message = ?, version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ? RETURNING version`,
		l.Version, state, l.Wanted, l.DesiredQuantity, due, changed, code, message, tx.Now, tx.Viewer.Brand, l.ID).Scan(&version)
	if err != nil {
		return err
	}
	sayListing(tx, l.ID, version, l.ChannelID)
	return nil
}

// setback notes why a listing could not be published or taken off. A refusal stands until somebody changes the listing or its product;
// anything else is tried again.
func setback(ctx context.Context, tx *events.Tx, l *ent.Listing, cause error) error {
	e := integrations.AsError(cause)
	state, wanted, due := l.State, l.Wanted, tx.Now.Add(backoff(l.Attempts, e))
	switch e.Kind {
	case integrations.Rejected, integrations.Unsupported:
		state, due = Rejected, 0
		if wanted == wantPublish {
			wanted = wantNothing
		}
	case integrations.Missing:
		if l.Wanted == wantUnpublish {
			state, wanted, due = Unpublished, wantNothing, 0
		} else {
			state, wanted, due = Rejected, wantNothing, 0
		}
	}
	var version int64
	err := tx.QueryRow(ctx, `UPDATE listings SET state = ?, wanted = CASE WHEN wanted = ? THEN ? ELSE wanted END,
		due_at = CASE WHEN wanted = ? THEN ? ELSE due_at END, attempts = attempts + 1,
		error_code = ?, error_message = ?, version = version + 1, updated_at = ? WHERE brand_id = ? AND id = ? RETURNING version`,
		state, l.Wanted, wanted, l.Wanted, due, codeOf(e), e.Message, tx.Now, tx.Viewer.Brand, l.ID).Scan(&version)
	if err != nil {
		return err
	}
	sayListing(tx, l.ID, version, l.ChannelID)
	return nil
}

// publishProducts brings the items of due listings up to date, one call for each product.
func (s *Service) publishProducts(ctx context.Context, c *ent.Channel, shop *integrations.Connection, due []*ent.Listing) error {
	if len(due) == 0 {
		return nil
	}
	variants, err := s.Store.Ent.Variant.Query().Where(variant.IDIn(variantsOf(due)...)).All(ctx)
	if err != nil {
		return err
	}
	var products []commerce.UUID
	for _, v := range variants {
		if !slices.Contains(products, v.ProductID) {
			products = append(products, v.ProductID)
		}
	}
	var errs []error
	for _, id := range products {
		if err := s.publishProduct(ctx, c, shop, id); err != nil {
			errs = append(errs, err)
			if gravity(integrations.AsError(err)) > 0 || ctx.Err() != nil {
				break
			}
		}
	}
	return errors.Join(errs...)
}

// publishProduct brings one item up to date: all variants of the product that are listed or wanted on this channel are on it.
func (s *Service) publishProduct(ctx context.Context, c *ent.Channel, shop *integrations.Connection, id commerce.UUID) error {
	p, err := s.Store.Ent.Product.Query().Where(product.ID(id)).Only(ctx)
	if err != nil {
		return err
	}
	variants, err := s.Store.Ent.Variant.Query().Where(variant.ProductID(id)).Order(variant.ByPosition(), variant.ByID()).All(ctx)
	if err != nil {
		return err
	}
	listings, err := s.Store.Ent.Listing.Query().Where(listing.ChannelID(c.ID), listing.VariantIDIn(ids(variants)...)).All(ctx)
	if err != nil {
		return err
	}
	listings = slices.DeleteFunc(listings, func(l *ent.Listing) bool {
		return l.Wanted == wantUnpublish || l.State == Unpublished || (l.State == Rejected && l.Wanted != wantPublish)
	})
	draft, priced, err := s.draft(ctx, c, p, variants, listings)
	if err != nil {
		return s.refuse(ctx, listings, err)
	}
	out, err := shop.Publish(ctx, draft)
	if err != nil {
		return s.refuse(ctx, listings, errors.Join(err, s.remember(ctx, listings, priced, out)))
	}
	_, err = events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
		desired, err := offered(ctx, tx.Conn, tx.Viewer, variantsOf(listings))
		if err != nil {
			return struct{}{}, err
		}
		for _, l := range listings {
			d := priced[l.VariantID]
			if _, err := tx.Exec(ctx, `UPDATE listings SET external_id = ?, external_sku_id = ?, state = CASE WHEN wanted = ? THEN state ELSE ? END,
				wanted = CASE WHEN version = ? THEN ? ELSE wanted END WHERE brand_id = ? AND id = ?`,
				out.ExternalID, out.SKUs[d.OuterCode], wantUnpublish, Live, l.Version, wantNothing, tx.Viewer.Brand, l.ID); err != nil {
				return struct{}{}, err
			}
			if err := told(ctx, tx, l, int64(d.Quantity), desired[l.VariantID], &d.Price); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// remember notes what a marketplace was given although it does not show all of it yet, so that it is not given it again. That is noted
// whatever ends the work meanwhile.
func (s *Service) remember(ctx context.Context, listings []*ent.Listing, priced map[commerce.UUID]integrations.DraftVariant, out integrations.Published) error {
	if out.ExternalID == "" {
		return nil
	}
	_, err := events.Do(context.WithoutCancel(ctx), s.Store, func(tx *events.Tx) (struct{}, error) {
		for _, l := range listings {
			if _, err := tx.Exec(ctx, "UPDATE listings SET external_id = ?, external_sku_id = CASE WHEN external_sku_id = '' THEN ? ELSE external_sku_id END WHERE brand_id = ? AND id = ?",
				out.ExternalID, out.SKUs[priced[l.VariantID].OuterCode], tx.Viewer.Brand, l.ID); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// refuse notes a refusal on listings; only faults that are about more than these listings are answered.
func (s *Service) refuse(ctx context.Context, listings []*ent.Listing, cause error) error {
	if err := s.later(ctx, listings, cause, setback); integrations.AsError(cause).Kind != integrations.Rejected {
		return err
	}
	return nil
}

// draft says how a product should stand on a channel.
func (s *Service) draft(ctx context.Context, c *ent.Channel, p *ent.Product, variants []*ent.Variant, listings []*ent.Listing) (integrations.Draft, map[commerce.UUID]integrations.DraftVariant, error) {
	d := integrations.Draft{Code: p.Handle, Title: p.Title, Description: p.Description, Vendor: p.Vendor, Options: p.Options}
	for _, m := range p.Media {
		d.Images = append(d.Images, m.URL)
	}
	if p.CategoryID != nil {
		cat, err := s.Store.Ent.Category.Query().Where(category.ID(*p.CategoryID)).Only(ctx)
		if err != nil {
			return d, nil, err
		}
		d.Category = cat.Path
	}
	price, err := catalog.PricesInForce(ctx, s.Store.Ent, variants, []commerce.UUID{c.ID}, s.Store.Instant(), auth.From(ctx).Currency)
	if err != nil {
		return d, nil, err
	}
	available, err := offered(ctx, s.Store.DB.Read(), auth.From(ctx), ids(variants))
	if err != nil {
		return d, nil, err
	}
	priced := map[commerce.UUID]integrations.DraftVariant{}
	for _, v := range variants {
		i := slices.IndexFunc(listings, func(l *ent.Listing) bool { return l.VariantID == v.ID })
		if i < 0 {
			continue
		}
		inForce, ok := price(v.ID, &c.ID)
		if !ok || inForce.Amount.Currency != c.Currency {
			return d, nil, &integrations.Error{Kind: integrations.Rejected, Code: "NO_PRICE", Message: v.Sku + " has no price in " + string(c.Currency)}
		}
		one := integrations.DraftVariant{
			OuterCode: v.Sku, ExternalSKUID: listings[i].ExternalSkuID, Unseen: unseen(listings[i]), Options: v.SelectedOptions,
			Price: inForce.Amount.Amount, Quantity: int(available[v.ID]),
		}
		if told := listings[i].PublishedQuantity; told != nil && s.recall(c.ID).blind {
			one.Quantity = min(one.Quantity, int(*told))
		}
		if v.Barcode != nil {
			one.Barcode = *v.Barcode
		}
		if v.WeightGrams != nil {
			one.WeightGrams = *v.WeightGrams
		}
		if d.ExternalID == "" {
			d.ExternalID = listings[i].ExternalID
		}
		d.Variants = append(d.Variants, one)
		priced[v.ID] = one
	}
	return d, priced, nil
}

// unseen tells whether a listing's marketplace was given it and has not shown it since.
func unseen(l *ent.Listing) bool {
	return l.ExternalID != "" && l.ExternalSkuID == "" && l.PublishedQuantity == nil
}

// takeOff takes listings off sale, one call for each item.
func (s *Service) takeOff(ctx context.Context, c *ent.Channel, shop *integrations.Connection, due []*ent.Listing) error {
	var errs []error
	for len(due) > 0 {
		item := due[0].ExternalID
		var same []*ent.Listing
		due = slices.DeleteFunc(due, func(l *ent.Listing) bool {
			if l.ExternalID == item {
				same = append(same, l)
				return true
			}
			return false
		})
		if err := s.takeOffItem(ctx, c, shop, item, same); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Service) takeOffItem(ctx context.Context, c *ent.Channel, shop *integrations.Connection, item string, listings []*ent.Listing) error {
	if item != "" {
		variants, err := s.Store.Ent.Variant.Query().Where(variant.IDIn(variantsOf(listings)...)).All(ctx)
		if err != nil {
			return err
		}
		remaining, err := s.Store.Ent.Listing.Query().Where(listing.ChannelID(c.ID), listing.ExternalID(item), listing.State(Live)).Count(ctx)
		if err != nil {
			return err
		}
		u := integrations.Unpublication{ExternalID: item, Remaining: remaining}
		for _, v := range variants {
			i := slices.IndexFunc(listings, func(l *ent.Listing) bool { return l.VariantID == v.ID })
			u.Remove = append(u.Remove, integrations.RemoteUnit{ExternalSKUID: listings[i].ExternalSkuID, OuterCode: v.Sku})
		}
		if err := shop.Unpublish(ctx, u); err != nil {
			return s.refuse(ctx, listings, err)
		}
	}
	_, err := events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
		for _, l := range listings {
			if _, err := tx.Exec(ctx, `UPDATE listings SET state = CASE WHEN wanted = ? THEN ? ELSE state END, wanted = CASE WHEN version = ? THEN ? ELSE wanted END
				WHERE brand_id = ? AND id = ?`, wantUnpublish, Unpublished, l.Version, wantNothing, tx.Viewer.Brand, l.ID); err != nil {
				return struct{}{}, err
			}
			if err := told(ctx, tx, l, 0, l.DesiredQuantity, nil); err != nil {
				return struct{}{}, err
			}
			if _, err := tx.Exec(ctx, "UPDATE listings SET due_at = 0 WHERE brand_id = ? AND id = ? AND state = ?", tx.Viewer.Brand, l.ID, Unpublished); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

func variantsOf(listings []*ent.Listing) []commerce.UUID {
	out := make([]commerce.UUID, len(listings))
	for i, l := range listings {
		out[i] = l.VariantID
	}
	return out
}
